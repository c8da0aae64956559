"""What the cluster adds to an object, or refuses, before it is stored. Each rule is one of Kubernetes' plug-ins.

`creating` and `updating` complete an object; `judging` then says yes or no to what is about to be stored.
Source: plugin/pkg/admission/{namespace/lifecycle,serviceaccount,defaulttolerationseconds,priority}.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from minikweb.apimachinery import errors
from minikweb.apimachinery.errors import Forbidden
from minikweb.apiserver import (
    accountvolume,
    addresses,
    customresources,
    escalation,
    ingresses,
    limitranger,
    objects,
    podsecurity,
    priorities,
    quota,
    volumes,
)
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds.customresourcedefinitions import CUSTOM_RESOURCE_DEFINITION
from minikweb.kinds.registry import Kind, Object

IMMORTAL = ("default", "kube-system", "kube-public")
TOLERATED_SECONDS = 300  # on a node that is not ready or unreachable, before the pod is evicted


@contextmanager
def creating(server: Server, call: Call, kind: Kind, obj: Object) -> Iterator[None]:
    """Admits a new object; what is allocated for it is held until the block ends."""
    if kind.namespaced:
        _in_a_living_namespace(server, kind, obj)
    escalation.check(server, call, kind, obj, None)
    ingresses.creating(server, call, kind, obj)
    if kind is CUSTOM_RESOURCE_DEFINITION:
        customresources.admit(server.registry, call, obj)
    volumes.complete(server, kind, obj)
    if kind.resource == "pods":
        limitranger.complete(server, kind, obj)
        priorities.complete_pod(server, obj)
        _complete_pod(obj)
        accountvolume.add(server, obj)
        accountvolume.add_pull_secrets(server, obj)
    if kind.kind == "Service":
        with addresses.allocating(server, obj):
            yield
    else:
        yield


def updating(server: Server, call: Call, kind: Kind, new: Object, old: Object, subresource: str) -> None:
    """Admits a changed object."""
    if not subresource:
        escalation.check(server, call, kind, new, old)
        ingresses.updating(server, kind, new, old)
    if kind is CUSTOM_RESOURCE_DEFINITION and not subresource:
        customresources.admit(server.registry, call, new)
    if kind.kind == "Service" and not subresource:
        addresses.keep(server, new, old)


@contextmanager
def judging(
    server: Server, call: Call, kind: Kind, new: Object, old: Object | None, subresource: str = ""
) -> Iterator[None]:
    """Refuses what is complete and valid, and yet not to be stored; what it takes is held until the block ends."""
    if subresource and subresource != "ephemeralcontainers":
        yield
        return
    podsecurity.check(server, call, kind, new, old)
    priorities.check_class(server, kind, new)
    limitranger.check(server, kind, new, old)
    if old is not None:
        volumes.check_growth(server, kind, new, old)
    with quota.charging(server, kind, new, old, call.now):
        yield


def _in_a_living_namespace(server: Server, kind: Kind, obj: Object) -> None:
    namespace = obj["metadata"].get("namespace", "")
    namespaces = server.registry.at("", "v1", "namespaces")
    assert namespaces
    stored = objects.read(server, namespaces, "", namespace)
    if '"deletionTimestamp"' not in stored.body:  # the rare case is not worth parsing each time
        return
    if orjson.loads(stored.body)["metadata"].get("deletionTimestamp"):
        name = obj["metadata"].get("name", "")
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = errors.cause("NamespaceTerminating", "metadata.namespace", f"namespace {namespace} is being terminated")
        details = {"name": name, "group": kind.group, "kind": kind.plural, "causes": [cause]}
        raise Forbidden(
            f'{kind.resource} "{name}" is forbidden: {why}', details={k: v for k, v in details.items() if v}
        )


def refuse_immortal(kind: Kind, name: str) -> None:
    """Raises Forbidden for the namespaces a cluster cannot be without."""
    if kind.kind == "Namespace" and name in IMMORTAL:
        raise Forbidden(
            f'namespaces "{name}" is forbidden: this namespace may not be deleted',
            details={"name": name, "kind": "namespaces"},
        )


def _complete_pod(pod: Object) -> None:
    spec = pod.setdefault("spec", {})
    spec["serviceAccountName"] = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    spec["serviceAccount"] = spec["serviceAccountName"]
    tolerations = spec.setdefault("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(_tolerates(toleration, key) for toleration in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": TOLERATED_SECONDS}
            )


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key") in (None, "", key) and toleration.get("effect") in (None, "", "NoExecute")
