"""Taints of nodes and the tolerations of pods: who may come, who may stay. Pure.

Source: k8s.io/component-helpers/scheduling/corev1/helpers.go and k8s.io/api/core/v1 (Toleration.ToleratesTaint).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]
Taint = dict[str, Any]
Toleration = dict[str, Any]

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "PreferNoSchedule", "NoExecute"


def taints_of(node: Object, *effects: str) -> list[Taint]:
    """The node's taints with one of the effects."""
    return [taint for taint in node.get("spec", {}).get("taints") or () if taint["effect"] in effects]


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether a toleration bears a taint. Without effect it means every effect, without key (Exists) every key."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and toleration.get("value", "") == taint.get("value", "")


def untolerated(taints: Iterable[Taint], tolerations: Iterable[Toleration]) -> list[Taint]:
    """The taints that no toleration bears."""
    given = list(tolerations)
    return [taint for taint in taints if not any(tolerates(toleration, taint) for toleration in given)]
