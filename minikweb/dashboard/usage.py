"""What nodes and pods use, as metrics.k8s.io tells; nothing where nothing is measured, as on simulated nodes."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.apimachinery.errors import ApiError
from minikweb.client.client import Client

Object = dict[str, Any]
Used = dict[str, float]  # cpu in cores, memory in bytes

KEPT = 5.0  # seconds an answer is shown: the kubelets measure no faster, and pages refresh at each change
SILENT = 30.0  # seconds before a cluster that has no metrics is asked again

EVERY = 15.0  # seconds between two samples of the history
SAMPLES = 120  # of each object: half an hour
IDLE = 600.0  # seconds after the last look at a graph before sampling rests
MOST_PODS = 1000  # with more, only nodes have a history

_answers: dict[str, tuple[float, dict[str, Used]]] = {}  # whose → until when, the answer
_lock = threading.Lock()


def of_nodes(client: Client, whose: str = "") -> dict[str, Used]:
    """node → what it uses; {} without metrics."""
    with _lock:
        until, answer = _answers.get(whose, (0.0, {}))
    if time.monotonic() < until:
        return answer
    try:
        listed = client.list("NodeMetrics")["items"]
        answer, keep = {one["metadata"]["name"]: _used(one) for one in listed}, KEPT
    except ApiError:
        answer, keep = {}, SILENT
    with _lock:
        _answers[whose] = (time.monotonic() + keep, answer)
        for old in [old for old, (until, _) in _answers.items() if until < time.monotonic() - SILENT]:
            del _answers[old]
    return answer


def _used(metrics: Object) -> Used:
    """Of a NodeMetrics, or the sum over a PodMetrics' containers."""
    parts = [one.get("usage", {}) for one in metrics.get("containers", ())] or [metrics.get("usage", {})]
    return {
        "cpu": sum(float(quantity.cpu(part.get("cpu", "0"))) for part in parts),
        "memory": sum(float(quantity.memory(part.get("memory", "0"))) for part in parts),
    }


# --- History ----------------------------------------------------------------------------------------

Sample = tuple[float, float, float]  # Unix time, cores, bytes


class History:
    """The last half hour of nodes and pods, sampled while somebody looks; kept in this process alone."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str, str], deque[Sample]] = {}  # (kind, namespace, name)
        self._lock = threading.Lock()
        self._looked = 0.0
        self._thread: threading.Thread | None = None

    def of(self, client: Client, kind: str, namespace: str, name: str) -> list[Sample]:
        """What is known of a Node or Pod; the first question begins to sample, as this client."""
        self._looked = time.monotonic()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, args=(client,), name="usage", daemon=True)
                self._thread.start()
            return list(self._samples.get((kind, namespace, name), ()))

    def _run(self, client: Client) -> None:
        while time.monotonic() - self._looked < IDLE:
            self.sample(client, time.time())
            time.sleep(EVERY)

    def sample(self, client: Client, now: float) -> None:
        """One more sample of everything that is measured; forgets what is no more."""
        for kind in ("NodeMetrics", "PodMetrics"):
            try:
                listed = client.list(kind)["items"]
            except ApiError:
                continue  # nothing measures, or not now
            if len(listed) <= MOST_PODS or kind == "NodeMetrics":
                self._take(kind.removesuffix("Metrics"), listed, now)

    def _take(self, kind: str, listed: list[Object], now: float) -> None:
        with self._lock:
            for one in listed:
                meta, used = one["metadata"], _used(one)
                key = (kind, meta.get("namespace", ""), meta["name"])
                self._samples.setdefault(key, deque(maxlen=SAMPLES)).append((now, used["cpu"], used["memory"]))
            old = [key for key, samples in self._samples.items() if samples[-1][0] < now - SAMPLES * EVERY]
            for key in old:
                del self._samples[key]


history = History()
