"""The core group: v1. Each of its larger kinds has a module of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikweb.apimachinery import labels, meta
from minikweb.apimachinery.errors import invalid_value
from minikweb.kinds import strategy
from minikweb.kinds.columns import AGE, NAME
from minikweb.kinds.configuration import CONFIG_MAP, SECRET
from minikweb.kinds.discovery import ENDPOINTS
from minikweb.kinds.events import CORE_EVENT
from minikweb.kinds.nodes import NODE
from minikweb.kinds.pods import BINDING, POD
from minikweb.kinds.podstatus import pod_status_word
from minikweb.kinds.quotas import LIMIT_RANGE, RESOURCE_QUOTA
from minikweb.kinds.registry import ALL_VERBS, Cause, Column, Health, Kind, Object
from minikweb.kinds.services import SERVICE
from minikweb.kinds.storage import PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM

__all__ = ["KINDS", "NAMESPACE", "SERVICE_ACCOUNT", "pod_status_word"]

NAME_LABEL = "kubernetes.io/metadata.name"
FINALIZER = "kubernetes"  # in spec.finalizers: the namespace's content is removed before the namespace


# --- Namespace ---------------------------------------------------------------------------------------


def _label_with_name(namespace: Object) -> None:
    metadata = namespace["metadata"]
    if metadata.get("name"):
        metadata["labels"] = {**(metadata.get("labels") or {}), NAME_LABEL: metadata["name"]}


def _default_namespace(namespace: Object) -> None:
    _label_with_name(namespace)
    namespace.setdefault("spec", {})
    status = namespace.setdefault("status", {})
    status.setdefault("phase", "Active")


def _prepare_namespace_for_create(namespace: Object) -> None:
    _label_with_name(namespace)  # a generated name was not known to the defaults
    finalizers = namespace["spec"].get("finalizers") or []
    if FINALIZER not in finalizers:
        namespace["spec"]["finalizers"] = [*finalizers, FINALIZER]
    namespace["status"] = {"phase": "Active"}


def _prepare_namespace_for_update(new: Object, old: Object) -> None:
    """Both are changed elsewhere only: finalizers at /finalize, the phase at /status."""
    strategy.restore(new, old, "status")
    strategy.restore(new["spec"], old.get("spec") or {}, "finalizers")


def _validate_namespace(namespace: Object, old: Object | None) -> list[Cause]:
    causes = []
    for finalizer in namespace["spec"].get("finalizers") or []:
        problems = labels.validate_key(finalizer)
        if not problems and "/" not in finalizer and finalizer not in (FINALIZER, "orphan", "foregroundDeletion"):
            problems = ["name is neither a standard finalizer name nor is it fully qualified"]
        causes += [invalid_value("spec.finalizers", finalizer, problem) for problem in problems]
    phase = (namespace.get("status") or {}).get("phase")
    deleted = bool(namespace["metadata"].get("deletionTimestamp"))
    if old and not deleted and phase != "Active":
        causes.append(invalid_value("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty"))
    return causes


def _phase(namespace: Object, now: datetime | None = None) -> str:
    return (namespace.get("status") or {}).get("phase", "")


def _namespace_health(namespace: Object) -> Health:
    if namespace["metadata"].get("deletionTimestamp"):
        return Health("Progressing", "Terminating", _remaining_content(namespace))
    return Health("Healthy", _phase(namespace))


def _remaining_content(namespace: Object) -> str:
    for condition in (namespace.get("status") or {}).get("conditions") or []:
        if condition.get("status") == "True" and condition.get("message"):
            return condition["message"]
    return ""


NAMESPACE = Kind(
    group="",
    version="v1",
    kind="Namespace",
    plural="namespaces",
    namespaced=False,
    schema="io.k8s.api.core.v1.Namespace",
    short_names=("ns",),
    verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
    subresources=("finalize", "status"),
    columns=(NAME, Column("Status", _phase, description="Active, or Terminating while its content is removed."), AGE),
    default=_default_namespace,
    prepare_for_create=_prepare_namespace_for_create,
    prepare_for_update=_prepare_namespace_for_update,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate_namespace,
    validate_name=meta.validate_dns_label,
    selectable={"status.phase": _phase, "name": strategy.path("metadata", "name")},
    health=_namespace_health,
)


# --- ServiceAccount ----------------------------------------------------------------------------------


def _only_names(account: Object, old: Any = None) -> None:
    """Of the Secrets an account may use only the names are kept."""
    if account.get("secrets"):
        account["secrets"] = [{"name": secret.get("name", "")} for secret in account["secrets"]]


SERVICE_ACCOUNT = Kind(
    group="",
    version="v1",
    kind="ServiceAccount",
    plural="serviceaccounts",
    namespaced=True,
    schema="io.k8s.api.core.v1.ServiceAccount",
    short_names=("sa",),
    subresources=("token",),
    columns=(NAME, AGE),
    prepare_for_create=_only_names,
    prepare_for_update=_only_names,
)

KINDS = [
    BINDING,
    CONFIG_MAP,
    ENDPOINTS,
    CORE_EVENT,
    LIMIT_RANGE,
    NAMESPACE,
    NODE,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    RESOURCE_QUOTA,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
]
