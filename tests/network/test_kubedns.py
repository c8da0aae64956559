"""The Service of the cluster's DNS, and who answers, on a real API server."""

import pytest

from minikweb.network.kubedns import KubeDNS
from tests.controllers.cluster import Cluster
from tests.store.conftest import migrated, storage

__all__ = ["migrated", "storage"]


@pytest.fixture
def cluster(storage):
    found = Cluster(storage, KubeDNS)
    yield found
    found.stop()


def node(cluster, number, *, runtime="docker"):
    name = f"node-{number}"
    cluster.node(name, podCIDR=f"10.244.{number}.0/24")
    cluster.client.patch("Node", name, {"metadata": {"labels": {"minikweb.io/runtime": runtime}}})
    addresses = [{"type": "InternalIP", "address": f"10.244.0.{10 + number}"}]
    cluster.client.patch("Node", name, {"status": {"addresses": addresses}}, subresource="status")


def answering(cluster):
    found = cluster.client.get("EndpointSlice", "kube-dns-nodes", "kube-system")
    return [(one["nodeName"], *one["addresses"]) for one in found["endpoints"]]


def test_it_works(cluster):
    node(cluster, 1)
    node(cluster, 2)
    cluster.settle()
    assert cluster.client.get("Service", "kube-dns", "kube-system")["spec"]["clusterIP"] == "10.96.0.10"
    assert answering(cluster) == [("node-1", "10.244.0.11"), ("node-2", "10.244.0.12")]


def test_the_slice_follows_the_nodes(cluster):
    node(cluster, 1)
    node(cluster, 2)
    cluster.settle()
    cluster.client.delete("Node", "node-1")
    cluster.settle()
    assert answering(cluster) == [("node-2", "10.244.0.12")]


def test_a_deleted_service_is_made_anew(cluster):
    node(cluster, 1)
    cluster.settle()
    cluster.client.delete("Service", "kube-dns", "kube-system")
    cluster.settle()
    assert "kube-dns" in cluster.names("Service", "kube-system")


def test_a_simulated_cluster_claims_no_dns(cluster):
    node(cluster, 1, runtime="simulated")
    cluster.settle()
    assert cluster.names("Service", "kube-system") == []
