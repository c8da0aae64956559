"""Which pods of a Job end or begin now. Pure.

Source: kubernetes/pkg/controller/job/job_controller.go (manageJob), indexed_job_utils.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from minikweb.apimachinery.serializer import deep_copy
from minikweb.controllers import podcontrol
from minikweb.controllers.job import attempts
from minikweb.controllers.job.progress import Progress

Object = dict[str, Any]

BURST = 500  # pods made or ended by one sync
LONGEST_PREFIX = 58  # of a generated name, so that all of it stays a DNS label
ENVIRONMENT = {
    "name": "JOB_COMPLETION_INDEX",
    "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{attempts.INDEX}']"}},
}


@dataclass
class Plan:
    """`delete` are pods too many (their ends do not count), `create` the new ones, `again` when to look again."""

    delete: list[Object] = field(default_factory=list)
    create: list[Object] = field(default_factory=list)
    again: float | None = None


def plan(progress: Progress) -> Plan:
    """The next step of a Job that is not over."""
    wanted = wanted_active(progress)
    too_many = pods_to_delete(progress, max(0, len(progress.active) - wanted))
    if progress.is_suspended or too_many:
        return Plan(delete=too_many)
    waiting = len(progress.terminating) if attempts.replaces_only_failed(progress.job) else 0
    missing = min(wanted - waiting - len(progress.active), BURST)
    if missing <= 0:
        return Plan()
    if not progress.limits_each_index and progress.backoff > 0:
        return Plan(again=progress.backoff)
    if not progress.is_indexed:
        return Plan(create=[new_pod(progress) for _ in range(missing)])
    return plan_indexes(progress, missing)


def wanted_active(progress: Progress) -> int:
    """How many pods should run now: never more than successes are still missing."""
    parallelism = progress.spec.get("parallelism", 1)
    if progress.is_suspended:
        return 0
    if progress.completions is None:  # a work queue: after the first success nobody is replaced
        return len(progress.active) if progress.succeeded else parallelism
    return max(0, min(progress.completions - progress.succeeded, parallelism))


def pods_to_delete(progress: Progress, excess: int) -> list[Object]:
    """At least `excess` pods: first those of an index that is taken or is none, then the least useful."""
    ranked = podcontrol.rank_for_deletion(progress.active, progress.active, 0, progress.now)
    if not progress.is_indexed:
        return ranked[: min(excess, BURST)]
    best = {progress.index(pod): pod["metadata"]["uid"] for pod in ranked}  # the last one of each index
    best.pop(None, None)
    left = [pod for pod in ranked if best.get(progress.index(pod)) == pod["metadata"]["uid"]]
    spare = [pod for pod in ranked if pod not in left]
    return (spare + left[: max(0, excess - len(spare))])[:BURST]


def plan_indexes(progress: Progress, missing: int) -> Plan:
    """The first indexes that nobody works on; one that has failed waits for its own back-off."""
    pending = first_pending_indexes(progress, missing)
    waits = {index: progress.backoff_of_index(index) for index in pending}
    ready = [index for index in pending if not waits[index]]
    again = min((wait for wait in waits.values() if wait), default=None)
    return Plan(create=[new_pod(progress, index) for index in ready], again=again)


def first_pending_indexes(progress: Progress, count: int) -> list[int]:
    taken = progress.succeeded_indexes | progress.failed_indexes | {progress.index(pod) for pod in progress.active}
    if attempts.replaces_only_failed(progress.job):
        taken |= {progress.index(pod) for pod in progress.terminating}
    return list(islice((index for index in range(progress.completions or 0) if index not in taken), count))


def new_pod(progress: Progress, index: int | None = None) -> Object:
    """A pod of the Job's template, tracked by our finalizer; with an index it has that in name, label and hostname."""
    job = progress.job
    pod = podcontrol.pod_from_template(job["spec"]["template"], job)
    metadata = pod["metadata"]
    metadata["finalizers"] = [*dict.fromkeys([*metadata.get("finalizers", ()), attempts.FINALIZER])]
    if index is None:
        return pod
    suffix = f"-{index}-"
    metadata["generateName"] = job["metadata"]["name"][: LONGEST_PREFIX - len(suffix)] + suffix
    for key in ("labels", "annotations"):
        metadata[key] = {**metadata.get(key, {}), attempts.INDEX: str(index)}
    if progress.limits_each_index:
        metadata["annotations"].update(failure_counts(progress, progress.replaced_next.get(index)))
    pod["spec"]["hostname"] = f"{job['metadata']['name']}-{index}"
    for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
        if all(variable["name"] != ENVIRONMENT["name"] for variable in container.get("env") or ()):
            container["env"] = [*(container.get("env") or ()), deep_copy(ENVIRONMENT)]
    return pod


def failure_counts(progress: Progress, replaced: Object | None) -> dict[str, str]:
    """The annotations that count the failures of an index from pod to pod."""
    if replaced is None:
        return {attempts.FAILURES: "0"}
    counted = progress.counts(replaced)
    failures = attempts.failures_before(replaced) + counted
    ignored = attempts.failures_before(replaced, ignored=True) + (not counted)
    return {attempts.FAILURES: str(failures), **({attempts.IGNORED_FAILURES: str(ignored)} if ignored else {})}
