"""Draining a node as `kubectl drain` does: no new pods, then each pod is asked to leave, politely and again.

What may not simply be evicted is decided by `plan` (pure; kubectl's filters, pkg/drain/filters.go). A `Drain` runs in a
thread of the pages and tells what it really did; should the pages end, the node stays cordoned and one drains again.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from minikweb.apimachinery.errors import ApiError
from minikweb.client.client import Client

Object = dict[str, Any]

MIRROR = "kubernetes.io/config.mirror"
RETRY = 2.0  # seconds before a refused eviction is asked again
LONGEST = 900.0  # seconds after which a drain gives up
LOOK = 0.5  # seconds between two looks at pods that are ending


@dataclass(frozen=True)
class Plan:
    """`evicted` leave; `left` stay for good reasons; `unmanaged` and `local` need the reader's consent first."""

    evicted: tuple[Object, ...] = ()
    left: tuple[Object, ...] = ()  # of DaemonSets, or written by the node itself: they would come back at once
    unmanaged: tuple[Object, ...] = ()  # nobody makes them again
    local: tuple[Object, ...] = ()  # what they keep in emptyDir is lost

    def refused(self, force: bool, empty: bool) -> bool:
        """Whether consent is missing."""
        return bool((self.unmanaged and not force) or (self.local and not empty))

    @property
    def leaving(self) -> tuple[Object, ...]:
        return self.evicted + self.unmanaged + tuple(pod for pod in self.local if pod not in self.unmanaged)


def plan(pods: Iterable[Object]) -> Plan:
    """What a drain of the node with these pods does."""
    evicted, left, unmanaged, local = [], [], [], []
    for pod in sorted(pods, key=lambda pod: (pod["metadata"].get("namespace", ""), pod["metadata"]["name"])):
        finished = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
        owner = next((ref for ref in pod["metadata"].get("ownerReferences") or () if ref.get("controller")), None)
        if MIRROR in (pod["metadata"].get("annotations") or {}) or (owner and owner["kind"] == "DaemonSet"):
            left.append(pod)
            continue
        if finished:
            evicted.append(pod)
            continue
        keeps = any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ())
        if owner is None:
            unmanaged.append(pod)
        if keeps:
            local.append(pod)
        if owner is not None and not keeps:
            evicted.append(pod)
    return Plan(tuple(evicted), tuple(left), tuple(unmanaged), tuple(local))


@dataclass
class Leaving:
    """One pod on its way. state: waiting, blocked (`message` says by what), evicted, gone, failed."""

    namespace: str
    name: str
    uid: str
    state: str = "waiting"
    message: str = ""
    tries: int = 0


@dataclass
class Drain:
    """One drain under way, or done."""

    node: str
    pods: list[Leaving]
    began: float = field(default_factory=time.monotonic)
    ended: bool = False
    stopped: bool = False

    def counts(self) -> dict[str, int]:
        return {state: sum(1 for pod in self.pods if pod.state == state) for state in STATES}


STATES = ("waiting", "blocked", "evicted", "gone", "failed")
_drains: dict[str, Drain] = {}  # by node; of this process
_lock = threading.Lock()


def of(node: str) -> Drain | None:
    """The last drain of a node that these pages did."""
    return _drains.get(node)


def begin(client: Client, node: str, pods: Iterable[Object]) -> Drain:
    """Cordons the node and evicts these pods, in a thread. Raises ApiError when it cannot be cordoned."""
    client.patch("Node", node, {"spec": {"unschedulable": True}})
    leaving = [Leaving(pod["metadata"]["namespace"], pod["metadata"]["name"], pod["metadata"]["uid"]) for pod in pods]
    drain = Drain(node, leaving)
    with _lock:
        if (before := _drains.get(node)) is not None:
            before.stopped = True
        _drains[node] = drain
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_run, client, drain), name=f"drain-{node}", daemon=True).start()
    return drain


def stop(node: str) -> None:
    """Evicts no more; who left has left."""
    with _lock:
        if (drain := _drains.get(node)) is not None:
            drain.stopped = True


def _run(client: Client, drain: Drain) -> None:
    deadline = drain.began + LONGEST
    due = 0.0
    while not drain.stopped and time.monotonic() < deadline:
        if time.monotonic() >= due:
            for pod in drain.pods:
                if pod.state in ("waiting", "blocked") and not drain.stopped:
                    _evict(client, pod)
            due = time.monotonic() + RETRY
        for pod in drain.pods:
            if pod.state == "evicted" and _is_gone(client, pod):
                pod.state, pod.message = "gone", ""
        if all(pod.state in ("gone", "failed") for pod in drain.pods):
            break
        time.sleep(LOOK)
    drain.ended = True


def _evict(client: Client, pod: Leaving) -> None:
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
        "deleteOptions": {"preconditions": {"uid": pod.uid}},
    }
    pod.tries += 1
    try:
        client.create(eviction, subresource="eviction")
    except ApiError as error:
        if error.code in (404, 409):  # it left by itself, or another one has its name by now
            pod.state, pod.message = "gone", ""
        else:
            # 429: a PodDisruptionBudget stands against it, for now; others may pass, too.
            pod.state = "failed" if error.code in (401, 403) else "blocked"
            pod.message = error.message
    else:
        pod.state, pod.message = "evicted", ""


def _is_gone(client: Client, pod: Leaving) -> bool:
    try:
        return client.get("Pod", pod.name, pod.namespace)["metadata"]["uid"] != pod.uid
    except ApiError as error:
        return error.code == 404
