"""Jobs and CronJobs: defaults, generated selectors, what is wrong with them, what may change, what kubectl prints."""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import pytest

from minikweb.kinds.batch import CRON_JOB, JOB
from minikweb.kinds.registry import Health
from tests.kinds.testdata import messages

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ALWAYS = 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'


def template(**spec):
    return {"spec": {"containers": [{"name": "pi", "image": "perl:5.34"}], "restartPolicy": "Never", **spec}}


def job(name="pi", **spec):
    obj = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "demo", "uid": "uid-1", "creationTimestamp": "2026-11-23T11:00:00Z"},
        "spec": {"template": template(), **copy.deepcopy(spec)},
    }
    JOB.default(obj)
    JOB.prepare_for_create(obj)
    return obj


def changed(obj, **spec):
    new = copy.deepcopy(obj)
    new["spec"].update(copy.deepcopy(spec))
    JOB.default(new)
    JOB.prepare_for_update(new, obj)
    return new


def problems(**spec):
    return messages(JOB.validate(job(**spec), None))


def cron_job(name="hello", **spec):
    obj = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": "demo", "uid": "uid-2", "creationTimestamp": "2026-11-23T11:00:00Z"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template()}}, **spec},
    }
    CRON_JOB.default(obj)
    CRON_JOB.prepare_for_create(obj)
    return obj


def cron_problems(name="hello", **spec):
    return messages(CRON_JOB.validate(cron_job(name, **spec), None))


def with_condition(obj, type_, message=""):
    condition = {"type": type_, "status": "True", "message": message}
    return {**obj, "status": {**obj["status"], "conditions": [condition]}}


def cells(kind, obj):
    return [column.value(obj, NOW) for column in kind.columns]


def test_it_works():
    assert problems() == []
    assert cron_problems() == []


def test_what_a_job_is_by_default():
    spec = {key: value for key, value in job()["spec"].items() if key not in ("selector", "template")}
    assert spec == {
        "completions": 1,
        "parallelism": 1,
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "manualSelector": False,
    }


def test_a_work_queue_has_no_completions():
    assert "completions" not in job(parallelism=3)["spec"]


def test_with_a_limit_per_index_there_is_none_for_all():
    assert job(completionMode="Indexed", completions=2, backoffLimitPerIndex=1)["spec"]["backoffLimit"] == 2147483647


def test_the_selector_is_generated_from_the_uid():
    obj = job()
    assert obj["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "uid-1"}}
    assert obj["spec"]["template"]["metadata"]["labels"] == {
        "batch.kubernetes.io/controller-uid": "uid-1",
        "batch.kubernetes.io/job-name": "pi",
        "controller-uid": "uid-1",
        "job-name": "pi",
    }


def test_a_job_takes_over_the_labels_of_its_template():
    labelled = {**template(), "metadata": {"labels": {"app": "pi"}}}
    assert job(template=labelled)["metadata"]["labels"] == {"app": "pi"}


def test_a_selector_of_ones_own_is_left_alone():
    labelled = {**template(), "metadata": {"labels": {"app": "pi"}}}
    obj = job(template=labelled, manualSelector=True, selector={"matchLabels": {"app": "pi"}})
    assert obj["spec"]["selector"] == {"matchLabels": {"app": "pi"}}
    assert messages(JOB.validate(obj, None)) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"template": template(restartPolicy="Always")}, ALWAYS),
        ({"template": template(restartPolicy=None)}, ALWAYS),
        ({"parallelism": -1}, "spec.parallelism: Invalid value: -1: must be greater than or equal to 0"),
        ({"backoffLimit": -1}, "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"),
        (
            {"completionMode": "Indexed", "parallelism": 2},
            "spec.completions: Required value: when completion mode is Indexed",
        ),
        (
            {"completionMode": "Sorted"},
            'spec.completionMode: Unsupported value: "Sorted": supported values: "NonIndexed", "Indexed"',
        ),
        (
            {"backoffLimitPerIndex": 1},
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        ),
        (
            {"selector": {"matchLabels": {"app": "pi"}}},
            'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"uid-1","app":"pi"}}: '
            "`selector` not auto-generated",
        ),
        (
            {"podFailurePolicy": {"rules": [{"action": "Ignore"}]}},
            "spec.podFailurePolicy.rules[0]: Invalid value: "
            "specifying one of OnExitCodes and OnPodConditions is required",
        ),
        (
            {"podFailurePolicy": {"rules": [{"action": "Stop", "onPodConditions": [{"type": "DisruptionTarget"}]}]}},
            'spec.podFailurePolicy.rules[0].action: Unsupported value: "Stop": supported values: "Count", "FailIndex", '
            '"FailJob", "Ignore"',
        ),
        (
            {"podFailurePolicy": {"rules": []}, "template": template(restartPolicy="OnFailure")},
            'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when '
            "podFailurePolicy is specified",
        ),
        (
            {"successPolicy": {"rules": [{"succeededCount": 1}]}},
            'spec.successPolicy: Invalid value: {"rules":[{"succeededCount":1}]}: requires indexed completion mode',
        ),
        (
            {"completionMode": "Indexed", "completions": 2, "successPolicy": {"rules": [{"succeededIndexes": "0-2"}]}},
            'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-2": error parsing succeededIndexes: '
            'too large index: "2"',
        ),
    ],
)
def test_it_names_what_is_wrong_with_a_job(spec, expected):
    assert expected in problems(**spec)


def test_exit_codes_are_ordered_and_none_is_a_success():
    codes = {"operator": "In", "containerName": "e", "values": [42, 0]}
    found = problems(podFailurePolicy={"rules": [{"action": "FailJob", "onExitCodes": codes}]})
    path = "spec.podFailurePolicy.rules[0].onExitCodes"
    assert found == [
        f'{path}.containerName: Invalid value: "e": must be one of the container or initContainer names in the pod '
        "template",
        f"{path}.values[1]: Invalid value: 0: must not be 0 for the In operator",
        f"{path}.values: Invalid value: [42,0]: must be ordered",
    ]


def test_a_label_that_contradicts_the_generated_one_is_refused():
    labelled = {**template(), "metadata": {"labels": {"job-name": "other"}}}
    (found,) = problems(template=labelled)
    assert found.startswith("spec.template.metadata.labels[job-name]: Invalid value: ")
    assert found.endswith(": must be 'pi'")


def test_a_name_too_long_for_its_pods():
    obj = job("a" * 62, completionMode="Indexed", completions=2)
    (found,) = messages(JOB.validate(obj, None))
    assert found.endswith(f"will not able to create pod with invalid DNS label: {'a' * 62}-1")


@pytest.mark.parametrize("key", ["completions", "completionMode", "selector"])
def test_what_a_job_does_never_changes(key):
    obj = job(completions=3)
    values = {"completions": 4, "completionMode": "Indexed", "selector": {"matchLabels": {"app": "x"}}}
    found = messages(JOB.validate(changed(obj, **{key: values[key]}), obj))
    assert any(problem.startswith(f"spec.{key}: Invalid value: ") for problem in found)


def test_parallelism_and_suspend_may_change():
    obj = job(completions=3)
    new = changed(obj, parallelism=2, suspend=True)
    assert messages(JOB.validate(new, obj)) == []
    assert new["metadata"]["generation"] == 2


def test_an_indexed_job_grows_with_its_parallelism():
    obj = job(completionMode="Indexed", completions=2, parallelism=2)
    assert messages(JOB.validate(changed(obj, completions=4, parallelism=4), obj)) == []
    expected = "spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism"
    assert messages(JOB.validate(changed(obj, completions=4), obj)) == [expected]


def test_only_a_suspended_job_may_be_told_where_to_run():
    for suspend in (True, False):
        obj = job(suspend=suspend)
        new = copy.deepcopy(obj)
        new["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
        found = messages(JOB.validate(new, obj))
        assert (found == []) is suspend
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "perl:6"
    assert "field is immutable" in messages(JOB.validate(new, obj))[0]


def test_what_a_cron_job_is_by_default():
    spec = {key: value for key, value in cron_job()["spec"].items() if key != "jobTemplate"}
    assert spec == {
        "schedule": "* * * * *",
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"schedule": ""}, "spec.schedule: Required value"),
        (
            {"schedule": "* * * *"},
            'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]',
        ),
        (
            {"schedule": "TZ=UTC * * * * *"},
            'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use '
            "timeZone field instead",
        ),
        ({"timeZone": ""}, 'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'),
        ({"timeZone": "Mars/Base"}, 'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'),
        ({"timeZone": "../etc"}, 'spec.timeZone: Invalid value: "../etc": unknown time zone ../etc'),
        (
            {"concurrencyPolicy": "Never"},
            'spec.concurrencyPolicy: Unsupported value: "Never": supported values: "Allow", "Forbid", "Replace"',
        ),
        (
            {"startingDeadlineSeconds": -1},
            "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"jobTemplate": {"spec": {"template": template(restartPolicy="Always")}}},
            'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
        ),
        (
            {"jobTemplate": {"spec": {"template": template(), "manualSelector": True}}},
            'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
        ),
    ],
)
def test_it_names_what_is_wrong_with_a_cron_job(spec, expected):
    assert cron_problems(**spec) == [expected]


def test_the_name_of_a_cron_job_leaves_room_for_its_jobs():
    expected = f'metadata.name: Invalid value: "{"a" * 53}": must be no more than 52 characters'
    assert cron_problems("a" * 53) == [expected]


def test_what_kubectl_prints_of_a_job():
    obj = job(completions=3)
    obj["status"] = {"succeeded": 1, "startTime": "2026-11-23T11:58:00Z"}
    selector = "batch.kubernetes.io/controller-uid=uid-1"
    assert cells(JOB, obj) == ["pi", "Running", "1/3", "2m", "60m", "pi", "perl:5.34", selector]
    done = with_condition(obj, "Complete")
    done["status"]["completionTime"] = "2026-11-23T11:58:30Z"
    assert cells(JOB, done)[1:4] == ["Complete", "1/3", "30s"]
    assert cells(JOB, job(parallelism=3))[1:4] == ["Running", "0/1 of 3", ""]


def test_what_kubectl_prints_of_a_cron_job():
    obj = cron_job()
    assert cells(CRON_JOB, obj) == [
        "hello",
        "* * * * *",
        "<none>",
        "False",
        0,
        "<none>",
        "60m",
        "pi",
        "perl:5.34",
        "<none>",
    ]
    obj["spec"]["timeZone"] = "Etc/UTC"
    obj["status"] = {"active": [{"name": "x"}], "lastScheduleTime": "2026-11-23T11:59:30Z"}
    assert cells(CRON_JOB, obj)[2:6] == ["Etc/UTC", "False", 1, "30s"]


@pytest.mark.parametrize(
    ("condition", "status"),
    [("Complete", "Healthy"), ("Failed", "Degraded"), ("Suspended", "Suspended"), ("FailureTarget", "Degraded")],
)
def test_how_a_job_fares(condition, status):
    assert JOB.health(with_condition(job(), condition, "why")) == Health(status, condition, "why")


def test_how_a_cron_job_fares():
    assert CRON_JOB.health(cron_job()) == Health("Healthy", "* * * * *")
    assert CRON_JOB.health(cron_job(suspend=True)).status == "Suspended"
    assert JOB.health(job()) == Health("Progressing", "Running")
