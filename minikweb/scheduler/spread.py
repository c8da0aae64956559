"""PodTopologySpread: how evenly pods are spread over places. Pure.

A constraint counts the pods of a kind in each place (a label's value) and limits by how many one place may have more
than the emptiest.

Source: kubernetes/pkg/scheduler/framework/plugins/podtopologyspread/{filtering.go,scoring.go}.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery.labels import Selector
from minikweb.apimachinery.meta import is_being_deleted
from minikweb.kinds import nodeaffinity
from minikweb.kinds.taints import NO_EXECUTE, NO_SCHEDULE, taints_of, untolerated
from minikweb.scheduler.peers import with_keys

Object = dict[str, Any]
Nodes = Iterable[tuple[Object, Iterable[Object]]]  # nodes with their pods

SKEW = "node(s) didn't match pod topology spread constraints"
NO_LABEL = f"{SKEW} (missing required label)"


@dataclass(frozen=True)
class Constraint:
    """One of a pod's constraints, with what is counted for it: place → pods."""

    key: str
    max_skew: int
    is_hard: bool
    is_counted: bool  # whether the pod itself is of the kind
    counts: Counter[str]
    least: int  # what the emptiest place has


def constraints(pod: Object, nodes: Nodes) -> tuple[Constraint, ...]:
    asked = pod["spec"].get("topologySpreadConstraints") or ()
    listed = [(node, list(running)) for node, running in nodes] if asked else []
    keys = [each["topologyKey"] for each in asked if _is_hard(each)]
    return tuple(_constraint(pod, each, listed, keys if _is_hard(each) else [each["topologyKey"]]) for each in asked)


def _is_hard(constraint: Object) -> bool:
    return constraint.get("whenUnsatisfiable") != "ScheduleAnyway"


def _constraint(pod: Object, asked: Object, nodes: list[tuple[Object, list[Object]]], keys: list[str]) -> Constraint:
    """Counted on the nodes the pod could be on, that have all keys of its constraints."""
    selector = with_keys(asked, pod) or Selector(())
    counts: Counter[str] = Counter()
    for node, running in nodes:
        labels = node["metadata"].get("labels") or {}
        if all(key in labels for key in keys) and _is_counted_on(pod, asked, node):
            counts[labels[asked["topologyKey"]]] += sum(_is_of_kind(pod, other, selector) for other in running)
    enough = len(counts) >= (asked.get("minDomains") or 1)
    return Constraint(
        asked["topologyKey"],
        asked["maxSkew"],
        _is_hard(asked),
        selector.matches(pod["metadata"].get("labels") or {}),
        counts,
        min(counts.values(), default=0) if enough else 0,
    )


def _is_of_kind(pod: Object, other: Object, selector: Selector) -> bool:
    metadata = other["metadata"]
    if metadata["namespace"] != pod["metadata"]["namespace"] or is_being_deleted(other):
        return False
    return selector.matches(metadata.get("labels") or {})


def _is_counted_on(pod: Object, asked: Object, node: Object) -> bool:
    """As the constraint's policies say: by default the pod's affinity counts, taints do not."""
    if asked.get("nodeAffinityPolicy", "Honor") == "Honor" and not nodeaffinity.fits(pod["spec"], node):
        return False
    if asked.get("nodeTaintsPolicy", "Ignore") == "Ignore":
        return True
    return not untolerated(taints_of(node, NO_SCHEDULE, NO_EXECUTE), pod["spec"].get("tolerations") or [])


def refusal(found: Iterable[Constraint], node: Object) -> str:
    """Why the pod cannot be on the node, "" if it can."""
    labels = node["metadata"].get("labels") or {}
    for constraint in found:
        if not constraint.is_hard:
            continue
        if constraint.key not in labels:
            return NO_LABEL
        if constraint.counts[labels[constraint.key]] + constraint.is_counted - constraint.least > constraint.max_skew:
            return SKEW
    return ""


def evenness(found: Iterable[Constraint], nodes: Iterable[Object]) -> dict[str, float]:
    """0 to 1 by node name: how much a pod there keeps the soft constraints; 0 for a node without their labels."""
    soft = [constraint for constraint in found if not constraint.is_hard]
    costs = {}
    for node in nodes:
        labels, name = node["metadata"].get("labels") or {}, node["metadata"]["name"]
        if all(constraint.key in labels for constraint in soft):
            costs[name] = sum(_cost(constraint, labels[constraint.key]) for constraint in soft)
    most, least = max(costs.values(), default=0), min(costs.values(), default=0)
    return {name: (most + least - cost) / most if most else 1.0 for name, cost in costs.items()}


def _cost(constraint: Constraint, value: str) -> float:
    """More places weigh less each, as they are expected to hold fewer."""
    return constraint.counts[value] * math.log(len(constraint.counts) + 2) + constraint.max_skew - 1
