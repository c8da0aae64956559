"""What is told of a Deployment: counts, and the conditions Available, Progressing and ReplicaFailure. Pure.

Source: kubernetes/pkg/controller/deployment/sync.go (calculateStatus), progress.go and util/deployment_util.go.
`kubectl rollout status` ends by what is written here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from minikweb.apimachinery import clock
from minikweb.apimachinery.meta import get_condition
from minikweb.controllers.deployment.revisions import UNLIMITED
from minikweb.controllers.deployment.rolling import min_available, size

Object = dict[str, Any]

AVAILABLE = ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
UNAVAILABLE = ("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
PAUSED = ("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
RESUMED = ("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed")
NEW_AVAILABLE, TIMED_OUT = "NewReplicaSetAvailable", "ProgressDeadlineExceeded"


# --- Conditions --------------------------------------------------------------------------------------
def without_condition(conditions: list[Object], type_: str) -> list[Object]:
    return [condition for condition in conditions if condition["type"] != type_]


def with_condition(
    conditions: list[Object],
    type_: str,
    status: str,
    reason: str,
    message: str,
    now: datetime,
    *,
    refresh: bool = False,
) -> list[Object]:
    """The conditions with one set. Without `refresh` the same status and reason change nothing."""
    current = get_condition(conditions, type_) or {}
    if not refresh and (current.get("status"), current.get("reason")) == (status, reason):
        return conditions
    stamp = clock.format(now)
    condition = {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": stamp,
        "lastTransitionTime": current.get("lastTransitionTime", stamp) if current.get("status") == status else stamp,
    }
    return [*without_condition(conditions, type_), condition]


def has_progress_deadline(deployment: Object) -> bool:
    """Whether it is to be said that a rollout takes too long."""
    return deployment["spec"].get("progressDeadlineSeconds", UNLIMITED) != UNLIMITED


def paused_conditions(deployment: Object, now: datetime) -> list[Object]:
    """Its conditions after a pause or resumption, so that a paused time does not count against the deadline."""
    conditions = deployment.get("status", {}).get("conditions", [])
    reason = (get_condition(conditions, "Progressing") or {}).get("reason")
    if not has_progress_deadline(deployment) or reason == TIMED_OUT:
        return conditions
    if deployment["spec"].get("paused"):
        return with_condition(conditions, *PAUSED, now)
    return with_condition(conditions, *RESUMED, now) if reason == PAUSED[2] else conditions


# --- Counts ------------------------------------------------------------------------------------------
def total(replicasets: list[Object], field: str) -> int:
    return sum(rs.get("status", {}).get(field, 0) for rs in replicasets)


def calculate_status(deployment: Object, new: Object | None, old: list[Object], now: datetime) -> Object:
    """Its counts and whether it is available; the other conditions stay as they are."""
    every = [*old, *([new] if new else [])]
    ready_for_use = total(every, "availableReplicas")
    counts = {
        "replicas": total(every, "replicas"),
        "updatedReplicas": total([new] if new else [], "replicas"),
        "readyReplicas": total(every, "readyReplicas"),
        "availableReplicas": ready_for_use,
        "unavailableReplicas": max(0, sum(size(rs) for rs in every) - ready_for_use),
    }
    status = {name: count for name, count in counts.items() if count}
    status["observedGeneration"] = deployment["metadata"].get("generation", 0)
    before = deployment.get("status", {})
    if "collisionCount" in before:
        status["collisionCount"] = before["collisionCount"]
    terminating = terminating_replicas(every)
    if terminating is not None:
        status["terminatingReplicas"] = terminating
    is_enough = ready_for_use >= min_available(deployment)
    status["conditions"] = with_condition(before.get("conditions", []), *(AVAILABLE if is_enough else UNAVAILABLE), now)
    return status


def terminating_replicas(replicasets: list[Object]) -> int | None:
    """How many pods are ending; None while a ReplicaSet that was looked at does not say."""
    known = [rs.get("status", {}) for rs in replicasets if rs.get("status", {}).get("observedGeneration")]
    if any("terminatingReplicas" not in status for status in known):
        return None
    return sum(status["terminatingReplicas"] for status in known)


# --- Progress ----------------------------------------------------------------------------------------
def is_complete(deployment: Object, status: Object) -> bool:
    """Whether all pods are of the new template and available, and no old ones are left."""
    wanted = deployment["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    is_observed = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return is_observed and counts == [wanted] * 3


def is_progressing(before: Object, status: Object) -> bool:
    """Whether there are more new, ready or available pods than before, or fewer old ones."""

    def old(counts: Object) -> int:
        return counts.get("replicas", 0) - counts.get("updatedReplicas", 0)

    more = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old(status) < old(before) or any(status.get(name, 0) > before.get(name, 0) for name in more)


def has_timed_out(deployment: Object, status: Object, now: datetime) -> bool:
    """Whether the last sign of progress is older than progressDeadlineSeconds."""
    condition = get_condition(status["conditions"], "Progressing")
    if condition is None or condition["reason"] == NEW_AVAILABLE:
        return False
    deadline = timedelta(seconds=deployment["spec"]["progressDeadlineSeconds"])
    return condition["reason"] == TIMED_OUT or clock.parse(condition["lastUpdateTime"]) + deadline < now


def rollout_status(deployment: Object, new: Object | None, old: list[Object], now: datetime) -> Object:
    """`calculate_status` with the conditions that tell how the rollout goes."""
    status = calculate_status(deployment, new, old, now)
    conditions = status["conditions"]
    if not has_progress_deadline(deployment):
        conditions = without_condition(conditions, "Progressing")
    elif not _is_resync(status):
        conditions = _progress(deployment, status, new, now)
    status["conditions"] = _with_replica_failure(conditions, new, old)
    return status


def _is_resync(status: Object) -> bool:
    """Whether the rollout was finished before: then pods that come and go later are not its progress."""
    reason = (get_condition(status["conditions"], "Progressing") or {}).get("reason")
    return status.get("replicas", 0) == status.get("updatedReplicas", 0) and reason == NEW_AVAILABLE


def _progress(deployment: Object, status: Object, new: Object | None, now: datetime) -> list[Object]:
    subject, before = new or deployment, deployment.get("status", {})
    what = f'{"ReplicaSet" if new else "Deployment"} "{subject["metadata"]["name"]}"'

    def told(state: str, reason: str, words: str, *, refresh: bool = False) -> list[Object]:
        message = f"{what} {words}."
        return with_condition(status["conditions"], "Progressing", state, reason, message, now, refresh=refresh)

    if is_complete(deployment, status):
        return told("True", NEW_AVAILABLE, "has successfully progressed")
    if is_progressing(before, status):
        return told("True", "ReplicaSetUpdated", "is progressing", refresh=True)
    if has_timed_out(deployment, status, now):
        return told("False", TIMED_OUT, "has timed out progressing")
    return status["conditions"]


def _with_replica_failure(conditions: list[Object], new: Object | None, old: list[Object]) -> list[Object]:
    """The failure of the new ReplicaSet, else of an old one, as the Deployment's own."""
    rest = without_condition(conditions, "ReplicaFailure")
    for rs in [*([new] if new else []), *old]:
        failure = get_condition(rs.get("status", {}).get("conditions", []), "ReplicaFailure")
        if failure:
            return [*rest, {**failure, "lastUpdateTime": failure["lastTransitionTime"]}]
    return rest


def seconds_until_deadline(deployment: Object, status: Object, now: datetime) -> float | None:
    """When to look again whether the rollout has timed out; None if there is nothing to wait for."""
    condition = get_condition(status["conditions"], "Progressing")
    if condition is None or not has_progress_deadline(deployment):
        return None
    if is_complete(deployment, status) or condition["reason"] in (TIMED_OUT, PAUSED[2]):
        return None
    passed = (now - clock.parse(condition["lastUpdateTime"])).total_seconds()
    return max(0.0, deployment["spec"]["progressDeadlineSeconds"] - passed) + 1
