"""Wanted and live objects, one beside the other."""

import copy

import pytest

from minikweb.gitops import comparison, health
from minikweb.gitops.comparison import compare, overall_health, sync_status
from minikweb.gitops.tracking import key_of, marked, owner_of


def config(name="a", data=None, **meta):
    found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ns", **meta}}
    return found | ({"data": data} if data is not None else {})


def predict(wanted, live):
    """As a server would apply it."""
    outcome = copy.deepcopy(live)
    outcome["data"] = {**outcome.get("data", {}), **wanted.get("data", {})}
    outcome["metadata"]["resourceVersion"] = "999"
    return outcome


def compared(wanted, live, ignored=()):
    return compare(wanted, {key_of(obj): obj for obj in live}, predict, ignored)


def test_it_works():
    found = compared(
        [config("a", {"x": "1"}), config("b", {"x": "1"}), config("c")],
        [config("a", {"x": "1"}), config("b", {"x": "2"}), config("old")],
    )
    assert {one.key[3]: (one.status, one.requires_pruning) for one in found} == {
        "a": ("Synced", False),
        "b": ("OutOfSync", False),
        "c": ("OutOfSync", False),
        "old": ("OutOfSync", True),
    }
    assert sync_status(found) == "OutOfSync"
    assert next(one for one in found if one.key[3] == "c").health.status == health.MISSING


def test_what_others_add_is_no_difference():
    live = config("a", {"x": "1", "added": "by hand"}, resourceVersion="5", managedFields=[{}], uid="u")
    assert sync_status(compared([config("a", {"x": "1"})], [live])) == "Synced"


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ({"kind": "ConfigMap", "jsonPointers": ["/data/x"]}, "Synced"),
        ({"group": "*", "kind": "*", "jsonPointers": ["/data"]}, "Synced"),
        ({"kind": "ConfigMap", "name": "other", "jsonPointers": ["/data/x"]}, "OutOfSync"),
        ({"kind": "ConfigMap", "jsonPointers": ["/data/y", "/no/such/0"]}, "OutOfSync"),
    ],
)
def test_rules_leave_fields_out(rule, status):
    found = compared([config("a", {"x": "1"})], [config("a", {"x": "2"})], [rule])
    assert sync_status(found) == status


def test_hooks_and_ignored_extras_do_not_count():
    hook = config("hook", annotations={"argocd.argoproj.io/hook": "PreSync"})
    extra = config("extra", annotations={"argocd.argoproj.io/compare-options": "IgnoreExtraneous"})
    assert sync_status(compared([hook], [extra])) == "Synced"


def test_what_the_server_refuses_is_out_of_sync_with_its_words():
    def refuse(wanted, live):
        raise ValueError("data: Invalid value")

    (found,) = compare([config()], {key_of(config()): config()}, refuse)
    assert (found.status, found.message) == ("OutOfSync", "data: Invalid value")


def test_health_is_that_of_the_worst_part():
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns"}, "spec": {}}
    ill = {**pod, "status": {"phase": "Failed", "message": "no"}}
    found = compared([pod, config("gone")], [ill])
    assert overall_health(found) == health.DEGRADED
    assert overall_health([]) == health.HEALTHY


def test_an_object_belongs_to_whom_its_annotation_names_and_a_copy_to_nobody():
    mine = marked(config("a"), "shop")
    assert owner_of(mine) == "shop"
    assert "annotations" not in config("a")["metadata"]
    copied = copy.deepcopy(mine)
    copied["metadata"]["name"] = "b"
    assert owner_of(copied) == ""
    assert comparison.normalised(
        config("a", annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"})
    ) == config("a")
