"""Installing the Ingress controller, also where its image cannot be had at once."""

import pytest

from minikweb.management.commands import ingress as command
from minikweb.network import ingress
from minikweb.runtime.protocol import RuntimeFailure
from tests.controllers.cluster import Cluster
from tests.store.conftest import migrated, storage

__all__ = ["migrated", "storage"]


@pytest.fixture
def client(storage, monkeypatch):
    monkeypatch.setattr(command.os, "nice", lambda by: None)
    found = Cluster(storage)
    yield found.client
    found.stop()


def test_it_works(client, monkeypatch):
    monkeypatch.setattr(command.installation, "build_ingress_image", lambda say: [])
    command._install(client)
    assert client.get("Deployment", "traefik", "kube-system")


def test_an_image_that_cannot_be_had_is_told_and_tried_again(client, monkeypatch):
    tries = []

    def build(say):
        tries.append(1)
        if len(tries) < 3:
            raise RuntimeFailure("the wheel of traefik cannot be fetched: no network")

    waited = []
    monkeypatch.setattr(command.installation, "build_ingress_image", build)
    monkeypatch.setattr(command.time, "sleep", waited.append)
    command._install(client)
    assert waited == [command.AGAIN] * 2
    assert client.get("Deployment", "traefik", "kube-system")
    (event,) = client.list("Event", "default", field_selector="reason=IngressNotInstalled")["items"]
    assert event["message"] == (
        "The Ingress controller cannot be installed yet: the wheel of traefik cannot be fetched: no network"
    )


def test_a_traefik_of_somebody_else_is_no_failure(client, monkeypatch):
    monkeypatch.setattr(command.installation, "build_ingress_image", lambda say: [])
    own = next(obj for obj in ingress.objects(8080, 8443) if obj["kind"] == "Deployment")
    own["metadata"]["labels"] = {}
    client.create(own)
    command._install(client)
    assert client.list("IngressClass")["items"] == []
