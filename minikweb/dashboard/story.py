"""What happened after an action: from the write that began it to the Pods that answer, with times. Pure.

Told from the log of writes (activity.py), which has the order and the moments, and from events, which name what
happens inside a node. Without a log (any cluster but ours) events alone tell, to the second.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from minikweb.apimachinery import clock
from minikweb.dashboard.activity import SOURCES, Actor, Change, actor_of
from minikweb.dashboard.tree import short_id

Object = dict[str, Any]
# (node, its points, "score points, score points"), the best first; then the nodes that were refused: (node, None, why)
Scores = tuple[tuple[str, float | None, str], ...]

DECISION = "scheduler.minikweb.io/decision"  # annotation of a Scheduled event, see scheduler/decision.py `explained`
SLACK = 1.0  # seconds: events are only dated to the second
STAGES = ("request", "workload", "pods", "scheduled", "images", "containers", "ready", "endpoints", "gone", "done")
# The stage that an event tells of; those in LOGGED are told by the log where there is one.
EVENTS = {
    "ScalingReplicaSet": "workload",
    "SuccessfulCreate": "pods",
    "FailedCreate": "pods",
    "Scheduled": "scheduled",
    "FailedScheduling": "scheduled",
    "Pulling": "images",
    "Pulled": "images",
    "Failed": "images",
    "BackOff": "containers",
    "Created": "containers",
    "Started": "containers",
    "Unhealthy": "ready",
    "Killing": "gone",
    "SuccessfulDelete": "gone",
}
LOGGED = ("ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "SuccessfulDelete")
_BY = {
    "workload": "deployment",
    "pods": "replicaset",
    "scheduled": "scheduler",
    "images": "kubelet",
    "containers": "kubelet",
    "ready": "kubelet",
    "endpoints": "endpointslice",
    "gone": "kubelet",
    "done": "deployment",
}


@dataclass(frozen=True)
class Step:
    """One thing that happened to one object: a change, or an event in its own words."""

    at: float
    kind: str
    namespace: str
    name: str
    id: str
    change: Change | None = None
    reason: str = ""
    message: str = ""
    warning: bool = False
    scores: Scores = ()


@dataclass
class Stage:
    """One link of the chain: who acted, and on what. `after` in seconds since the action."""

    key: str
    actor: Actor
    steps: list[Step] = field(default_factory=list)
    after: float = 0.0

    @property
    def source(self) -> str:
        return self.actor.source

    @property
    def is_vague(self) -> bool:
        """Whether its beginning is known to the second only."""
        return self.steps[0].change is None


def triggers(changes: Iterable[Change], family: frozenset[str]) -> list[Change]:
    """The actions one can ask about, the latest first: what people and their tools wrote; else the birth."""
    own = [change for change in changes if change.id in family and not change.only_status]
    found = [change for change in own if not actor_of(change).is_system]
    return list(reversed(found or [change for change in own if change.type == "ADDED"][:1]))


def family(root: str, below: Iterable[str], changes: Iterable[Change]) -> frozenset[str]:
    """The ids of an object and of all it controls or controlled, those that are gone included."""
    found = {root, *below}
    for change in changes:  # oldest first: an owner is always born before what it owns
        if change.owner in found:
            found.add(change.id)
    return frozenset(found)


def tell(
    trigger: Change, until: float, own: frozenset[str], root: str, changes: Iterable[Change], events: Iterable[Object]
) -> list[Stage]:
    """The stages between an action and the next one (`until`, seconds since 1970), in the order of their beginning."""
    kept = [change for change in changes if trigger.at <= change.at < until]
    events = list(events)
    scores = {
        short_id(_about(event).get("uid") or ""): scores_of(event)
        for event in events
        if event.get("reason") == "Scheduled"
    }
    told = list(_of_changes(trigger, kept, own, root, scores))
    told += _in_order(_of_events(trigger.at, until, own, events, logged=bool(trigger.revision)), told)
    stages: dict[str, Stage] = {}
    for key, step, actor in sorted(told, key=lambda each: (each[1].at, STAGES.index(each[0]))):
        stage = stages.setdefault(key, Stage(key, actor, after=step.at - trigger.at))
        stage.steps.append(step)
    if done := stages.get("done"):
        done.steps = done.steps[-1:]
        done.after = done.steps[0].at - trigger.at
    return sorted(stages.values(), key=lambda stage: (stage.after, STAGES.index(stage.key)))


Told = tuple[str, Step, Actor]


def _of_changes(
    trigger: Change, changes: list[Change], own: frozenset[str], root: str, scores: dict[str, Scores]
) -> Iterator[Told]:
    for change in changes:
        key = "request" if change == trigger else _stage(change, own, root)
        if key:
            why = scores.get(change.id, ()) if key == "scheduled" else ()
            step = Step(change.at, change.kind, change.namespace, change.name, change.id, change, scores=why)
            yield key, step, actor_of(change)


def _stage(change: Change, own: frozenset[str], root: str) -> str:
    """The stage a write belongs to, "" for none."""
    if change.targets & own:
        return "endpoints"
    if change.id not in own or not actor_of(change).is_system:
        return ""
    if change.kind == "Pod":
        return _stage_of_pod(change)
    if change.only_status:
        return "done" if change.id == root and change.now else ""
    births = change.type == "ADDED" or change.value("spec.replicas") is not None
    return "workload" if births and change.id != root else ""


def _stage_of_pod(change: Change) -> str:
    if change.type == "DELETED" or change.deleting:
        return "gone"
    if change.type == "ADDED":
        return "pods"
    if not change.only_status:
        return "scheduled" if change.value("spec.nodeName") else ""
    ready, _, wanted = change.now.rpartition(" ")[2].partition("/")
    return "" if not change.now else "ready" if ready == wanted and ready != "0" else "containers"


def _in_order(events: Iterable[Told], changes: list[Told]) -> Iterator[Told]:
    """Events, dated to the second, after the earlier stages of their object that the log has in the same second."""
    for key, step, actor in events:
        earlier = [
            other.at
            for stage, other, _ in changes
            if other.id == step.id and STAGES.index(stage) < STAGES.index(key) and other.at < step.at + SLACK
        ]
        yield key, replace(step, at=max([step.at, *earlier])), actor


def _of_events(
    after: float, until: float, own: frozenset[str], events: Iterable[Object], *, logged: bool
) -> list[Told]:
    found = []
    for event in events:
        about = _about(event)
        id, key = short_id(about.get("uid") or ""), EVENTS.get(event.get("reason", ""))
        at = _moment(event)
        if not key or id not in own or not after - SLACK <= at < until:
            continue
        if logged and event["reason"] in LOGGED:
            continue
        found.append((key, _step(event, about, id, max(at, after)), _author(event, key)))
    return found


def _about(event: Object) -> Object:
    return event.get("involvedObject") or event.get("regarding") or {}


def _moment(event: Object) -> float:
    text = event.get("eventTime") or event.get("lastTimestamp") or event["metadata"].get("creationTimestamp") or ""
    return clock.parse(text).timestamp() if text else 0.0


def _step(event: Object, about: Object, id: str, at: float) -> Step:
    return Step(
        at=at,
        kind=about.get("kind", ""),
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        id=id,
        reason=event["reason"],
        message=event.get("message") or event.get("note") or "",
        warning=event.get("type") == "Warning",
    )


def _author(event: Object, key: str) -> Actor:
    host = (event.get("source") or {}).get("host") or event.get("reportingInstance", "")
    name = (event.get("source") or {}).get("component") or event.get("reportingComponent") or _BY[key]
    kind = {"kubelet": "kubelet", "scheduler": "scheduler", "default-scheduler": "scheduler"}.get(name, "controller")
    shown = host if kind == "kubelet" and host else name
    return Actor(kind, shown, "", SOURCES.get(kind if kind != "controller" else name.removesuffix("-controller"), ""))


def scores_of(event: Object) -> Scores:
    """Why this node, from a Scheduled event of our scheduler; () from another's."""
    try:
        decision = json.loads((event["metadata"].get("annotations") or {}).get(DECISION, "{}"))
        scored = [(node, sum(points.values()), _listed(points)) for node, points in decision.get("scores", {}).items()]
        refused = [(node, None, _reasons(filters)) for node, filters in decision.get("refusals", {}).items()]
    except (ValueError, AttributeError, TypeError):
        return ()
    return (*sorted(scored, key=lambda each: -each[1]), *refused)


def _listed(points: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in points.items())


def _reasons(filters: dict[str, list[str]]) -> str:
    return "; ".join(f"{name}: {', '.join(reasons)}" for name, reasons in filters.items())
