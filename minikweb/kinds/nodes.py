"""The Node.

Source: pkg/registry/core/node/strategy.go, pkg/apis/core/validation/validation.go (ValidateNode).
"""

from __future__ import annotations

from datetime import datetime

from minikweb.apimachinery import labels
from minikweb.apimachinery.errors import duplicate, forbidden_value, invalid_value
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, NONE, UNKNOWN
from minikweb.kinds.podspec import amounts
from minikweb.kinds.registry import Cause, Column, Health, Kind, Object

POWER, OFF = "minikweb.io/power", "off"  # the annotation that switches a node of this machine off
ROLE_PREFIX = "node-role.kubernetes.io/"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _default(node: Object) -> None:
    spec, status = node.setdefault("spec", {}), node.setdefault("status", {})
    if spec.get("podCIDR") and not spec.get("podCIDRs"):
        spec["podCIDRs"] = [spec["podCIDR"]]
    elif spec.get("podCIDRs") and not spec.get("podCIDR"):
        spec["podCIDR"] = spec["podCIDRs"][0]
    for key in ("capacity", "allocatable"):
        if status.get(key):
            status[key] = amounts(status[key])
    if status.get("capacity") and not status.get("allocatable"):
        status["allocatable"] = dict(status["capacity"])


def _validate(node: Object, old: Object | None) -> list[Cause]:
    causes = _validate_taints(node["spec"].get("taints") or [])
    for key in ("capacity", "allocatable"):
        for name, amount in ((node.get("status") or {}).get(key) or {}).items():
            causes += formats.resource_amount(f"status.{key}.{name}", amount)
    return causes + (_validate_update(node["spec"], old.get("spec") or {}) if old else [])


def _validate_taints(taints: list[Object]) -> list[Cause]:
    causes, seen = [], set()
    for index, taint in enumerate(taints):
        path = f"metadata.taints[{index}]"  # Kubernetes says metadata
        causes += formats.qualified_name(f"{path}.key", taint.get("key"))
        if problems := labels.validate_value(taint.get("value") or ""):
            causes.append(invalid_value(f"{path}.value", taint["value"], ";".join(problems)))
        causes += formats.one_of(f"{path}.effect", taint.get("effect"), _EFFECTS)
        key = taint.get("key"), taint.get("effect")
        if key in seen:
            found = duplicate(path, taint)
            causes.append({**found, "message": f"{found['message']}: taints must be unique by key and effect pair"})
        seen.add(key)
    return causes


def _validate_update(new: Object, old: Object) -> list[Cause]:
    causes = []
    if old.get("podCIDRs") and new.get("podCIDRs") != old["podCIDRs"]:
        detail = 'node updates may not change podCIDR except from "" to valid'
        causes.append(forbidden_value("spec.podCIDRs", detail))
    if old.get("providerID") and new.get("providerID") != old["providerID"]:
        verb = "modified" if new.get("providerID") else "cleared"
        causes.append(invalid_value("spec.providerID", None, f"field cannot be {verb} once set"))
    return causes


def is_switched_off(node: Object) -> bool:
    """Whether somebody pulled its plug: ours alone, see docs/decisions on the power of nodes."""
    return (node["metadata"].get("annotations") or {}).get(POWER) == OFF


# --- Columns and health ------------------------------------------------------------------------------


def _ready_condition(node: Object) -> Object:
    for condition in (node.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "Ready":
            return condition
    return {}


def status_word(node: Object) -> str:
    """The STATUS of `kubectl get nodes`: Ready, NotReady, Unknown, with ,SchedulingDisabled when cordoned."""
    ready = _ready_condition(node).get("status")
    word = "Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else word


def roles(node: Object) -> list[str]:
    """The roles that its labels give a node, sorted."""
    found = set()
    for key, value in (node["metadata"].get("labels") or {}).items():
        if key.startswith(ROLE_PREFIX) and key != ROLE_PREFIX:
            found.add(key.removeprefix(ROLE_PREFIX))
        elif key == "kubernetes.io/role" and value:
            found.add(value)
    return sorted(found)


def address(node: Object, kind: str) -> str:
    """The first address of a kind (InternalIP, ExternalIP, Hostname), or ""."""
    for found in (node.get("status") or {}).get("addresses") or []:
        if found.get("type") == kind:
            return found.get("address", "")
    return ""


def _info(node: Object, key: str) -> str:
    return ((node.get("status") or {}).get("nodeInfo") or {}).get(key) or ""


def _status(node: Object, now: datetime) -> str:
    return status_word(node)


def _roles(node: Object, now: datetime) -> str:
    return ",".join(roles(node)) or NONE


def _version(node: Object, now: datetime) -> str:
    return _info(node, "kubeletVersion")


def _internal_ip(node: Object, now: datetime) -> str:
    return address(node, "InternalIP") or NONE


def _external_ip(node: Object, now: datetime) -> str:
    return address(node, "ExternalIP") or NONE


def _os_image(node: Object, now: datetime) -> str:
    return _info(node, "osImage") or UNKNOWN


def _kernel(node: Object, now: datetime) -> str:
    kernel, architecture = _info(node, "kernelVersion") or UNKNOWN, _info(node, "architecture")
    return f"{kernel} ({architecture})" if architecture else kernel


def _runtime(node: Object, now: datetime) -> str:
    return _info(node, "containerRuntimeVersion") or UNKNOWN


def _health(node: Object) -> Health:
    ready = _ready_condition(node)
    word, message = status_word(node), ready.get("message", "")
    if ready.get("status") == "Unknown" or not ready:
        return Health("Unknown", word, message)
    if ready["status"] != "True":
        return Health("Degraded", word, message)
    if node["spec"].get("unschedulable"):
        return Health("Suspended", word, "The node takes no new pods (cordoned).")
    return Health("Healthy", word, message)


NODE = Kind(
    group="",
    version="v1",
    kind="Node",
    plural="nodes",
    namespaced=False,
    schema="io.k8s.api.core.v1.Node",
    short_names=("no",),
    subresources=("proxy", "status"),
    columns=(
        NAME,
        Column("Status", _status, description="Whether the node is ready, and whether it takes new pods."),
        Column("Roles", _roles, description="What the node is for."),
        AGE,
        Column("Version", _version, description="The version of its kubelet."),
        Column("Internal-IP", _internal_ip, priority=1, description="Its address inside the cluster."),
        Column("External-IP", _external_ip, priority=1, description="Its address outside the cluster."),
        Column("OS-Image", _os_image, priority=1, description="Its operating system."),
        Column("Kernel-Version", _kernel, priority=1, description="Its kernel."),
        Column("Container-Runtime", _runtime, priority=1, description="What runs its containers."),
    ),
    default=_default,
    prepare_for_update=strategy.keep_status,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate,
    selectable={"spec.unschedulable": strategy.boolean("spec", "unschedulable")},
    health=_health,
)
