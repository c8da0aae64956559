"""A node: the kubelet's controller with its manager, and the threads beside it. What its Celery worker is for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from minikweb.client.controller import Object
from minikweb.kubelet.kubelet import Kubelet
from minikweb.kubelet.node import NodeAgent
from minikweb.kubelet.server import Server
from minikweb.runtime.protocol import PodStatus, Runtime, RuntimeFailure, RuntimeUnavailable

log = logging.getLogger(__name__)

RELIST = 10.0  # seconds: whatever event was lost is found then
AWAY = 1.0  # seconds between two tries to reach the runtime
NETWORK_SECONDS = 10.0  # to wait at the start for the node's network

Snapshot = dict[str, tuple]  # pod uid → the states of its sandboxes and containers


class Housekeeping:
    """Compares what the runtime has with what was last seen, and wakes the pods that changed. Thread-safe."""

    def __init__(self, kubelet: Kubelet, agent: NodeAgent, wake: Callable[[str], None]):
        self.kubelet, self.agent, self.wake = kubelet, agent, wake
        self.runtime: Runtime = kubelet.runtime
        self._last: Snapshot = {}
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._follow, name="runtime-events", daemon=True),
            threading.Thread(target=self._relist, name="relist", daemon=True),
        ]

    def start(self) -> None:
        """Adopts what runs already, then follows. What it wakes is looked at once the cache is complete."""
        self.look()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self.runtime.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=1)

    def look(self) -> None:
        """Wakes each pod of which the runtime has something else than last time: also those that are no more."""
        found = {status.pod.uid: status for status in self.runtime.pods()}
        now = {uid: states(status) for uid, status in found.items()}
        for uid, status in found.items():
            key = self.kubelet.adopt(status)
            if now[uid] != self._last.get(uid) or self._is_stray(key, uid):
                self.wake(key)
        for uid in self._last.keys() - now.keys():
            if key := self.kubelet.key_of_uid(uid):
                self.wake(key)
        self._last = now

    def _is_stray(self, key: str, uid: str) -> bool:
        namespace, _, name = key.partition("/")
        pod = self.kubelet.cache.get("Pod", namespace, name)
        return pod is None or pod["metadata"]["uid"] != uid

    def _relist(self) -> None:
        while not self._stopping.wait(AWAY if self.agent.runtime_failure else RELIST):
            try:
                self.look()
                self.kubelet.sweep()
                self._is_back()
            except RuntimeUnavailable as failure:
                self._is_away(failure)
            except RuntimeFailure as failure:
                log.warning("relist: %s", failure.message)
            except Exception:
                log.exception("relist")

    def _follow(self) -> None:
        while not self._stopping.is_set():
            try:
                for event in self.runtime.events():
                    if key := self.kubelet.key_of_uid(event.pod_uid):
                        self.wake(key)
            except RuntimeUnavailable as failure:
                if not self._stopping.is_set():
                    self._is_away(failure)
            except Exception:
                if not self._stopping.is_set():
                    log.exception("runtime events")
            self._stopping.wait(AWAY)

    def _is_away(self, failure: RuntimeUnavailable) -> None:
        if not self.agent.runtime_failure:
            log.warning("the container runtime is down: %s", failure.message)
        self.agent.runtime_failure = failure.message
        self.agent.report_soon()

    def _is_back(self) -> None:
        if self.agent.runtime_failure:
            log.info("the container runtime is back")
            self.agent.runtime_failure = ""
            self.agent.report_soon()


def states(status: PodStatus) -> tuple:
    """What of a pod's runtime state a status could tell."""
    return (
        tuple((one.id, one.state) for one in status.sandboxes),
        tuple((one.id, one.state) for one in status.containers),
    )


class Manager(Protocol):
    """What of minikweb.manager.Manager, which lies above the kubelet, a node needs."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def reconcile(self, name: str) -> None: ...

    def wake(self, name: str, *keys: str) -> None: ...


class Network(Protocol):
    """What of minikweb.network.agent.NodeNetwork a node needs."""

    def start(self) -> None: ...

    def wait(self, seconds: float) -> bool: ...

    def stop(self) -> None: ...


class NodeWorker:
    """All of a node's process (see celery.Part)."""

    def __init__(
        self,
        manager: Manager,
        kubelet: Kubelet,
        agent: NodeAgent,
        server: Server,
        node: Object,
        network: Network | None = None,
    ):
        """manager: of the kubelet and of the node's network, if it has one."""
        self.manager, self.kubelet, self.agent, self.server, self.node = manager, kubelet, agent, server, node
        self.network = network
        kubelet.wake = self.wake
        self.housekeeping = Housekeeping(kubelet, agent, self.wake)

    def start(self) -> None:
        if self.network:
            self.network.start()
        self.server.start()
        self.housekeeping.start()  # first: whose addresses are taken must be known before another is given
        self.kubelet.prober.start()
        self.kubelet.volumes.start()
        self.manager.start()
        if self.network:
            self.network.wait(NETWORK_SECONDS)  # a node is ready once its pods can talk
        self.agent.start(self.node)

    def stop(self) -> None:
        """Containers stay: the next process adopts them."""
        self.agent.stop()
        if self.network:
            self.network.stop()
        self.housekeeping.stop()
        self.manager.stop()
        self.kubelet.prober.close()
        self.kubelet.volumes.close()
        self.server.stop()

    def reconcile(self, controller: str) -> None:
        self.manager.reconcile(controller)

    def wake(self, key: str) -> None:
        """Has a pod looked at."""
        self.manager.wake(self.kubelet.name, key)
