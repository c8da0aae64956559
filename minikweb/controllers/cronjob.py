"""What a CronJob is: a Job at each time of a schedule.

Source: kubernetes/pkg/controller/cronjob/cronjob_controllerv2.go and utils.go. Without spec.timeZone the clocks of the
control plane count; they show UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import AlreadyExists, ApiError, NotFound
from minikweb.apimachinery.patch import create_merge_patch
from minikweb.apimachinery.serializer import deep_copy
from minikweb.client.controller import Controller, key_of
from minikweb.controllers import podcontrol
from minikweb.kinds import cronschedule
from minikweb.kinds.cronschedule import Schedule

Object = dict[str, Any]

SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp"
TOO_MANY_MISSED = 100
PADDING = 0.1  # seconds to look later than on time, for clocks that differ


class CronJobController(Controller):
    """Makes Jobs when it is time, and forgets old ones."""

    name = "cronjob"
    kind = "CronJob"
    owns = ("Job",)

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        self.rescheduled: dict[str, datetime] = {}  # key → since when its schedule is another one

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == self.kind and old and new and timing(old) != timing(new):
            self.rescheduled[key_of(new)] = datetime.now(UTC)  # times before that are not caught up with
        yield from super().keys(kind, old, new)

    def sync(self, namespace: str, name: str) -> float | None:
        cron_job = self.cache.get(self.kind, namespace, name)
        if cron_job is None:
            self.rescheduled.pop(f"{namespace}/{name}", None)
            return None
        jobs = [job for job in self.cache.owned("Job", cron_job["metadata"]["uid"]) if meta.controller_of(job)]
        since = self.rescheduled.get(f"{namespace}/{name}")
        return Turn(self, cron_job, jobs, datetime.now(UTC), since).take()

    def update_status(self, cron_job: Object, status: Object) -> None:
        """Writes what has changed, if anything has."""
        patch = create_merge_patch(cron_job.get("status", {}), {key: value for key, value in status.items() if value})
        if not patch:
            return
        name, namespace = cron_job["metadata"]["name"], cron_job["metadata"]["namespace"]
        with suppress(NotFound):  # deleted meanwhile
            self.client.patch(self.kind, name, {"status": patch}, namespace, subresource="status")


class Turn:
    """One look at a CronJob: its Jobs so far, and whether it is time for another one."""

    def __init__(
        self, controller: CronJobController, cron_job: Object, jobs: list[Object], now: datetime, since: datetime | None
    ):
        self.controller, self.client = controller, controller.client
        self.cron_job, self.jobs, self.now, self.since = cron_job, jobs, now, since
        self.spec, self.status = cron_job["spec"], deep_copy(cron_job.get("status", {}))
        self.namespace = cron_job["metadata"]["namespace"]

    def take(self) -> float | None:
        """Returns when to look again by itself; what it has learned is written even when a step fails."""
        try:
            self.forget_old_jobs()
            self.look_at_jobs()
            return None if meta.is_being_deleted(self.cron_job) else self.start_if_due()
        finally:
            self.controller.update_status(self.cron_job, self.status)

    def say(self, type_: str, reason: str, message: str) -> None:
        self.controller.recorder.event(self.cron_job, type_, reason, message)

    # --- the Jobs so far ----------------------------------------------------------------------------

    @property
    def active(self) -> list[Object]:
        return self.status.get("active", [])

    def drop(self, uid: str) -> None:
        self.status["active"] = [each for each in self.active if each["uid"] != uid]

    def forget_old_jobs(self) -> None:
        for job in jobs_to_forget(self.spec, self.jobs):
            if self.delete_job(job):
                self.jobs = [each for each in self.jobs if each is not job]

    def delete_job(self, job: Object) -> bool:
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        try:
            self.client.delete("Job", name, self.namespace, propagation_policy="Background", uid=uid)
        except NotFound:
            pass
        except ApiError as error:
            self.say("Warning", "FailedDelete", f"Deleted job: {error.message}")
            return False
        self.drop(uid)
        self.say("Normal", "SuccessfulDelete", f"Deleted job {name}")
        return True

    def look_at_jobs(self) -> None:
        """Keeps status.active true, and the time of the last success."""
        known = {each["uid"] for each in self.active}
        for job in self.jobs:
            name, uid, ended = job["metadata"]["name"], job["metadata"]["uid"], how_it_ended(job)
            if not ended and uid not in known:
                words = f"Saw a job that the controller did not create or forgot: {name}"
                self.say("Warning", "UnexpectedJob", words)
            elif ended and uid in known:
                self.drop(uid)
                self.say("Normal", "SawCompletedJob", f"Saw completed job: {name}, condition: {ended}")
            completed = job.get("status", {}).get("completionTime")
            if ended == "Complete" and completed:
                self.status["lastSuccessfulTime"] = max(completed, self.status.get("lastSuccessfulTime", ""))
        there = {job["metadata"]["uid"] for job in self.jobs}
        for each in self.active:
            if each["uid"] not in there and not self.exists(each["name"]):
                self.say("Normal", "MissingJob", f"Active job went missing: {each['name']}")
                self.drop(each["uid"])

    def exists(self, name: str) -> bool:
        try:
            self.client.get("Job", name, self.namespace)
        except NotFound:
            return False
        return True

    # --- the next one -------------------------------------------------------------------------------

    def start_if_due(self) -> float | None:
        if self.spec.get("suspend"):
            return None
        try:
            zone, schedule = zone_of(self.spec), cronschedule.parse(self.spec["schedule"])
        except ZoneInfoNotFoundError:
            name = self.spec["timeZone"]
            self.say("Warning", "UnknownTimeZone", f'invalid timeZone: "{name}": unknown time zone {name}')
            return None
        except ValueError as problem:
            words = f'unparseable schedule: "{self.spec["schedule"]}" : {problem}'
            self.say("Warning", "UnparseableSchedule", words)
            return None
        dates = reckon(self.cron_job, schedule, zone, self.now, self.since)
        if dates.missed > TOO_MANY_MISSED:
            words = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self.say("Warning", "TooManyMissedTimes", words)
        if dates.due and self.may_start(dates.due):
            self.start(dates.due, zone)
        return None if dates.next is None else (dates.next - self.now).total_seconds() + PADDING

    def may_start(self, due: datetime) -> bool:
        """Whether the Job of that time is to be made now; if not, perhaps says why."""
        deadline, policy = self.spec.get("startingDeadlineSeconds"), self.spec["concurrencyPolicy"]
        if deadline is not None and due + timedelta(seconds=deadline) < self.now:
            when = due.strftime("%a, %d %b %Y %H:%M:%S +0000")
            self.say("Warning", "MissSchedule", f"Missed scheduled time to start a job: {when}")
            return False
        is_done = self.status.get("lastScheduleTime") == clock.format(due)
        if is_done or job_name(self.cron_job, due) in [each["name"] for each in self.active]:
            return False
        if policy == "Forbid" and self.active:
            words = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self.say("Normal", "JobAlreadyActive", words)
            return False
        return True

    def start(self, due: datetime, zone: tzinfo) -> None:
        """Makes the Job of a time, after ending the others if they are to be replaced. Raises what the API says."""
        if self.spec["concurrencyPolicy"] == "Replace":
            self.end_active()
        wanted = new_job(self.cron_job, due, zone)
        try:
            job = self.client.create(wanted)
        except AlreadyExists:  # we made it, and were stopped before we could write that down
            job = self.client.get("Job", wanted["metadata"]["name"], self.namespace)
            if not meta.is_controlled_by(job, self.cron_job):
                return
        except ApiError as error:
            if not podcontrol.is_namespace_terminating(error):
                self.say("Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        else:
            self.say("Normal", "SuccessfulCreate", f"Created job {job['metadata']['name']}")
        if not how_it_ended(job):
            self.status["active"] = [*self.active, reference_to(job)]
        self.status["lastScheduleTime"] = clock.format(due)

    def end_active(self) -> None:
        for job in [job for job in self.jobs if job["metadata"]["uid"] in {each["uid"] for each in self.active}]:
            if not self.delete_job(job):
                raise ApiError(f"could not replace job {self.namespace}/{job['metadata']['name']}")


# --- Which times ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dates:
    """`due`: the last time that has come and whose Job is not made; how many were `missed` with it; the `next` one."""

    due: datetime | None
    missed: int
    next: datetime | None


def reckon(cron_job: Object, schedule: Schedule, zone: tzinfo, now: datetime, since: datetime | None = None) -> Dates:
    """The dates of a CronJob as seen from `now`. Times before `since` are of another schedule."""
    last = cron_job.get("status", {}).get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
    start = clock.parse(last)
    deadline = cron_job["spec"].get("startingDeadlineSeconds")
    if deadline is not None:
        start = max(start, now - timedelta(seconds=deadline))
    if since is not None:
        start = max(start, since)
    first = schedule.next(start, zone)
    if first is None or first > now:
        return Dates(None, 0, first)
    due, missed = _last_before(schedule, zone, first, now)
    return Dates(due, missed, schedule.next(due, zone))


def _last_before(schedule: Schedule, zone: tzinfo, first: datetime, now: datetime) -> tuple[datetime, int]:
    """The last time up to `now`, and about how many there were since `first`: a long way is not walked step by step."""
    second = schedule.next(first, zone)
    if second is None or second > now:
        return first, 1
    period = second - first
    missed = (now - first) // period + 1
    last, following = first, schedule.next(max(first, first + period * (missed - 2) - timedelta(seconds=1)), zone)
    while following is not None and following <= now:
        last, following = following, schedule.next(following, zone)
    return last, missed


def timing(cron_job: Object) -> tuple[str, str | None]:
    return cron_job["spec"]["schedule"], cron_job["spec"].get("timeZone")


def zone_of(spec: Object) -> tzinfo:
    """Raises ZoneInfoNotFoundError."""
    return ZoneInfo(spec["timeZone"]) if spec.get("timeZone") else UTC


# --- Its Jobs ---------------------------------------------------------------------------------------


def job_name(cron_job: Object, due: datetime) -> str:
    """One name for one time, so that no Job is made twice."""
    return f"{cron_job['metadata']['name']}-{int(due.timestamp()) // 60}"


def new_job(cron_job: Object, due: datetime, zone: tzinfo) -> Object:
    """The Job of a time."""
    template = cron_job["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    stamp = due.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(cron_job, due),
            "namespace": cron_job["metadata"]["namespace"],
            "labels": dict(given.get("labels") or {}),
            "annotations": {**(given.get("annotations") or {}), SCHEDULED_AT: stamp},
            "ownerReferences": [meta.owner_reference(cron_job)],
        },
        "spec": deep_copy(template["spec"]),
    }


def reference_to(job: Object) -> Object:
    """An entry of status.active."""
    identity = {key: job["metadata"][key] for key in ("namespace", "name", "uid", "resourceVersion")}
    return {"kind": "Job", "apiVersion": "batch/v1", **identity}


def how_it_ended(job: Object) -> str:
    """`Complete`, `Failed`, or "" while it has not."""
    for condition in job.get("status", {}).get("conditions", ()):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return condition["type"]
    return ""


def jobs_to_forget(spec: Object, jobs: list[Object]) -> list[Object]:
    """The oldest Jobs that have ended, beyond the limits of the history."""
    found = []
    for ended, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
        past = [job for job in jobs if how_it_ended(job) == ended and not meta.is_being_deleted(job)]
        past.sort(key=lambda job: (job["status"].get("startTime") or "~", job["metadata"]["name"]))
        if spec.get(limit) is not None:
            found += past[: max(0, len(past) - spec[limit])]
    return found
