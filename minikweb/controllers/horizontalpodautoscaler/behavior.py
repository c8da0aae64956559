"""How fast a recommendation may be followed: stabilisation windows and policies. Pure but for the memory given to it.

Source: kubernetes/pkg/controller/podautoscaler/horizontal.go (stabilizeRecommendationWithBehaviors,
convertDesiredReplicasWithBehaviorRate), pkg/apis/autoscaling/v2/defaults.go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Object = dict[str, Any]

DOWN_WINDOW = 300  # seconds; --horizontal-pod-autoscaler-downscale-stabilization
DEFAULTS: dict[str, Object] = {
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15},
        ],
    },
    "scaleDown": {
        "stabilizationWindowSeconds": DOWN_WINDOW,
        "selectPolicy": "Max",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    },
}


@dataclass
class Memory:
    """What was recommended and done lately, of one autoscaler."""

    recommended: list[tuple[datetime, int]] = field(default_factory=list)
    changes: list[tuple[datetime, int]] = field(default_factory=list)  # up: positive, down: negative


@dataclass(frozen=True)
class Outcome:
    """The number of replicas, and the conditions that say what held it back: type → (status, reason, message)."""

    replicas: int
    conditions: dict[str, tuple[str, str, str]]


def rules(spec: Object, direction: str) -> Object:
    """The rules of a direction, with the defaults of what is not said."""
    given = (spec.get("behavior") or {}).get(direction) or {}
    return {**DEFAULTS[direction], **{key: value for key, value in given.items() if value is not None}}


def follow(spec: Object, current: int, wanted: int, memory: Memory, now: datetime) -> Outcome:
    """What is done of a recommendation now; it is remembered."""
    up, down = rules(spec, "scaleUp"), rules(spec, "scaleDown")
    stable, said = _stabilized(up, down, current, wanted, memory, now)
    replicas, limit = _limited(spec, up, down, current, stable, memory, now)
    return Outcome(replicas, {"AbleToScale": said, "ScalingLimited": limit})


def _stabilized(
    up: Object, down: Object, current: int, wanted: int, memory: Memory, now: datetime
) -> tuple[int, tuple[str, str, str]]:
    """Growing follows the lowest of the recent recommendations, shrinking the highest."""
    windows = [timedelta(seconds=each["stabilizationWindowSeconds"]) for each in (up, down)]
    memory.recommended = [each for each in memory.recommended if each[0] > now - max(windows)]
    lowest = min([wanted, *(number for at, number in memory.recommended if at > now - windows[0])])
    highest = max([wanted, *(number for at, number in memory.recommended if at > now - windows[1])])
    memory.recommended.append((now, wanted))
    stable = min(max(current, lowest), highest)
    if stable < wanted:
        why = "recent recommendations were lower than current one, applying the lowest recent recommendation"
        return stable, ("True", "ScaleUpStabilized", why)
    if stable > wanted:
        why = "recent recommendations were higher than current one, applying the highest recent recommendation"
        return stable, ("True", "ScaleDownStabilized", why)
    return stable, ("True", "ReadyForNewScale", "recommended size matches current size")


def _limited(
    spec: Object, up: Object, down: Object, current: int, wanted: int, memory: Memory, now: datetime
) -> tuple[int, tuple[str, str, str]]:
    least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
    if wanted > current:
        rate = _up_limit(up, current, memory, now)
        allowed = min(max(rate, current), most)
        if wanted > allowed and allowed < most:
            return allowed, _held("ScaleUpLimit", "increasing faster than the maximum scale rate")
        if wanted > allowed:
            return allowed, _held("TooManyReplicas", "more than the maximum replica count")
    elif wanted < current:
        rate = _down_limit(down, current, memory, now)
        allowed = max(min(rate, current), least)
        if wanted < allowed and allowed > least:
            return allowed, _held("ScaleDownLimit", "decreasing faster than the maximum scale rate")
        if wanted < allowed:
            return allowed, _held("TooFewReplicas", "less than the minimum replica count")
    return wanted, ("False", "DesiredWithinRange", "the desired count is within the acceptable range")


def _held(reason: str, how: str) -> tuple[str, str, str]:
    return "True", reason, f"the desired replica count is {how}"


def _up_limit(asked: Object, current: int, memory: Memory, now: datetime) -> int:
    if asked["selectPolicy"] == "Disabled":
        return current
    limits = []
    for policy in asked["policies"]:
        start = current - sum(change for change in _within(policy, memory, now) if change > 0)
        more = policy["value"] if policy["type"] == "Pods" else math.ceil(start * policy["value"] / 100)
        limits.append(start + more)
    return min(limits) if asked["selectPolicy"] == "Min" else max(limits)


def _down_limit(asked: Object, current: int, memory: Memory, now: datetime) -> int:
    if asked["selectPolicy"] == "Disabled":
        return current
    limits = []
    for policy in asked["policies"]:
        start = current - sum(change for change in _within(policy, memory, now) if change < 0)
        less = policy["value"] if policy["type"] == "Pods" else start * policy["value"] / 100
        limits.append(int(start - less))
    return max(limits) if asked["selectPolicy"] == "Min" else min(limits)


def _within(policy: Object, memory: Memory, now: datetime) -> list[int]:
    return [change for at, change in memory.changes if at > now - timedelta(seconds=policy["periodSeconds"])]


def remember(spec: Object, memory: Memory, change: int, now: datetime) -> None:
    """Writes down what was done, as long as a policy asks for it."""
    policies = [policy for direction in DEFAULTS for policy in rules(spec, direction)["policies"]]
    longest = max(policy["periodSeconds"] for policy in policies)
    memory.changes = [each for each in memory.changes if each[0] > now - timedelta(seconds=longest)]
    memory.changes.append((now, change))
