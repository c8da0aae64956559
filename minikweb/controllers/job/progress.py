"""What the pods of a Job add up to: how many run, how many ends are new, how many there were before. Pure.

Source: kubernetes/pkg/controller/job/job_controller.go (syncJob), backoff_utils.go, indexed_job_utils.go.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any

from minikweb.apimachinery import meta
from minikweb.controllers import podcontrol
from minikweb.controllers.job import attempts, failurepolicy, indexes

Object = dict[str, Any]

FIRST_BACKOFF, LONGEST_BACKOFF = 10.0, 600.0  # seconds


class Progress:
    """One look at a Job and its pods."""

    def __init__(self, job: Object, pods: list[Object], now: datetime):
        self.job, self.pods, self.now = job, pods, now
        self.spec, self.status = job["spec"], job.get("status", {})
        uncounted = self.status.get("uncountedTerminatedPods") or {}
        self.uncounted_successes = set(uncounted.get("succeeded") or ())
        self.uncounted_failures = set(uncounted.get("failed") or ())
        self.active = [pod for pod in pods if podcontrol.is_active(pod)]
        self.terminating = [pod for pod in pods if podcontrol.is_terminating(pod)]

    @property
    def is_suspended(self) -> bool:
        return bool(self.spec.get("suspend"))

    @property
    def is_indexed(self) -> bool:
        return attempts.is_indexed(self.job)

    @property
    def limits_each_index(self) -> bool:
        return self.spec.get("backoffLimitPerIndex") is not None

    @property
    def completions(self) -> int | None:
        """How many pods are to succeed; None when one is enough (a work queue)."""
        return self.spec.get("completions")

    def index(self, pod: Object) -> int | None:
        """Its index, if it is one of this Job's."""
        found = attempts.index_of(pod)
        return found if found is not None and found < (self.completions or 0) else None

    @cached_property
    def tracked(self) -> list[Object]:
        """The pods whose end counts and has not been counted."""
        return [p for p in self.pods if attempts.is_tracked(p) and (not self.is_indexed or self.index(p) is not None)]

    @cached_property
    def new_failures(self) -> list[Object]:
        return [
            pod
            for pod in self.tracked
            if pod["metadata"]["uid"] not in self.uncounted_failures and attempts.has_failed(pod, self.job)
        ]

    def counts(self, pod: Object) -> bool:
        """Whether a failed pod counts towards the limit."""
        return failurepolicy.action(self.job, pod)[0] != failurepolicy.IGNORE

    @cached_property
    def failed(self) -> int:
        new = sum(self.counts(pod) for pod in self.new_failures)
        return self.status.get("failed", 0) + len(self.uncounted_failures) + new

    @cached_property
    def succeeded(self) -> int:
        if self.is_indexed:
            return len(self.succeeded_indexes)
        new = [
            pod
            for pod in self.tracked
            if attempts.has_succeeded(pod) and pod["metadata"]["uid"] not in self.uncounted_successes
        ]
        return self.status.get("succeeded", 0) + len(self.uncounted_successes) + len(new)

    # --- by index -----------------------------------------------------------------------------------

    @cached_property
    def succeeded_indexes(self) -> set[int]:
        before = indexes.parse(self.status.get("completedIndexes"), self.completions or 0)
        return before | {self.index(pod) for pod in self.tracked if attempts.has_succeeded(pod)}

    @cached_property
    def failed_indexes(self) -> set[int]:
        """Those given up; none without a limit for each index."""
        if not self.limits_each_index:
            return set()
        before = indexes.parse(self.status.get("failedIndexes"), self.completions or 0)
        return before | {self.index(pod) for pod in self.tracked if self.ends_its_index(pod)}

    def ends_its_index(self, pod: Object) -> bool:
        if not attempts.has_failed(pod, self.job):
            return False
        action = failurepolicy.action(self.job, pod)[0]
        is_last = attempts.failures_before(pod) >= self.spec["backoffLimitPerIndex"]
        return action == failurepolicy.FAIL_INDEX or (action != failurepolicy.IGNORE and is_last)

    @cached_property
    def replaced_next(self) -> dict[int, Object]:
        """Index → its last failed pod, which is kept until another takes its place: it knows the failures so far."""
        if not self.limits_each_index:
            return {}
        taken = self.succeeded_indexes | self.failed_indexes | {self.index(pod) for pod in self.active}
        found: dict[int, Object] = {}
        for pod in self.tracked:
            index = self.index(pod)
            if index not in taken and attempts.has_failed(pod, self.job):
                found[index] = max(found.get(index, pod), pod, key=lambda p: (absolute_failures(p), _end(p)))
        return found

    # --- back-off -----------------------------------------------------------------------------------

    @cached_property
    def backoff(self) -> float:
        """Seconds until a pod may take the place of a failed one: 10 s, doubled by each failure since a success."""
        ends = [attempts.finished_at(pod) for pod in self.pods if attempts.has_succeeded(pod)]
        failures = [
            attempts.finished_at(pod)
            for pod in self.pods
            if attempts.has_failed(pod, self.job) and (attempts.is_tracked(pod) or podcontrol.is_terminal(pod))
        ]
        since = [end for end in failures if not ends or end > max(ends)]
        return self.remaining(len(since), max(since, default=self.now))

    def backoff_of_index(self, index: int) -> float:
        last = self.replaced_next.get(index)
        return self.remaining(absolute_failures(last) + 1, attempts.finished_at(last)) if last else 0.0

    def remaining(self, failures: int, last: datetime) -> float:
        if not failures:
            return 0.0
        wait = min(FIRST_BACKOFF * 2 ** min(failures - 1, 10), LONGEST_BACKOFF)
        return max(0.0, wait - (self.now - last).total_seconds())

    @property
    def is_being_deleted(self) -> bool:
        return meta.is_being_deleted(self.job)


def absolute_failures(pod: Object) -> int:
    """All failures of its index before it, ignored ones included."""
    return attempts.failures_before(pod) + attempts.failures_before(pod, ignored=True)


def _end(pod: Object) -> datetime:
    return attempts.finished_at(pod)
