"""The official Python client: the scripts people write with it."""

from __future__ import annotations

import itertools
import threading

import pytest
from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.exceptions import ApiException

from tests.running import until

pytestmark = pytest.mark.cluster

MINE = {"mine": "yes"}  # what a namespace is born with has it not
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "demo", "image": "minikweb/demo:1"}]},
        },
    },
}


_numbers = itertools.count(1)  # a test that is run again meets nothing of its first run


@pytest.fixture(scope="module")
def api(cluster):
    """An ApiClient of the cluster's administrator."""
    with config.new_client_from_config(str(cluster.kubeconfig)) as found:
        yield found


@pytest.fixture
def core(api):
    return client.CoreV1Api(api)


@pytest.fixture
def namespace(core, request):
    """A namespace of the test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:45].strip("-") + f"-{next(_numbers)}"
    core.create_namespace({"metadata": {"name": name}})
    yield name
    core.delete_namespace(name)


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels=MINE), data=data)


def test_it_works(core, namespace):
    made = core.create_namespaced_config_map(namespace, config_map("c", a="1"))
    assert made.metadata.uid

    core.patch_namespaced_config_map("c", namespace, {"data": {"b": "2"}})
    found = core.read_namespaced_config_map("c", namespace)
    assert found.data == {"a": "1", "b": "2"}

    found.data = {"c": "3"}
    assert core.replace_namespaced_config_map("c", namespace, found).data == {"c": "3"}
    assert [item.metadata.name for item in core.list_namespaced_config_map(namespace, label_selector="mine").items] == [
        "c"
    ]
    assert core.delete_namespaced_config_map("c", namespace)["status"] == "Success"


def test_failures_have_their_reason(core, namespace):
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_pod("nobody", namespace)
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")

    core.create_namespaced_config_map(namespace, config_map("c"))
    with pytest.raises(ApiException) as there:
        core.create_namespaced_config_map(namespace, config_map("c"))
    assert there.value.status == 409

    stale = core.read_namespaced_config_map("c", namespace)
    core.patch_namespaced_config_map("c", namespace, {"data": {"x": "y"}})
    with pytest.raises(ApiException) as late:
        core.replace_namespaced_config_map("c", namespace, stale)
    assert late.value.status == 409


def test_a_deployment_runs_is_scaled_and_logs(api, core, namespace):
    apps = client.AppsV1Api(api)
    apps.create_namespaced_deployment(namespace, DEPLOYMENT)

    def ready():
        return apps.read_namespaced_deployment("web", namespace).status.ready_replicas

    until(lambda: ready() == 2, "two pods are ready")
    apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}})
    until(lambda: ready() == 3, "three pods are ready")
    pods = core.list_namespaced_pod(namespace, label_selector="app=web", field_selector="status.phase=Running").items
    assert len(pods) == 3
    assert isinstance(core.read_namespaced_pod_log(pods[0].metadata.name, namespace, tail_lines=5), str)
    assert core.list_namespaced_event(namespace, field_selector="involvedObject.kind=Deployment").items
    apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
    until(lambda: not core.list_namespaced_pod(namespace).items, "the pods are gone")


def test_changes_are_watched(core, namespace):
    revision = core.list_namespaced_config_map(namespace).metadata.resource_version
    seen = []

    def follow():
        stream = watch.Watch().stream(
            core.list_namespaced_config_map,
            namespace,
            label_selector="mine",
            resource_version=revision,
            timeout_seconds=20,
        )
        for event in stream:
            seen.append((event["type"], event["object"].metadata.name))
            if event["type"] == "DELETED":
                return

    following = threading.Thread(target=follow)
    following.start()
    core.create_namespaced_config_map(namespace, config_map("c"))
    core.patch_namespaced_config_map("c", namespace, {"data": {"x": "y"}})
    core.delete_namespaced_config_map("c", namespace)
    following.join(20)

    assert seen == [("ADDED", "c"), ("MODIFIED", "c"), ("DELETED", "c")]


def test_long_lists_come_in_pages(core, namespace):
    for number in range(5):
        core.create_namespaced_config_map(namespace, config_map(f"c-{number}"))

    names, token = [], None
    while token != "":
        page = core.list_namespaced_config_map(namespace, label_selector="mine", limit=2, _continue=token)
        assert len(page.items) <= 2
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue or ""

    assert names == [f"c-{number}" for number in range(5)]


def test_manifests_are_created_and_applied(api, core, namespace):
    utils.create_from_dict(api, DEPLOYMENT, namespace=namespace)

    resources = dynamic.DynamicClient(api).resources.get(api_version="apps/v1", kind="Deployment")
    applied = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": 1}}
    done = resources.server_side_apply(
        body=applied, name="web", namespace=namespace, field_manager="script", force_conflicts=True
    )

    assert done.spec.replicas == 1
    assert "script" in [entry.manager for entry in done.metadata.managedFields]


def test_custom_resources_are_objects_too(api, namespace):
    extensions, custom = client.ApiextensionsV1Api(api), client.CustomObjectsApi(api)
    group = "python.example.com"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "snakes", "kind": "Snake"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    made = extensions.create_custom_resource_definition({"metadata": {"name": f"snakes.{group}"}, "spec": spec})
    assert {condition.type for condition in made.status.conditions} >= {"Established", "NamesAccepted"}

    place = (group, "v1", namespace, "snakes")
    snake = {"apiVersion": f"{group}/v1", "kind": "Snake", "metadata": {"name": "kaa"}, "spec": {"length": 1}}
    custom.create_namespaced_custom_object(*place, snake)
    custom.patch_namespaced_custom_object(*place, "kaa", {"spec": {"length": 2}})
    assert custom.get_namespaced_custom_object(*place, "kaa")["spec"]["length"] == 2
    assert len(custom.list_cluster_custom_object(group, "v1", "snakes")["items"]) == 1

    extensions.delete_custom_resource_definition(f"snakes.{group}")
    until(lambda: not _defined(extensions, f"snakes.{group}"), "the definition is gone with its objects")


def _defined(extensions, name):
    return name in [item.metadata.name for item in extensions.list_custom_resource_definition().items]


def test_an_account_may_do_what_its_role_says(cluster, api, core, namespace):
    rbac = client.RbacAuthorizationV1Api(api)
    core.create_namespaced_service_account(namespace, {"metadata": {"name": "bot"}})
    rule = client.V1PolicyRule(api_groups=[""], resources=["configmaps"], verbs=["get", "list"])
    rbac.create_namespaced_role(namespace, client.V1Role(metadata=client.V1ObjectMeta(name="reader"), rules=[rule]))
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subject = {"kind": "ServiceAccount", "name": "bot", "namespace": namespace}
    binding = {"metadata": {"name": "b"}, "roleRef": reference, "subjects": [subject]}
    rbac.create_namespaced_role_binding(namespace, binding)
    token = core.create_namespaced_service_account_token("bot", namespace, {"spec": {}}).status.token

    settings = client.Configuration(host=f"https://127.0.0.1:{cluster.api_port}")
    settings.ssl_ca_cert = str(cluster.data / "pki" / "ca.crt")
    settings.api_key = {"authorization": f"Bearer {token}"}
    with client.ApiClient(settings) as bot:
        assert client.CoreV1Api(bot).list_namespaced_config_map(namespace).items
        with pytest.raises(ApiException) as refused:
            client.CoreV1Api(bot).list_namespaced_secret(namespace)
    assert refused.value.status == 403
