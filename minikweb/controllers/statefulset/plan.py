"""Which pods of a StatefulSet begin and end now, and what is told of it. Pure.

OrderedReady does one thing at a time: the first ordinal that is not as it should be holds up all others. Parallel does
all at once. Only the rolling update goes from the highest ordinal down.

Source: kubernetes/pkg/controller/statefulset/stateful_set_control.go (updateStatefulSet).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.controllers import podcontrol
from minikweb.controllers.statefulset import identity

Object = dict[str, Any]


@dataclass
class Plan:
    """`create`: ordinals that get a pod; `delete`: pods to end."""

    create: list[int] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


class Look:
    """A StatefulSet and its pods at one moment; `current` and `update` are its revisions, often the same."""

    def __init__(self, stateful_set: Object, pods: list[Object], current: Object, update: Object, now: datetime):
        self.stateful_set, self.pods, self.now = stateful_set, pods, now
        self.spec, self.current, self.update = stateful_set["spec"], current, update
        by_ordinal = {identity.ordinal_of(stateful_set, pod): pod for pod in pods}
        wanted = identity.ordinals(stateful_set)
        self.replicas: dict[int, Object | None] = {ordinal: by_ordinal.get(ordinal) for ordinal in wanted}
        beyond = sorted((o for o in by_ordinal if o is not None and o not in self.replicas), reverse=True)
        self.condemned = [by_ordinal[ordinal] for ordinal in beyond]

    @property
    def in_order(self) -> bool:
        return self.spec["podManagementPolicy"] != "Parallel"

    def is_available(self, pod: Object | None) -> bool:
        """Whether it serves, and is not about to stop."""
        if pod is None or meta.is_being_deleted(pod):
            return False
        return podcontrol.is_available(pod, self.spec.get("minReadySeconds", 0), self.now)

    def is_updated(self, pod: Object) -> bool:
        return identity.revision_of(pod) == self.update["metadata"]["name"]


def plan(look: Look) -> Plan:
    step = _in_order(look) if look.in_order else _at_once(look)
    if step is None:
        step = Plan(delete=_update(look))
    return step


def _in_order(look: Look) -> Plan | None:
    """The one thing to do now (perhaps to wait); None when each pod is as it should be."""
    for ordinal, pod in look.replicas.items():
        if pod is None:
            return Plan(create=[ordinal])
        if podcontrol.is_terminal(pod):
            return Plan(delete=[] if meta.is_being_deleted(pod) else [pod])
        if not look.is_available(pod):
            return Plan()
    if look.condemned:
        last = look.condemned[0]
        first_unavailable = next((pod for pod in reversed(look.condemned) if not look.is_available(pod)), None)
        waits = meta.is_being_deleted(last) or (not look.is_available(last) and last is not first_unavailable)
        return Plan(delete=[] if waits else [last])
    return None


def _at_once(look: Look) -> Plan:
    create = [ordinal for ordinal, pod in look.replicas.items() if pod is None]
    ended = [pod for pod in look.replicas.values() if pod and podcontrol.is_terminal(pod)]
    delete = [pod for pod in (*ended, *look.condemned) if not meta.is_being_deleted(pod)]
    names = {pod["metadata"]["name"] for pod in delete}
    delete += [pod for pod in _update(look) if pod["metadata"]["name"] not in names]
    return Plan(create, delete)


def _update(look: Look) -> list[Object]:
    """Old pods that end now, from the highest ordinal down to the partition."""
    strategy = look.spec["updateStrategy"]
    if strategy["type"] != "RollingUpdate":
        return []
    rolling = strategy.get("rollingUpdate") or {}
    down = list(reversed(look.replicas.values()))
    budget = max_unavailable(rolling, len(down)) - sum(not look.is_available(pod) for pod in down)
    candidates = down[: max(0, len(down) - (rolling.get("partition") or 0))]
    old = [pod for pod in candidates if pod and not look.is_updated(pod) and not meta.is_being_deleted(pod)]
    if look.in_order:
        return old[: max(0, budget)]
    broken = [pod for pod in old if not look.is_available(pod)]  # they cost nothing
    return broken + [pod for pod in old if look.is_available(pod)][: max(0, budget)]


def max_unavailable(rolling: Object, replicas: int) -> int:
    """The number of `2`, or of `30%` of the replicas, rounded down; one at least."""
    given = rolling.get("maxUnavailable") or 1
    amount = replicas * int(given.rstrip("%")) // 100 if isinstance(given, str) else given
    return max(1, amount)


def status(look: Look) -> Object:
    """What the pods add up to."""
    running = [pod for pod in look.pods if podcontrol.ready_since(pod) is not None and not podcontrol.is_terminal(pod)]
    staying = [identity.revision_of(pod) for pod in look.pods if not meta.is_being_deleted(pod)]
    current, update = look.current["metadata"]["name"], look.update["metadata"]["name"]
    wait = look.spec.get("minReadySeconds", 0)
    counts = {
        "replicas": len(look.pods),
        "readyReplicas": len(running),
        "availableReplicas": sum(podcontrol.is_available(pod, wait, look.now) for pod in running),
        "currentReplicas": staying.count(current),
        "updatedReplicas": staying.count(update),
    }
    wanted = look.spec["replicas"]
    if counts["updatedReplicas"] == counts["readyReplicas"] == counts["replicas"] == wanted:
        current, counts["currentReplicas"] = update, counts["updatedReplicas"]
    before = look.stateful_set.get("status", {})
    always = ("replicas", "availableReplicas")
    return {
        "observedGeneration": look.stateful_set["metadata"].get("generation", 0),
        **{key: value for key, value in counts.items() if value or key in always},
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": before.get("collisionCount", 0),
        **({"conditions": before["conditions"]} if "conditions" in before else {}),
    }
