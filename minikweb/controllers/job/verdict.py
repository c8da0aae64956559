"""Whether a Job is over, and why. Pure.

Two steps, as the pods end in between: first SuccessCriteriaMet or FailureTarget (nothing more begins, what runs is
ended), then Complete or Failed (nothing runs any more).

Source: kubernetes/pkg/controller/job/job_controller.go (syncJob), success_policy.go.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.controllers.job import attempts, failurepolicy, indexes
from minikweb.controllers.job.progress import Progress

Object = dict[str, Any]
Verdict = tuple[str, str, str]  # condition type, reason, message

SUCCESS, FAILURE = "SuccessCriteriaMet", "FailureTarget"
LAST = {SUCCESS: "Complete", FAILURE: "Failed"}
REACHED: Verdict = (SUCCESS, "CompletionsReached", "Reached expected number of succeeded pods")
TOO_MANY_FAILURES: Verdict = (FAILURE, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
TOO_LONG: Verdict = (FAILURE, "DeadlineExceeded", "Job was active longer than specified deadline")


def is_finished(job: Object) -> bool:
    return finished_condition(job) is not None


def finished_condition(job: Object) -> Object | None:
    """Its condition Complete or Failed, if it is True."""
    for condition in job.get("status", {}).get("conditions", ()):
        if condition["type"] in LAST.values() and condition["status"] == "True":
            return condition
    return None


def verdict(progress: Progress) -> Verdict | None:
    """Why nothing more is to begin; None while the work goes on."""
    for type_ in (SUCCESS, FAILURE):
        condition = meta.get_condition(progress.status.get("conditions"), type_)
        if condition and condition["status"] == "True":
            return type_, condition.get("reason", ""), condition.get("message", "")
    return _by_policy(progress) or _by_limits(progress) or _by_indexes(progress)


def is_complete(progress: Progress, active: int) -> bool:
    """Whether enough pods have succeeded and none of them runs."""
    enough = progress.succeeded > 0 if progress.completions is None else progress.succeeded >= progress.completions
    return enough and not active


def seconds_until_deadline(progress: Progress) -> float | None:
    """Until activeDeadlineSeconds are over; None when they are not counted."""
    seconds, start = progress.spec.get("activeDeadlineSeconds"), progress.status.get("startTime")
    if seconds is None or not start or progress.is_suspended:
        return None
    return (clock.parse(start) + timedelta(seconds=seconds) - progress.now).total_seconds()


def _by_policy(progress: Progress) -> Verdict | None:
    for pod in progress.pods if progress.spec.get("podFailurePolicy") else ():
        if attempts.has_failed(pod, progress.job):
            action, why = failurepolicy.action(progress.job, pod)
            if action == failurepolicy.FAIL_JOB:
                return FAILURE, "PodFailurePolicy", why
    return None


def _by_limits(progress: Progress) -> Verdict | None:
    if progress.failed > progress.spec["backoffLimit"] or _restarted_too_often(progress):
        return TOO_MANY_FAILURES
    left = seconds_until_deadline(progress)
    return TOO_LONG if left is not None and left <= 0 else None


def _restarted_too_often(progress: Progress) -> bool:
    """Pods that are restarted in place fail without ending."""
    if progress.spec["template"]["spec"].get("restartPolicy") != "OnFailure":
        return False
    return sum(map(attempts.restarts, progress.pods)) >= max(1, progress.spec["backoffLimit"])


def _by_indexes(progress: Progress) -> Verdict | None:
    if not progress.is_indexed:
        return None
    failed, limit = len(progress.failed_indexes), progress.spec.get("maxFailedIndexes")
    if limit is not None and failed > limit:
        words = "Job has exceeded the specified maximal number of failed indexes"
        return FAILURE, "MaxFailedIndexesExceeded", words
    if failed and failed + progress.succeeded >= progress.completions:
        return FAILURE, "FailedIndexes", "Job has failed indexes"
    return _by_success_policy(progress)


def _by_success_policy(progress: Progress) -> Verdict | None:
    for number, rule in enumerate((progress.spec.get("successPolicy") or {}).get("rules") or ()):
        wanted = set(range(progress.completions))
        if rule.get("succeededIndexes") is not None:
            wanted = indexes.parse(rule["succeededIndexes"], progress.completions)
        done, needed = len(wanted & progress.succeeded_indexes), rule.get("succeededCount")
        if done and done >= (len(wanted) if needed is None else needed):
            return SUCCESS, "SuccessPolicy", f"Matched rules at index {number}"
    return None
