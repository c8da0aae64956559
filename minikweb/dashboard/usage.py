"""What nodes and pods use, as metrics.k8s.io tells; nothing where nothing is measured, as on simulated nodes."""

from __future__ import annotations

import threading
import time
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.apimachinery.errors import ApiError
from minikweb.client.client import Client

Object = dict[str, Any]
Used = dict[str, float]  # cpu in cores, memory in bytes

KEPT = 5.0  # seconds an answer is shown: the kubelets measure no faster, and pages refresh at each change
SILENT = 30.0  # seconds before a cluster that has no metrics is asked again

_answers: dict[tuple[str, str], tuple[float, dict[str, Used]]] = {}  # (whose, what) → until when, the answer
_lock = threading.Lock()


def of_nodes(client: Client, whose: str = "") -> dict[str, Used]:
    """node → what it uses; {} without metrics."""
    return _kept(client, "NodeMetrics", "", whose)


def of_pods(client: Client, namespace: str, whose: str = "") -> dict[str, Used]:
    """pod → what its containers use together; {} without metrics."""
    return _kept(client, "PodMetrics", namespace, whose)


def _kept(client: Client, kind: str, namespace: str, whose: str) -> dict[str, Used]:
    key = (whose, f"{kind}/{namespace}")
    with _lock:
        until, answer = _answers.get(key, (0.0, {}))
    if time.monotonic() < until:
        return answer
    try:
        listed = client.list(kind, namespace or None)["items"]
        answer, keep = {one["metadata"]["name"]: _used(one) for one in listed}, KEPT
    except ApiError:
        answer, keep = {}, SILENT
    with _lock:
        _answers[key] = (time.monotonic() + keep, answer)
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
