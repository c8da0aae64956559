"""How the cluster notices that a node is gone: no sign of life for the grace period makes it Unknown and tainted.

The taint NoSchedule keeps new pods away, NoExecute makes `tainteviction.py` end those that do not tolerate it. When no
node at all is alive, it is rather this side that is cut off (or the laptop that slept): then nobody is evicted.

Source: kubernetes/pkg/controller/nodelifecycle/node_lifecycle_controller.go. As there, time is measured from when this
process saw a sign of life, on its own clock, which stands still while the machine sleeps.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from minikweb import settings
from minikweb.apimachinery import clock
from minikweb.apimachinery.errors import NotFound
from minikweb.apimachinery.meta import get_condition
from minikweb.client.controller import Controller
from minikweb.controllers import podcontrol
from minikweb.kinds.taints import NO_EXECUTE, NO_SCHEDULE, NOT_READY, UNREACHABLE, UNSCHEDULABLE

Object = dict[str, Any]
Taint = dict[str, Any]

LEASES = "kube-node-lease"
MONITOR_PERIOD = 5.0  # seconds between two looks at a node
STARTUP_GRACE = 60.0  # seconds for a new node's first status
REPORTED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")  # the conditions a kubelet keeps
TAINT_OF = {  # (condition, status) → the key of its taint
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
NO_SCHEDULE_KEYS = {*TAINT_OF.values(), UNSCHEDULABLE}
NO_EXECUTE_KEYS = {NOT_READY, UNREACHABLE}


@dataclass
class Probe:
    """The last sign of life: what it said, and when this process saw it (time.monotonic)."""

    sign: tuple[str, str]
    seen: float


class NodeLifecycleController(Controller):
    """Watches over the nodes' leases."""

    name = "nodelifecycle"
    kind = "Node"
    needs = ("Lease", "Pod")
    source = "node-controller"
    workers = 1  # each look is at all nodes

    grace = settings.NODE_MONITOR_GRACE_SECONDS

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        self.known: dict[str, Object] = {}
        self.probes: dict[str, Probe] = {}
        self.is_disrupted = False

    def sync(self, _: str, name: str) -> float | None:
        node = self.cache.get(self.kind, None, name)
        if node is None:
            self.say_goodbye(name)
            return None
        self.greet(node)
        stale = self.stale_nodes(time.monotonic())
        if name in stale and ready_status(node) != "Unknown":
            node = self.mark_unknown(node)
        if ready_status(node) == "Unknown":
            self.mark_pods_not_ready(node)
        self.swap_taints(node)
        return MONITOR_PERIOD

    def greet(self, node: Object) -> None:
        name = node["metadata"]["name"]
        if name not in self.known:
            words = f"Node {name} event: Registered Node {name} in Controller"
            self.recorder.event(node, "Normal", "RegisteredNode", words)
        self.known[name] = node

    def say_goodbye(self, name: str) -> None:
        node = self.known.pop(name, None)
        self.probes.pop(name, None)
        if node:
            words = f"Node {name} event: Removing Node {name} from Controller"
            self.recorder.event(node, "Normal", "RemovingNode", words)

    # --- signs of life --------------------------------------------------------------------------

    def stale_nodes(self, now: float) -> set[str]:
        """The nodes without a sign of life for too long; also notes whether there is none left alive."""
        nodes = self.cache.list(self.kind)
        for node in nodes:
            self.observe(node, self.cache.get("Lease", LEASES, node["metadata"]["name"]), now)
        stale = {node["metadata"]["name"] for node in nodes if self.is_stale(node, now)}
        alive = [node for node in nodes if ready_status(node) == "True" and node["metadata"]["name"] not in stale]
        if alive and self.is_disrupted:  # we are back: nobody is blamed for the time before
            for probe in self.probes.values():
                probe.seen = now
        self.is_disrupted = not alive
        return stale

    def observe(self, node: Object, lease: Object | None, now: float) -> None:
        sign, name = sign_of_life(node, lease), node["metadata"]["name"]
        probe = self.probes.get(name)
        if probe is None or probe.sign != sign:
            self.probes[name] = Probe(sign, now)

    def is_stale(self, node: Object, now: float) -> bool:
        """Whether the grace is over, the API's own lease included: the cache may lag."""
        name = node["metadata"]["name"]
        grace = self.grace if ready_status(node) else max(self.grace, STARTUP_GRACE)
        if now - self.probes[name].seen <= grace:
            return False
        if ready_status(node) != "Unknown":
            with suppress(NotFound):
                self.observe(node, self.client.get("Lease", name, LEASES), now)
        return now - self.probes[name].seen > grace

    # --- consequences -----------------------------------------------------------------------------

    def mark_unknown(self, node: Object) -> Object:
        """Writes that nothing is known of the node any more."""
        name = node["metadata"]["name"]
        conditions = unknown_conditions(node, datetime.now(UTC))
        patch = {
            "metadata": {"resourceVersion": node["metadata"]["resourceVersion"]},
            "status": {"conditions": conditions},
        }
        written = self.client.patch(self.kind, name, patch, subresource="status")
        self.recorder.event(node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
        return written

    def mark_pods_not_ready(self, node: Object) -> None:
        """Takes the pods of an unknown node out of use, since nobody there can."""
        for pod in self.cache.by_index("Pod", "node", node["metadata"]["name"]):
            if podcontrol.ready_since(pod) is None:
                continue
            condition = {"type": "Ready", "status": "False", "lastTransitionTime": clock.format(datetime.now(UTC))}
            patch = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": {"conditions": [condition]}}
            where = (pod["metadata"]["name"], patch, pod["metadata"]["namespace"])
            with suppress(NotFound):
                self.client.patch("Pod", *where, type="strategic", subresource="status")
                self.recorder.event(pod, "Warning", "NodeNotReady", "Node is not ready")

    def swap_taints(self, node: Object) -> None:
        """Writes the node's taints if they are not what its conditions ask for."""
        taints = wanted_taints(node, self.is_disrupted, datetime.now(UTC))
        if taints == (node["spec"].get("taints") or []):
            return
        identity = {"resourceVersion": node["metadata"]["resourceVersion"]}
        patch = {"metadata": identity, "spec": {"taints": taints or None}}
        self.client.patch(self.kind, node["metadata"]["name"], patch)


def ready_status(node: Object) -> str:
    """The status of its condition Ready; empty if a kubelet never gave one."""
    condition = get_condition(node.get("status", {}).get("conditions"), "Ready")
    return condition["status"] if condition else ""


def sign_of_life(node: Object, lease: Object | None) -> tuple[str, str]:
    """What changes as long as its kubelet lives: the lease's renewal and the heartbeat of Ready."""
    condition = get_condition(node.get("status", {}).get("conditions"), "Ready") or {}
    return (lease or {}).get("spec", {}).get("renewTime", ""), condition.get("lastHeartbeatTime", "")


def unknown_conditions(node: Object, now: datetime) -> list[Object]:
    """The node's conditions with all that a kubelet reports set to Unknown."""
    conditions = [dict(condition) for condition in node.get("status", {}).get("conditions", ())]
    for type_ in REPORTED:
        condition = get_condition(conditions, type_)
        if condition is None:
            words = {"reason": "NodeStatusNeverUpdated", "message": "Kubelet never posted node status."}
            condition = {"type": type_, "lastHeartbeatTime": node["metadata"].get("creationTimestamp")}
            conditions.append(condition)
        else:
            words = {"reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
        if condition.get("status") != "Unknown":
            condition.update({"status": "Unknown", **words, "lastTransitionTime": clock.format(now)})
    return conditions


def wanted_taints(node: Object, is_disrupted: bool, now: datetime) -> list[Taint]:
    """The node's taints as its conditions ask for; those of others stay, those that stay keep their time."""
    conditions = node.get("status", {}).get("conditions", ())
    keys = [TAINT_OF.get((condition["type"], condition["status"])) for condition in conditions]
    wanted = [(key, NO_SCHEDULE) for key in keys if key]
    if node["spec"].get("unschedulable"):
        wanted.append((UNSCHEDULABLE, NO_SCHEDULE))
    if not is_disrupted:
        wanted += [(key, NO_EXECUTE) for key in keys if key in NO_EXECUTE_KEYS]
    kept = [taint for taint in node["spec"].get("taints") or () if not _is_ours(taint) or _identity(taint) in wanted]
    there = {_identity(taint) for taint in kept}
    added = [(key, effect) for key, effect in wanted if (key, effect) not in there]
    return kept + [{"key": key, "effect": effect, "timeAdded": clock.format(now)} for key, effect in added]


def _is_ours(taint: Taint) -> bool:
    ours = {NO_SCHEDULE: NO_SCHEDULE_KEYS, NO_EXECUTE: NO_EXECUTE_KEYS}
    return taint["key"] in ours.get(taint["effect"], ())


def _identity(taint: Taint) -> tuple[str, str]:
    return taint["key"], taint["effect"]
