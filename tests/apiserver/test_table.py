"""Objects as tables and as their metadata alone."""

from __future__ import annotations

import json

import pytest

from minikweb.apimachinery.errors import BadRequest
from minikweb.apiserver.table import (
    include_object,
    partial_object_metadata,
    partial_object_metadata_list,
    requested_form,
    table,
)
from minikweb.kinds.registry import Kind
from tests.apiserver.documentserver import serving
from tests.kinds.testdata import NOW, kind_of, load

KUBECTL = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)


def rendered(*names, **options):
    objects = [load(name) for name in names]
    return json.loads(table(kind_of(objects[0]), [json.dumps(obj) for obj in objects], NOW, **options))


def test_it_works():
    found = rendered("pod-running", "pod-crashloop", metadata={"resourceVersion": "7"})
    assert (found["kind"], found["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert found["metadata"] == {"resourceVersion": "7"}
    assert [column["name"] for column in found["columnDefinitions"]][:5] == [
        "Name",
        "Ready",
        "Status",
        "Restarts",
        "Age",
    ]
    assert [row["cells"][2] for row in found["rows"]] == ["Running", "CrashLoopBackOff"]


def test_there_is_a_cell_for_each_column():
    found = rendered("deployment-healthy")
    assert len(found["rows"][0]["cells"]) == len(found["columnDefinitions"])
    assert [column["priority"] for column in found["columnDefinitions"]] == [0, 0, 0, 0, 0, 1, 1, 1]


def test_the_name_is_marked():
    found = rendered("pod-running")["columnDefinitions"]
    assert [column["format"] for column in found if column["name"] == "Name"] == ["name"]


@pytest.mark.parametrize(
    ("include", "kind"), [("None", None), ("Metadata", "PartialObjectMetadata"), ("Object", "Pod")]
)
def test_a_row_brings_what_was_asked_of_its_object(include, kind):
    found = rendered("pod-running", include=include)["rows"][0].get("object")
    assert (found or {}).get("kind") == kind
    if include == "Object":
        assert found == load("pod-running")
    elif include == "Metadata":
        assert found["metadata"] == load("pod-running")["metadata"]
        assert "spec" not in found


def test_later_events_of_a_watch_need_no_headers():
    assert rendered("pod-running", headers=False)["columnDefinitions"] == []


def test_an_empty_table_has_its_headers():
    found = json.loads(table(kind_of(load("pod-running")), [], NOW))
    assert found["rows"] == []
    assert found["columnDefinitions"]


def test_a_kind_without_columns_prints_name_and_age():
    widget = Kind("example.com", "v1", "Widget", "widgets", True, "")
    obj = {"metadata": {"name": "a", "creationTimestamp": "2026-11-23T11:59:00Z"}}
    assert json.loads(table(widget, [json.dumps(obj)], NOW))["rows"][0]["cells"] == ["a", "60s"]


def test_metadata_alone():
    pod = load("pod-running")
    found = partial_object_metadata(pod)
    assert found == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": pod["metadata"],
    }
    listed = json.loads(partial_object_metadata_list([json.dumps(pod)], {"resourceVersion": "7"}))
    assert listed["kind"] == "PartialObjectMetadataList"
    assert listed["items"] == [found]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (KUBECTL, "Table"),
        ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "PartialObjectMetadataList"),
        ("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", ""),
        ("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", ""),
        ("application/json", ""),
        ("", ""),
    ],
)
def test_the_client_chooses_the_form(accept, form):
    assert requested_form(accept) == form


def test_what_a_row_may_include_is_one_of_three_words():
    assert include_object("") == "Metadata"
    with pytest.raises(BadRequest, match="includeObject"):
        include_object("Everything")


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("kubectl")) as found:
        yield found


@pytest.mark.kubectl
def test_kubectl_prints_our_tables(kubectl):
    rows = kubectl.rows("get", "pods", "-n", "demo")
    assert rows[0] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert ["web-5d4b8c7f6-x7x2k", "0/1", "CrashLoopBackOff", "5 (2m ago)", "60m"] in rows
    nodes = kubectl.rows("get", "nodes", "-o", "wide")
    assert nodes[0][-3:] == ["OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"]
    assert nodes[1][:4] == ["node-1", "Ready,SchedulingDisabled", "worker", "60m"]


@pytest.mark.kubectl
def test_kubectl_adds_the_namespace_from_the_metadata_of_each_row(kubectl):
    rows = kubectl.rows("get", "deploy", "-A")
    assert rows[0] == ["NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert {row[0] for row in rows[1:]} == {"demo"}
