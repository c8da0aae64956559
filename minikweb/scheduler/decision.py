"""One decision: filter the nodes, score those that are left. Pure, and it keeps why: what each node lacked, what each
score gave.

Source: kubernetes/pkg/scheduler/schedule_one.go (schedulePod), framework/types.go (FitError).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

from minikweb.scheduler.peers import Labels
from minikweb.scheduler.plugins import FILTERS, SCORES, NodeInfo, PodInfo, Points, could_ever_fit

MOST_EXPLAINED = 20  # nodes


@dataclass(frozen=True)
class Decision:
    """Where a pod goes, and why: for a page or a lesson as much as for the binding."""

    node: str | None
    refusals: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # node → filter → its reasons
    scores: dict[str, Points] = field(default_factory=dict)  # score → node → weighted points
    message: str = ""  # why there is no node
    nominated: str = ""  # the node where others end for it

    def total(self, node: str) -> float:
        return sum(points[node] for points in self.scores.values())


def decide(pod: PodInfo, nodes: list[NodeInfo], namespaces: Labels | None = None) -> Decision:
    """The node for a pod among nodes as they are now. The first filter that refuses a node ends its case."""
    if pod.volumes.problem:
        return Decision(None, message=_nowhere(nodes, pod.volumes.problem))
    pod = pod.among(nodes, namespaces or {})
    refusals = {info.name: refused for info in nodes if (refused := first_refusal(pod, info))}
    feasible = [info for info in nodes if info.name not in refusals]
    if not feasible:
        return Decision(None, refusals, message=fit_error(pod, nodes, refusals))
    scores = {
        name: {node: points * weight for node, points in score(pod, feasible).items()}
        for name, (score, weight) in SCORES.items()
    }
    totals = {info.name: sum(points[info.name] for points in scores.values()) for info in feasible}
    best = min(feasible, key=lambda info: (-round(totals[info.name], 6), info.pods, info.name))
    return Decision(best.name, refusals, scores)


def first_refusal(pod: PodInfo, info: NodeInfo) -> dict[str, list[str]]:
    """The filter that refuses the node, with its reasons; {} when none does."""
    for plugin, refuse in FILTERS.items():
        reasons = refuse(pod, info)
        if reasons:
            return {plugin: reasons}
    return {}


def fit_error(
    pod: PodInfo, nodes: list[NodeInfo], refusals: dict[str, dict[str, list[str]]], preemption: str | None = None
) -> str:
    """Kubernetes' sentence for a pod that fits nowhere. `preemption` is what became of it, "" when it helps."""
    if not nodes:
        return "no nodes available to schedule pods"
    none = f"0/{len(nodes)} nodes are available"
    reasons = Counter(reason for refused in refusals.values() for listed in refused.values() for reason in listed)
    said = f"{none}: {_listed(reasons)}."
    if preemption is None:
        preemption = f"{none}: {_listed(_chances(pod, nodes, refusals))}."
    return f"{said} preemption: {preemption}" if preemption else said


def _chances(pod: PodInfo, nodes: list[NodeInfo], refusals: dict[str, dict[str, list[str]]]) -> Counter[str]:
    return Counter(
        "No preemption victims found for incoming pod"
        if could_ever_fit(pod, info, refusals[info.name])
        else "Preemption is not helpful for scheduling"
        for info in nodes
    )


def _nowhere(nodes: list[NodeInfo], problem: str) -> str:
    """The same for a pod that no node at all would help."""
    if not nodes:
        return "no nodes available to schedule pods"
    none = f"0/{len(nodes)} nodes are available"
    return f"{none}: {problem}. preemption: {none}: {len(nodes)} Preemption is not helpful for scheduling."


def _listed(reasons: Counter[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))


def explained(decision: Decision) -> str:
    """The decision as JSON: {node, scores: {node: {score: points, …}}, refusals: {node: {filter: [reason, …]}}}.

    Points are weighted, so that they can be added up; of many nodes the best are told.
    """
    nodes = sorted({node for points in decision.scores.values() for node in points}, key=lambda n: -decision.total(n))
    scores = {
        node: {name: round(points[node]) for name, points in decision.scores.items()} for node in nodes[:MOST_EXPLAINED]
    }
    refusals = {node: decision.refusals[node] for node in sorted(decision.refusals)[:MOST_EXPLAINED]}
    found = {"node": decision.node or "", "scores": scores, "refusals": refusals}
    if decision.nominated:
        found["nominated"] = decision.nominated
    return json.dumps(found, separators=(",", ":"))
