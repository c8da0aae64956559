"""The filters and scores of the scheduler. Pure: pods and nodes in, reasons and points out.

Source: kubernetes/pkg/scheduler/framework/plugins (names, reasons, formulas) and apis/config/v1/default_plugins.go
(weights). A filter says why a node cannot take a pod; a score gives 0 to 100 points per node.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from minikweb.apimachinery.meta import controller_of
from minikweb.kinds import nodeaffinity, podresources
from minikweb.kinds.taints import (
    NO_EXECUTE,
    NO_SCHEDULE,
    PREFER_NO_SCHEDULE,
    UNSCHEDULABLE,
    taints_of,
    untolerated,
)
from minikweb.scheduler import peers, spread, volumes

Object = dict[str, Any]
Resources = dict[str, int]  # cpu in thousandths of a core, the rest in units or bytes
Points = dict[str, float]  # by node name

MAX_POINTS = 100.0
# What a container without requests counts for in the scores, so that many such pods do not all look weightless.
NONZERO = {"cpu": 100, "memory": 200 * 1024 * 1024}


# --- What a pod asks for and a node has ----------------------------------------------------------------
def resources(given: dict[str, Any] | None) -> Resources:
    """Quantities by name as whole numbers."""
    return _whole(podresources.amounts(given))


def _whole(amounts: podresources.Amounts) -> Resources:
    return {name: math.ceil(amount * 1000 if name == "cpu" else amount) for name, amount in amounts.items()}


def requests(pod: Object, default: Resources | None = None) -> Resources:
    """What the pod needs at its peak. `default` is what a container counts for that asks for none of a resource."""
    floor = {name: Decimal(amount) / (1000 if name == "cpu" else 1) for name, amount in (default or {}).items()}
    return _whole(podresources.peak(pod["spec"], "requests", floor))


def _sum(one: Resources, other: Resources) -> Resources:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _add(total: Resources, more: Resources) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


@dataclass
class NodeInfo:
    """A node and what its pods already take of it."""

    node: Object
    allocatable: Resources = field(default_factory=dict)
    requested: Resources = field(default_factory=dict)
    nonzero: Resources = field(default_factory=dict)  # the same with NONZERO for containers without requests
    running: list[PodInfo] = field(default_factory=list)
    siblings: dict[str, int] = field(default_factory=dict)  # pods by the uid of their controller
    has_terms: bool = False  # whether one of its pods says near which others it is

    @classmethod
    def of(cls, node: Object) -> NodeInfo:
        status = node.get("status", {})
        return cls(node, resources(status.get("allocatable") or status.get("capacity")))

    @property
    def name(self) -> str:
        return self.node["metadata"]["name"]

    @property
    def pods(self) -> int:
        return len(self.running)

    def without(self, pods: Iterable[PodInfo]) -> NodeInfo:
        """The node as it would be without some of its pods."""
        gone = {id(pod) for pod in pods}
        left = NodeInfo(self.node, self.allocatable)
        for pod in self.running:
            if id(pod) not in gone:
                left.add(pod)
        return left

    def add(self, pod: PodInfo) -> None:
        """Counts a pod that runs here or is about to."""
        self.running.append(pod)
        self.has_terms = self.has_terms or bool(pod.terms)
        _add(self.requested, pod.requests)
        _add(self.nonzero, pod.nonzero)
        if pod.controller:
            self.siblings[pod.controller] = self.siblings.get(pod.controller, 0) + 1


@dataclass(frozen=True)
class PodInfo:
    """A pod and what it takes, reckoned once; the last three anew for each decision."""

    pod: Object
    requests: Resources
    nonzero: Resources
    controller: str
    terms: peers.Terms = peers.NONE
    volumes: volumes.Needs = volumes.NOTHING
    peers: peers.Peers = peers.NOBODY
    spread: tuple[spread.Constraint, ...] = ()

    @classmethod
    def of(cls, pod: Object) -> PodInfo:
        owner = controller_of(pod)
        return cls(pod, requests(pod), requests(pod, NONZERO), owner["uid"] if owner else "", peers.terms_of(pod))

    @property
    def priority(self) -> int:
        return self.pod["spec"].get("priority") or 0

    def among(self, nodes: Iterable[NodeInfo], namespaces: peers.Labels) -> PodInfo:
        """With what the pods of all nodes mean for it; `namespaces` are the labels of each."""
        found = peers.NOBODY
        around = [info for info in nodes if self.terms or info.has_terms]
        if around:
            running = ((info.node, [(each.pod, each.terms) for each in info.running]) for info in around)
            found = peers.peers(self.pod, running, namespaces)
        counted = spread.constraints(self.pod, ((info.node, (each.pod for each in info.running)) for info in nodes))
        return self if found is peers.NOBODY and not counted else replace(self, peers=found, spread=counted)


# --- Filters: the reasons why not --------------------------------------------------------------------
def node_unschedulable(pod: PodInfo, info: NodeInfo) -> list[str]:
    """NodeUnschedulable: a cordoned node takes only pods that tolerate that."""
    taint = {"key": UNSCHEDULABLE, "effect": NO_SCHEDULE}
    if info.node["spec"].get("unschedulable") and untolerated([taint], _tolerations(pod)):
        return ["node(s) were unschedulable"]
    return []


def node_name(pod: PodInfo, info: NodeInfo) -> list[str]:
    """NodeName: a pod that names its node."""
    wanted = pod.pod["spec"].get("nodeName")
    return ["node(s) didn't match the requested node name"] if wanted and wanted != info.name else []


def taint_toleration(pod: PodInfo, info: NodeInfo) -> list[str]:
    """TaintToleration: every taint that keeps pods away has to be tolerated."""
    taints = untolerated(taints_of(info.node, NO_SCHEDULE, NO_EXECUTE), _tolerations(pod))
    return ["node(s) had untolerated taint(s)"] if taints else []


def node_affinity(pod: PodInfo, info: NodeInfo) -> list[str]:
    """NodeAffinity: nodeSelector and the required node affinity, whose terms are alternatives."""
    fits = nodeaffinity.fits(pod.pod["spec"], info.node)
    return [] if fits else ["node(s) didn't match Pod's node affinity/selector"]


def node_resources_fit(pod: PodInfo, info: NodeInfo) -> list[str]:
    """NodeResourcesFit: each resource asked for has to be left, and a place among the node's pods."""
    reasons = ["Too many pods"] if info.pods + 1 > info.allocatable.get("pods", 0) else []
    for name, amount in pod.requests.items():
        if amount and amount > info.allocatable.get(name, 0) - info.requested.get(name, 0):
            reasons.append(f"Insufficient {name}")
    return reasons


def volume_binding(pod: PodInfo, info: NodeInfo) -> list[str]:
    """VolumeBinding and VolumeRestrictions: the volumes of its claims have to be had there."""
    return volumes.refusals(pod.volumes, info.node)


def inter_pod_affinity(pod: PodInfo, info: NodeInfo) -> list[str]:
    """InterPodAffinity: near and far from other pods."""
    refusal = peers.refusal(pod.peers, info.node) if pod.peers is not peers.NOBODY else ""
    return [refusal] if refusal else []


def pod_topology_spread(pod: PodInfo, info: NodeInfo) -> list[str]:
    """PodTopologySpread: no place may have too many more than another."""
    refusal = spread.refusal(pod.spread, info.node) if pod.spread else ""
    return [refusal] if refusal else []


Filter = Callable[[PodInfo, NodeInfo], list[str]]
FILTERS: dict[str, Filter] = {
    "NodeUnschedulable": node_unschedulable,
    "NodeName": node_name,
    "TaintToleration": taint_toleration,
    "NodeAffinity": node_affinity,
    "NodeResourcesFit": node_resources_fit,
    "VolumeBinding": volume_binding,
    "PodTopologySpread": pod_topology_spread,
    "InterPodAffinity": inter_pod_affinity,
}


def could_ever_fit(pod: PodInfo, info: NodeInfo, refused: dict[str, list[str]]) -> bool:
    """Whether ending other pods could help against a filter's refusal."""
    for plugin, reasons in refused.items():
        if plugin == "NodeResourcesFit":
            if any(amount > info.allocatable.get(name, 0) for name, amount in pod.requests.items()):
                return False
        elif not set(reasons) <= {spread.SKEW, peers.ANTI_AFFINITY, peers.EXISTING, volumes.TAKEN}:
            return False
    return True


def _tolerations(pod: PodInfo) -> list[Object]:
    return pod.pod["spec"].get("tolerations") or []


# --- Scores: which of those that can -----------------------------------------------------------------
def least_allocated(pod: PodInfo, nodes: Iterable[NodeInfo]) -> Points:
    """NodeResourcesFit: the share of cpu and memory that stays free."""
    return {info.name: _mean(1 - share for share in _shares(pod, info)) * MAX_POINTS for info in nodes}


def balanced_allocation(pod: PodInfo, nodes: Iterable[NodeInfo]) -> Points:
    """NodeResourcesBalancedAllocation: cpu and memory used up evenly, better or worse than without the pod."""
    points = {}
    for info in nodes:
        gain = _evenness(_shares(pod, info)) - _evenness(_shares(None, info))
        points[info.name] = MAX_POINTS / 2 + (MAX_POINTS / 2 + gain * MAX_POINTS) / 2
    return points


def tainted_least(pod: PodInfo, nodes: Iterable[NodeInfo]) -> Points:
    """TaintToleration: the fewer PreferNoSchedule taints to bear, the better."""
    tolerations = [
        toleration for toleration in _tolerations(pod) if toleration.get("effect") in (None, "", PREFER_NO_SCHEDULE)
    ]
    return _fewest(
        {info.name: len(untolerated(taints_of(info.node, PREFER_NO_SCHEDULE), tolerations)) for info in nodes}
    )


def preferred_affinity(pod: PodInfo, nodes: Iterable[NodeInfo]) -> Points:
    """NodeAffinity: the weights of the preferred terms that a node fulfils."""
    terms = nodeaffinity.of(pod.pod["spec"]).get("preferredDuringSchedulingIgnoredDuringExecution") or []
    weights = {
        info.name: sum(
            term["weight"] for term in terms if nodeaffinity.matches_term(info.node, term.get("preference", {}))
        )
        for info in nodes
    }
    most = max(weights.values(), default=0)
    return {name: weight / most * MAX_POINTS if most else 0.0 for name, weight in weights.items()}


def topology_spread(pod: PodInfo, nodes: Iterable[NodeInfo]) -> Points:
    """PodTopologySpread: by the pod's own soft constraints, else where the fewest pods of the same owner are."""
    if pod.spread:
        listed = [info.node for info in nodes]
        even = spread.evenness(pod.spread, listed)
        return {node["metadata"]["name"]: even.get(node["metadata"]["name"], 0.0) * MAX_POINTS for node in listed}
    return _fewest({info.name: info.siblings.get(pod.controller, 0) if pod.controller else 0 for info in nodes})


def liked_peers(pod: PodInfo, nodes: Iterable[NodeInfo]) -> Points:
    """InterPodAffinity: the weights of what the pod, and those that are there, would like."""
    listed = [info.node for info in nodes]
    liking = peers.liking(pod.peers, listed)
    return {node["metadata"]["name"]: liking(node) * MAX_POINTS for node in listed}


Score = Callable[[PodInfo, Iterable[NodeInfo]], Points]
SCORES: dict[str, tuple[Score, int]] = {  # name → (score, weight)
    "TaintToleration": (tainted_least, 3),
    "NodeAffinity": (preferred_affinity, 2),
    "PodTopologySpread": (topology_spread, 2),
    "InterPodAffinity": (liked_peers, 2),
    "NodeResourcesFit": (least_allocated, 1),
    "NodeResourcesBalancedAllocation": (balanced_allocation, 1),
}


def _shares(pod: PodInfo | None, info: NodeInfo) -> list[float]:
    """The shares of cpu and memory that are taken, with the pod if one is given; 1 at most."""
    taken = _sum(info.nonzero, pod.nonzero) if pod else info.nonzero
    known = [name for name in NONZERO if info.allocatable.get(name)]
    return [min(1.0, taken.get(name, 0) / info.allocatable[name]) for name in known]


def _evenness(shares: list[float]) -> float:
    """1 when all shares are equal, less by their standard deviation."""
    mean = _mean(shares)
    return 1 - math.sqrt(_mean((share - mean) ** 2 for share in shares))


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def _fewest(counts: dict[str, int]) -> Points:
    """MAX_POINTS for a count of 0, none for the highest count."""
    most = max(counts.values(), default=0)
    return {name: MAX_POINTS * (most - count) / most if most else MAX_POINTS for name, count in counts.items()}
