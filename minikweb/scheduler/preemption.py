"""Which pods make room for a more important one. Pure.

On each node the pods of lower priority are taken away in thought; if the newcomer then fits, as many as possible are
put back, the important ones first. The node is taken where the least is lost.

Source: kubernetes/pkg/scheduler/framework/{preemption/preemption.go,plugins/defaultpreemption/default_preemption.go}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery.meta import is_being_deleted
from minikweb.kinds.policy import speaks_of
from minikweb.scheduler.plugins import NodeInfo, PodInfo

Object = dict[str, Any]
Fits = Callable[[NodeInfo], bool]  # whether the newcomer could be on the node as it would be


@dataclass(frozen=True)
class Preemption:
    """A node and the pods to end there, the important ones first; how many of them a budget would keep."""

    node: str
    victims: tuple[PodInfo, ...]
    violations: int


def choose(pod: PodInfo, nodes: Iterable[NodeInfo], fits: Fits, budgets: list[Object]) -> Preemption | None:
    """Where the least is lost: budgets kept, then low priorities, then few pods; None where nothing helps."""
    found = [each for info in nodes if (each := on_node(pod, info, fits, budgets))]

    def loss(each: Preemption) -> tuple:
        highest = max(victim.priority for victim in each.victims)
        earliest = min(_started(victim) for victim in each.victims if victim.priority == highest)
        return (
            each.violations,
            highest,
            sum(victim.priority for victim in each.victims),
            len(each.victims),
            _Latest(earliest),
            each.node,
        )

    return min(found, key=loss, default=None)


class _Latest(str):
    """A time that comes first in order when it is the latest."""

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


def on_node(pod: PodInfo, info: NodeInfo, fits: Fits, budgets: list[Object]) -> Preemption | None:
    """The fewest pods of a node that have to end, None when ending all that may is not enough (or not needed)."""
    lower = sorted((each for each in info.running if each.priority < pod.priority), key=_importance)
    if not lower or not fits(info.without(lower)):
        return None
    kept_by_budget = _violating(lower, budgets)
    victims: list[PodInfo] = list(lower)
    for each in sorted(lower, key=lambda one: id(one) not in kept_by_budget):  # stable: the important ones first
        spared = [victim for victim in victims if victim is not each]
        if fits(info.without(spared)):
            victims = spared
    return Preemption(info.name, tuple(victims), sum(id(victim) in kept_by_budget for victim in victims))


def _importance(pod: PodInfo) -> tuple:
    return -pod.priority, _started(pod)


def _started(pod: PodInfo) -> str:
    return (pod.pod.get("status") or {}).get("startTime") or pod.pod["metadata"]["creationTimestamp"]


def _violating(pods: list[PodInfo], budgets: list[Object]) -> set[int]:
    """The ids of those pods whose end, in this order, a budget does not allow any more."""
    left = {id(budget): (budget.get("status") or {}).get("disruptionsAllowed", 0) for budget in budgets}
    found = set()
    for pod in pods:
        if is_being_deleted(pod.pod):
            continue
        for budget in budgets:
            if speaks_of(budget, pod.pod):
                left[id(budget)] -= 1
                if left[id(budget)] < 0:
                    found.add(id(pod))
    return found


def why_not_eligible(pod: PodInfo, nodes: Iterable[NodeInfo]) -> str:
    """Why the pod ends no others, "" if it may: its class says never, or it has done so and they are ending."""
    if pod.pod["spec"].get("preemptionPolicy") == "Never":
        return "not eligible due to preemptionPolicy=Never."
    nominated = (pod.pod.get("status") or {}).get("nominatedNodeName")
    for info in nodes:
        if info.name == nominated and any(
            is_being_deleted(each.pod) and each.priority < pod.priority for each in info.running
        ):
            return "not eligible due to a terminating pod on the nominated node."
    return ""
