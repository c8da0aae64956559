"""What the server says it offers."""

from __future__ import annotations

import json

import pytest

from minikweb.apiserver.discovery import AGGREGATED, Discovery, document, version, wants_aggregated
from minikweb.kinds.registry import Kind, builtin
from tests.apiserver.documentserver import serving

KUBECTL = f"{AGGREGATED},application/json"
WIDGET = Kind("example.com", "v1", "Widget", "widgets", True, "", short_names=("wd",), subresources=("status",))


@pytest.fixture
def registry():
    return builtin()


def body(registry, path, aggregated=False):
    return json.loads(document(registry, path, aggregated).body)


def resource(found, name):
    return next(each for each in found["resources"] if each["name"] == name)


def test_it_works(registry):
    assert resource(body(registry, "/apis/apps/v1"), "deployments") == {
        "name": "deployments",
        "singularName": "deployment",
        "namespaced": True,
        "kind": "Deployment",
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": ["deploy"],
        "categories": ["all"],
    }


def test_a_subresource_names_the_kind_of_its_body(registry):
    found = body(registry, "/apis/apps/v1")
    assert resource(found, "deployments/scale")["kind"] == "Scale"
    assert resource(found, "deployments/scale")["group"] == "autoscaling"
    eviction = resource(body(registry, "/api/v1"), "pods/eviction")
    assert (eviction["group"], eviction["version"], eviction["kind"]) == ("policy", "v1", "Eviction")


def test_everything_at_once(registry):
    found = document(registry, "/apis", aggregated=True)
    assert found.content_type == AGGREGATED
    groups = {item["metadata"]["name"]: item["versions"][0] for item in json.loads(found.body)["items"]}
    assert list(groups)[0] == "apps"
    (deployments,) = [each for each in groups["apps"]["resources"] if each["resource"] == "deployments"]
    assert deployments["scope"] == "Namespaced"
    assert deployments["subresources"][0] == {
        "subresource": "scale",
        "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
        "verbs": ["get", "patch", "update"],
    }


def test_the_core_group_has_no_name(registry):
    items = body(registry, "/api", aggregated=True)["items"]
    assert [item["metadata"] for item in items] == [{}]
    assert "pods" in [each["resource"] for each in items[0]["versions"][0]["resources"]]


def test_both_forms_say_the_same(registry):
    legacy = set()
    for group in ["/api/v1"] + [
        f"/apis/{g['preferredVersion']['groupVersion']}" for g in body(registry, "/apis")["groups"]
    ]:
        legacy |= {(group, each["name"]) for each in body(registry, group)["resources"]}
    aggregated = set()
    for root in ("/api", "/apis"):
        for item in body(registry, root, aggregated=True)["items"]:
            name = item["metadata"].get("name")
            group = f"/apis/{name}/{item['versions'][0]['version']}" if name else "/api/v1"
            for each in item["versions"][0]["resources"]:
                below = [f"{each['resource']}/{sub['subresource']}" for sub in each.get("subresources", [])]
                aggregated |= {(group, path) for path in [each["resource"], *below]}
    assert aggregated == legacy


def test_a_kind_that_is_only_a_body_has_no_path(registry):
    autoscaling = body(registry, "/apis/autoscaling")
    assert [version["version"] for version in autoscaling["versions"]] == ["v2"]
    assert document(registry, "/apis/autoscaling/v1") is None


@pytest.mark.parametrize(
    "path", ["/apis/example.com", "/apis/example.com/v1", "/api/v2", "/apiss", "/", "/apis/apps/v2"]
)
def test_what_is_not_served_is_not_there(registry, path):
    assert document(registry, path) is None


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (KUBECTL, True),
        ("application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io;profile=nopeer,application/json", True),
        ("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList," + KUBECTL, True),
        ("application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", False),
        ("application/json", False),
        ("*/*", False),
        ("", False),
        ("application/vnd.kubernetes.protobuf,application/json", False),
    ],
)
def test_the_client_chooses_the_form(accept, expected):
    assert wants_aggregated(accept) is expected


def test_a_document_is_made_once_until_the_registry_changes(registry):
    discovery = Discovery(registry)
    before = discovery.get("/apis", KUBECTL)
    assert discovery.get("/apis/", KUBECTL) is before
    registry.add(WIDGET)
    after = discovery.get("/apis", KUBECTL)
    assert after.etag != before.etag
    assert b"widgets" in after.body
    registry.remove(WIDGET)
    assert discovery.get("/apis", KUBECTL).etag == before.etag


def test_the_version_is_one_of_kubernetes_and_ours():
    found = version()
    assert (found["major"], found["minor"]) == ("1", "37")
    assert found["gitVersion"].startswith("v1.37.")
    assert found["gitVersion"].endswith("+minikweb")


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("kubectl")) as found:
        yield found


@pytest.mark.kubectl
def test_kubectl_lists_what_is_served(kubectl):
    rows = kubectl.rows("api-resources")
    assert rows[0] == ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]
    assert ["deployments", "deploy", "apps/v1", "true", "Deployment"] in rows
    assert ["nodes", "no", "v1", "false", "Node"] in rows
    of_all = kubectl("api-resources", "--categories=all", "-o", "name").split()
    assert {"pods", "services", "deployments.apps", "replicasets.apps", "jobs.batch", "cronjobs.batch"} <= set(of_all)
    assert not {"nodes", "secrets"} & set(of_all)
    assert "apps/v1" in kubectl("api-versions").split()


@pytest.mark.kubectl
def test_kubectl_reads_our_version(kubectl):
    assert f"Server Version: {version()['gitVersion']}" in kubectl("version")
