"""The three ways to delete an owner, against the real API server."""

import pytest

from minikweb.apimachinery.errors import NotFound
from minikweb.apimachinery.meta import is_being_deleted, owner_reference
from minikweb.controllers.deployment.controller import DeploymentController
from minikweb.controllers.garbagecollector import GarbageCollector
from minikweb.controllers.replicaset import ReplicaSetController
from minikweb.scheduler.scheduler import Scheduler


@pytest.fixture
def cluster(start):
    return start(GarbageCollector)


@pytest.fixture
def busy_cluster(start):
    """With a Deployment of two pods that run."""
    cluster = start(GarbageCollector, DeploymentController, ReplicaSetController, Scheduler)
    cluster.node("node-1")
    cluster.deploy(replicas=2)
    cluster.settle(cluster.kubelet)
    return cluster


def config_map(cluster, name, *owners, blocking=True, namespace="default", **metadata):
    references = [{**owner_reference(owner), "controller": False, "blockOwnerDeletion": blocking} for owner in owners]
    metadata = {"name": name, "namespace": namespace, "ownerReferences": references, **metadata}
    return cluster.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def delete(cluster, obj, policy):
    metadata = obj["metadata"]
    cluster.client.delete(obj["kind"], metadata["name"], metadata.get("namespace"), propagation_policy=policy)
    cluster.settle()


def names(cluster):
    return cluster.names("ConfigMap")


def test_it_works(cluster):
    owner = config_map(cluster, "owner")
    config_map(cluster, "mine", owner)
    config_map(cluster, "nobodys")
    cluster.settle()
    delete(cluster, owner, "Background")
    assert names(cluster) == ["nobodys"]


def test_it_goes_down_the_generations(cluster):
    grandparent = config_map(cluster, "a")
    parent = config_map(cluster, "b", grandparent)
    config_map(cluster, "c", parent)
    delete(cluster, grandparent, "Background")
    assert names(cluster) == []


def test_of_two_owners_one_is_enough(cluster):
    first, second = config_map(cluster, "first"), config_map(cluster, "second")
    config_map(cluster, "shared", first, second)
    delete(cluster, first, "Background")
    assert names(cluster) == ["second", "shared"]
    shared = cluster.client.get("ConfigMap", "shared", "default")
    assert [owner["name"] for owner in shared["metadata"]["ownerReferences"]] == ["second"]
    delete(cluster, second, "Background")
    assert names(cluster) == []


def test_an_owner_of_the_same_name_but_another_uid_is_not_the_owner(cluster):
    owner = config_map(cluster, "owner")
    cluster.client.delete("ConfigMap", "owner", "default")
    config_map(cluster, "owner")
    config_map(cluster, "late", owner)
    cluster.settle()
    assert names(cluster) == ["owner"]


def test_an_owner_of_a_kind_that_is_not_served_keeps_its_dependents(cluster):
    reference = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "w", "uid": "1"}
    metadata = {"name": "kept", "namespace": "default", "ownerReferences": [reference]}
    cluster.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    cluster.settle()
    assert names(cluster) == ["kept"]


def test_an_owner_in_another_namespace_is_none(cluster):
    owner = config_map(cluster, "owner", namespace="kube-public")
    config_map(cluster, "stray", owner)
    cluster.settle()
    assert names(cluster) == []


def test_orphans_lose_the_name_of_their_owner(cluster):
    owner = config_map(cluster, "owner")
    config_map(cluster, "orphan", owner)
    delete(cluster, owner, "Orphan")
    assert names(cluster) == ["orphan"]
    assert "ownerReferences" not in cluster.client.get("ConfigMap", "orphan", "default")["metadata"]


def test_in_the_foreground_the_owner_waits_for_what_blocks_it(cluster):
    owner = config_map(cluster, "owner")
    config_map(cluster, "held", owner, finalizers=["example.com/hold"])
    delete(cluster, owner, "Foreground")
    assert names(cluster) == ["held", "owner"]
    assert is_being_deleted(cluster.client.get("ConfigMap", "held", "default"))
    cluster.client.patch("ConfigMap", "held", {"metadata": {"finalizers": None}}, "default")
    cluster.settle()
    assert names(cluster) == []


def test_what_does_not_block_is_not_waited_for(cluster):
    owner = config_map(cluster, "owner")
    config_map(cluster, "held", owner, blocking=False, finalizers=["example.com/hold"])
    delete(cluster, owner, "Foreground")
    assert names(cluster) == ["held"]
    assert is_being_deleted(cluster.client.get("ConfigMap", "held", "default"))


def test_a_circle_of_owners_ends_too(cluster):
    first = config_map(cluster, "first")
    second = config_map(cluster, "second", first)
    circle = {"metadata": {"ownerReferences": [owner_reference(second)]}}
    first = cluster.client.patch("ConfigMap", "first", circle, "default")
    cluster.settle()
    delete(cluster, first, "Foreground")
    assert names(cluster) == []


def test_a_deployment_takes_its_replicasets_and_pods_along(busy_cluster):
    cluster = busy_cluster
    cluster.client.delete("Deployment", "web", "default", propagation_policy="Background")
    cluster.settle(cluster.kubelet)
    assert [cluster.names(kind) for kind in ("Deployment", "ReplicaSet", "Pod")] == [[], [], []]


def test_a_deployment_deleted_in_the_foreground_is_the_last_to_go(busy_cluster):
    cluster = busy_cluster
    cluster.client.delete("Deployment", "web", "default", propagation_policy="Foreground")
    cluster.settle()
    assert [len(cluster.names(kind)) for kind in ("Deployment", "ReplicaSet", "Pod")] == [1, 1, 2]
    assert all(is_being_deleted(pod) for pod in cluster.pods())
    cluster.settle(cluster.kubelet)
    assert [cluster.names(kind) for kind in ("Deployment", "ReplicaSet", "Pod")] == [[], [], []]


def test_the_pods_of_an_orphaned_replicaset_are_adopted_by_a_new_deployment(busy_cluster):
    cluster = busy_cluster
    pods = cluster.names("Pod")
    cluster.client.delete("Deployment", "web", "default", propagation_policy="Orphan")
    cluster.settle(cluster.kubelet)
    with pytest.raises(NotFound):
        cluster.client.get("Deployment", "web", "default")
    assert cluster.names("Pod") == pods
    made = cluster.deploy(replicas=2)
    cluster.settle(cluster.kubelet)
    (rs,) = cluster.client.list("ReplicaSet", "default")["items"]
    assert rs["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert cluster.names("Pod") == pods


def test_when_all_owners_live_nothing_is_looked_at(busy_cluster):
    collector = busy_cluster["garbagecollector"]
    for pod in busy_cluster.pods():
        assert list(collector.keys("Pod", None, pod)) == []
