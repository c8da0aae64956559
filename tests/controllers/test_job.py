"""Jobs against the real API server: how they run, are counted, and end."""

import pytest

from minikweb.apimachinery.errors import NotFound
from minikweb.apimachinery.meta import get_condition
from minikweb.controllers.garbagecollector import GarbageCollector
from minikweb.controllers.job import attempts
from minikweb.controllers.job import controller as job_controller
from minikweb.controllers.job.controller import JobController
from minikweb.controllers.job.progress import Progress
from minikweb.controllers.job.ttl import TTLAfterFinishedController
from minikweb.controllers.podgc import PodGarbageCollector
from minikweb.scheduler.scheduler import Scheduler
from tests.controllers.cluster import Cluster


@pytest.fixture
def cluster(start, monkeypatch):
    cluster = start(JobController, TTLAfterFinishedController, GarbageCollector, PodGarbageCollector, Scheduler)
    for name in ("node-1", "node-2"):
        cluster.node(name)
    return cluster


@pytest.fixture
def no_backoff(monkeypatch):
    monkeypatch.setattr(Progress, "remaining", lambda *_: 0.0)


def run_job(cluster: Cluster, name="pi", *, policy="Never", **spec):
    template = {"spec": {"containers": [{"name": "pi", "image": "perl:5"}], "restartPolicy": policy}}
    metadata = {"name": name, "namespace": "default"}
    obj = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template, **spec}}
    return cluster.client.create(obj)


def job(cluster, name="pi"):
    return cluster.client.get("Job", name, "default")


def status(cluster, *keys):
    found = job(cluster)["status"]
    return tuple(found.get(key, 0) for key in keys)


def conditions(cluster):
    return {each["type"]: each["reason"] for each in job(cluster)["status"].get("conditions", ())}


def end(cluster, pod, exit_code=0):
    """What the kubelet says when the pod's container has ended."""
    stamp = "2026-11-23T12:00:00Z"
    terminated = {"exitCode": exit_code, "finishedAt": stamp, "startedAt": stamp, "reason": "Error"}
    container = {"name": "pi", "image": "perl:5", "imageID": "", "ready": False, "restartCount": 0}
    patch = {
        "status": {
            "phase": "Failed" if exit_code else "Succeeded",
            "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": stamp}],
            "containerStatuses": [{**container, "state": {"terminated": terminated}}],
        }
    }
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    cluster.client.patch("Pod", name, patch, namespace, type="strategic", subresource="status")


def running(cluster):
    pods = cluster.pods()
    return [pod for pod in pods if pod["status"]["phase"] in ("Pending", "Running")]


def finish_all(cluster, exit_code=0):
    """Lets the pods of the moment start and end."""
    cluster.settle(cluster.kubelet)
    pods = running(cluster)
    for pod in pods:
        end(cluster, pod, exit_code)
    cluster.settle()
    return len(pods)


def test_it_works(cluster):
    run_job(cluster)
    assert finish_all(cluster) == 1
    assert conditions(cluster) == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}
    assert status(cluster, "succeeded", "failed", "active", "ready", "terminating") == (1, 0, 0, 0, 0)
    assert job(cluster)["status"]["completionTime"] >= job(cluster)["status"]["startTime"]
    (pod,) = cluster.pods()
    assert not attempts.is_tracked(pod)
    assert pod["metadata"]["name"].startswith("pi-")
    assert cluster.said("SuccessfulCreate") == [f"Created pod: {pod['metadata']['name']}"]
    assert cluster.said("Completed") == ["Job completed"]


def test_as_many_at_a_time_as_parallelism_says_and_never_more_than_are_missing(cluster):
    run_job(cluster, completions=5, parallelism=2)
    assert [finish_all(cluster) for _ in range(4)] == [2, 2, 1, 0]
    assert status(cluster, "succeeded") == (5,)
    assert len(cluster.pods()) == 5


def test_one_that_ends_is_followed_by_the_next(cluster):
    run_job(cluster, completions=3, parallelism=2)
    cluster.settle(cluster.kubelet)
    end(cluster, running(cluster)[0])
    cluster.settle(cluster.kubelet)
    assert status(cluster, "active", "ready", "succeeded") == (2, 2, 1)


def test_a_work_queue_is_done_when_one_has_succeeded_and_all_have_ended(cluster):
    run_job(cluster, parallelism=3)
    cluster.settle(cluster.kubelet)
    first, *others = running(cluster)
    end(cluster, first)
    cluster.settle(cluster.kubelet)
    assert (len(running(cluster)), conditions(cluster)) == (2, {})
    for pod in others:
        end(cluster, pod)
    cluster.settle()
    assert "Complete" in conditions(cluster)


def test_a_failed_pod_is_replaced_until_the_limit_is_exceeded(cluster, no_backoff):
    run_job(cluster, backoffLimit=2)
    assert [finish_all(cluster, 1) for _ in range(4)] == [1, 1, 1, 0]
    assert conditions(cluster) == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}
    assert status(cluster, "failed", "succeeded", "active") == (3, 0, 0)
    assert cluster.said("BackoffLimitExceeded") == ["Job has reached the specified backoff limit"]


def test_a_failed_pod_is_not_replaced_at_once(cluster, monkeypatch):
    monkeypatch.setattr(Progress, "remaining", lambda self, failures, last: 10.0 if failures else 0.0)
    run_job(cluster)
    finish_all(cluster, 1)
    assert running(cluster) == []
    assert cluster["job"].sync("default", "pi") == 10.0


def test_what_still_runs_ends_with_a_job_that_has_failed(cluster, no_backoff):
    run_job(cluster, parallelism=2, completions=2, backoffLimit=0)
    cluster.settle(cluster.kubelet)
    end(cluster, running(cluster)[0], 1)
    cluster.settle()
    assert (status(cluster, "terminating", "active"), "Failed" in conditions(cluster)) == ((1, 0), False)
    cluster.settle(cluster.kubelet)
    assert conditions(cluster)["Failed"] == "BackoffLimitExceeded"
    assert status(cluster, "failed", "terminating") == (2, 0)


def test_a_job_that_takes_too_long_is_ended(cluster):
    run_job(cluster, activeDeadlineSeconds=1000)
    cluster.settle(cluster.kubelet)
    assert 900 < cluster["job"].sync("default", "pi") <= 1000
    cluster.client.patch("Job", "pi", {"spec": {"activeDeadlineSeconds": 0}}, "default")
    cluster.settle(cluster.kubelet)
    assert conditions(cluster)["Failed"] == "DeadlineExceeded"
    assert running(cluster) == []


def test_a_suspended_job_runs_nothing_until_it_is_resumed(cluster):
    run_job(cluster, suspend=True)
    cluster.settle(cluster.kubelet)
    assert (cluster.pods(), conditions(cluster)) == ([], {"Suspended": "JobSuspended"})
    assert "startTime" not in job(cluster)["status"]
    cluster.client.patch("Job", "pi", {"spec": {"suspend": False}}, "default")
    assert finish_all(cluster) == 1
    assert conditions(cluster)["Suspended"] == "JobResumed"
    assert "Complete" in conditions(cluster)
    assert (cluster.said("Suspended"), cluster.said("Resumed")) == (["Job suspended"], ["Job resumed"])


def test_pods_that_end_as_the_job_is_suspended_are_no_failures(cluster):
    run_job(cluster, completions=2, parallelism=2)
    cluster.settle(cluster.kubelet)
    cluster.client.patch("Job", "pi", {"spec": {"suspend": True}}, "default")
    cluster.settle(cluster.kubelet)
    assert (cluster.pods(), status(cluster, "failed", "active")) == ([], (0, 0))
    cluster.client.patch("Job", "pi", {"spec": {"suspend": False}}, "default")
    assert finish_all(cluster) == 2
    assert status(cluster, "succeeded") == (2,)


def test_each_index_is_worked_on_until_it_has_succeeded(cluster, no_backoff):
    run_job(cluster, completionMode="Indexed", completions=3, parallelism=3)
    cluster.settle(cluster.kubelet)
    pods = {attempts.index_of(pod): pod for pod in running(cluster)}
    assert sorted(pods) == [0, 1, 2]
    one = pods[1]
    assert one["metadata"]["name"].startswith("pi-1-")
    assert one["metadata"]["labels"][attempts.INDEX] == "1"
    assert one["spec"]["hostname"] == "pi-1"
    assert one["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"
    for index, exit_code in ((0, 0), (1, 1), (2, 0)):
        end(cluster, pods[index], exit_code)
    cluster.settle(cluster.kubelet)
    assert job(cluster)["status"]["completedIndexes"] == "0,2"
    assert [attempts.index_of(pod) for pod in running(cluster)] == [1]
    finish_all(cluster)
    assert job(cluster)["status"]["completedIndexes"] == "0-2"
    assert status(cluster, "succeeded", "failed") == (3, 1)
    assert "Complete" in conditions(cluster)


def test_an_index_has_a_limit_of_its_own(cluster, no_backoff):
    run_job(cluster, completionMode="Indexed", completions=2, parallelism=2, backoffLimitPerIndex=1)
    for _ in range(3):
        cluster.settle(cluster.kubelet)
        for pod in running(cluster):
            end(cluster, pod, 1 if attempts.index_of(pod) == 0 else 0)
    cluster.settle(cluster.kubelet)
    found = job(cluster)["status"]
    assert (found["completedIndexes"], found["failedIndexes"], found["failed"]) == ("1", "0", 2)
    assert conditions(cluster)["Failed"] == "FailedIndexes"
    assert not any(map(attempts.is_tracked, cluster.pods()))


def test_a_success_policy_ends_a_job_early(cluster):
    rules = [{"succeededIndexes": "0", "succeededCount": 1}]
    run_job(cluster, completionMode="Indexed", completions=3, parallelism=3, successPolicy={"rules": rules})
    cluster.settle(cluster.kubelet)
    end(cluster, next(pod for pod in running(cluster) if attempts.index_of(pod) == 0))
    cluster.settle(cluster.kubelet)
    assert conditions(cluster) == {"SuccessCriteriaMet": "SuccessPolicy", "Complete": "SuccessPolicy"}
    assert status(cluster, "succeeded", "failed") == (1, 0)


def test_a_failure_policy_ends_the_job_or_ignores_the_failure(cluster, no_backoff):
    rules = [
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [3]}},
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
    ]
    run_job(cluster, backoffLimit=0, podFailurePolicy={"rules": rules})
    finish_all(cluster, 3)
    cluster.settle(cluster.kubelet)
    assert (status(cluster, "failed"), conditions(cluster)) == ((0,), {})
    (pod,) = running(cluster)
    finish_all(cluster, 42)
    name = pod["metadata"]["name"]
    words = f"Container pi for pod default/{name} failed with exit code 42 matching FailJob rule at index 1"
    assert get_condition(job(cluster)["status"]["conditions"], "Failed")["message"] == words
    assert conditions(cluster)["Failed"] == "PodFailurePolicy"


def test_a_pod_deleted_by_hand_is_counted_and_replaced(cluster, no_backoff):
    run_job(cluster)
    cluster.settle(cluster.kubelet)
    (pod,) = running(cluster)
    cluster.client.delete("Pod", pod["metadata"]["name"], "default")
    cluster.settle(cluster.kubelet)
    assert status(cluster, "failed", "active") == (1, 1)
    assert finish_all(cluster) == 1
    assert "Complete" in conditions(cluster)


def test_a_success_counts_even_when_the_pod_is_deleted_before_anybody_looked(cluster):
    run_job(cluster)
    cluster.settle(cluster.kubelet)
    (pod,) = running(cluster)
    end(cluster, pod)
    cluster.client.delete("Pod", pod["metadata"]["name"], "default")
    cluster.settle(cluster.kubelet)
    assert (cluster.pods(), status(cluster, "succeeded")) == ([], (1,))


@pytest.mark.parametrize("step", ["change_pod", "update_status"])
def test_nothing_is_counted_twice_when_the_controller_dies_in_between(cluster, monkeypatch, step):
    class Killed(Exception):
        pass

    def die(*_):
        raise Killed

    run_job(cluster, completions=2, parallelism=2)
    cluster.settle(cluster.kubelet)
    for pod in running(cluster):
        end(cluster, pod)
    with monkeypatch.context() as dying:
        dying.setattr(job_controller.JobController, step, die)
        with pytest.raises(Killed):
            cluster.settle()
    cluster.catch_up()
    cluster["job"].sync("default", "pi")
    cluster.settle()
    assert status(cluster, "succeeded") == (2,)
    assert len(cluster.pods()) == 2
    assert "Complete" in conditions(cluster)


@pytest.mark.parametrize("policy", ["Background", "Foreground", "Orphan", None])
def test_a_deleted_job_leaves_no_pod_that_cannot_be_deleted(cluster, policy):
    run_job(cluster, parallelism=2, completions=2)
    cluster.settle(cluster.kubelet)
    cluster.client.delete("Job", "pi", "default", propagation_policy=policy)
    cluster.settle(cluster.kubelet)
    with pytest.raises(NotFound):
        job(cluster)
    pods = cluster.pods()
    assert len(pods) == (2 if policy in ("Orphan", None) else 0)  # of old, Jobs alone leave their pods unless told
    assert not any(map(attempts.is_tracked, pods))


def test_a_job_that_is_over_is_removed_after_its_time(cluster):
    run_job(cluster, ttlSecondsAfterFinished=100)
    cluster.settle(cluster.kubelet)
    assert cluster["ttlafterfinished"].sync("default", "pi") is None
    finish_all(cluster)
    assert 90 < cluster["ttlafterfinished"].sync("default", "pi") <= 100
    cluster.client.patch("Job", "pi", {"spec": {"ttlSecondsAfterFinished": 0}}, "default")
    cluster.settle(cluster.kubelet)
    assert (cluster.names("Job"), cluster.pods()) == ([], [])


def test_restarts_in_place_count_towards_the_limit(cluster):
    run_job(cluster, policy="OnFailure", backoffLimit=2)
    cluster.settle(cluster.kubelet)
    (pod,) = running(cluster)
    container = {"name": "pi", "image": "perl:5", "imageID": "", "ready": False, "restartCount": 2}
    name = pod["metadata"]["name"]
    patch = {"status": {"containerStatuses": [container]}}
    cluster.client.patch("Pod", name, patch, "default", type="strategic", subresource="status")
    cluster.settle(cluster.kubelet)
    assert conditions(cluster)["Failed"] == "BackoffLimitExceeded"


def test_pods_of_a_selector_of_its_own_are_adopted_and_counted(cluster):
    labels = {"app": "pi"}
    containers = [{"name": "pi", "image": "perl:5"}]
    metadata = {"name": "early", "namespace": "default", "labels": labels}
    pod_spec = {"containers": containers, "restartPolicy": "Never"}
    cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec})
    template = {"metadata": {"labels": labels}, "spec": pod_spec}
    run_job(cluster, template=template, manualSelector=True, selector={"matchLabels": labels})
    assert finish_all(cluster) == 1
    assert [pod["metadata"]["name"] for pod in cluster.pods()] == ["early"]
    assert status(cluster, "succeeded") == (1,)


def test_a_job_of_another_manager_is_left_alone(cluster):
    run_job(cluster, managedBy="example.com/queue")
    cluster.settle(cluster.kubelet)
    assert (cluster.pods(), job(cluster)["status"]) == ([], {})
