"""Endpoints written by hand are mirrored into EndpointSlices, on a real API server."""

import pytest

from minikweb.controllers.endpoints import EndpointsController
from minikweb.controllers.endpointslice import EndpointSliceController
from minikweb.controllers.endpointslicemirroring import EndpointSliceMirroringController

PORTS = [{"name": "sql", "port": 5432, "protocol": "TCP"}]


@pytest.fixture
def cluster(start):
    return start(EndpointSliceMirroringController, EndpointsController, EndpointSliceController)


def service(cluster, name="db", **spec):
    spec = {"ports": [{"name": "sql", "port": 5432}], **spec}
    metadata = {"name": name, "namespace": "default"}
    cluster.client.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


def endpoints(cluster, *ips, name="db", ready=True, **metadata):
    key = "addresses" if ready else "notReadyAddresses"
    subsets = [{key: [{"ip": ip} for ip in ips], "ports": PORTS}]
    metadata = {"name": name, "namespace": "default", **metadata}
    cluster.client.create({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets})


def mirrored(cluster, name="db"):
    """[(addresses, ports)] of the Service's slices."""
    selector = f"kubernetes.io/service-name={name}"
    slices = cluster.client.list("EndpointSlice", "default", label_selector=selector)["items"]
    return [
        (
            [(each["addresses"][0], each["conditions"]["ready"]) for each in one["endpoints"]],
            [port["port"] for port in one["ports"]],
        )
        for one in slices
    ]


def test_it_works(cluster):
    service(cluster)
    endpoints(cluster, "192.0.2.1", "192.0.2.2", labels={"mine": "yes"})
    cluster.settle()
    assert mirrored(cluster) == [([("192.0.2.1", True), ("192.0.2.2", True)], [5432])]
    (found,) = cluster.client.list("EndpointSlice", "default", label_selector="mine=yes")["items"]
    assert found["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] == (
        "endpointslicemirroring-controller.k8s.io"
    )
    assert found["metadata"]["ownerReferences"][0]["kind"] == "Endpoints"
    assert found["ports"][0]["name"] == "sql"


def test_the_slice_follows_and_stays_the_same_object(cluster):
    service(cluster)
    endpoints(cluster, "192.0.2.1")
    cluster.settle()
    (before,) = cluster.client.list("EndpointSlice", "default")["items"]
    subsets = [{"notReadyAddresses": [{"ip": "192.0.2.9"}], "ports": PORTS}]
    cluster.client.patch("Endpoints", "db", {"subsets": subsets}, "default")
    cluster.settle()
    (after,) = cluster.client.list("EndpointSlice", "default")["items"]
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert mirrored(cluster) == [([("192.0.2.9", False)], [5432])]
    cluster.client.patch("Endpoints", "db", {"subsets": []}, "default")
    cluster.settle()
    assert mirrored(cluster) == []


def test_each_subset_has_its_ports(cluster):
    service(cluster)
    endpoints(cluster, "192.0.2.1")
    other = {"addresses": [{"ip": "192.0.2.2"}], "ports": [{"name": "sql", "port": 6432, "protocol": "TCP"}]}
    first = {"addresses": [{"ip": "192.0.2.1"}], "ports": PORTS}
    cluster.client.patch("Endpoints", "db", {"subsets": [first, other]}, "default")
    cluster.settle()
    assert sorted(mirrored(cluster), key=str) == [([("192.0.2.1", True)], [5432]), ([("192.0.2.2", True)], [6432])]


def test_a_service_that_gets_a_selector_has_the_slices_of_its_pods_alone(cluster):
    service(cluster)
    endpoints(cluster, "192.0.2.1")
    cluster.settle()
    cluster.client.patch("Service", "db", {"spec": {"selector": {"app": "db"}}}, "default")
    cluster.settle()
    assert [addresses for addresses, _ in mirrored(cluster)] == [[]]


@pytest.mark.parametrize(
    "metadata",
    [
        {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}},
        {"name": "without-a-service"},
    ],
)
def test_what_is_not_meant_is_not_mirrored(cluster, metadata):
    service(cluster)
    if "name" in metadata:
        service(cluster, "other")
    endpoints(cluster, "192.0.2.1", **metadata)
    cluster.settle()
    assert cluster.client.list("EndpointSlice", "default")["items"] == []
