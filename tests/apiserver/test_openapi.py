"""The OpenAPI documents, and what kubectl finds in them."""

from __future__ import annotations

import json

import pytest

from minikweb.apiserver.openapi import OpenAPI
from minikweb.kinds.registry import builtin
from minikweb.kinds.schemas import references
from tests.apiserver.documentserver import serving


@pytest.fixture(scope="module")
def openapi():
    return OpenAPI(builtin())


@pytest.fixture(scope="module")
def apps(openapi):
    return json.loads(openapi.get("/openapi/v3/apis/apps/v1").body)


@pytest.fixture(scope="module")
def core(openapi):
    return json.loads(openapi.get("/openapi/v3/api/v1").body)


def test_it_works(openapi):
    paths = json.loads(openapi.get("/openapi/v3").body)["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/coordination.k8s.io/v1"} <= set(paths)
    address = paths["apis/apps/v1"]["serverRelativeURL"]
    path, _, query = address.partition("?hash=")
    assert openapi.get(path, query).cache_control == "public, immutable"
    assert openapi.get(path, "0ld").cache_control == "no-cache, private"
    assert openapi.get(path).etag == f'"{query}"'


def test_what_is_not_served_has_no_document(openapi):
    assert openapi.get("/openapi/v3/apis/example.com/v1") is None


def test_every_reference_leads_somewhere(core, apps):
    for document in (core, apps):
        assert set(references(document)) <= set(document["components"]["schemas"])


def test_kubectl_finds_that_the_server_validates(apps):
    patch = apps["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert {"dryRun", "fieldManager", "fieldValidation", "force"} <= {each["name"] for each in patch["parameters"]}
    assert "application/apply-patch+yaml" in patch["requestBody"]["content"]


def test_kubectl_finds_how_to_merge(apps):
    containers = apps["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    strategy = apps["components"]["schemas"]["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["strategy"]
    assert strategy["x-kubernetes-patch-strategy"] == "retainKeys"


def test_a_reference_has_nothing_beside_it(core):
    spec = core["components"]["schemas"]["io.k8s.api.core.v1.Pod"]["properties"]["spec"]
    assert spec["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.core.v1.PodSpec"}]
    assert "$ref" not in spec


def test_paths_name_the_parameters_they_contain(core):
    for path, item in core["paths"].items():
        named = {each["name"] for each in item.get("parameters", [])}
        assert named == {name for name in ("name", "namespace") if f"{{{name}}}" in path}, path


def test_subresources_take_their_own_body(core):
    eviction = core["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/eviction"]["post"]
    assert eviction["requestBody"]["content"]["*/*"]["schema"]["$ref"].endswith("io.k8s.api.policy.v1.Eviction")
    token = core["paths"]["/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"]["post"]
    assert token["x-kubernetes-group-version-kind"]["kind"] == "TokenRequest"
    log = core["paths"]["/api/v1/namespaces/{namespace}/pods/{name}/log"]["get"]
    assert log["x-kubernetes-group-version-kind"]["kind"] == "Pod"


def test_a_cluster_scoped_kind_has_no_namespaced_path(core):
    assert "/api/v1/nodes/{name}" in core["paths"]
    assert "/api/v1/namespaces/{namespace}/nodes" not in core["paths"]


def test_reviews_are_made_not_listed(openapi):
    document = json.loads(openapi.get("/openapi/v3/apis/authorization.k8s.io/v1").body)
    item = document["paths"]["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"]
    assert [method for method in item if method != "parameters"] == ["post"]


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("kubectl")) as found:
        yield found


@pytest.mark.kubectl
def test_kubectl_explains(kubectl):
    found = kubectl("explain", "deployment.spec.strategy")
    assert "FIELD: strategy <DeploymentStrategy>" in found
    assert "rollingUpdate\t<RollingUpdateDeployment>" in found
    assert "FIELD: ports <[]ContainerPort>" in kubectl("explain", "pod.spec.containers.ports")
    assert "maxSurge\t<IntOrString>" in kubectl("explain", "deployment.spec", "--recursive")
