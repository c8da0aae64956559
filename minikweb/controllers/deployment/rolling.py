"""How large each ReplicaSet of a Deployment may be now. Pure: the answer is a list of (ReplicaSet, replicas).

Source: kubernetes/pkg/controller/deployment/rolling.go, recreate.go, sync.go (scale) and util/deployment_util.go.
Where upstream counts the pods that are asked for, this counts those that may exist, and of the available ones
only those that will stay: so maxSurge and maxUnavailable hold at every instant, also between two controllers' steps.
"""

from __future__ import annotations

import math
from typing import Any

from minikweb.controllers.deployment.revisions import DESIRED_REPLICAS, MAX_REPLICAS, by_age

Object = dict[str, Any]
Sizes = list[tuple[Object, int]]


# --- What the strategy allows ------------------------------------------------------------------------
def is_rolling(deployment: Object) -> bool:
    return deployment["spec"].get("strategy", {}).get("type", "RollingUpdate") == "RollingUpdate"


def scaled_value(value: int | str, total: int, round_up: bool) -> int:
    """An IntOrString such as 2 or "25%" as a number of pods."""
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * total / 100
    return math.ceil(share) if round_up else math.floor(share)


def fenceposts(deployment: Object) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) in pods; should both come out as 0, one pod may be unavailable."""
    if not is_rolling(deployment):
        return 0, 0
    replicas = deployment["spec"]["replicas"]
    rolling = deployment["spec"].get("strategy", {}).get("rollingUpdate") or {}
    surge = scaled_value(rolling.get("maxSurge", "25%"), replicas, round_up=True)
    unavailable = scaled_value(rolling.get("maxUnavailable", "25%"), replicas, round_up=False)
    if not surge and not unavailable:
        unavailable = 1
    return surge, min(unavailable, replicas)


def max_replicas(deployment: Object) -> int:
    """How many pods there may be in all."""
    return deployment["spec"]["replicas"] + fenceposts(deployment)[0]


def min_available(deployment: Object) -> int:
    """How many pods must stay available."""
    return deployment["spec"]["replicas"] - fenceposts(deployment)[1]


# --- What is there -----------------------------------------------------------------------------------
def size(replicaset: Object) -> int:
    return replicaset["spec"]["replicas"]


def active(replicasets: list[Object]) -> list[Object]:
    """Those that ask for pods."""
    return [rs for rs in replicasets if size(rs) > 0]


def is_observed(replicaset: Object) -> bool:
    """Whether its controller has acted on what it asks for now."""
    return replicaset.get("status", {}).get("observedGeneration", 0) >= replicaset["metadata"].get("generation", 0)


def pods_that_may_exist(replicaset: Object) -> int:
    """Replicas asked for, or still there after a scale-down that its controller has begun (see `is_observed`)."""
    return max(size(replicaset), replicaset.get("status", {}).get("replicas", 0))


def available(replicaset: Object) -> int:
    """Its available pods that stay: those beyond its size are about to be deleted."""
    return min(size(replicaset), replicaset.get("status", {}).get("availableReplicas", 0))


# --- Rolling update ----------------------------------------------------------------------------------
def new_size(deployment: Object, new: Object, old: list[Object]) -> int:
    """How many replicas the new ReplicaSet may have now."""
    wanted = deployment["spec"]["replicas"]
    if size(new) >= wanted or not is_rolling(deployment):
        return wanted
    every = [new, *old]
    if not all(is_observed(rs) for rs in every):
        return size(new)
    room = max_replicas(deployment) - sum(pods_that_may_exist(rs) for rs in every)
    return min(wanted, size(new) + max(room, 0))


def old_sizes(deployment: Object, new: Object, old: list[Object]) -> Sizes:
    """How far the old ReplicaSets may shrink now: first by their unavailable pods, then by what is available too many.

    The new ReplicaSet's pods count for nothing until they are available.
    """
    floor = min_available(deployment)
    sizes = {rs["metadata"]["name"]: size(rs) for rs in old}
    may_go = sum(sizes.values()) + available(new) - floor
    spare = sum(available(rs) for rs in [new, *old]) - floor
    for rs in old:
        gone = max(0, min(size(rs) - available(rs), may_go))
        sizes[rs["metadata"]["name"]] -= gone
        may_go -= gone
    for rs in old:
        gone = max(0, min(sizes[rs["metadata"]["name"]], spare, may_go))
        sizes[rs["metadata"]["name"]] -= gone
        spare, may_go = spare - gone, may_go - gone
    return [(rs, sizes[rs["metadata"]["name"]]) for rs in old]


def rolling_sizes(deployment: Object, new: Object, old: list[Object]) -> Sizes:
    """One step of a rolling update. The old ones are not touched for pods that the new one does not have yet."""
    return [(new, new_size(deployment, new, old)), *old_sizes(deployment, new, old)]


# --- Scaling -----------------------------------------------------------------------------------------
def is_scaling(deployment: Object, replicasets: list[Object]) -> bool:
    """Whether spec.replicas has changed since the ReplicaSets were sized."""
    wanted = str(deployment["spec"]["replicas"])
    sized_for = [(rs["metadata"].get("annotations") or {}).get(DESIRED_REPLICAS) for rs in active(replicasets)]
    return any(desired is not None and desired != wanted for desired in sized_for)


def scaling_sizes(deployment: Object, new: Object | None, old: list[Object]) -> Sizes:
    """The sizes after a scaling: all to the only ReplicaSet in use, or shares to each one during a rollout.

    So a rollout that is under way, or paused, grows and shrinks without going faster.
    """
    wanted, every = deployment["spec"]["replicas"], [*old, *([new] if new else [])]
    in_use = active(every)
    if len(in_use) <= 1:
        only = in_use or [new or by_age(old)[-1]] if every else []
        return [(rs, wanted) for rs in only]
    if new and _is_saturated(deployment, new):
        return [(rs, 0) for rs in active(old)]
    return proportional_sizes(deployment, in_use) if is_rolling(deployment) else []


def _is_saturated(deployment: Object, new: Object) -> bool:
    """Whether the new ReplicaSet alone has all pods, available."""
    wanted = deployment["spec"]["replicas"]
    desired = (new["metadata"].get("annotations") or {}).get(DESIRED_REPLICAS)
    return size(new) == wanted and desired == str(wanted) and available(new) == wanted


def proportional_sizes(deployment: Object, in_use: list[Object]) -> Sizes:
    """Each ReplicaSet's share of what is to be added or removed; the largest takes what rounding leaves."""
    allowed = max_replicas(deployment) if deployment["spec"]["replicas"] else 0
    to_add = allowed - sum(size(rs) for rs in in_use)
    if not to_add:
        return [(rs, size(rs)) for rs in in_use]
    # Of the same size, the newer grow first and the older shrink first.
    ordered = sorted(by_age(in_use)[:: -1 if to_add > 0 else 1], key=size, reverse=True)
    added, sizes = 0, []
    for rs in ordered:
        share, left = _share(deployment, rs), to_add - added
        share = min(max(share, 0), left) if to_add > 0 else max(min(share, 0), left)
        added += share
        sizes.append((rs, size(rs) + share))
    largest, its_size = sizes[0]
    return [(largest, max(0, its_size + to_add - added)), *sizes[1:]]


def _share(deployment: Object, replicaset: Object) -> int:
    """How much of the change falls to a ReplicaSet, by its part of the whole it was sized for."""
    if not deployment["spec"]["replicas"]:
        return -size(replicaset)
    try:
        whole = int((replicaset["metadata"].get("annotations") or {}).get(MAX_REPLICAS, ""))
    except ValueError:
        whole = 0
    whole = whole if whole > 0 else deployment.get("status", {}).get("replicas", 0)
    if not whole:
        return 0
    return math.floor(size(replicaset) * max_replicas(deployment) / whole + 0.5) - size(replicaset)
