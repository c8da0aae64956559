"""What the editor knows of a kind: from the API server's OpenAPI document, custom resources included."""

import json

import pytest

from minikweb.apiserver import openapi
from minikweb.dashboard import schemas
from minikweb.kinds.registry import builtin


@pytest.fixture(scope="module")
def apps():
    return openapi.document(builtin(), "apis/apps/v1")


def field(found, *path):
    """The field at a path of keys; [] of a list is stepped into."""
    at = {"type": "object", "ref": found["root"]}
    for key in path:
        at = found["types"][at["ref"]]["fields"][key]
        at = at["of"] if at["type"] == "list" else at
    return at


def test_it_works(apps):
    found = schemas.of_kind(apps, "apps", "v1", "Deployment")
    replicas = field(found, "spec", "replicas")
    assert replicas["type"] == "integer" and "Number of desired pods" in replicas["doc"]
    container = field(found, "spec", "template", "spec", "containers")
    assert found["types"][container["ref"]]["fields"]["name"]["required"]


def test_every_type_that_is_referred_to_is_there(apps):
    found = schemas.of_kind(apps, "apps", "v1", "StatefulSet")
    for each in found["types"].values():
        assert all(name in found["types"] for name in schemas._references(each))


def test_what_only_the_server_writes_is_marked(apps):
    found = schemas.of_kind(apps, "apps", "v1", "Deployment")
    assert field(found, "status")["kept"] and field(found, "metadata", "uid")["kept"]
    assert "kept" not in field(found, "metadata", "labels")


def test_numbers_that_may_be_texts_are_of_any_type(apps):
    found = schemas.of_kind(apps, "apps", "v1", "Deployment")
    assert field(found, "spec", "strategy", "rollingUpdate", "maxSurge")["type"] == "any"
    container = ("spec", "template", "spec", "containers")
    assert field(found, *container, "resources", "limits")["map"]["type"] == "any"


def test_the_values_a_description_names_are_proposed(apps):
    found = schemas.of_kind(apps, "apps", "v1", "Deployment")
    container = ("spec", "template", "spec", "containers")
    assert field(found, *container, "imagePullPolicy")["usual"] == ["Always", "Never", "IfNotPresent"]
    assert field(found, "spec", "strategy", "type")["usual"] == ["Recreate", "RollingUpdate"]
    assert "usual" not in field(found, *container, "image")


def test_a_kind_the_document_does_not_have_is_none(apps):
    assert schemas.of_kind(apps, "apps", "v1", "Spell") is None


def test_the_page_of_a_kind_is_small_and_kept(web):
    answer = web.ask("/schemas/apps/v1/Deployment/")
    assert len(answer.content) < 300_000
    again = web.ask("/schemas/apps/v1/Deployment/", if_none_match=answer.headers["ETag"])
    assert again.status_code == 304


def test_kinds_that_can_be_created_are_listed(web):
    found = json.loads(web.get("/schemas/"))
    assert {"apiVersion": "v1", "kind": "Pod", "namespaced": True} in found
    assert {"apiVersion": "v1", "kind": "Namespace", "namespaced": False} in found
    assert not any(each["kind"] == "Binding" for each in found)


def test_a_custom_resource_is_known_with_its_fields(web):
    spec = {
        "type": "object",
        "required": ["size"],
        "properties": {"size": {"type": "integer"}, "flavour": {"type": "string", "enum": ["sweet", "salty"]}},
    }
    schema = {"type": "object", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "cakes", "singular": "cake", "kind": "Cake"}
    crd = {"group": "bakery.example", "scope": "Namespaced", "names": names, "versions": [version]}
    web.api.create(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "cakes.bakery.example"},
            "spec": crd,
        }
    )
    try:
        found = json.loads(web.get("/schemas/bakery.example/v1/Cake/"))
        assert field(found, "spec", "flavour")["enum"] == ["sweet", "salty"]
        assert field(found, "spec", "size")["required"]
        assert any(each["kind"] == "Cake" for each in json.loads(web.get("/schemas/")))
    finally:
        web.api.delete("CustomResourceDefinition", "cakes.bakery.example")


def test_an_unknown_kind_is_not_found(web):
    assert web.ask("/schemas/magic/v1/Spell/").status_code == 404
    assert web.ask("/schemas/apps/v1/Spell/").status_code == 404
