"""Deployment, ReplicaSet and scheduler together, against the real API server."""

import pytest

from minikweb.apimachinery.errors import Forbidden
from minikweb.apimachinery.meta import controller_of, get_condition
from minikweb.controllers.deployment.controller import DeploymentController
from minikweb.controllers.replicaset import ReplicaSetController
from minikweb.scheduler.scheduler import Scheduler


@pytest.fixture
def cluster(start):
    cluster = start(DeploymentController, ReplicaSetController, Scheduler)
    for name in ("node-1", "node-2", "node-3"):
        cluster.node(name)
    return cluster


def deployment(cluster):
    return cluster.client.get("Deployment", "web", "default")


def images(cluster):
    return sorted({pod["spec"]["containers"][0]["image"] for pod in cluster.pods()})


def sizes(cluster):
    """Revision → replicas of its ReplicaSet."""
    found = cluster.client.list("ReplicaSet", "default")["items"]
    return {rs["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: rs["spec"]["replicas"] for rs in found}


def test_it_works(cluster):
    cluster.deploy(replicas=3)
    cluster.settle(cluster.kubelet)
    web = deployment(cluster)
    assert web["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert web["metadata"]["generation"] == 1
    status = {key: value for key, value in web["status"].items() if key != "conditions"}
    assert status == {
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }
    assert sorted(pod["spec"]["nodeName"] for pod in cluster.pods()) == ["node-1", "node-2", "node-3"]
    assert get_condition(web["status"]["conditions"], "Progressing")["reason"] == "NewReplicaSetAvailable"
    (name,) = cluster.names("ReplicaSet")
    assert cluster.said("ScalingReplicaSet") == [f"Scaled up replica set {name} from 0 to 3"]
    assert len(cluster.said("SuccessfulCreate")) == 3


def test_when_all_is_well_nothing_is_written(cluster):
    cluster.deploy()
    cluster.settle(cluster.kubelet)
    before = cluster.client.list("Namespace")["metadata"]["resourceVersion"]
    for desk in cluster.desks.values():
        desk.keys["default/web"] = None
    cluster.settle()
    assert cluster.client.list("Namespace")["metadata"]["resourceVersion"] == before


def test_a_pod_that_is_deleted_is_replaced(cluster):
    cluster.deploy()
    cluster.settle(cluster.kubelet)
    victim = cluster.pods()[0]["metadata"]["name"]
    cluster.client.delete("Pod", victim, "default")
    cluster.settle(cluster.kubelet)
    assert len(cluster.pods()) == 3
    assert victim not in cluster.names("Pod")


def test_scaling_up_and_down_and_to_zero(cluster):
    cluster.deploy()
    for replicas in (5, 0, 2):
        cluster.client.patch("Deployment", "web", {"spec": {"replicas": replicas}}, "default", subresource="scale")
        cluster.settle(cluster.kubelet)
        assert len(cluster.pods()) == replicas
    assert sizes(cluster) == {"1": 2}
    assert len(cluster.said("SuccessfulDelete")) == 5


def test_a_new_image_rolls_out_and_the_history_is_kept(cluster):
    cluster.deploy(replicas=4)
    cluster.settle(cluster.kubelet)
    cluster.set_image("web:2")
    cluster.settle(cluster.kubelet)
    assert images(cluster) == ["web:2"]
    assert sizes(cluster) == {"1": 0, "2": 4}


def test_a_rollback_is_a_new_revision_of_an_old_replicaset(cluster):
    cluster.deploy()
    cluster.settle(cluster.kubelet)
    for image in ("web:2", "web:1"):
        cluster.set_image(image)
        cluster.settle(cluster.kubelet)
    assert sizes(cluster) == {"2": 0, "3": 3}
    assert images(cluster) == ["web:1"]
    assert deployment(cluster)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


def test_the_change_cause_goes_along(cluster):
    cluster.deploy()
    cluster.settle(cluster.kubelet)
    cause = {"metadata": {"annotations": {"kubernetes.io/change-cause": "first try"}}}
    cluster.client.patch("Deployment", "web", cause, "default")
    cluster.settle(cluster.kubelet)
    (rs,) = cluster.client.list("ReplicaSet", "default")["items"]
    assert rs["metadata"]["annotations"]["kubernetes.io/change-cause"] == "first try"


def test_old_revisions_beyond_the_limit_are_deleted(cluster):
    cluster.deploy(revisionHistoryLimit=1)
    for number in (2, 3, 4):
        cluster.settle(cluster.kubelet)
        cluster.set_image(f"web:{number}")
    cluster.settle(cluster.kubelet)
    assert sizes(cluster) == {"3": 0, "4": 3}


def test_a_paused_deployment_does_not_roll_out_but_scales(cluster):
    cluster.deploy()
    cluster.settle(cluster.kubelet)
    cluster.client.patch("Deployment", "web", {"spec": {"paused": True}}, "default")
    cluster.set_image("web:2")
    cluster.client.patch("Deployment", "web", {"spec": {"replicas": 5}}, "default")
    cluster.settle(cluster.kubelet)
    assert images(cluster) == ["web:1"]
    assert len(cluster.pods()) == 5
    assert get_condition(deployment(cluster)["status"]["conditions"], "Progressing")["reason"] == "DeploymentPaused"
    cluster.client.patch("Deployment", "web", {"spec": {"paused": None}}, "default")
    cluster.settle(cluster.kubelet)
    assert images(cluster) == ["web:2"]


def test_recreate_ends_all_old_pods_first(cluster):
    cluster.deploy(strategy={"type": "Recreate"})
    cluster.settle(cluster.kubelet)
    cluster.set_image("web:2")
    cluster.settle()
    assert images(cluster) == ["web:1"]
    cluster.settle(cluster.kubelet)
    assert images(cluster) == ["web:2"]


def test_a_hash_that_is_taken_gets_another_one(cluster):
    cluster.deploy()
    cluster.settle(cluster.kubelet)
    (taken,) = cluster.client.list("ReplicaSet", "default")["items"]
    labels = {"app": "other"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x", "image": "x"}]}}
    squatter = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    cluster.client.delete("ReplicaSet", taken["metadata"]["name"], "default")
    metadata = {"name": taken["metadata"]["name"], "namespace": "default"}
    cluster.client.create({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": squatter})
    cluster.settle(cluster.kubelet)
    assert deployment(cluster)["status"]["collisionCount"] == 1
    assert deployment(cluster)["status"]["availableReplicas"] == 3


def test_orphans_that_match_are_adopted_and_strays_are_released(cluster):
    cluster.deploy(replicas=2)
    cluster.settle(cluster.kubelet)
    stray = cluster.pods()[0]
    cluster.client.patch("Pod", stray["metadata"]["name"], {"metadata": {"labels": {"app": "stray"}}}, "default")
    cluster.settle(cluster.kubelet)
    stray = cluster.client.get("Pod", stray["metadata"]["name"], "default")
    assert controller_of(stray) is None
    assert len(cluster.pods()) == 3
    (rs,) = cluster.client.list("ReplicaSet", "default")["items"]
    labels = rs["spec"]["template"]["metadata"]["labels"]
    cluster.client.patch("Pod", stray["metadata"]["name"], {"metadata": {"labels": labels}}, "default")
    cluster.settle(cluster.kubelet)
    found = {pod["metadata"]["name"]: pod for pod in cluster.pods()}
    assert len(found) == 2
    assert all(controller_of(pod)["uid"] == rs["metadata"]["uid"] for pod in found.values())


def test_pods_that_the_api_refuses_are_told_until_it_takes_them(cluster, monkeypatch):
    def refuse(obj):
        raise Forbidden("exceeded quota")

    with monkeypatch.context() as quota:
        quota.setattr(cluster["replicaset"].client, "create", refuse)
        cluster.deploy(replicas=2)
        assert all(cluster.round() for _ in range(5))
        for kind in ("ReplicaSet", "Deployment"):
            (found,) = cluster.client.list(kind, "default")["items"]
            condition = get_condition(found["status"]["conditions"], "ReplicaFailure")
            assert (condition["reason"], condition["message"]) == ("FailedCreate", "exceeded quota")
        assert cluster.said("FailedCreate")[0] == "Error creating: exceeded quota"
    cluster.settle(cluster.kubelet)
    assert get_condition(deployment(cluster)["status"]["conditions"], "ReplicaFailure") is None
    assert len(cluster.pods()) == 2


def test_a_pod_that_fits_nowhere_waits_and_says_why_until_a_node_comes(cluster):
    big = [{"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "6"}}}]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "big", "namespace": "default"}}
    cluster.client.create({**pod, "spec": {"containers": big}})
    cluster.settle()
    condition = get_condition(cluster.pods()[0]["status"]["conditions"], "PodScheduled")
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    assert condition["message"].startswith("0/3 nodes are available: 3 Insufficient cpu. preemption: ")
    assert cluster.said("FailedScheduling") == [condition["message"]]
    cluster.node("node-4")
    more = {"cpu": "8", "memory": "8Gi", "pods": "110"}
    cluster.client.patch("Node", "node-4", {"status": {"allocatable": more, "capacity": more}}, subresource="status")
    cluster.settle()
    assert cluster.pods()[0]["spec"]["nodeName"] == "node-4"
    assert cluster.said("Scheduled") == ["Successfully assigned default/big to node-4"]


def test_nodes_are_not_overcommitted(cluster):
    half = {"requests": {"cpu": "2"}}
    containers = [{"name": "web", "image": "web:1", "resources": half}]
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}
    cluster.deploy(replicas=9, template=template)
    cluster.settle(cluster.kubelet)
    nodes = [pod["spec"].get("nodeName", "") for pod in cluster.pods()]
    assert {node: nodes.count(node) for node in nodes} == {"": 3, "node-1": 2, "node-2": 2, "node-3": 2}
