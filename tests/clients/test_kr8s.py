"""kr8s, the other Python client: short scripts, also on custom resources."""

from __future__ import annotations

import itertools

import kr8s
import pytest
from kr8s.objects import ConfigMap, Deployment, Namespace, Pod

from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore:Kubernetes version")]


_numbers = itertools.count(1)  # a test that is run again meets nothing of its first run


@pytest.fixture(scope="module")
def api(cluster):
    return kr8s.api(kubeconfig=str(cluster.kubeconfig))


@pytest.fixture
def namespace(api, request):
    """A namespace of the test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:45].strip("-") + f"-{next(_numbers)}"
    made = Namespace({"metadata": {"name": name}}, api=api)
    made.create()
    yield name
    made.delete()


def test_it_works(api, namespace):
    made = ConfigMap({"metadata": {"name": "c", "namespace": namespace}, "data": {"a": "1"}}, api=api)
    made.create()
    assert made.exists()

    made.patch({"data": {"b": "2"}})
    made.label(team="blue")
    assert made.data == {"a": "1", "b": "2"}
    found = list(api.get("configmaps", namespace=namespace, label_selector={"team": "blue"}))
    assert [each.name for each in found] == ["c"]

    made.delete()
    assert not made.exists()


def test_a_deployment_is_waited_for_and_scaled(api, namespace):
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "demo", "image": "minikweb/demo:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    web = Deployment({"metadata": {"name": "web", "namespace": namespace}, "spec": spec}, api=api)
    web.create()

    until(web.ready, "the deployment is ready")
    web.scale(2)
    pods = until(lambda: len(found := web.pods()) == 2 and found, "there are two pods")
    pods[0].wait("condition=Ready", timeout=30)
    assert isinstance(pods[0], Pod)
    assert "".join(pods[0].logs(tail_lines=3)) is not None


def test_the_api_tells_what_it_has(api):
    assert api.version()["minor"] == "37"
    resources = {(resource["version"], resource["name"]) for resource in api.api_resources()}
    assert {("apps/v1", "deployments"), ("apiextensions.k8s.io/v1", "customresourcedefinitions")} <= resources
    assert api.whoami() == "system:admin"


def test_a_class_is_made_for_a_custom_resource(api, namespace):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
    names = {"plural": "kites", "kind": "Kite"}
    spec = {"group": "kr8s.example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    definition = kr8s.objects.CustomResourceDefinition(
        {"metadata": {"name": "kites.kr8s.example.com"}, "spec": spec}, api=api
    )
    definition.create()
    definition.wait("condition=Established", timeout=5)

    kite_class = kr8s.objects.new_class("Kite", version="kr8s.example.com/v1", namespaced=True)
    kite = kite_class({"metadata": {"name": "red", "namespace": namespace}, "spec": {"tail": 3}}, api=api)
    kite.create()
    kite.patch({"status": {"flies": True}}, subresource="status")
    kite.refresh()
    assert kite.status.flies is True

    definition.delete()
    until(lambda: not definition.exists(), "the definition is gone")
