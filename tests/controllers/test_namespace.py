"""How a namespace ends and what it is born with, against the real API server."""

import pytest

from minikweb.apimachinery.errors import NotFound
from minikweb.apimachinery.meta import get_condition
from minikweb.controllers.deployment.controller import DeploymentController
from minikweb.controllers.namespace import LOOK_AGAIN, NamespaceController
from minikweb.controllers.replicaset import ReplicaSetController
from minikweb.controllers.serviceaccount import ServiceAccountController
from minikweb.scheduler.scheduler import Scheduler


@pytest.fixture
def authority(tmp_path, monkeypatch):
    file = tmp_path / "ca.crt"
    file.write_text("-----BEGIN CERTIFICATE-----\n")
    monkeypatch.setattr(ServiceAccountController, "ca_file", file)
    return file


@pytest.fixture
def cluster(start, authority):
    cluster = start(
        NamespaceController, ServiceAccountController, DeploymentController, ReplicaSetController, Scheduler
    )
    cluster.node("node-1")
    cluster.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}})
    cluster.settle()
    return cluster


def is_gone(cluster, name="demo"):
    try:
        cluster.client.get("Namespace", name)
    except NotFound:
        return True
    return False


def condition(cluster, type_):
    return get_condition(cluster.client.get("Namespace", "demo")["status"]["conditions"], type_)


def test_it_works(cluster):
    cluster.client.delete("Namespace", "demo")
    cluster.settle()
    assert is_gone(cluster)


def test_every_namespace_has_an_account_and_the_authority(cluster):
    for namespace in ("default", "kube-system", "demo"):
        assert cluster.names("ServiceAccount", namespace) == ["default"]
        assert cluster.names("ConfigMap", namespace) == ["kube-root-ca.crt"]


def test_what_is_taken_away_comes_back(cluster):
    cluster.client.delete("ServiceAccount", "default", "demo")
    cluster.client.patch("ConfigMap", "kube-root-ca.crt", {"data": {"ca.crt": "forged"}}, "demo")
    cluster.settle()
    assert cluster.names("ServiceAccount", "demo") == ["default"]
    found = cluster.client.get("ConfigMap", "kube-root-ca.crt", "demo")
    assert found["data"]["ca.crt"].startswith("-----BEGIN")


def test_without_an_authority_of_ours_only_the_account_is_made(cluster, authority):
    authority.unlink()
    cluster.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bare"}})
    cluster.settle()
    assert cluster.names("ServiceAccount", "bare") == ["default"]
    assert cluster.names("ConfigMap", "bare") == []


def test_all_in_it_ends_and_pods_end_first(cluster):
    cluster.deploy(replicas=2, namespace="demo")
    cluster.settle(cluster.kubelet)
    cluster.client.delete("Namespace", "demo")
    cluster.settle()
    assert len(cluster.pods("demo")) == 2
    assert cluster.names("ServiceAccount", "demo") == ["default"]
    assert cluster.client.get("Namespace", "demo")["status"]["phase"] == "Terminating"
    cluster.settle(cluster.kubelet)
    assert is_gone(cluster)
    assert cluster.client.list("Deployment")["items"] == []


def test_what_holds_it_is_told(cluster):
    held = {"name": "held", "namespace": "demo", "finalizers": ["example.com/hold"]}
    cluster.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held})
    cluster.client.delete("Namespace", "demo")
    cluster.settle()
    assert condition(cluster, "NamespaceContentRemaining")["message"] == (
        "Some resources are remaining: configmaps. has 1 resource instances"
    )
    assert condition(cluster, "NamespaceFinalizersRemaining")["message"] == (
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    )
    assert condition(cluster, "NamespaceDeletionContentFailure")["status"] == "False"
    assert cluster["namespace"].sync("", "demo") == LOOK_AGAIN
    cluster.client.patch("ConfigMap", "held", {"metadata": {"finalizers": None}}, "demo")
    cluster["namespace"].sync("", "demo")
    assert is_gone(cluster)


def test_a_finalizer_of_somebody_else_keeps_the_empty_namespace(cluster):
    cluster.client.patch("Namespace", "demo", {"metadata": {"finalizers": ["example.com/mine"]}})
    cluster.client.delete("Namespace", "demo")
    cluster.settle()
    namespace = cluster.client.get("Namespace", "demo")
    assert namespace["spec"].get("finalizers", []) == []
    cluster.client.patch("Namespace", "demo", {"metadata": {"finalizers": None}})
    assert is_gone(cluster)


def test_a_living_namespace_is_left_alone(cluster):
    cluster["namespace"].sync("", "demo")
    assert not is_gone(cluster)
