"""The StatefulSet of apps/v1: pods with names, storage and an order.

Source: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go, pkg/registry/apps/statefulset;
Argo CD's health.
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import invalid_value, not_supported, required
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, TEMPLATE, Column
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Health, Kind, Object
from minikweb.kinds.workloads import (
    default_template,
    is_observed,
    not_above_100_percent,
    ready_of_desired,
    size,
    validate_counts,
    validate_selector_and_template,
)

Spec = dict[str, Any]

_POLICIES = ("Retain", "Delete")
_IMMUTABLE = ("selector", "volumeClaimTemplates", "serviceName", "podManagementPolicy")


def _default(stateful_set: Object) -> None:
    spec = stateful_set.setdefault("spec", {})
    fill(spec, podManagementPolicy="OrderedReady", updateStrategy={}, persistentVolumeClaimRetentionPolicy={})
    update = spec["updateStrategy"]
    if not update.get("type"):
        fill(update, type="RollingUpdate", rollingUpdate={})
    if update["type"] == "RollingUpdate" and update.get("rollingUpdate") is not None:
        fill(update["rollingUpdate"], partition=0, maxUnavailable=1)
    fill(spec["persistentVolumeClaimRetentionPolicy"], whenDeleted="Retain", whenScaled="Retain")
    fill(spec, replicas=1, revisionHistoryLimit=10)
    for claim in spec.get("volumeClaimTemplates") or []:
        fill(claim, apiVersion="v1", kind="PersistentVolumeClaim", metadata={}, spec={}, status={})
        fill(claim["spec"], volumeMode="Filesystem")
        fill(claim["status"], phase="Pending")
    default_template(spec)


def _prepare_for_create(stateful_set: Object) -> None:
    strategy.first_generation(stateful_set)
    stateful_set["status"] = {"replicas": 0, "availableReplicas": 0}


def _prepare_for_update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    strategy.next_generation(new, old, strategy.spec_of)


def _prepare_for_status_update(new: Object, old: Object) -> None:
    strategy.keep_spec(new, old)
    strategy.restore(new["metadata"], old["metadata"], "generation")


def _validate(stateful_set: Object, old: Object | None) -> list[Cause]:
    spec = stateful_set["spec"]
    causes = _validate_policies(spec) + _validate_claims("spec.volumeClaimTemplates", spec)
    for key in ("replicas", "minReadySeconds", "revisionHistoryLimit"):
        causes += formats.nonnegative(f"spec.{key}", spec.get(key))
    causes += formats.nonnegative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    if spec.get("serviceName"):
        causes += formats.dns_label("spec.serviceName", spec["serviceName"])
    causes += validate_selector_and_template(_with_claims(spec), "statefulset", "StatefulSet")
    if old:
        for key in _IMMUTABLE:
            causes += formats.immutable(f"spec.{key}", spec.get(key), old["spec"].get(key))
        counts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
        causes += validate_counts(stateful_set.get("status") or {}, *counts)
    return causes


def _with_claims(spec: Spec) -> Spec:
    """The spec whose template has the volumes that the claims will give; hostname and subdomain are ours to set."""
    names = [claim["metadata"].get("name") for claim in spec.get("volumeClaimTemplates") or []]
    template = spec["template"]
    volumes = [volume for volume in template["spec"].get("volumes") or [] if volume.get("name") not in names]
    volumes += [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    pod = {key: value for key, value in template["spec"].items() if key not in ("hostname", "subdomain")}
    return {**spec, "template": {**template, "spec": {**pod, **({"volumes": volumes} if volumes else {})}}}


def _validate_policies(spec: Spec) -> list[Cause]:
    causes = []
    if spec["podManagementPolicy"] not in ("OrderedReady", "Parallel"):
        detail = "must be 'OrderedReady' or 'Parallel'"
        causes.append(invalid_value("spec.podManagementPolicy", spec["podManagementPolicy"], detail))
    for key, policy in spec["persistentVolumeClaimRetentionPolicy"].items():
        if policy not in _POLICIES:
            path = f"spec.persistentVolumeClaimRetentionPolicy.{key}"
            causes.append(not_supported(path, policy, _POLICIES))
    return causes + _validate_strategy("spec.updateStrategy", spec["updateStrategy"])


def _validate_strategy(path: str, chosen: Spec) -> list[Cause]:
    rolling = chosen.get("rollingUpdate")
    if chosen["type"] == "OnDelete":
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        return [] if rolling is None else [invalid_value(f"{path}.rollingUpdate", rolling, detail)]
    if chosen["type"] != "RollingUpdate":
        return [invalid_value(path, chosen, "must be 'RollingUpdate' or 'OnDelete'")]
    if rolling is None:
        return []
    unavailable, path = rolling["maxUnavailable"], f"{path}.rollingUpdate"
    causes = formats.nonnegative(f"{path}.partition", rolling.get("partition"))
    wrong = formats.integer_or_percent(f"{path}.maxUnavailable", unavailable)
    if not wrong and size(unavailable) == 0:
        wrong = [invalid_value(f"{path}.maxUnavailable", unavailable, "cannot be 0")]
    return causes + (wrong or not_above_100_percent(f"{path}.maxUnavailable", unavailable))


def _validate_claims(path: str, spec: Spec) -> list[Cause]:
    causes = []
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or []):
        here = f"{path}[{index}].spec"
        if not claim["spec"].get("accessModes"):
            causes.append(required(f"{here}.accessModes", "at least 1 access mode is required"))
        if not ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage"):
            causes.append(required(f"{here}.resources[storage]"))
    return causes


def health(stateful_set: Object) -> Health:
    """Argo CD's reading of a StatefulSet; the word is ready/desired."""
    spec, status = stateful_set["spec"], stateful_set.get("status") or {}
    word, desired, ready = ready_of_desired(stateful_set), spec["replicas"], status.get("readyReplicas") or 0
    if not is_observed(stateful_set) or not status.get("observedGeneration"):
        return Health("Progressing", word, "Waiting for statefulset spec update to be observed...")
    if ready < desired:
        return Health("Progressing", word, f"Waiting for {desired - ready} pods to be ready...")
    if spec["updateStrategy"]["type"] == "OnDelete":
        return Health("Healthy", word, f"statefulset has {ready} ready pods")
    updated, newest = status.get("updatedReplicas") or 0, status.get("updateRevision", "")
    partition = (spec["updateStrategy"].get("rollingUpdate") or {}).get("partition") or 0
    if partition:
        if updated < desired - partition:
            how_many = f"{updated} out of {desired - partition} new pods have been updated..."
            return Health("Progressing", word, f"Waiting for partitioned roll out to finish: {how_many}")
        return Health("Healthy", word, f"partitioned roll out complete: {updated} new pods have been updated...")
    if newest != status.get("currentRevision"):
        detail = f"waiting for statefulset rolling update to complete {updated} pods at revision {newest}..."
        return Health("Progressing", word, detail)
    return Health("Healthy", word)


STATEFUL_SET = Kind(
    group="apps",
    version="v1",
    kind="StatefulSet",
    plural="statefulsets",
    namespaced=True,
    schema="io.k8s.api.apps.v1.StatefulSet",
    short_names=("sts",),
    categories=("all",),
    subresources=("scale", "status"),
    columns=(
        NAME,
        Column("Ready", ready_of_desired, description="How many pods are ready, of how many."),
        AGE,
        *TEMPLATE[:2],
    ),
    default=_default,
    prepare_for_create=_prepare_for_create,
    prepare_for_update=_prepare_for_update,
    prepare_for_status_update=_prepare_for_status_update,
    validate=_validate,
    validate_name=meta.validate_dns_label,
    health=health,
)
