"""What one pod of a Job has come to: an attempt at the work. Pure.

Source: kubernetes/pkg/controller/job/job_controller.go, backoff_utils.go, indexed_job_utils.go.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.controllers import podcontrol

Object = dict[str, Any]

FINALIZER = "batch.kubernetes.io/job-tracking"  # on a pod whose end has not been counted
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"


def is_tracked(pod: Object) -> bool:
    """Whether its end is still to be counted."""
    return meta.has_finalizer(pod, FINALIZER)


def is_indexed(job: Object) -> bool:
    return job["spec"].get("completionMode") == "Indexed"


def replaces_only_failed(job: Object) -> bool:
    """Whether a pod that is ending is waited for before another takes its place."""
    return job["spec"].get("podReplacementPolicy") == "Failed"


def has_succeeded(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") == "Succeeded"


def has_failed(pod: Object, job: Object) -> bool:
    """Whether it counts as a failure: it has failed, or ends before its work is done (unless that is waited for)."""
    if pod.get("status", {}).get("phase") == "Failed":
        return True
    return not replaces_only_failed(job) and meta.is_being_deleted(pod) and not has_succeeded(pod)


def index_of(pod: Object) -> int | None:
    """Its completion index; None when it has none."""
    text = pod["metadata"].get("annotations", {}).get(INDEX, "")
    return int(text) if text.isdigit() else None


def failures_before(pod: Object, *, ignored: bool = False) -> int:
    """How many pods of its index failed before it; with `ignored` those only that the failure policy leaves out."""
    text = pod["metadata"].get("annotations", {}).get(IGNORED_FAILURES if ignored else FAILURES, "")
    return int(text) if text.isdigit() else 0


def finished_at(pod: Object) -> datetime:
    """When it ended, as well as can be told."""
    status, metadata = pod.get("status", {}), pod["metadata"]
    ends = [
        each.get("state", {}).get("terminated", {}).get("finishedAt") for each in status.get("containerStatuses", ())
    ]
    if ends and all(ends):
        return max(map(clock.parse, ends))
    for condition in status.get("conditions", ()):
        if condition["type"] == "Ready" and condition["status"] == "False" and condition.get("lastTransitionTime"):
            return clock.parse(condition["lastTransitionTime"])
    if meta.is_being_deleted(pod):
        grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
        return clock.parse(metadata["deletionTimestamp"]) - grace
    return clock.parse(metadata["creationTimestamp"])


def restarts(pod: Object) -> int:
    """How often containers of a pod that still runs were started again."""
    status = pod.get("status", {})
    if podcontrol.is_terminal(pod):
        return 0
    listed = (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
    return sum(each.get("restartCount", 0) for each in listed)
