"""Namespaces, Nodes, ServiceAccounts and Leases."""

from __future__ import annotations

import copy

import pytest

from minikweb.kinds.coordination import LEASE
from minikweb.kinds.core import NAMESPACE, SERVICE_ACCOUNT
from minikweb.kinds.nodes import NODE, roles
from tests.kinds.testdata import load, messages


def namespace(**metadata):
    found = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo", **metadata}}
    NAMESPACE.default(found)
    NAMESPACE.prepare_for_create(found)
    return found


def test_it_works():
    assert namespace(labels={"a": "1"}) == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "demo", "labels": {"a": "1", "kubernetes.io/metadata.name": "demo"}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
    assert NAMESPACE.validate(namespace(), None) == []


def test_a_generated_name_is_labelled_too():
    found = {"metadata": {"generateName": "demo-"}}
    NAMESPACE.default(found)
    found["metadata"]["name"] = "demo-x7x2k"
    NAMESPACE.prepare_for_create(found)
    assert found["metadata"]["labels"] == {"kubernetes.io/metadata.name": "demo-x7x2k"}


def test_a_namespace_keeps_its_finalizer_and_phase_on_update():
    old = namespace()
    new = {"metadata": {"name": "demo"}, "spec": {}, "status": {"phase": "Terminating"}}
    NAMESPACE.default(new)
    NAMESPACE.prepare_for_update(new, old)
    assert new["spec"] == {"finalizers": ["kubernetes"]}
    assert new["status"] == {"phase": "Active"}


def test_a_namespace_terminates_only_once_it_is_deleted():
    new = namespace()
    new["status"] = {"phase": "Terminating"}
    expected = "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"
    assert messages(NAMESPACE.validate(new, namespace())) == [expected]
    new["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    assert NAMESPACE.validate(new, namespace()) == []


def test_namespaces_are_named_as_hosts():
    assert NAMESPACE.validate_name("demo") == []
    assert NAMESPACE.validate_name("demo.example") != []


def test_a_node_may_bring_its_status_and_then_reports_it_apart():
    node = {"metadata": {"name": "n"}, "status": {"capacity": {"cpu": "2", "memory": "4194304Ki"}}}
    NODE.default(node)
    assert node["status"]["allocatable"] == {"cpu": "2", "memory": "4Gi"}
    new = {"metadata": {"name": "n"}, "spec": {"unschedulable": True}}
    NODE.default(new)
    NODE.prepare_for_update(new, node)
    assert new["status"] == node["status"]
    NODE.prepare_for_status_update(new, node)
    assert new["spec"] == node["spec"]


@pytest.mark.parametrize(
    ("taints", "expected"),
    [
        ([{"key": "a"}], "metadata.taints[0].effect: Required value"),
        (
            [{"key": "a", "effect": "NoSchedule"}] * 2,
            'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and '
            "effect pair",
        ),
        (
            [{"key": "a", "effect": "No"}],
            'metadata.taints[0].effect: Unsupported value: "No": supported values: "NoSchedule", "PreferNoSchedule", '
            '"NoExecute"',
        ),
    ],
)
def test_it_names_what_is_wrong_with_taints(taints, expected):
    node = {"metadata": {"name": "n"}, "spec": {"taints": taints}}
    NODE.default(node)
    assert messages(NODE.validate(node, None)) == [expected]


def test_the_network_of_a_node_stays():
    node = {"metadata": {"name": "n"}, "spec": {"podCIDR": "10.244.1.0/24"}}
    NODE.default(node)
    assert node["spec"]["podCIDRs"] == ["10.244.1.0/24"]
    new = copy.deepcopy(node)
    new["spec"] = {"podCIDR": "10.244.2.0/24", "podCIDRs": ["10.244.2.0/24"]}
    expected = 'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'
    assert messages(NODE.validate(new, node)) == [expected]


def test_the_roles_of_a_node():
    assert roles(load("node-ready")) == ["worker"]
    assert roles({"metadata": {"labels": {"kubernetes.io/role": "b", "node-role.kubernetes.io/a": ""}}}) == ["a", "b"]
    assert roles({"metadata": {}}) == []


def test_cordoned_nodes_are_selected():
    assert NODE.selectable["spec.unschedulable"](load("node-cordoned")) == "true"
    assert NODE.selectable["spec.unschedulable"](load("node-ready")) == "false"


def test_of_the_secrets_of_an_account_only_the_names_stay():
    account = {"metadata": {"name": "bot"}, "secrets": [{"name": "a", "namespace": "elsewhere"}]}
    SERVICE_ACCOUNT.prepare_for_create(account)
    assert account["secrets"] == [{"name": "a"}]


def test_a_lease_lasts():
    expected = "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"
    assert messages(LEASE.validate({"spec": {"leaseDurationSeconds": 0}}, None)) == [expected]
    assert LEASE.validate(load("lease-held"), None) == []
