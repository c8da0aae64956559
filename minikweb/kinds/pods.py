"""The Pod: its strategy, its quality of service, what an update may change.

Source: pkg/registry/core/pod/strategy.go, pkg/apis/core/helper/qos/qos.go,
pkg/apis/core/validation/validation.go (ValidatePodCreate, ValidatePodUpdate).
"""

from __future__ import annotations

import copy
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.apimachinery.errors import forbidden_value, invalid_value, required
from minikweb.kinds import formats, podstatus, strategy
from minikweb.kinds.podspec import containers, default_pod, fill
from minikweb.kinds.podvalidation import validate_pod_spec
from minikweb.kinds.registry import Cause, Kind, Object

Spec = dict[str, Any]

_ONLY_THESE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _default(pod: Object) -> None:
    default_pod(pod.setdefault("spec", {}))
    _agree_on_addresses(pod.get("status") or {})


def _agree_on_addresses(status: Spec) -> None:
    """podIP and hostIP are the first of podIPs and hostIPs."""
    for one, many in (("podIP", "podIPs"), ("hostIP", "hostIPs")):
        if status.get(one) and (status.get(many) or [{}])[0].get("ip") != status[one]:
            status[many] = [{"ip": status[one]}]
        elif status.get(many):
            fill(status, **{one: status[many][0].get("ip")})


def _prepare_for_create(pod: Object) -> None:
    strategy.first_generation(pod)
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(pod["spec"])}
    if pod["spec"].get("schedulingGates"):
        pod["status"]["conditions"] = [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
            }
        ]


def _prepare_for_update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    strategy.next_generation(new, old, strategy.spec_of)


def _prepare_for_status_update(new: Object, old: Object) -> None:
    strategy.keep_spec(new, old)
    strategy.restore(new["metadata"], old["metadata"], "ownerReferences", "deletionTimestamp", "generation")
    status = new.setdefault("status", {})
    _agree_on_addresses(status)
    fill(status, qosClass=(old.get("status") or {}).get("qosClass") or qos_class(old["spec"]))


# --- Quality of service ------------------------------------------------------------------------------


def qos_class(spec: Spec) -> str:
    """Guaranteed: all containers limit CPU and memory and request as much. BestEffort: none says anything."""
    named = [c.get("resources") or {} for path, c in containers(spec) if not path.startswith("ephemeral")]
    if not any(_amounts(r, key) for r in named for key in ("limits", "requests")):
        return "BestEffort"
    for resources in named:
        limits, requests = _amounts(resources, "limits"), _amounts(resources, "requests")
        if set(limits) != {"cpu", "memory"} or requests != limits:
            return "Burstable"
    return "Guaranteed"


def _amounts(resources: Spec, key: str) -> dict[str, Any]:
    found = {name: _amount(amount) for name, amount in (resources.get(key) or {}).items() if name in ("cpu", "memory")}
    return {name: amount for name, amount in found.items() if amount}


def _amount(text: Any) -> Any:
    try:
        return quantity.parse(text)
    except ValueError:  # for validation to report
        return 0


# --- Validation --------------------------------------------------------------------------------------


def _validate(pod: Object, old: Object | None) -> list[Cause]:
    spec = pod["spec"]
    causes = validate_pod_spec("spec", spec)
    if old is not None:
        return causes + _validate_update(spec, old["spec"]) + _validate_status(pod, old)
    if spec.get("ephemeralContainers"):
        causes.append(forbidden_value("spec.ephemeralContainers", "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        detail = "cannot be set until all schedulingGates have been cleared"
        causes.append(forbidden_value("spec.nodeName", detail))
    return causes


def _validate_update(new: Spec, old: Spec) -> list[Cause]:
    """Kubernetes lists the difference after the rule; here the names of the fields do."""
    if new == old:
        return []
    for key in ("containers", "initContainers"):
        if len(new.get(key) or []) != len(old.get(key) or []):
            return [forbidden_value(f"spec.{key}", "pod updates may not add or remove containers")]
    causes = _only_removed_gates(new.get("schedulingGates") or [], old.get("schedulingGates") or [])
    causes += _validate_deadline(new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"))
    causes += _only_added_tolerations(new.get("tolerations") or [], old.get("tolerations") or [])
    allowed = _with_allowed_changes(new, old)
    changed = sorted(key for key in allowed.keys() | old.keys() if (allowed.get(key) or None) != (old.get(key) or None))
    if changed:
        causes.append(forbidden_value("spec", f"{_ONLY_THESE}\n{', '.join(changed)}"))
    return causes


def _with_allowed_changes(new: Spec, old: Spec) -> Spec:
    """The new spec with the old values wherever a change is allowed."""
    munged = copy.deepcopy(new)
    for key in ("containers", "initContainers"):
        for container, before in zip(munged.get(key) or [], old.get(key) or [], strict=True):
            strategy.restore(container, before, "image")
    strategy.restore(munged, old, "activeDeadlineSeconds", "tolerations", "schedulingGates")
    if old.get("terminationGracePeriodSeconds", 0) < 0 and munged.get("terminationGracePeriodSeconds") == 1:
        strategy.restore(munged, old, "terminationGracePeriodSeconds")
    return munged


def _validate_deadline(new: int | None, old: int | None) -> list[Cause]:
    path = "spec.activeDeadlineSeconds"
    if old is not None and new is None:
        return [invalid_value(path, new, "must not update from a positive integer to nil value")]
    if old is not None and new is not None and new > old:
        return [invalid_value(path, new, "must be less than or equal to previous value")]
    return []


def _only_removed_gates(new: list[Spec], old: list[Spec]) -> list[Cause]:
    known = [gate["name"] for gate in old]
    return [
        forbidden_value(
            "spec.schedulingGates", f"only deletion is allowed, but found new scheduling gate '{gate['name']}'"
        )
        for gate in new
        if gate["name"] not in known
    ]


def _only_added_tolerations(new: list[Spec], old: list[Spec]) -> list[Cause]:
    def but_the_time(toleration: Spec) -> Spec:
        return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}

    kept = [but_the_time(toleration) for toleration in new]
    if all(but_the_time(toleration) in kept for toleration in old):
        return []
    detail = "existing toleration can not be modified except its tolerationSeconds"
    return [forbidden_value("spec.tolerations", detail)]


def _validate_status(new: Object, old: Object) -> list[Cause]:
    after, before = new.get("status") or {}, old.get("status") or {}
    if not before.get("qosClass"):
        return []
    return formats.immutable("status.qosClass", after.get("qosClass"), before["qosClass"])


def _validate_binding(binding: Object, old: Object | None) -> list[Cause]:
    target = binding.get("target") or {}
    causes = []
    if target.get("kind") not in (None, "", "Node"):
        causes += formats.one_of("target.kind", target["kind"], ("Node", "<empty>"))
    if not target.get("name"):
        return [*causes, required("target.name")]
    return causes + formats.dns_subdomain("target.name", target["name"])


def _first_ip(pod: Object) -> str:
    ips = (pod.get("status") or {}).get("podIPs") or []
    return ips[0].get("ip", "") if ips else ""


POD = Kind(
    group="",
    version="v1",
    kind="Pod",
    plural="pods",
    namespaced=True,
    schema="io.k8s.api.core.v1.Pod",
    short_names=("po",),
    categories=("all",),
    subresources=(
        "attach",
        "binding",
        "ephemeralcontainers",
        "eviction",
        "exec",
        "log",
        "portforward",
        "proxy",
        "status",
    ),
    columns=podstatus.COLUMNS,
    default=_default,
    prepare_for_create=_prepare_for_create,
    prepare_for_update=_prepare_for_update,
    prepare_for_status_update=_prepare_for_status_update,
    validate=_validate,
    selectable={
        "spec.nodeName": strategy.path("spec", "nodeName"),
        "spec.restartPolicy": strategy.path("spec", "restartPolicy"),
        "spec.schedulerName": strategy.path("spec", "schedulerName"),
        "spec.serviceAccountName": strategy.path("spec", "serviceAccountName"),
        "spec.hostNetwork": strategy.boolean("spec", "hostNetwork"),
        "status.phase": strategy.path("status", "phase"),
        "status.podIP": _first_ip,
        "status.podIPs": _first_ip,
        "status.nominatedNodeName": strategy.path("status", "nominatedNodeName"),
    },
    health=podstatus.health,
)

BINDING = Kind(
    group="",
    version="v1",
    kind="Binding",
    plural="bindings",
    namespaced=True,
    schema="io.k8s.api.core.v1.Binding",
    verbs=("create",),
    virtual=True,
    validate=_validate_binding,
)
