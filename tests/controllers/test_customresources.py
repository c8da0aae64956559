"""Custom resources among the others: collected, emptied with their namespace, gone with their definition."""

import time

import pytest

from minikweb.apimachinery.errors import BadRequest, NotFound
from minikweb.apimachinery.meta import owner_reference
from minikweb.controllers.clusterroleaggregation import ClusterRoleAggregationController
from minikweb.controllers.customresourcecleanup import LOOK_AGAIN, CustomResourceCleanupController
from minikweb.controllers.garbagecollector import GarbageCollector
from minikweb.controllers.namespace import NamespaceController
from minikweb.kinds.customresources import kinds_of

DEFINITION = "CustomResourceDefinition"
SHIPS = "ships.sea.example.com"


def definition(scope="Namespaced"):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "ships", "kind": "Ship"}
    spec = {"group": "sea.example.com", "scope": scope, "names": names, "versions": [version]}
    api_version = "apiextensions.k8s.io/v1"
    return {"apiVersion": api_version, "kind": DEFINITION, "metadata": {"name": SHIPS}, "spec": spec}


@pytest.fixture
def cluster(start):
    cluster = start(GarbageCollector, NamespaceController, CustomResourceCleanupController)
    cluster.kind = kinds_of(cluster.client.create(definition()))[0]
    cluster.settle()
    return cluster


def ship(cluster, name="ark", namespace="default", **metadata):
    obj = {"apiVersion": "sea.example.com/v1", "kind": "Ship", "metadata": {"name": name, **metadata}}
    return cluster.client.request("POST", cluster.kind.path(namespace), body=obj).json()


def ships(cluster, namespace="default"):
    return [obj["metadata"]["name"] for obj in cluster.client.list(cluster.kind, namespace)["items"]]


def config_map(cluster, name, owner):
    reference = {**owner_reference(owner), "controller": False}
    metadata = {"name": name, "namespace": "default", "ownerReferences": [reference]}
    return cluster.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


def until(cluster, holds, seconds=10):
    """The informers of custom resources are not waited for by `settle`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        cluster.settle()
        time.sleep(0.01)


def test_what_a_custom_resource_owns_goes_with_it(cluster):
    config_map(cluster, "cargo", ship(cluster))
    until(cluster, lambda: cluster.cache.list(cluster.kind))

    cluster.client.delete(cluster.kind, "ark", "default")

    until(cluster, lambda: "cargo" not in cluster.names("ConfigMap"))


def test_a_custom_resource_goes_with_its_owner(cluster):
    fleet = ship(cluster, "fleet")
    reference = {**owner_reference(fleet), "controller": False}
    ship(cluster, "ark", ownerReferences=[reference])
    until(cluster, lambda: len(cluster.cache.list(cluster.kind)) == 2)

    cluster.client.delete(cluster.kind, "fleet", "default")

    until(cluster, lambda: ships(cluster) == [])


def test_a_living_owner_is_no_reason_to_go(cluster):
    config_map(cluster, "cargo", ship(cluster))
    until(cluster, lambda: cluster.cache.list(cluster.kind))
    cluster.settle()

    assert "cargo" in cluster.names("ConfigMap")


def test_any_client_finds_their_kind(cluster):
    obj = {"apiVersion": "sea.example.com/v1", "kind": "Ship", "metadata": {"name": "ark", "namespace": "default"}}

    made = cluster.client.create(obj)
    cluster.client.update({**made, "spec": {"sails": 3}})

    kind = cluster.client.kind_of(obj)
    assert (kind.plural, kind.namespaced, kind.subresources) == ("ships", True, ())
    assert cluster.client.get(kind, "ark", "default")["spec"] == {"sails": 3}
    with pytest.raises(BadRequest, match='no matches for kind "Boat"'):
        cluster.client.create({**obj, "kind": "Boat"})
    with pytest.raises(BadRequest, match="no matches"):
        cluster.client.create({**obj, "apiVersion": "nowhere.example.com/v1"})


def test_a_namespace_is_emptied_of_them(cluster):
    cluster.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bay"}})
    ship(cluster, "ark", "bay")

    cluster.client.delete("Namespace", "bay")
    cluster.settle()

    with pytest.raises(NotFound):
        cluster.client.get("Namespace", "bay")


def test_they_go_with_their_definition(cluster):
    ship(cluster)
    ship(cluster, "titanic", finalizers=["example.com/hold"])

    cluster.client.delete(DEFINITION, SHIPS)
    cluster.settle()
    assert ships(cluster) == ["titanic"]
    assert cluster["customresourcecleanup"].sync("", SHIPS) == LOOK_AGAIN

    patch = {"metadata": {"finalizers": None}}
    cluster.client.patch(cluster.kind, "titanic", patch, "default")
    cluster["customresourcecleanup"].sync("", SHIPS)
    with pytest.raises(NotFound):
        cluster.client.get(DEFINITION, SHIPS)
    cluster.settle()
    assert SHIPS not in cluster["garbagecollector"].kinds


def test_what_they_own_goes_with_their_definition(cluster):
    config_map(cluster, "crew", ship(cluster))
    until(cluster, lambda: cluster.cache.list(cluster.kind))

    cluster.client.delete(DEFINITION, SHIPS)

    until(cluster, lambda: SHIPS not in cluster["garbagecollector"].kinds)
    until(cluster, lambda: "crew" not in cluster.names("ConfigMap"))


def test_a_role_gathers_those_that_are_labelled_for_it(start):
    cluster = start(ClusterRoleAggregationController)
    rule = {"verbs": ["get", "list", "watch"], "apiGroups": ["sea.example.com"], "resources": ["ships"]}
    metadata = {"name": "ship-viewer", "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}
    api_version = "rbac.authorization.k8s.io/v1"

    cluster.client.create({"apiVersion": api_version, "kind": "ClusterRole", "metadata": metadata, "rules": [rule]})
    cluster.settle()

    for name in ("view", "edit", "admin"):
        assert rule in cluster.client.get("ClusterRole", name)["rules"]
    cluster.client.delete("ClusterRole", "ship-viewer")
    cluster.settle()
    assert rule not in cluster.client.get("ClusterRole", "admin")["rules"]
