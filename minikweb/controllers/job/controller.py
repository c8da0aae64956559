"""The Job controller: reads, lets the pure modules decide, acts, counts.

Source: kubernetes/pkg/controller/job/job_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import ApiError, NotFound
from minikweb.apimachinery.labels import from_label_selector
from minikweb.apimachinery.patch import create_merge_patch
from minikweb.client.controller import Controller
from minikweb.controllers import podcontrol
from minikweb.controllers.job import attempts, tally
from minikweb.controllers.job.plan import Plan, plan
from minikweb.controllers.job.progress import Progress
from minikweb.controllers.job.verdict import (
    REACHED,
    Verdict,
    finished_condition,
    is_complete,
    is_finished,
    seconds_until_deadline,
    verdict,
)

Object = dict[str, Any]

MANAGER = "kubernetes.io/job-controller"
STRAY = "Pod/"  # begins the keys of pods that nobody counts any more


class JobController(Controller):
    """Lets pods run until enough of them have succeeded, or too many have failed."""

    name = "job"
    kind = "Job"
    owns = ("Pod",)

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        cache.informer("Pod").add_indexer(podcontrol.ORPHANS, podcontrol.orphans)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        yield from super().keys(kind, old, new)
        if kind == "Pod" and new and not meta.controller_of(new):
            yield from podcontrol.matching_owners(self.cache, self.kind, new)
        if kind == "Pod" and new and attempts.is_tracked(new) and self.job_of(new) is None:
            yield stray_key(new)
        if kind == self.kind and old and new is None:
            pods = self.cache.owned("Pod", old["metadata"]["uid"])
            yield from (stray_key(pod) for pod in pods if attempts.is_tracked(pod))

    def job_of(self, pod: Object) -> Object | None:
        """The Job that counts the pod."""
        owner = meta.controller_of(pod)
        job = owner and self.cache.get(self.kind, pod["metadata"]["namespace"], owner["name"])
        return job if job and job["metadata"]["uid"] == owner["uid"] else None

    def sync(self, namespace: str, name: str) -> float | None:
        if name.startswith(STRAY):
            return self.release_stray(namespace, name.removeprefix(STRAY))
        job = self.cache.get(self.kind, namespace, name)
        if job is None or job["spec"].get("managedBy") not in (None, MANAGER):
            return None
        pods = self.claim_pods(job)
        if is_finished(job):
            self.let_go(pod for pod in pods if attempts.is_tracked(pod))
            return None
        return Attempt(self, job, pods, datetime.now(UTC)).advance()

    def claim_pods(self, job: Object) -> list[Object]:
        """Its pods; one that is adopted is counted, too."""
        found = podcontrol.candidates(self.cache, "Pod", job)
        pods = podcontrol.claim(self.client, job, from_label_selector(job["spec"]["selector"]), found)
        for pod in pods:
            if meta.controller_of(pod) is None and not attempts.is_tracked(pod):
                self.change_pod(pod, {"finalizers": [attempts.FINALIZER]})
        return pods

    def release_stray(self, namespace: str, name: str) -> None:
        """Lets go of a pod whose Job is gone."""
        pod = self.cache.get("Pod", namespace, name)
        if pod and attempts.is_tracked(pod) and self.job_of(pod) is None:
            self.let_go([pod])

    def let_go(self, pods: Iterable[Object]) -> None:
        """Takes our finalizer off pods that do not count. Raises the first failure."""
        _, failure = self.release(pods)
        if failure:
            raise failure

    def release(self, pods: Iterable[Object]) -> tuple[set[str], ApiError | None]:
        """Takes our finalizer off; returns the uids of the pods that have lost it, and the first failure."""
        released: set[str] = set()

        def take_off(pod: Object) -> ApiError | None:
            try:
                self.change_pod(pod, {"$deleteFromPrimitiveList/finalizers": [attempts.FINALIZER]})
            except ApiError as error:
                return error
            released.add(pod["metadata"]["uid"])
            return None

        listed = list(pods)
        return released, podcontrol.slow_start_batch(take_off, listed, first=len(listed))

    def change_pod(self, pod: Object, change: Object) -> None:
        """Writes this part of its metadata, unless it is gone."""
        metadata = pod["metadata"]
        patch = {"metadata": {"uid": metadata["uid"], **change}}
        with suppress(NotFound):
            self.client.patch("Pod", metadata["name"], patch, metadata["namespace"], type="strategic")

    def update_status(self, job: Object, status: Object) -> bool:
        """Writes what has changed; returns whether anything has."""
        patch = create_merge_patch(job.get("status", {}), tally.without_zeros(status))
        if not patch:
            return False
        name, namespace = job["metadata"]["name"], job["metadata"]["namespace"]
        with suppress(NotFound):  # deleted meanwhile
            self.client.patch(self.kind, name, {"status": patch}, namespace, subresource="status")
        return True


def stray_key(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{STRAY}{pod['metadata']['name']}"


class Attempt:
    """One look at a Job that is not over: what its pods have come to, and the next step."""

    def __init__(self, controller: JobController, job: Object, pods: list[Object], now: datetime):
        self.controller, self.client, self.recorder = controller, controller.client, controller.recorder
        self.written = job  # as far as we know, what the API has
        if not job.get("status", {}).get("startTime") and not job["spec"].get("suspend"):
            job = {**job, "status": {**job.get("status", {}), "startTime": clock.format(now)}}
        self.progress = Progress(job, pods, now)
        self.active = list(self.progress.active)
        self.ended: list[Object] = []
        self.failure: ApiError | None = None
        self.again: float | None = None

    def advance(self) -> float | None:
        """Takes the next step; returns when to look again by itself."""
        found = verdict(self.progress)
        if found:
            self.end(self.progress.active)
            if self.failure:  # it is over only when nothing runs that could still succeed
                found = None
        elif not self.progress.is_being_deleted:
            self.carry_out(plan(self.progress))
        if found is None and is_complete(self.progress, len(self.active)):
            found = REACHED
        self.count(found)
        if self.failure:
            raise self.failure
        waits = [wait for wait in (self.again, seconds_until_deadline(self.progress)) if wait is not None]
        return max(0.0, min(waits)) if waits and found is None else None

    def carry_out(self, step: Plan) -> None:
        """Ends what is too many, whose ends shall not count, or makes what lacks."""
        self.again = step.again
        if step.delete:
            released, self.failure = self.controller.release(filter(attempts.is_tracked, step.delete))
            self.end([pod for pod in step.delete if not attempts.is_tracked(pod) or pod["metadata"]["uid"] in released])
        elif step.create:
            job = self.progress.job
            made, self.failure = podcontrol.create_each(self.client, self.recorder, job, step.create)
            self.active += made

    def end(self, pods: list[Object]) -> None:
        failure = podcontrol.delete_pods(self.client, self.recorder, self.progress.job, pods)
        self.failure = self.failure or failure
        if failure is None:
            self.ended += pods
            uids = {pod["metadata"]["uid"] for pod in pods}
            self.active = [pod for pod in self.active if pod["metadata"]["uid"] not in uids]

    def count(self, found: Verdict | None) -> None:
        """Writes the status, lets go of the pods that it has noted, counts them, and ends the Job if it is over."""
        status, to_release = tally.note(self.progress, found)
        if found is None and not self.progress.is_being_deleted:
            self.tell_suspended(status)
        status = tally.with_numbers(status, self.active, len(self.progress.terminating) + len(self.ended))
        tracked = {pod["metadata"]["uid"] for pod in self.progress.pods if attempts.is_tracked(pod)}
        self.write(tally.count_released(status, tracked))
        released, failure = self.controller.release(to_release)
        self.failure = self.failure or failure
        status = tally.count_released(self.written.get("status", {}), tracked - released)
        is_last = len(to_release) < tally.MOST_UNCOUNTED
        finished = tally.finish(status, found, self.progress.now) if found and is_last else None
        self.write(finished or status)
        if finished:
            self.tell_finished()

    def write(self, status: Object) -> None:
        if self.controller.update_status(self.written, status):
            self.written = {**self.written, "status": tally.without_zeros(status)}

    def tell_suspended(self, status: Object) -> None:
        reason = tally.set_suspended(status, self.progress.is_suspended, self.progress.now)
        if reason:
            self.recorder.event(self.progress.job, "Normal", reason, f"Job {reason.lower()}")

    def tell_finished(self) -> None:
        job, condition = self.progress.job, finished_condition(self.written)
        if condition["type"] == "Failed":
            self.recorder.event(job, "Warning", condition["reason"], condition["message"])
            return
        completions, succeeded = self.progress.completions, self.written["status"].get("succeeded", 0)
        if completions is not None and succeeded > completions:
            words = "Too many succeeded pods running after completion count reached"
            self.recorder.event(job, "Warning", "TooManySucceededPods", words)
        self.recorder.event(job, "Normal", "Completed", "Job completed")
