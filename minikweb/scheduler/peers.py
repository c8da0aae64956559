"""InterPodAffinity: near which pods a pod must or would like to be, and from which it stays away. Pure.

A term speaks of pods (by labels and namespace) and of a place (a label of nodes, such as their name or zone). What a
pod that is there already says against newcomers counts as much as what the newcomer says.

Source: kubernetes/pkg/scheduler/framework/plugins/interpodaffinity/{filtering.go,scoring.go}.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from minikweb.apimachinery.labels import Selector, from_label_selector, from_labels

Object = dict[str, Any]
Place = tuple[str, str]  # (topology key, its value)
Labels = dict[str, dict[str, str]]  # namespace → its labels

REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
HARD_WEIGHT = 1  # what a pod's required affinity to newcomers counts in the score

AFFINITY = "node(s) didn't match pod affinity rules"
ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules"


@dataclass(frozen=True)
class Term:
    """Pods by labels and namespace, and the key of a place."""

    selector: Selector | None  # None speaks of no pod
    namespaces: frozenset[str]
    namespace_selector: Selector | None
    key: str
    weight: int = 0

    def speaks_of(self, pod: Object, labels: Labels) -> bool:
        metadata = pod["metadata"]
        if self.selector is None or not self.selector.matches(metadata.get("labels") or {}):
            return False
        namespace = metadata["namespace"]
        if namespace in self.namespaces:
            return True
        return self.namespace_selector is not None and self.namespace_selector.matches(labels.get(namespace, {}))


def _term(found: Object, owner: Object, weight: int = 0) -> Term:
    selector = with_keys(found, owner)
    others = found.get("namespaceSelector")
    names = frozenset(found.get("namespaces") or (() if others is not None else (owner["metadata"]["namespace"],)))
    return Term(selector, names, None if others is None else from_label_selector(others), found["topologyKey"], weight)


def with_keys(found: Object, owner: Object) -> Selector | None:
    """The selector of a term or constraint, narrowed by matchLabelKeys to pods like its owner."""
    if found.get("labelSelector") is None:
        return None
    selector, own = from_label_selector(found["labelSelector"]), owner["metadata"].get("labels") or {}
    same = {key: own[key] for key in found.get("matchLabelKeys") or () if key in own}
    other = [(key, "NotIn", (own[key],)) for key in found.get("mismatchLabelKeys") or () if key in own]
    return Selector((*selector.requirements, *from_labels(same).requirements, *other))


@dataclass(frozen=True)
class Terms:
    """What one pod asks for."""

    near: tuple[Term, ...] = ()
    far: tuple[Term, ...] = ()
    rather_near: tuple[Term, ...] = ()
    rather_far: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.near or self.far or self.rather_near or self.rather_far)


NONE = Terms()


def terms_of(pod: Object) -> Terms:
    affinity = pod["spec"].get("affinity")
    if not affinity or not (affinity.get("podAffinity") or affinity.get("podAntiAffinity")):
        return NONE
    near, far = affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}

    def required(rules: Object) -> tuple[Term, ...]:
        return tuple(_term(each, pod) for each in rules.get(REQUIRED) or ())

    def preferred(rules: Object) -> tuple[Term, ...]:
        return tuple(_term(each["podAffinityTerm"], pod, each["weight"]) for each in rules.get(PREFERRED) or ())

    return Terms(required(near), required(far), preferred(near), preferred(far))


@dataclass(frozen=True)
class Peers:
    """What the pods that are there mean for one newcomer.

    near, far   places → how many pods its required terms speak of
    forbidden   places that pods keep free of it
    is_first    nobody it wants to be near is there, and it is one of that kind itself: it may begin anywhere
    liked       places → the weights of all preferences
    """

    terms: Terms = NONE
    near: Counter[Place] = field(default_factory=Counter)
    far: Counter[Place] = field(default_factory=Counter)
    forbidden: frozenset[Place] = frozenset()
    is_first: bool = False
    liked: Counter[Place] = field(default_factory=Counter)


NOBODY = Peers()


def peers(pod: Object, nodes: Iterable[tuple[Object, Iterable[tuple[Object, Terms]]]], labels: Labels) -> Peers:
    """`nodes` are nodes with their pods; the pods' terms are known."""
    terms = terms_of(pod)
    near: Counter[Place] = Counter()
    far: Counter[Place] = Counter()
    liked: Counter[Place] = Counter()
    forbidden: set[Place] = set()
    for node, running in nodes:
        places = node["metadata"].get("labels") or {}
        for other, theirs in running:
            if terms:
                _count_ours(pod, other, terms, places, labels, near, far, liked)
            if theirs:
                _count_theirs(pod, theirs, places, labels, forbidden, liked)
    alone = not near and all(term.speaks_of(pod, labels) for term in terms.near)
    return Peers(terms, near, far, frozenset(forbidden), alone, liked)


def _count_ours(pod, other, terms: Terms, places, labels: Labels, near, far, liked) -> None:  # noqa: ANN001
    if terms.near and all(term.speaks_of(other, labels) for term in terms.near):
        near.update((term.key, places[term.key]) for term in terms.near if term.key in places)
    for term in terms.far:
        if term.key in places and term.speaks_of(other, labels):
            far[term.key, places[term.key]] += 1
    for sign, preferred in ((1, terms.rather_near), (-1, terms.rather_far)):
        for term in preferred:
            if term.key in places and term.speaks_of(other, labels):
                liked[term.key, places[term.key]] += sign * term.weight


def _count_theirs(pod, theirs: Terms, places, labels: Labels, forbidden, liked) -> None:  # noqa: ANN001
    for term in theirs.far:
        if term.key in places and term.speaks_of(pod, labels):
            forbidden.add((term.key, places[term.key]))
    weighted = ((HARD_WEIGHT, theirs.near), (1, theirs.rather_near), (-1, theirs.rather_far))
    for sign, terms in weighted:
        for term in terms:
            if term.key in places and term.speaks_of(pod, labels):
                liked[term.key, places[term.key]] += sign * (term.weight or 1)


def refusal(found: Peers, node: Object) -> str:
    """Why the pod cannot be on the node, "" if it can."""
    places = node["metadata"].get("labels") or {}
    for term in found.terms.near:
        if term.key not in places or not (found.is_first or found.near[term.key, places[term.key]]):
            return AFFINITY
    if any(term.key in places and found.far[term.key, places[term.key]] for term in found.terms.far):
        return ANTI_AFFINITY
    return EXISTING if any(places.get(key) == value for key, value in found.forbidden) else ""


def liking(found: Peers, nodes: Iterable[Object]) -> Callable[[Object], float]:
    """How much each node is liked, 0 to 1."""
    sums = {node["metadata"]["name"]: _sum(found, node) for node in nodes}
    least, most = min(sums.values(), default=0), max(sums.values(), default=0)
    return lambda node: (sums[node["metadata"]["name"]] - least) / (most - least) if most > least else 0.0


def _sum(found: Peers, node: Object) -> int:
    places = node["metadata"].get("labels") or {}
    return sum(weight for (key, value), weight in found.liked.items() if places.get(key) == value)
