"""What a ReplicaSet decides, without an API."""

from minikweb.apimachinery.errors import Forbidden
from minikweb.controllers.replicaset import calculate_status, pods_to_delete, what_matters
from tests.controllers.builders import NOW, ago, pod, replicaset


def test_it_works():
    status = calculate_status(replicaset(replicas=2), [pod(), pod(ready=None)], None, NOW)
    assert status == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }


def test_terminating_pods_are_counted_apart():
    status = calculate_status(replicaset(), [pod(), pod(deletionTimestamp=ago(2))], None, NOW)
    assert (status["replicas"], status["terminatingReplicas"]) == (1, 1)


def test_counts_of_zero_are_left_out_as_in_kubernetes():
    status = calculate_status(replicaset(), [], None, NOW)
    assert status == {"replicas": 0, "terminatingReplicas": 0, "observedGeneration": 1}


def test_a_pod_without_all_labels_of_the_template_is_not_fully_labeled():
    rs = replicaset()
    rs["spec"]["template"]["metadata"]["labels"]["tier"] = "front"
    status = calculate_status(rs, [pod(), pod(labels={"app": "web", "tier": "front"})], None, NOW)
    assert status["fullyLabeledReplicas"] == 1


def test_a_ready_pod_is_available_after_min_ready_seconds():
    status = calculate_status(replicaset(min_ready_seconds=10), [pod(ready=5), pod(ready=15)], None, NOW)
    assert (status["readyReplicas"], status["availableReplicas"]) == (2, 1)


def test_a_failure_to_create_is_told_as_a_condition():
    rs = replicaset(replicas=3)
    (condition,) = calculate_status(rs, [pod()], Forbidden("exceeded quota"), NOW)["conditions"]
    assert condition == {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota",
        "lastTransitionTime": ago(0),
    }


def test_the_condition_goes_when_the_failure_has_gone():
    rs = replicaset(status={"conditions": [{"type": "ReplicaFailure", "status": "True"}]})
    assert "conditions" not in calculate_status(rs, [pod()], None, NOW)


def test_only_the_excess_is_deleted():
    pods = [pod(f"p{i}") for i in range(5)]
    assert len(pods_to_delete(replicaset(replicas=3), pods, pods, NOW)) == 2
    assert pods_to_delete(replicaset(replicas=0), pods, pods, NOW) == pods


def test_one_sync_deletes_no_more_than_a_burst():
    pods = [pod(f"p{i}") for i in range(600)]
    assert len(pods_to_delete(replicaset(replicas=0), pods, pods, NOW)) == 500


def test_where_a_pod_runs_does_not_matter_to_its_replicaset_but_its_readiness_does():
    before = pod("p", node="", ready=None, phase="Pending")
    bound = {**before, "spec": {**before["spec"], "nodeName": "node-1"}}
    assert what_matters(bound) == what_matters(before)
    ready = {**bound, "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": ago(0)}]}}
    assert what_matters(ready) != what_matters(bound)
