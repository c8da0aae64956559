"""The Ingress controller's objects, installed on a real API server."""

import pytest

from minikweb.apimachinery import errors
from minikweb.network import ingress
from tests.controllers.cluster import Cluster
from tests.store.conftest import migrated, storage

__all__ = ["migrated", "storage"]


@pytest.fixture
def client(storage):
    found = Cluster(storage)
    yield found.client
    found.stop()


def test_it_works(client):
    ingress.install(client, 8080, 8443)
    assert client.get("IngressClass", "traefik")["metadata"]["annotations"] == {
        "ingressclass.kubernetes.io/is-default-class": "true"
    }
    service = client.get("Service", "traefik", "kube-system")
    assert service["spec"]["type"] == "LoadBalancer"
    assert [(port["port"], port["targetPort"]) for port in service["spec"]["ports"]] == [
        (8080, "web"),
        (8443, "websecure"),
    ]
    deployment = client.get("Deployment", "traefik", "kube-system")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == ingress.TRAEFIK


def test_it_may_do_what_an_ingress_controller_does_and_nothing_else(client):
    ingress.install(client, 8080, 8443)
    rules = client.get("ClusterRole", "traefik")["rules"]
    writable = [(rule["resources"], rule["verbs"]) for rule in rules if set(rule["verbs"]) - {"get", "list", "watch"}]
    assert writable == [(["ingresses/status"], ["update"])]
    spec = client.get("Deployment", "traefik", "kube-system")["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == "traefik"
    assert spec["securityContext"]["runAsNonRoot"] is True


def test_a_second_start_changes_what_is_asked_differently_and_keeps_what_the_user_has_set(client):
    ingress.install(client, 8080, 8443)
    client.patch("Deployment", "traefik", {"spec": {"replicas": 2}}, "kube-system")
    before = client.get("Service", "traefik", "kube-system")["spec"]
    ingress.install(client, 80, 443)
    after = client.get("Service", "traefik", "kube-system")["spec"]
    assert [port["port"] for port in after["ports"]] == [80, 443]
    assert after["clusterIP"] == before["clusterIP"]
    assert client.get("Deployment", "traefik", "kube-system")["spec"]["replicas"] == 2


def test_removed_it_leaves_nothing_and_may_be_removed_again(client):
    ingress.install(client, 8080, 8443)
    ingress.remove(client)
    ingress.remove(client)
    for obj in ingress.objects(8080, 8443):
        with pytest.raises(errors.NotFound):
            client.get(obj["kind"], obj["metadata"]["name"], obj["metadata"].get("namespace"))


def test_another_traefik_of_the_same_name_is_left_alone(client):
    own = next(obj for obj in ingress.objects(8080, 8443) if obj["kind"] == "Service")
    own["metadata"]["labels"] = {"helm.sh/chart": "traefik-39.0.0"}
    client.create(own)
    with pytest.raises(ingress.NotOurs, match="kube-system has a Service traefik that is not Minikweb's"):
        ingress.install(client, 8080, 8443)
    ingress.remove(client)
    assert client.get("Service", "traefik", "kube-system")
    with pytest.raises(errors.NotFound):
        client.get("Deployment", "traefik", "kube-system")
