"""The groups scheduling.k8s.io and node.k8s.io, v1: PriorityClass and RuntimeClass.

Source: pkg/apis/{scheduling,node}/validation/validation.go, pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from minikweb.apimachinery.errors import forbidden_value
from minikweb.kinds import formats
from minikweb.kinds.columns import AGE, NAME
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Column, Kind, Object

HIGHEST_OF_USERS = 1_000_000_000
OF_SYSTEM = {  # name → (value, description): what every cluster has
    "system-cluster-critical": (
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    "system-node-critical": (
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
}
POLICIES = ("Never", "PreemptLowerPriority")


def _default_priority(priority: Object) -> None:
    fill(priority, preemptionPolicy="PreemptLowerPriority")
    priority.setdefault("value", 0)


def _validate_priority(priority: Object, old: Object | None) -> list[Cause]:
    name, causes = priority["metadata"].get("name", ""), []
    is_known = name in OF_SYSTEM and priority["value"] == OF_SYSTEM[name][0]
    if name.startswith("system-") and not is_known:
        detail = "priority class names with 'system-' prefix are reserved for system use only"
        causes.append(forbidden_value("metadata.name", detail))
    if priority["value"] > HIGHEST_OF_USERS and not is_known:
        detail = f"maximum allowed value of a user defined priority is {HIGHEST_OF_USERS}"
        causes.append(forbidden_value("value", detail))
    causes += formats.one_of("preemptionPolicy", priority["preemptionPolicy"], POLICIES)
    if old:
        causes += formats.immutable("value", priority["value"], old["value"])
        causes += formats.immutable("preemptionPolicy", priority["preemptionPolicy"], old.get("preemptionPolicy"))
    return causes


PRIORITY_CLASS = Kind(
    group="scheduling.k8s.io",
    version="v1",
    kind="PriorityClass",
    plural="priorityclasses",
    namespaced=False,
    schema="io.k8s.api.scheduling.v1.PriorityClass",
    short_names=("pc",),
    columns=(
        NAME,
        Column("Value", lambda obj, now: obj["value"], type="integer", description="Its pods' priority."),
        Column(
            "Global-Default",
            lambda obj, now: bool(obj.get("globalDefault")),
            type="boolean",
            description="Whether it is for pods that name none.",
        ),
        AGE,
        Column("PreemptionPolicy", lambda obj, now: obj["preemptionPolicy"], description="Whether its pods displace."),
    ),
    default=_default_priority,
    validate=_validate_priority,
)


def _validate_runtime(runtime: Object, old: Object | None) -> list[Cause]:
    causes = formats.dns_label("handler", runtime.get("handler"))
    return causes + (formats.immutable("handler", runtime.get("handler"), old.get("handler")) if old else [])


RUNTIME_CLASS = Kind(
    group="node.k8s.io",
    version="v1",
    kind="RuntimeClass",
    plural="runtimeclasses",
    namespaced=False,
    schema="io.k8s.api.node.v1.RuntimeClass",
    columns=(
        NAME,
        Column("Handler", lambda obj, now: obj.get("handler", ""), description="The runtime's own name for it."),
        AGE,
    ),
    validate=_validate_runtime,
    inert="there is one container runtime here: RuntimeClasses choose nothing",
)

KINDS = [PRIORITY_CLASS, RUNTIME_CLASS]
