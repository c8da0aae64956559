"""The status of a ResourceQuota: counted when something comes, goes or changes in size."""

from minikweb.controllers.replicaset import ReplicaSetController
from minikweb.controllers.resourcequota import ResourceQuotaController


def quota(cluster, hard, **spec):
    metadata = {"name": "team", "namespace": "default"}
    return cluster.client.create(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard, **spec}}
    )


def status(cluster):
    cluster.settle()
    return cluster.client.get("ResourceQuota", "team", "default")["status"]


def pod(cluster, name, **requests):
    container = {"name": "web", "image": "web:1", "resources": {"requests": requests}}
    metadata = {"name": name, "namespace": "default"}
    return cluster.client.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
    )


def test_what_is_there_is_counted(start):
    cluster = start(ResourceQuotaController)
    pod(cluster, "a", cpu="100m", memory="64Mi")
    quota(cluster, {"pods": "5", "requests.cpu": "1", "requests.memory": "1Gi", "configmaps": "9"})
    assert status(cluster) == {
        "hard": {"pods": "5", "requests.cpu": "1", "requests.memory": "1Gi", "configmaps": "9"},
        "used": {"pods": "1", "requests.cpu": "100m", "requests.memory": "64Mi", "configmaps": "0"},
    }


def test_it_follows_what_comes_goes_and_ends(start):
    cluster = start(ResourceQuotaController)
    quota(cluster, {"pods": "5", "requests.cpu": "1"})
    for name in ("a", "b"):
        pod(cluster, name, cpu="100m")
    assert status(cluster)["used"] == {"pods": "2", "requests.cpu": "200m"}
    cluster.client.delete("Pod", "a", "default")
    assert status(cluster)["used"] == {"pods": "1", "requests.cpu": "100m"}
    cluster.client.patch("Pod", "b", {"status": {"phase": "Succeeded"}}, "default", subresource="status")
    assert status(cluster)["used"] == {"pods": "0", "requests.cpu": "0"}


def test_what_the_quota_no_longer_names_leaves_its_status(start):
    cluster = start(ResourceQuotaController)
    quota(cluster, {"pods": "5", "configmaps": "9"})
    status(cluster)
    cluster.client.patch("ResourceQuota", "team", {"spec": {"hard": {"configmaps": None}}}, "default")
    assert status(cluster) == {"hard": {"pods": "5"}, "used": {"pods": "0"}}


def test_only_pods_of_its_scope_count(start):
    cluster = start(ResourceQuotaController)
    quota(cluster, {"pods": "5"}, scopes=["BestEffort"])
    pod(cluster, "a")
    pod(cluster, "b", cpu="1")
    assert status(cluster)["used"] == {"pods": "1"}


def test_custom_resources_are_counted(start):
    cluster = start(ResourceQuotaController)
    names = {"plural": "crontabs", "kind": "CronTab", "singular": "crontab"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    cluster.client.create(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "crontabs.example.com"},
            "spec": spec,
        }
    )
    path = "/apis/example.com/v1/namespaces/default/crontabs"
    cluster.client.request(
        "POST", path, body={"apiVersion": "example.com/v1", "kind": "CronTab", "metadata": {"name": "a"}}
    )
    quota(cluster, {"count/crontabs.example.com": "5"})
    assert status(cluster)["used"] == {"count/crontabs.example.com": "1"}


def test_a_replicaset_makes_as_many_pods_as_the_quota_allows_and_goes_on_when_there_is_room(start):
    cluster = start(ResourceQuotaController, ReplicaSetController)
    quota(cluster, {"pods": "2"})
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
    cluster.client.create(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        }
    )
    for _ in range(5):
        cluster.round()
    assert len(cluster.pods()) == 2
    assert any(
        "exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2" in why
        for why in cluster.said("FailedCreate")
    )
    cluster.client.patch("ResourceQuota", "team", {"spec": {"hard": {"pods": "3"}}}, "default")
    cluster.settle()
    assert len(cluster.pods()) == 3
    assert status(cluster)["used"] == {"pods": "3"}
