"""What the pods of this node use: two measurements of each container make a rate. The kubelet's /stats/summary.

Source: k8s.io/kubelet/pkg/apis/stats/v1alpha1/types.go (the fields that metrics-server reads).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any

from minikweb.apimachinery import clock
from minikweb.runtime.protocol import ContainerStats, Runtime, RuntimeFailure

PERIOD = 15.0  # seconds between two measurements, metrics-server's --metric-resolution
FIRST = 2.0  # the same at the start, so that there is something to show

Object = dict[str, Any]
log = logging.getLogger(__name__)


class Sampler:
    """Measures all containers of a node from time to time, in a thread of its own."""

    def __init__(self, node: str, runtime: Runtime):
        self.node, self.runtime = node, runtime
        self._before: dict[str, ContainerStats] = {}
        self._now: dict[str, ContainerStats] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def measure(self) -> None:
        """Raises RuntimeFailure."""
        found = {one.container_id: one for one in self.runtime.stats()}
        # Of what has just begun two measurements are not yet there: it is shown the next time.
        self._before, self._now = {key: self._now[key] for key in found if key in self._now}, found

    @property
    def measures(self) -> bool:
        """Whether something could be measured lately."""
        return bool(self._now)

    def summary(self) -> Object:
        """What was measured last."""
        now, before = self._now, self._before
        return summary(self.node, [(before[key], now[key]) for key in now if key in before])

    def _run(self) -> None:
        while not self._stopping.wait(PERIOD if self._before else FIRST):
            try:
                self.measure()
            except RuntimeFailure as failure:
                self._before, self._now = {}, {}
                log.debug("nothing is measured: %s", failure.message)
            except Exception:
                log.exception("measuring")


def summary(node: str, pairs: Iterable[tuple[ContainerStats, ContainerStats]]) -> Object:
    """The Summary of containers measured twice. The node's own share is the sum of its pods'."""
    pods: dict[str, Object] = {}
    for before, now in pairs:
        reference = {"name": now.pod.name, "namespace": now.pod.namespace, "uid": now.pod.uid}
        pod = pods.setdefault(now.pod.uid, {"podRef": reference, "containers": []})
        pod["containers"].append(container_usage(before, now))
    for pod in pods.values():
        pod |= _sum(pod["containers"])
    return {"node": {"nodeName": node, **_sum(list(pods.values()))}, "pods": list(pods.values())}


def container_usage(before: ContainerStats, now: ContainerStats) -> Object:
    """Nanocores between two measurements, and the memory at the second."""
    seconds = (now.at - before.at).total_seconds()
    rate = (now.cpu_seconds - before.cpu_seconds) / seconds if seconds > 0 else 0.0
    time = clock.format(now.at)
    return {
        "name": now.name,
        "cpu": {"time": time, "usageNanoCores": max(0, round(rate * 1e9))},
        "memory": {"time": time, "workingSetBytes": now.memory},
        "windowSeconds": round(seconds, 3),
    }


def _sum(parts: list[Object]) -> Object:
    if not parts:
        return {}
    time = max(part["cpu"]["time"] for part in parts)
    return {
        "cpu": {"time": time, "usageNanoCores": sum(part["cpu"]["usageNanoCores"] for part in parts)},
        "memory": {"time": time, "workingSetBytes": sum(part["memory"]["workingSetBytes"] for part in parts)},
        "windowSeconds": max(part["windowSeconds"] for part in parts),
    }
