"""Services get their EndpointSlices and Endpoints, on a real API server."""

import pytest

from minikweb.apimachinery.errors import NotFound
from minikweb.controllers.endpoints import EndpointsController
from minikweb.controllers.endpointslice import EndpointSliceController
from minikweb.controllers.replicaset import ReplicaSetController

PORTS = [{"name": "http", "port": 80, "targetPort": 8080}]


@pytest.fixture
def cluster(start):
    return start(EndpointSliceController, EndpointsController, ReplicaSetController)


def expose(cluster, name="web", **spec):
    spec = {"selector": {"app": "web"}, "ports": PORTS, **spec}
    metadata = {"name": name, "namespace": "default"}
    return cluster.client.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


def run(cluster, name, ip, *, ready=True, labels=None):
    """A pod with an address."""
    pod = cluster.client.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "default", "labels": labels or {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        }
    )
    cluster.client.patch("Pod", name, {"status": {"podIP": ip}}, "default", subresource="status")
    cluster.set_ready(pod, ready)
    return pod


def ready(cluster, name="web"):
    """{address: whether it is ready} of the Service's slices."""
    selector = f"kubernetes.io/service-name={name}"
    slices = cluster.client.list("EndpointSlice", "default", label_selector=selector)["items"]
    return {each["addresses"][0]: each["conditions"]["ready"] for one in slices for each in one.get("endpoints") or []}


def test_it_works(cluster):
    expose(cluster)
    run(cluster, "a", "10.244.1.2")
    run(cluster, "b", "10.244.2.2", ready=False)
    run(cluster, "c", "10.244.2.3", labels={"app": "other"})
    cluster.settle()
    assert ready(cluster) == {"10.244.1.2": True, "10.244.2.2": False}
    (subset,) = cluster.client.get("Endpoints", "web", "default")["subsets"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    assert [each["ip"] for each in subset["notReadyAddresses"]] == ["10.244.2.2"]


def test_slices_follow_readiness_labels_and_deletion(cluster):
    expose(cluster)
    pod = run(cluster, "a", "10.244.1.2")
    cluster.settle()
    cluster.set_ready(pod, False)
    cluster.settle()
    assert ready(cluster) == {"10.244.1.2": False}
    cluster.client.patch("Pod", "a", {"metadata": {"labels": {"app": "other"}}}, "default")
    cluster.settle()
    assert ready(cluster) == {}
    cluster.client.patch("Service", "web", {"spec": {"selector": {"app": "other"}}}, "default")
    cluster.settle()
    assert ready(cluster) == {"10.244.1.2": False}
    cluster.client.delete("Pod", "a", "default", grace_period_seconds=0)
    cluster.settle()
    assert ready(cluster) == {}


def test_a_slice_deleted_by_hand_is_made_anew(cluster):
    expose(cluster)
    run(cluster, "a", "10.244.1.2")
    cluster.settle()
    (name,) = cluster.names("EndpointSlice")
    cluster.client.delete("EndpointSlice", name, "default")
    cluster.client.delete("Endpoints", "web", "default")
    cluster.settle()
    assert ready(cluster) == {"10.244.1.2": True}
    assert cluster.client.get("Endpoints", "web", "default")["subsets"]


def test_endpoints_end_with_their_service(cluster):
    expose(cluster)
    cluster.settle()
    cluster.client.delete("Service", "web", "default")
    cluster.settle()
    with pytest.raises(NotFound):
        cluster.client.get("Endpoints", "web", "default")


def test_the_endpoints_of_a_service_without_selector_are_its_users(cluster):
    expose(cluster, selector=None)
    own = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "mine", "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.7"], "conditions": {"ready": True}}],
        "ports": [{"port": 80}],
    }
    cluster.client.create(own)
    cluster.settle()
    assert cluster.names("EndpointSlice") == ["mine"]
    assert cluster.names("Endpoints") == []
