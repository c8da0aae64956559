"""How the ends of a Job's pods are counted exactly once, and what its status says. Pure.

A pod that has ended is first noted by its uid in status.uncountedTerminatedPods; then it loses our finalizer; then its
uid turns into a count. Whenever we are killed in between, the next look goes on from there.

Source: kubernetes/pkg/controller/job/job_controller.go (trackJobStatusAndRemoveFinalizers, enactJobFinished).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.serializer import deep_copy
from minikweb.controllers import podcontrol
from minikweb.controllers.job import attempts, indexes
from minikweb.controllers.job.progress import Progress
from minikweb.controllers.job.verdict import FAILURE, LAST, SUCCESS, Verdict

Object = dict[str, Any]

MOST_UNCOUNTED = 500  # uids in a status at a time


def note(progress: Progress, verdict: Verdict | None) -> tuple[Object, list[Object]]:
    """(the status with the new ends noted, the pods that may lose our finalizer once it is written)."""
    status = deep_copy(progress.status)
    uncounted = status.setdefault("uncountedTerminatedPods", {})
    to_release = []
    for pod in filter(attempts.is_tracked, progress.pods):
        has_failed = attempts.has_failed(pod, progress.job)
        if not may_release(progress, pod, has_failed, verdict):
            continue
        to_release.append(pod)
        outcome = outcome_of(progress, pod, has_failed, verdict)
        uid = pod["metadata"]["uid"]
        if outcome and uid not in uncounted.get(outcome, ()):
            uncounted.setdefault(outcome, []).append(uid)
        if len(to_release) >= MOST_UNCOUNTED:
            break
    if progress.is_indexed:
        note_indexes(progress, status)
    if verdict and meta.get_condition(status.get("conditions"), verdict[0]) is None:
        status.setdefault("conditions", []).append(condition(*verdict, progress.now))
    return status, to_release


def may_release(progress: Progress, pod: Object, has_failed: bool, verdict: Verdict | None) -> bool:
    """Whether its end is known or of no matter any more, and nobody needs it to count on from."""
    if progress.is_being_deleted or verdict or attempts.has_succeeded(pod):
        return True
    replaced = progress.replaced_next.get(attempts.index_of(pod))
    return has_failed and (replaced is None or replaced["metadata"]["uid"] != pod["metadata"]["uid"])


def outcome_of(progress: Progress, pod: Object, has_failed: bool, verdict: Verdict | None) -> str:
    """`succeeded`, `failed` or "" for what is not counted; successes of an Indexed Job are counted by their index."""
    uid = pod["metadata"]["uid"]
    if progress.is_indexed and progress.index(pod) is None:
        return ""
    if attempts.has_succeeded(pod) and uid not in progress.uncounted_failures:
        return "" if progress.is_indexed else "succeeded"
    ends_with_job = verdict is not None and verdict[0] != SUCCESS
    return "failed" if (has_failed or ends_with_job) and progress.counts(pod) else ""


def note_indexes(progress: Progress, status: Object) -> None:
    status["completedIndexes"] = indexes.render(progress.succeeded_indexes)
    status["succeeded"] = len(progress.succeeded_indexes)
    if progress.limits_each_index:
        status["failedIndexes"] = indexes.render(progress.failed_indexes)


def count_released(status: Object, still_tracked: set[str]) -> Object:
    """The status with the uids turned into counts of those pods that have lost our finalizer (or are gone)."""
    status = deep_copy(status)
    uncounted = status.setdefault("uncountedTerminatedPods", {})
    for outcome in ("succeeded", "failed"):
        before = uncounted.pop(outcome, [])
        kept = [uid for uid in before if uid in still_tracked]
        if kept:
            uncounted[outcome] = kept
        status[outcome] = status.get(outcome, 0) + len(before) - len(kept)
    return status


def with_numbers(status: Object, active: list[Object], terminating: int) -> Object:
    """The status with the counts of pods as they are now."""
    ready = sum(podcontrol.ready_since(pod) is not None for pod in active)
    return {**status, "active": len(active), "ready": ready, "terminating": terminating}


def finish(status: Object, verdict: Verdict, now: datetime) -> Object | None:
    """The status of a Job that is over; None while an end is not counted or a pod is still ending."""
    if status.get("terminating") or any(status.get("uncountedTerminatedPods", {}).values()):
        return None
    type_, reason, message = verdict
    last = condition(LAST[type_], reason, message, now)
    finished = {**status, "conditions": [*status.get("conditions", ()), last]}
    if type_ != FAILURE:
        finished["completionTime"] = clock.format(now)
    return finished


def without_zeros(status: Object) -> Object:
    """As the API writes it: three counts and one list are left out when they are nothing."""
    optional = ("active", "succeeded", "failed", "completedIndexes", "conditions")
    return {key: value for key, value in status.items() if value or key not in optional}


def set_suspended(status: Object, suspended: bool, now: datetime) -> str:
    """Keeps the condition Suspended in place; returns the event that tells of a change, "" when there is none."""
    before = meta.get_condition(status.get("conditions"), "Suspended")
    if suspended == bool(before and before["status"] == "True"):
        return ""
    words = ("True", "JobSuspended", "Job suspended") if suspended else ("False", "JobResumed", "Job resumed")
    changed = condition("Suspended", *words[1:], now, status=words[0])
    status["conditions"] = [*(c for c in status.get("conditions", ()) if c["type"] != "Suspended"), changed]
    if suspended:
        status.pop("startTime", None)
    else:
        status["startTime"] = clock.format(now)
    return "Suspended" if suspended else "Resumed"


def condition(type_: str, reason: str, message: str, now: datetime, status: str = "True") -> Object:
    stamp = clock.format(now)
    times = {"lastProbeTime": stamp, "lastTransitionTime": stamp}
    return {"type": type_, "status": status, **times, "reason": reason, "message": message}
