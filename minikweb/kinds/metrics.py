"""The group metrics.k8s.io: v1beta1, what nodes and pods use now. Measured by the kubelets, nothing of it is stored.

Source: staging/src/k8s.io/metrics/pkg/apis/metrics/v1beta1/types.go, sigs.k8s.io/metrics-server.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.kinds.columns import NAME
from minikweb.kinds.registry import Column, Kind, Object

VERBS = ("get", "list")


def _usage(obj: Object) -> list[dict[str, Any]]:
    return [obj["usage"]] if "usage" in obj else [container["usage"] for container in obj["containers"]]


def _cpu(obj: Object, now: datetime) -> str:
    return f"{round(sum(quantity.cpu(usage['cpu']) for usage in _usage(obj)) * 1000)}m"


def _memory(obj: Object, now: datetime) -> str:
    return f"{sum(quantity.memory(usage['memory']) for usage in _usage(obj)) >> 10}Ki"


def _window(obj: Object, now: datetime) -> str:
    return obj["window"]


_COLUMNS = (
    NAME,
    Column("CPU", _cpu, description="Thousandths of a processor."),
    Column("Memory", _memory, description="The working set."),
    Column("Window", _window, description="The time over which the CPU was measured."),
)

NODE_METRICS = Kind(
    group="metrics.k8s.io",
    version="v1beta1",
    kind="NodeMetrics",
    plural="nodes",
    namespaced=False,
    schema="",
    verbs=VERBS,
    columns=_COLUMNS,
    virtual=True,
)

POD_METRICS = Kind(
    group="metrics.k8s.io",
    version="v1beta1",
    kind="PodMetrics",
    plural="pods",
    namespaced=True,
    schema="",
    verbs=VERBS,
    columns=_COLUMNS,
    virtual=True,
)

KINDS = [NODE_METRICS, POD_METRICS]
