"""What a Job does next, reckoned from its pods alone."""

import pytest

from minikweb.controllers.job import attempts, failurepolicy, indexes, tally
from minikweb.controllers.job.plan import new_pod, plan
from minikweb.controllers.job.progress import Progress
from minikweb.controllers.job.verdict import seconds_until_deadline, verdict
from tests.controllers.builders import NOW, ago, metadata, pod, template


def job(status=None, **spec):
    defaults = {"parallelism": 1, "backoffLimit": 6, "selector": {}, "template": template()}
    if "parallelism" not in spec:
        defaults["completions"] = 1
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata("pi"),
        "spec": {**defaults, **spec},
        "status": {"startTime": ago(100), **(status or {})},
    }


def attempt(phase="Running", *, ended=0.0, index=None, finalizers=(attempts.FINALIZER,), failures=0, **more):
    """A pod of a Job; `ended` seconds ago."""
    status = {
        "containerStatuses": [{"name": "web", "state": {"terminated": {"exitCode": 1, "finishedAt": ago(ended)}}}]
    }
    annotations = {} if index is None else {attempts.INDEX: str(index), attempts.FAILURES: str(failures)}
    status = status if phase in ("Failed", "Succeeded") else {}
    return pod(phase=phase, ready=None, status=status, finalizers=list(finalizers), annotations=annotations, **more)


def progress(pods=(), status=None, **spec):
    return Progress(job(status, **spec), list(pods), NOW)


def test_it_works():
    step = plan(progress(parallelism=2, completions=3))
    assert (len(step.create), step.delete, step.again) == (2, [], None)


@pytest.mark.parametrize(
    ("completions", "parallelism", "succeeded", "running", "expected"),
    [
        (3, 5, 0, 0, 3),
        (3, 5, 2, 0, 1),
        (3, 5, 2, 1, 0),
        (3, 0, 0, 0, 0),
        (3, 2, 3, 0, 0),
        (None, 3, 0, 1, 2),
        (None, 3, 1, 1, 0),
    ],
)
def test_how_many_begin(completions, parallelism, succeeded, running, expected):
    pods = [attempt() for _ in range(running)]
    found = plan(progress(pods, {"succeeded": succeeded}, completions=completions, parallelism=parallelism))
    assert len(found.create) == expected


def test_less_parallelism_ends_the_least_useful_pods():
    pending, running = attempt("Pending", node=""), attempt()
    assert plan(progress([running, pending], completions=5, parallelism=1)).delete == [pending]


@pytest.mark.parametrize(("failures", "expected"), [(1, 10.0), (2, 20.0), (3, 40.0), (7, 600.0), (20, 600.0)])
def test_each_failure_doubles_the_wait(failures, expected):
    found = plan(progress([attempt("Failed") for _ in range(failures)], backoffLimit=99))
    assert (found.create, found.again) == ([], expected)


def test_the_wait_counts_from_the_last_failure():
    assert plan(progress([attempt("Failed", ended=30), attempt("Failed", ended=15)])).again == 5.0
    assert len(plan(progress([attempt("Failed", ended=10)])).create) == 1


def test_a_success_ends_the_wait():
    pods = [attempt("Failed", ended=3), attempt("Failed", ended=2), attempt("Succeeded", ended=1)]
    assert len(plan(progress(pods, completions=3, parallelism=1)).create) == 1


def test_what_is_ending_is_waited_for_if_only_what_has_failed_is_replaced():
    ending = attempt(deletionTimestamp=ago(0))
    for policy, expected in (("Failed", 0), ("TerminatingOrFailed", 1)):
        found = progress([ending], podReplacementPolicy=policy)
        found.__dict__["backoff"] = 0.0
        assert len(plan(found).create) == expected


def test_two_pods_of_one_index_are_one_too_many():
    young, old = attempt(index=0, age=5), attempt(index=0, age=500)
    stray = attempt(index=7)
    found = plan(progress([old, young, stray], completionMode="Indexed", completions=3, parallelism=3))
    assert found.delete == [young, stray] or found.delete == [stray, young]


def test_the_first_free_indexes_are_taken():
    pods = [attempt(index=1), attempt("Succeeded", index=2)]
    status = {"completedIndexes": "0"}
    found = plan(progress(pods, status, completionMode="Indexed", completions=6, parallelism=3))
    assert [attempts.index_of(made) for made in found.create] == [3, 4]


def test_the_failures_of_an_index_are_counted_from_pod_to_pod():
    failed = attempt("Failed", index=0, failures=1, ended=1000)
    found = progress([failed], completionMode="Indexed", completions=1, backoffLimitPerIndex=3)
    assert new_pod(found, 0)["metadata"]["annotations"][attempts.FAILURES] == "2"
    assert not tally.may_release(found, failed, True, None)


def test_a_long_name_is_cut_before_the_index():
    found = progress(completionMode="Indexed", completions=20)
    found.job["metadata"]["name"] = "a" * 61
    assert new_pod(found, 12)["metadata"]["generateName"] == "a" * 54 + "-12-"


def test_a_variable_of_the_same_name_is_left_alone():
    found = progress(completionMode="Indexed", completions=1)
    found.job["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "JOB_COMPLETION_INDEX", "value": "x"}]
    assert new_pod(found, 0)["spec"]["containers"][0]["env"] == [{"name": "JOB_COMPLETION_INDEX", "value": "x"}]


@pytest.mark.parametrize(
    ("pods", "status", "spec", "reason"),
    [
        ([], {}, {}, None),
        ([attempt("Failed")], {}, {"backoffLimit": 1}, None),
        ([attempt("Failed")], {"failed": 1}, {"backoffLimit": 1}, "BackoffLimitExceeded"),
        ([attempt("Failed", finalizers=())], {"failed": 1}, {"backoffLimit": 1}, None),
        ([], {}, {"activeDeadlineSeconds": 100}, "DeadlineExceeded"),
        ([], {}, {"activeDeadlineSeconds": 101}, None),
        ([], {}, {"activeDeadlineSeconds": 100, "suspend": True}, None),
    ],
)
def test_when_it_has_failed(pods, status, spec, reason):
    found = verdict(progress(pods, status, **spec))
    assert (found and found[1]) == reason


def test_too_many_indexes_have_failed():
    spec = {"completionMode": "Indexed", "completions": 9, "backoffLimitPerIndex": 0, "maxFailedIndexes": 1}
    assert verdict(progress([], {"failedIndexes": "0"}, **spec)) is None
    assert verdict(progress([], {"failedIndexes": "0,1"}, **spec))[1] == "MaxFailedIndexesExceeded"


def test_seconds_until_the_deadline():
    assert seconds_until_deadline(progress(activeDeadlineSeconds=130)) == 30.0
    assert seconds_until_deadline(progress()) is None


def test_an_end_is_noted_first_and_counted_when_the_finalizer_is_gone():
    pods = [attempt("Succeeded"), attempt("Failed")]
    uids = [each["metadata"]["uid"] for each in pods]
    noted, released = tally.note(progress(pods, completions=2, parallelism=2), None)
    assert released == pods
    assert noted["uncountedTerminatedPods"] == {"succeeded": uids[:1], "failed": uids[1:]}
    half = tally.count_released(noted, {uids[1]})
    assert (half["succeeded"], half["failed"], half["uncountedTerminatedPods"]) == (1, 0, {"failed": uids[1:]})


def test_what_is_noted_is_not_noted_again():
    (gone,) = pods = [attempt("Succeeded")]
    status = {"uncountedTerminatedPods": {"succeeded": [gone["metadata"]["uid"]]}}
    found = progress(pods, status)
    assert found.succeeded == 1
    assert tally.note(found, None)[0]["uncountedTerminatedPods"] == status["uncountedTerminatedPods"]


@pytest.mark.parametrize(
    ("found", "text"), [(set(), ""), ({0}, "0"), ({0, 1}, "0,1"), ({0, 1, 2, 5}, "0-2,5"), ({7, 3, 4, 5}, "3-5,7")]
)
def test_indexes_are_written_as_ranges(found, text):
    assert indexes.render(found) == text
    assert indexes.parse(text, 10) == found


def test_indexes_beyond_the_end_are_left_out():
    assert indexes.parse("1-9,12,x", 4) == {1, 2, 3}


def test_the_first_rule_that_matches_decides():
    rules = [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [5], "containerName": "web"}},
    ]
    of = job(podFailurePolicy={"rules": rules})
    failed = attempt("Failed", name="one")
    words = "Container web for pod default/one failed with exit code 1 matching FailJob rule at index 1"
    assert failurepolicy.action(of, failed) == ("FailJob", words)
    failed["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True"}]
    assert failurepolicy.action(of, failed)[0] == "Ignore"
    assert failurepolicy.action(of, attempt()) == ("Count", "")
