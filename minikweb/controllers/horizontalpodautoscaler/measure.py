"""How many replicas a resource metric asks for. Pure.

The ratio of what is used to what is wished, times the pods that were measured. Pods without a measurement, or not yet
ready, are reckoned so that they never make the change larger.

Source: kubernetes/pkg/controller/podautoscaler/replica_calculator.go, metrics/utilization.go.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from minikweb.apimachinery import clock, meta, quantity

Object = dict[str, Any]
Amounts = dict[str, int]  # by pod name; cpu in thousandths of a core, memory in bytes

TOLERANCE = 0.1
INITIALIZATION = timedelta(minutes=5)  # in which a pod's CPU counts only once it is ready
FIRST_READINESS = timedelta(seconds=30)  # a pod unready since then was never ready


class NotMeasured(Exception):
    """There is no number to go by; the message is Kubernetes'."""


@dataclass(frozen=True)
class Proposal:
    """How many replicas, and what was measured: percent of the requests (None without) and the average of a pod."""

    replicas: int
    utilization: int | None
    average: int


@dataclass(frozen=True)
class Groups:
    """The pods of a target: measured, not ready to be, and without a measurement. The others do not count."""

    measured: Amounts
    unready: list[str]
    missing: list[str]


def units(resource: str, amount: Any) -> int:
    """Thousandths of a core, or bytes, rounded up."""
    return math.ceil(quantity.parse(amount) * (1000 if resource == "cpu" else 1))


def usage_of(metrics: Iterable[Object], resource: str, container: str = "") -> dict[str, tuple[int, datetime]]:
    """pod → (what it uses, when measured), of PodMetrics; of one container of each where one is named."""
    found = {}
    for item in metrics:
        parts = [each for each in item.get("containers") or () if not container or each["name"] == container]
        if parts and all(resource in each["usage"] for each in parts):
            used = sum(units(resource, each["usage"][resource]) for each in parts)
            found[item["metadata"]["name"]] = (used, clock.parse(item["timestamp"]))
    return found


def group(pods: list[Object], usage: dict[str, tuple[int, datetime]], resource: str, now: datetime) -> Groups:
    measured: Amounts = {}
    unready, missing = [], []
    for pod in pods:
        name, phase = pod["metadata"]["name"], (pod.get("status") or {}).get("phase")
        if meta.is_being_deleted(pod) or phase == "Failed":
            continue
        if phase == "Pending":
            unready.append(name)
        elif name not in usage:
            missing.append(name)
        elif resource == "cpu" and _is_warming_up(pod, usage[name][1], now):
            unready.append(name)
        else:
            measured[name] = usage[name][0]
    return Groups(measured, unready, missing)


def _is_warming_up(pod: Object, measured_at: datetime, now: datetime) -> bool:
    status = pod.get("status") or {}
    ready = meta.get_condition(status.get("conditions"), "Ready")
    if ready is None or not status.get("startTime"):
        return True
    started, since = clock.parse(status["startTime"]), clock.parse(ready["lastTransitionTime"])
    if now < started + INITIALIZATION:
        return ready["status"] == "False" or measured_at < since
    return ready["status"] == "False" and started + FIRST_READINESS > since


def requests_of(pods: list[Object], resource: str, container: str = "") -> Amounts:
    """What each pod requests. Raises NotMeasured for one that does not."""
    found = {}
    for pod in pods:
        name, total = pod["metadata"]["name"], 0
        for each in pod["spec"]["containers"]:
            if container and each["name"] != container:
                continue
            asked = ((each.get("resources") or {}).get("requests") or {}).get(resource)
            if asked is None:
                raise NotMeasured(f"missing request for {resource} in container {each['name']} of Pod {name}")
            total += units(resource, asked)
        found[name] = total
    return found


def by_utilization(groups: Groups, requests: Amounts, target: int, current: int) -> Proposal:
    """`target` is a percentage of the requests."""
    utilization = _utilization(groups.measured, requests)
    average = sum(groups.measured.values()) // len(groups.measured)

    def ratio(usage: Amounts) -> float:
        return _utilization(usage, requests) / target

    full = {name: requests.get(name, 0) * max(100, target) // 100 for name in groups.missing}
    return Proposal(_replicas(groups, ratio, full, current), utilization, average)


def by_average(groups: Groups, target: int, current: int) -> Proposal:
    """`target` is what a pod may use."""
    if not groups.measured:
        raise NotMeasured("did not receive metrics for targeted pods (pods might be unready)")
    average = sum(groups.measured.values()) // len(groups.measured)

    def ratio(usage: Amounts) -> float:
        return sum(usage.values()) / len(usage) / target

    return Proposal(_replicas(groups, ratio, dict.fromkeys(groups.missing, target), current), None, average)


def _utilization(usage: Amounts, requests: Amounts) -> int:
    known = [name for name in usage if name in requests]
    asked = sum(requests[name] for name in known)
    if not known or not asked:
        raise NotMeasured("did not receive metrics for targeted pods (pods might be unready)")
    return sum(usage[name] for name in known) * 100 // asked


def _replicas(groups: Groups, ratio, full: Amounts, current: int) -> int:  # noqa: ANN001
    """`full` is what those without a measurement count for when the number is to fall; else they count for nothing."""
    first = ratio(groups.measured)
    grows_unready = bool(groups.unready) and first > 1
    if not grows_unready and not groups.missing:
        return current if abs(first - 1) <= TOLERANCE else math.ceil(first * len(groups.measured))
    usage = dict(groups.measured)
    if first < 1:
        usage |= full
    elif first > 1:
        usage |= dict.fromkeys(groups.missing, 0)
    if grows_unready:
        usage |= dict.fromkeys(groups.unready, 0)
    second = ratio(usage)
    if abs(second - 1) <= TOLERANCE or (first < 1) != (second < 1):
        return current
    replicas = math.ceil(second * len(usage))
    return current if (second < 1) == (replicas > current) and replicas != current else replicas
