"""The group admissionregistration.k8s.io: v1. Webhooks are stored, so that charts install, and not called.

Source: pkg/apis/admissionregistration/{v1/defaults.go,validation/validation.go}.
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery.errors import required
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Column, Kind, Object


def _default(mutating: bool) -> Any:
    def default(configuration: Object) -> None:
        for webhook in configuration.get("webhooks") or ():
            fill(webhook, failurePolicy="Fail", matchPolicy="Equivalent", timeoutSeconds=10)
            for key in ("namespaceSelector", "objectSelector"):
                webhook.setdefault(key, {})
            if mutating:
                fill(webhook, reinvocationPolicy="Never")
            for rule in webhook.get("rules") or ():
                fill(rule, scope="*")
            if service := (webhook.get("clientConfig") or {}).get("service"):
                fill(service, port=443)

    return default


def _validate(configuration: Object, old: Object | None) -> list[Cause]:
    causes = []
    for index, webhook in enumerate(configuration.get("webhooks") or ()):
        path = f"webhooks[{index}]"
        causes += formats.dns_subdomain(f"{path}.name", webhook.get("name"))
        if not webhook.get("admissionReviewVersions"):
            causes.append(required(f"{path}.admissionReviewVersions", "must specify one of v1, v1beta1"))
        if webhook.get("sideEffects") not in ("None", "NoneOnDryRun"):
            causes += formats.one_of(f"{path}.sideEffects", webhook.get("sideEffects"), ("None", "NoneOnDryRun"))
        causes += formats.one_of(f"{path}.failurePolicy", webhook["failurePolicy"], ("Fail", "Ignore"))
        client = webhook.get("clientConfig") or {}
        if bool(client.get("url")) == bool(client.get("service")):
            causes.append(required(f"{path}.clientConfig", "exactly one of url or service is required"))
    return causes


def _webhooks(obj: Object) -> list[Object]:
    return obj.get("webhooks") or []


def _kind(name: str, *, mutating: bool) -> Kind:
    return Kind(
        group="admissionregistration.k8s.io",
        version="v1",
        kind=name,
        plural=f"{name.lower()}s",
        namespaced=False,
        schema=f"io.k8s.api.admissionregistration.v1.{name}",
        categories=("api-extensions",),
        columns=(
            NAME,
            Column("Webhooks", lambda obj, now: len(_webhooks(obj)), type="integer", description="How many it names."),
            AGE,
        ),
        default=_default(mutating),
        prepare_for_create=strategy.first_generation,
        prepare_for_update=lambda new, old: strategy.next_generation(new, old, _webhooks),
        validate=_validate,
        inert="admission webhooks are not called here yet",
    )


KINDS = [
    _kind("MutatingWebhookConfiguration", mutating=True),
    _kind("ValidatingWebhookConfiguration", mutating=False),
]
