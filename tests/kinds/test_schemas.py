"""Kubernetes' definitions, made plain again."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

from minikweb.kinds import schemas
from tests.kinds.testdata import REGISTRY


@pytest.fixture(scope="module")
def loaded():
    return schemas.load(schemas.roots(REGISTRY.all()))


def test_it_works(loaded):
    port = loaded["io.k8s.api.core.v1.ContainerPort"]
    assert port["required"] == ["containerPort"]
    assert port["properties"]["containerPort"]["type"] == "integer"
    assert port["properties"]["hostPort"]["type"] == "integer"


def test_every_reference_leads_somewhere(loaded):
    assert set(schemas.references(loaded)) <= set(loaded)


def test_only_what_is_served_is_kept(loaded):
    assert "io.k8s.api.core.v1.PodList" in loaded
    assert "io.k8s.api.storage.v1.CSIDriver" not in loaded


def test_what_merges_need_is_there(loaded):
    containers = loaded["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-patch-strategy"] == "merge"
    ports = loaded["io.k8s.api.core.v1.Container"]["properties"]["ports"]
    assert ports["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
    assert loaded["io.k8s.api.core.v1.ContainerPort"]["properties"]["protocol"]["default"] == "TCP"


def test_apiversion_and_kind_are_left_open_and_no_null_is_spoken_of(loaded):
    assert "enum" not in loaded["io.k8s.api.apps.v1.Deployment"]["properties"]["kind"]
    assert b"null" not in orjson.dumps(loaded["io.k8s.api.core.v1.PodSpec"]["properties"]["nodeName"])
    assert loaded[schemas.INT_OR_STRING]["format"] == "int-or-string"


def test_the_compiled_definitions_check_objects():
    from minikweb.apimachinery import schema

    pod = schemas.definitions().of("io.k8s.api.core.v1.Pod")
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"imagge": "demo"}]}}
    assert schema.unknown_fields(obj, pod) == ["spec.containers[0].imagge"]
    assert schemas.definitions() is schemas.definitions()


def test_a_definition_that_is_not_there_is_an_error():
    with pytest.raises(KeyError):
        schemas.load(["io.k8s.api.core.v1.Whale"])


def test_importing_the_kinds_reads_nothing():
    code = (
        "import sys, minikweb.kinds.schemas; print('jsonschema' in sys.modules, 'kubernetes_validate' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
