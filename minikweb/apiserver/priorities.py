"""The number behind a pod's priority class, and which class those have that name none.

Source: plugin/pkg/admission/priority/admission.go.
"""

from __future__ import annotations

from minikweb.apimachinery.errors import forbidden
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object

CLASSES = "priorityclasses.scheduling.k8s.io"


def complete_pod(server: Server, pod: Object) -> None:
    """Sets priority, class and preemption policy of a new pod. Raises Forbidden."""
    spec, title = pod["spec"], pod["metadata"].get("name", "")
    name = spec.get("priorityClassName") or ""
    found = server.lister.get(CLASSES, "", name) if name else default_class(server)
    if name and found is None:
        raise forbidden("", "pods", title, f"no PriorityClass with name {name} was found")
    priority = found["value"] if found else 0
    if spec.get("priority") not in (None, priority):
        why = (
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            f"priority admission controller computed {priority} from the given PriorityClass name"
        )
        raise forbidden("", "pods", title, why)
    policy = (found or {}).get("preemptionPolicy") or "PreemptLowerPriority"
    if spec.get("preemptionPolicy") not in (None, "", policy):
        why = (
            f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
        raise forbidden("", "pods", title, why)
    spec.update(priority=priority, preemptionPolicy=policy)
    if found:
        spec["priorityClassName"] = found["metadata"]["name"]


def default_class(server: Server) -> Object | None:
    """The class that says it is for all; the lowest, should there be several."""
    found = [each for each in server.lister.list(CLASSES) if each.get("globalDefault")]
    return min(found, key=lambda each: each["value"], default=None)


def check_class(server: Server, kind: Kind, new: Object) -> None:
    """Raises Forbidden for a second class that is for all."""
    if kind.storage_key != CLASSES or not new.get("globalDefault"):
        return
    default, name = default_class(server), new["metadata"].get("name", "")
    if default and default["metadata"]["name"] != name:
        why = f"PriorityClass {default['metadata']['name']} is already marked as default. Only one default can exist"
        raise forbidden(kind.group, kind.plural, name, why)
