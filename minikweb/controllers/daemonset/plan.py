"""Which pods of a DaemonSet begin and end now. Pure.

First each node gets its pod and loses what it should not have; only when that is so the rolling update goes on.

Source: kubernetes/pkg/controller/daemon/daemon_controller.go (podsShouldBeOnNode), update.go (rollingUpdate).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.controllers import podcontrol
from minikweb.controllers.daemonset import placement
from minikweb.controllers.daemonset.placement import is_updated, should_run

Object = dict[str, Any]

BURST = 250  # pods made or ended by one sync


@dataclass
class Plan:
    """`create`: nodes that get a pod; `ended`: pods whose containers have ended for good; `delete`: others to end."""

    create: list[str] = field(default_factory=list)
    ended: list[Object] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.create or self.ended or self.delete)


class Look:
    """A DaemonSet, the nodes and its pods at one moment; `digest` is the hash of its newest revision."""

    def __init__(self, daemon_set: Object, nodes: list[Object], pods: list[Object], digest: str, now: datetime):
        self.daemon_set, self.digest, self.now = daemon_set, digest, now
        self.nodes = {node["metadata"]["name"]: node for node in nodes}
        self.pods = placement.by_node(pods)
        self.desired = [name for name, node in self.nodes.items() if should_run(daemon_set, node)]
        strategy = daemon_set["spec"]["updateStrategy"]
        self.rolling = (strategy.get("rollingUpdate") or {}) if strategy["type"] == "RollingUpdate" else {}
        self.max_surge = _amount(self.rolling.get("maxSurge", 0), len(self.desired))
        unavailable = _amount(self.rolling.get("maxUnavailable", 0), len(self.desired))
        self.max_unavailable = unavailable or (0 if self.max_surge else 1)

    def is_available(self, pod: Object) -> bool:
        return podcontrol.is_available(pod, self.daemon_set["spec"].get("minReadySeconds", 0), self.now)

    def staying(self, node: str) -> list[Object]:
        """The pods of a node that were not asked to end."""
        return [pod for pod in self.pods.get(node, ()) if not meta.is_being_deleted(pod)]


def _amount(given: int | str, total: int) -> int:
    """The number of `2`, or of `10%` of the nodes, rounded up."""
    return math.ceil(total * int(given.rstrip("%")) / 100) if isinstance(given, str) else given


def plan(look: Look) -> Plan:
    step = Plan()
    for name, node in look.nodes.items():
        _manage(look, name, node, step)
    for name, pods in look.pods.items():
        if name not in look.nodes:  # the node is gone: what was never bound will never be
            step.delete += [pod for pod in pods if not pod["spec"].get("nodeName") and not meta.is_being_deleted(pod)]
    if not step and look.daemon_set["spec"]["updateStrategy"]["type"] == "RollingUpdate":
        step = surge(look) if look.max_surge else roll(look)
    return Plan(step.create[:BURST], step.ended[:BURST], step.delete[:BURST])


def _manage(look: Look, name: str, node: Object, step: Plan) -> None:
    """Puts down what one node lacks or has too much."""
    runs = name in look.desired
    if runs and name not in look.pods:
        step.create.append(name)
    elif placement.may_stay(look.daemon_set, node):
        staying = look.staying(name)
        ended = [pod for pod in staying if podcontrol.is_terminal(pod)]
        running = [pod for pod in staying if pod not in ended]
        step.ended += ended
        if look.max_surge and runs and not running and not ended:
            step.create.append(name)
        step.delete += _too_many(look, running)
    else:
        step.delete += look.staying(name)


def _too_many(look: Look, running: list[Object]) -> list[Object]:
    """Of several pods on a node the first stays; with a surge the old one until the new one is available."""
    if not look.max_surge:
        return running[1:]
    new, old = _split(look, running)
    spare = new[1:] + old[1:]
    if new and old and (podcontrol.ready_since(old[0]) is None or look.is_available(new[0])):
        spare.append(old[0])
    return spare


def _split(look: Look, pods: Iterable[Object]) -> tuple[list[Object], list[Object]]:
    """(pods of the newest revision, older ones)."""
    listed = list(pods)
    return [pod for pod in listed if is_updated(pod, look.digest)], [
        p for p in listed if not is_updated(p, look.digest)
    ]


def roll(look: Look) -> Plan:
    """Ends old pods: those not available at once, of the others as many as may be unavailable."""
    unavailable, at_once, candidates = 0, [], []
    for name in {**dict.fromkeys(look.desired), **look.pods}:
        new, old = _split(look, look.staying(name))
        if len(new) + len(old) != 1:
            unavailable += 1
        elif new:
            unavailable += not look.is_available(new[0])
        elif look.is_available(old[0]):
            candidates.append(old[0])
        else:
            at_once.append(old[0])
            unavailable += 1
    return Plan(delete=at_once + candidates[: max(0, look.max_unavailable - unavailable)])


def surge(look: Look) -> Plan:
    """Makes a new pod beside an old one, on as many nodes at a time as maxSurge says."""
    surging, at_once, candidates, delete = 0, [], [], []
    for name in look.pods:
        new, old = _split(look, look.staying(name))
        if not old:
            continue
        if new and look.is_available(new[0]):
            delete.append(old[0])
        elif new:
            surging += 1
        elif name in look.desired:
            (candidates if look.is_available(old[0]) else at_once).append(name)
    return Plan(create=at_once + candidates[: max(0, look.max_surge - surging)], delete=delete)


def status(look: Look) -> Object:
    """What the nodes and pods add up to."""
    counts = dict.fromkeys(
        ("currentNumberScheduled", "numberMisscheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"), 0
    )
    for name in look.nodes:
        pods = look.pods.get(name, ())
        if name not in look.desired:
            counts["numberMisscheduled"] += bool(pods)
        elif pods:
            counts["currentNumberScheduled"] += 1
            counts["numberReady"] += podcontrol.ready_since(pods[0]) is not None
            counts["numberAvailable"] += look.is_available(pods[0])
            counts["updatedNumberScheduled"] += is_updated(pods[0], look.digest)
    before, desired = look.daemon_set.get("status", {}), len(look.desired)
    counts |= {"desiredNumberScheduled": desired, "numberUnavailable": desired - counts["numberAvailable"]}
    counts["observedGeneration"] = look.daemon_set["metadata"].get("generation", 0)
    always = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
    kept = {key: before[key] for key in ("collisionCount", "conditions") if key in before}
    return {**kept, **{key: value for key, value in counts.items() if value or key in always}}
