"""Which credential is for which registry, and that it is used."""

import base64
import json

import pytest

from minikweb.apimachinery.errors import ServiceUnavailable
from minikweb.kubelet.credentials import for_image
from minikweb.runtime.protocol import Credential, ImageNotFound
from tests.kubelet.conftest import Node, container, pod


def docker_config(name, auths):
    data = base64.b64encode(json.dumps({"auths": auths}).encode()).decode()
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {".dockerconfigjson": data}}


ADA = {"username": "ada", "password": "p"}
BOB = {"auth": base64.b64encode(b"bob:q").decode()}


@pytest.mark.parametrize(
    "server, image, fits",
    [
        ("registry.example.com", "registry.example.com/team/web:1", True),
        ("https://registry.example.com/v1/", "registry.example.com/web", True),
        ("registry.example.com/team", "registry.example.com/team/web", True),
        ("registry.example.com/team", "registry.example.com/other/web", False),
        ("registry.example.com", "other.example.com/web", False),
        ("https://index.docker.io/v1/", "web:1", True),
        ("https://index.docker.io/v1/", "team/web:1", True),
        ("localhost:5000", "localhost:5000/web", True),
    ],
)
def test_a_credential_is_for_its_registry(server, image, fits):
    assert bool(for_image(image, [docker_config("login", {server: ADA})])) is fits


def test_the_most_specific_comes_first():
    found = for_image("r.example/team/web", [docker_config("a", {"r.example": ADA, "r.example/team": BOB})])
    assert found == [Credential("bob", "q"), Credential("ada", "p")]


@pytest.mark.parametrize("data", [{}, {".dockerconfigjson": "e30="}, {".dockerconfigjson": "bm90IGpzb24="}])
def test_what_is_no_docker_config_is_no_credential(data):
    assert for_image("web", [{"data": data}]) == []


@pytest.mark.parametrize("key", [".dockerconfigjson", ".dockercfg"])
@pytest.mark.parametrize("said", [[1], "x", {"auths": [1]}, {"auths": "x"}, {"auths": {"r.example": 1}}, 3])
def test_what_only_looks_like_a_docker_config_is_no_credential(key, said):
    data = {key: base64.b64encode(json.dumps(said).encode()).decode()}
    assert for_image("r.example/web", [{"data": data}]) == []


@pytest.mark.parametrize("entry", [{"auth": 3}, {"auth": "é"}, {"username": 1, "password": 2}, {"username": "ada"}])
def test_an_entry_without_a_user_and_a_password_is_no_credential(entry):
    assert for_image("r.example/web", [docker_config("login", {"r.example": entry})]) == []


def test_an_older_secret_is_read_too():
    data = base64.b64encode(json.dumps({"r.example": BOB}).encode()).decode()
    assert for_image("r.example/web", [{"data": {".dockercfg": data}}]) == [Credential("bob", "q")]


def test_a_pods_secrets_are_used_to_pull_and_a_missing_one_is_said(monkeypatch):
    node = Node()
    node.api.add(docker_config("login", {"r.example": ADA}))
    seen = []

    def pull(image, annotations, credential=None):
        seen.append(credential)
        raise ImageNotFound("denied", "ErrImagePull")

    monkeypatch.setattr(node.runtime, "image_id", lambda image, annotations: None)
    monkeypatch.setattr(node.runtime, "pull_image", pull)
    node.run(
        pod(containers=[container(image="r.example/web:1")], imagePullSecrets=[{"name": "login"}, {"name": "gone"}])
    )
    assert seen == [Credential("ada", "p")]
    (words,) = node.recorded.said("FailedToRetrieveImagePullSecret")
    assert words.startswith("Unable to retrieve some image pull secrets (gone);")
    assert repr(seen[0]) == "Credential(user='ada')"


def test_secrets_that_cannot_be_read_are_a_pull_that_failed(monkeypatch):
    node = Node()

    def read(namespace, name):
        raise ServiceUnavailable("the API server is away")

    monkeypatch.setattr(node.runtime, "image_id", lambda image, annotations: None)
    monkeypatch.setattr(node.kubelet.images, "read", read)
    web = pod(containers=[container(image="r.example/web:1")], imagePullSecrets=[{"name": "login"}])
    node.run(web)
    waits = node.status(web)["containerStatuses"][0]["state"]["waiting"]
    assert waits == {"reason": "ErrImagePull", "message": "cannot read the pull secrets: the API server is away"}
