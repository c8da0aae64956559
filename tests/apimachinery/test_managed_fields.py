from datetime import UTC, datetime, timedelta

import pytest

from minikweb.apimachinery import apply
from minikweb.apimachinery.serializer import deep_copy

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "demo", "uid": "1", "labels": {"app": "web"}},
    "spec": {
        "containers": [{"name": "c", "image": "a:1", "resources": {"limits": {"cpu": "1"}}}],
        "restartPolicy": "Always",
    },
}


@pytest.fixture
def write(pod_schema):
    def write(live, new, manager, subresource="", now=NOW, **options):
        new = deep_copy(new)
        apply.update_managed_fields(live, new, manager, "Update", subresource, "v1", now, pod_schema, **options)
        return new

    return write


def owned(obj, manager, subresource=""):
    entries = obj["metadata"].get("managedFields", [])
    found = [e for e in entries if e["manager"] == manager and e.get("subresource", "") == subresource]
    return found[0]["fieldsV1"] if found else None


def change(obj, **spec):
    new = deep_copy(obj)
    new["spec"] |= spec
    return new


def test_it_works(write):
    created = write(None, POD, "kubectl-create")
    assert created["metadata"]["managedFields"] == [
        {
            "manager": "kubectl-create",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2026-11-23T12:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"c"}': {
                            ".": {},
                            "f:image": {},
                            "f:name": {},
                            "f:resources": {".": {}, "f:limits": {".": {}, "f:cpu": {}}},
                        }
                    },
                    "f:restartPolicy": {},
                },
            },
        }
    ]


def test_who_changes_a_field_owns_it(write):
    created = write(None, POD, "creator")
    new = deep_copy(created)
    new["spec"]["containers"][0]["image"] = "a:2"
    changed = write(created, new, "kubectl-set", now=LATER)
    assert owned(changed, "kubectl-set") == {"f:spec": {"f:containers": {'k:{"name":"c"}': {"f:image": {}}}}}
    assert "f:image" not in owned(changed, "creator")["f:spec"]["f:containers"]['k:{"name":"c"}']
    assert [entry["time"] for entry in changed["metadata"]["managedFields"]] == [
        "2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z",
    ]  # fmt: skip


def test_a_write_that_changes_nothing_changes_no_owner_and_no_time(write):
    created = write(None, POD, "creator")
    again = write(created, created, "other", now=LATER)
    assert again == created


def test_the_live_object_is_left_alone(write):
    created = write(None, POD, "creator")
    before = deep_copy(created)
    write(created, change(created, restartPolicy="Never", containers=[{"name": "d"}]), "other", now=LATER)
    assert created == before


def test_a_removed_field_belongs_to_nobody(write):
    created = write(None, POD, "creator")
    new = deep_copy(created)
    del new["spec"]["restartPolicy"], new["metadata"]["labels"]
    changed = write(created, new, "other", now=LATER)
    assert owned(changed, "other") is None
    assert (
        "f:metadata" not in owned(changed, "creator") and "f:restartPolicy" not in owned(changed, "creator")["f:spec"]
    )


def test_an_owner_without_fields_is_gone(write):
    created = write(None, {"metadata": {"name": "x"}, "spec": {"restartPolicy": "Always"}}, "creator")
    changed = write(created, change(created, restartPolicy="Never"), "other")
    assert [entry["manager"] for entry in changed["metadata"]["managedFields"]] == ["other"]


def test_a_subresource_has_its_own_entry(write):
    created = write(None, POD, "kubelet")
    new = deep_copy(created)
    new["status"] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    changed = write(created, new, "kubelet", "status", now=LATER)
    assert owned(changed, "kubelet", "status") == {
        "f:status": {
            "f:conditions": {".": {}, 'k:{"type":"Ready"}': {".": {}, "f:status": {}, "f:type": {}}},
            "f:phase": {},
        }
    }
    assert changed["metadata"]["managedFields"][1]["subresource"] == "status"
    assert "f:status" not in owned(changed, "kubelet")


def test_fields_a_write_cannot_set_are_not_tracked(write):
    created = write(None, {**POD, "status": {"phase": "Pending"}}, "creator", reset_fields=("status",))
    assert "f:status" not in owned(created, "creator")


def test_atomic_parts_are_owned_as_a_whole(write):
    created = write(None, change(POD, nodeSelector={"a": "b"}), "creator")
    changed = write(created, change(created, nodeSelector={"a": "b", "c": "d"}), "other")
    assert owned(changed, "other") == {"f:spec": {"f:nodeSelector": {}}}


def test_a_repeated_item_is_owned_as_a_whole(write):
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    created = write(None, change(POD, containers=[{"name": "c", "env": env}]), "creator")
    fields = owned(created, "creator")["f:spec"]["f:containers"]['k:{"name":"c"}']["f:env"]
    assert fields == {".": {}, 'k:{"name":"A"}': {}}
    changed = write(created, change(created, containers=[{"name": "c", "env": env[:1]}]), "other")
    fields = owned(changed, "other")["f:spec"]["f:containers"]['k:{"name":"c"}']["f:env"]
    assert fields == {'k:{"name":"A"}': {}}


def test_cleared_entries_stay_away_until_an_apply(write):
    created = write(None, POD, "creator")
    for cleared in ([], [{}]):
        new = deep_copy(created)
        new["metadata"]["managedFields"] = cleared
        changed = write(created, new, "other")
        assert "managedFields" not in changed["metadata"]
        assert "managedFields" not in write(changed, change(changed, hostname="h"), "other")["metadata"]


def test_a_client_that_forgets_the_entries_does_not_lose_them(write):
    created = write(None, POD, "creator")
    for forgotten in (
        None,
        [{"manager": "x"}],
        "nonsense",
        [{**created["metadata"]["managedFields"][0], "fieldsV1": {"x": 1}}],
    ):
        new = deep_copy(created)
        new["metadata"]["managedFields"] = forgotten
        assert write(created, new, "other") == created


def test_entries_can_be_rewritten(write):
    created = write(None, POD, "creator")
    new = deep_copy(created)
    new["metadata"]["managedFields"][0] |= {"manager": "kubectl", "operation": "Apply"}
    assert write(created, new, "kubectl-patch") == new
    assert write(created, new, "kubectl-patch", "status") == created


def test_the_oldest_updaters_are_joined(write):
    live = write(None, POD, "creator")
    for number in range(14):
        new = change(live, restartPolicy=f"p{number}")
        new["metadata"]["labels"][f"l{number}"] = "x"
        live = write(live, new, f"m{number:02}", now=NOW + timedelta(minutes=number + 1))
    managers = [entry["manager"] for entry in live["metadata"]["managedFields"]]
    assert managers == ["ancient-changes"] + [f"m{number:02}" for number in range(5, 14)]
    assert set(owned(live, "ancient-changes")["f:metadata"]["f:labels"]) >= {"f:app", "f:l0", "f:l4"}
