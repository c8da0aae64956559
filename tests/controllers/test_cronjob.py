"""CronJobs: which times, and what they do with the Jobs they make."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from minikweb.apimachinery import clock
from minikweb.controllers import cronjob
from minikweb.controllers.cronjob import CronJobController, reckon
from minikweb.controllers.job.controller import JobController
from minikweb.kinds import cronschedule
from tests.controllers.builders import metadata

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)


def dates(schedule="0 * * * *", *, last=None, created="2026-11-23T09:30:00Z", zone=UTC, since=None, now=NOW, **spec):
    """(due, missed, next) with times as HH:MM, or days if they are far."""
    obj = {"metadata": {**metadata("hello"), "creationTimestamp": created}, "spec": spec, "status": {}}
    if last:
        obj["status"]["lastScheduleTime"] = last
    found = reckon(obj, cronschedule.parse(schedule), zone, now, since)
    return tuple(f"{x:%H:%M}" if isinstance(x, datetime) else x for x in (found.due, found.missed, found.next))


def test_it_works():
    assert dates(created="2026-11-23T11:30:00Z") == ("12:00", 1, "13:00")


def test_nothing_is_due_before_the_first_time():
    assert dates(created="2026-11-23T12:00:10Z") == (None, 0, "13:00")
    assert dates(last="2026-11-23T12:00:00Z") == (None, 0, "13:00")


def test_of_many_missed_times_only_the_last_is_due():
    assert dates() == ("12:00", 3, "13:00")
    assert dates("30 6-16/4 * * 1-5", created="2026-11-20T09:00:00Z")[0] == "10:30"


def test_a_year_of_missed_minutes_is_not_walked_step_by_step():
    due, missed, following = dates("* * * * *", created="2020-11-23T12:00:00Z")
    assert (due, following, missed > 3_000_000) == ("12:00", "12:01", True)


def test_what_is_older_than_the_deadline_is_not_missed():
    assert dates(startingDeadlineSeconds=200) == ("12:00", 1, "13:00")
    assert dates(startingDeadlineSeconds=20) == (None, 0, "13:00")


def test_times_of_a_schedule_that_was_another_are_not_caught_up_with():
    assert dates(since=NOW - timedelta(seconds=10)) == (None, 0, "13:00")


def test_the_clocks_of_the_zone_count():
    assert dates("0 9 * * *", zone=ZoneInfo("America/Sao_Paulo"), created="2026-11-23T11:00:00Z")[0] == "12:00"


def test_a_date_that_never_comes():
    assert dates("0 0 31 2 *") == (None, 0, None)


# --- Against the API server -------------------------------------------------------------------------------


@pytest.fixture
def cluster(start):
    return start(CronJobController, JobController)


@pytest.fixture
def at(monkeypatch, cluster):
    """at("12:00:30") → it is that time for the controller, and everybody works."""

    def move(text):
        class Frozen(datetime):
            @classmethod
            def now(cls, zone=None):
                return clock.parse(f"2030-01-01T{text}Z")

        monkeypatch.setattr(cronjob, "datetime", Frozen)
        for found in cluster.client.list("CronJob", "default")["items"]:
            cluster.desks["cronjob"].keys[f"default/{found['metadata']['name']}"] = None
        cluster.settle()

    return move


def create(cluster, schedule="* * * * *", **spec):
    template = {"spec": {"containers": [{"name": "hello", "image": "busybox:1"}], "restartPolicy": "OnFailure"}}
    spec = {"schedule": schedule, "startingDeadlineSeconds": 50, **spec}
    job = {"metadata": {"labels": {"app": "hello"}}, "spec": {"template": template}}
    obj = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "hello", "namespace": "default"},
        "spec": {**spec, "jobTemplate": job},
    }
    return cluster.client.create(obj)


def state(cluster):
    return cluster.client.get("CronJob", "hello", "default")["status"]


def finish(cluster, name, type_="Complete"):
    stamp = "2030-01-01T12:00:40Z"
    condition = {"type": type_, "status": "True", "lastTransitionTime": stamp, "lastProbeTime": stamp}
    status = {"conditions": [condition], **({"completionTime": stamp} if type_ == "Complete" else {})}
    cluster.client.patch("Job", name, {"status": status}, "default", subresource="status")
    cluster.settle()


def minute(text):
    return f"hello-{int(clock.parse(f'2030-01-01T{text}:00Z').timestamp()) // 60}"


def test_it_makes_a_job_when_it_is_time(cluster, at):
    create(cluster, timeZone="Europe/Paris")
    at("12:00:05")
    at("12:00:30")
    assert cluster.names("Job") == [minute("12:00")]
    job = cluster.client.get("Job", minute("12:00"), "default")
    assert job["metadata"]["annotations"] == {cronjob.SCHEDULED_AT: "2030-01-01T13:00:00+01:00"}
    assert job["metadata"]["labels"] == {"app": "hello"}
    assert [each["name"] for each in state(cluster)["active"]] == [minute("12:00")]
    assert state(cluster)["lastScheduleTime"] == "2030-01-01T12:00:00Z"
    assert cluster.said("SuccessfulCreate")[0] == f"Created job {minute('12:00')}"
    assert len(cluster.pods()) == 1
    finish(cluster, minute("12:00"))
    assert "active" not in state(cluster)
    assert state(cluster)["lastSuccessfulTime"] == "2030-01-01T12:00:40Z"
    assert cluster.said("SawCompletedJob") == [f"Saw completed job: {minute('12:00')}, condition: Complete"]


def test_it_looks_again_at_the_next_time(cluster, at):
    create(cluster)
    at("12:00:05")
    assert cluster["cronjob"].sync("default", "hello") == 55 + cronjob.PADDING


@pytest.mark.parametrize(("policy", "expected"), [("Allow", ["12:00", "12:01"]), ("Forbid", ["12:00"])])
def test_who_still_runs_may_or_may_not_be_joined(cluster, at, policy, expected):
    create(cluster, concurrencyPolicy=policy)
    at("12:00:05")
    at("12:01:05")
    assert cluster.names("Job") == [minute(text) for text in expected]
    words = "Not starting job because prior execution is running and concurrency policy is Forbid"
    assert (words in cluster.said("JobAlreadyActive")) is (policy == "Forbid")


def test_who_still_runs_may_be_replaced(cluster, at):
    create(cluster, concurrencyPolicy="Replace")
    at("12:00:05")
    at("12:01:05")
    assert cluster.names("Job") == [minute("12:01")]
    assert [each["name"] for each in state(cluster)["active"]] == [minute("12:01")]
    assert cluster.said("SuccessfulDelete")[0] == f"Deleted job {minute('12:00')}"


def test_a_suspended_one_makes_none(cluster, at):
    create(cluster, suspend=True)
    at("12:00:05")
    assert cluster.names("Job") == []
    assert cluster["cronjob"].sync("default", "hello") is None


def test_only_so_many_past_jobs_are_kept(cluster, at):
    create(cluster, successfulJobsHistoryLimit=2, failedJobsHistoryLimit=1)
    for number, type_ in enumerate(["Complete", "Failed", "Complete", "Failed", "Complete"]):
        at(f"12:0{number}:05")
        finish(cluster, minute(f"12:0{number}"), type_)
    assert cluster.names("Job") == [minute("12:02"), minute("12:03"), minute("12:04")]


def test_a_job_that_was_made_before_a_crash_is_not_made_again(cluster, at, monkeypatch):
    create(cluster)
    with monkeypatch.context() as dying:
        dying.setattr(CronJobController, "update_status", lambda *_: None)
        at("12:00:05")
    at("12:00:10")
    assert cluster.names("Job") == [minute("12:00")]
    assert [each["name"] for each in state(cluster)["active"]] == [minute("12:00")]


def test_a_job_that_is_gone_is_no_longer_active(cluster, at):
    create(cluster)
    at("12:00:05")
    cluster.client.delete("Job", minute("12:00"), "default", propagation_policy="Background")
    cluster.settle()
    assert "active" not in state(cluster)
    assert cluster.said("MissingJob") == [f"Active job went missing: {minute('12:00')}"]


def test_a_schedule_that_changes_does_not_catch_up(cluster, at):
    create(cluster, "0 0 1 1 *", startingDeadlineSeconds=None)
    at("12:00:05")
    before = cluster.names("Job")
    cluster.client.patch("CronJob", "hello", {"spec": {"schedule": "0 * * * *"}}, "default")
    at("12:00:10")
    assert cluster.names("Job") == before
    at("13:00:01")
    assert minute("13:00") in cluster.names("Job")
