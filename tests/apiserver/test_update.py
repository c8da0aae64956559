import pytest

from minikweb.store.storage import RevisionChanged
from tests.apiserver.api import CONFIG_MAPS, DEPLOYMENTS, PODS, config_map, deployment, pod

LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"


def test_it_works(api):
    created = api.make(CONFIG_MAPS, config_map("a", k="v"))

    answer = api.put(f"{CONFIG_MAPS}/a", created | {"data": {"k": "w"}})

    assert answer.status == 200
    assert answer.json["data"] == {"k": "w"}
    assert int(answer.json["metadata"]["resourceVersion"]) > int(created["metadata"]["resourceVersion"])
    assert api.get(f"{CONFIG_MAPS}/a").json == answer.json


def test_a_write_on_an_older_revision_is_a_conflict(api):
    created = api.make(CONFIG_MAPS, config_map("a", k="v"))
    api.put(f"{CONFIG_MAPS}/a", created | {"data": {"k": "w"}})

    answer = api.put(f"{CONFIG_MAPS}/a", created | {"data": {"k": "x"}})

    assert (answer.status, answer.json["reason"]) == (409, "Conflict")
    assert "the object has been modified; please apply your changes to the latest version" in answer.message
    assert api.get(f"{CONFIG_MAPS}/a").json["data"] == {"k": "w"}


def test_without_a_revision_the_last_one_wins(api):
    api.make(CONFIG_MAPS, config_map("a", k="v"))

    assert api.put(f"{CONFIG_MAPS}/a", config_map("a", k="w")).json["data"] == {"k": "w"}


def test_without_a_revision_it_is_tried_again_when_somebody_was_faster(api, monkeypatch):
    api.make(CONFIG_MAPS, config_map("a", k="v"))
    update, failures = api.storage.update, [RevisionChanged(), RevisionChanged()]

    def contended(*args):
        if failures:
            raise failures.pop()
        return update(*args)

    monkeypatch.setattr(api.storage, "update", contended)

    assert api.put(f"{CONFIG_MAPS}/a", config_map("a", k="w")).json["data"] == {"k": "w"}


def test_a_lease_must_name_the_revision_it_replaces(api):
    lease = api.make(LEASES, {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}})
    del lease["metadata"]["resourceVersion"]

    answer = api.put(f"{LEASES}/l", lease)

    assert answer.status == 422
    assert "must be specified for an update" in answer.message


def test_a_lease_is_created_by_an_update(api):
    answer = api.put(f"{LEASES}/l", {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}})

    assert answer.status == 201
    assert api.put(f"{CONFIG_MAPS}/a", config_map("a")).status == 404


def test_writing_what_is_there_already_writes_nothing(api):
    created = api.make(CONFIG_MAPS, config_map("a", k="v"))
    api.wait(5)

    answer = api.put(f"{CONFIG_MAPS}/a", created)

    assert answer.json == created
    assert api.storage.hub.revision == int(created["metadata"]["resourceVersion"])


def test_what_only_the_system_sets_stays(api):
    created = api.make(CONFIG_MAPS, config_map("a"))
    changed = config_map("a", k="v")
    changed["metadata"] |= {"creationTimestamp": "2000-01-01T00:00:00Z", "deletionTimestamp": "2000-01-01T00:00:00Z"}

    metadata = api.put(f"{CONFIG_MAPS}/a", changed).json["metadata"]

    assert metadata["uid"] == created["metadata"]["uid"]
    assert metadata["creationTimestamp"] == created["metadata"]["creationTimestamp"]
    assert "deletionTimestamp" not in metadata


def test_it_refuses_another_name_or_uid(api):
    created = api.make(CONFIG_MAPS, config_map("a"))

    assert "does not match the name on the URL" in api.put(f"{CONFIG_MAPS}/a", config_map("b")).message
    other = created | {"metadata": created["metadata"] | {"uid": "another"}}
    answer = api.put(f"{CONFIG_MAPS}/a", other)
    assert answer.status == 409
    assert "Precondition failed: UID in precondition: another" in answer.message


def test_the_generation_counts_changes_of_what_is_asked(api):
    created = api.make(DEPLOYMENTS, deployment("web"))
    created["metadata"]["labels"] = {"a": "b"}
    labelled = api.put(f"{DEPLOYMENTS}/web", created).json
    labelled["spec"]["replicas"] = 5
    scaled = api.put(f"{DEPLOYMENTS}/web", labelled).json

    assert (labelled["metadata"]["generation"], scaled["metadata"]["generation"]) == (1, 2)


def test_the_status_is_written_at_its_own_address_only(api):
    created = api.make(DEPLOYMENTS, deployment("web"))
    asked = created | {"status": {"replicas": 3}, "spec": created["spec"] | {"replicas": 9}}

    status = api.put(f"{DEPLOYMENTS}/web/status", asked).json

    assert status["status"] == {"replicas": 3}
    assert status["spec"]["replicas"] == 1
    assert status["metadata"]["generation"] == 1
    spec = api.put(f"{DEPLOYMENTS}/web", status | {"status": {"replicas": 7}}).json
    assert spec["status"] == {"replicas": 3}
    assert api.get(f"{DEPLOYMENTS}/web/status").json == spec


def test_a_writer_of_the_status_is_told_apart(api):
    created = api.make(DEPLOYMENTS, deployment("web"))
    api.put(f"{DEPLOYMENTS}/web/status?fieldManager=controller", created | {"status": {"replicas": 3}})

    entries = api.get(f"{DEPLOYMENTS}/web").json["metadata"]["managedFields"]

    assert [(entry["manager"], entry.get("subresource")) for entry in entries] == [
        ("controller", "status"),
        ("test", None),
    ]


def test_what_may_not_change_is_named(api):
    created = api.make(PODS, pod("a"))
    created["spec"]["hostname"] = "other"

    answer = api.put(f"{PODS}/a", created)

    assert answer.status == 422
    assert "pod updates may not change fields other than" in answer.message


def test_a_dry_run_changes_nothing(api):
    api.make(CONFIG_MAPS, config_map("a", k="v"))

    answer = api.put(f"{CONFIG_MAPS}/a?dryRun=All", config_map("a", k="w"))

    assert answer.json["data"] == {"k": "w"}
    assert api.get(f"{CONFIG_MAPS}/a").json["data"] == {"k": "v"}


@pytest.mark.parametrize("finalizers", [["example.com/a"], []])
def test_an_object_waits_for_its_finalizers(api, finalizers):
    obj = config_map("a")
    obj["metadata"]["finalizers"] = ["example.com/a", "example.com/b"]
    api.make(CONFIG_MAPS, obj)
    waiting = api.delete(f"{CONFIG_MAPS}/a").json
    assert waiting["metadata"]["deletionTimestamp"] == "2026-11-23T12:00:00Z"

    waiting["metadata"]["finalizers"] = finalizers
    assert api.put(f"{CONFIG_MAPS}/a", waiting).status == 200

    assert api.get(f"{CONFIG_MAPS}/a").status == (200 if finalizers else 404)


def test_no_finalizer_is_added_to_what_is_being_deleted(api):
    obj = config_map("a")
    obj["metadata"]["finalizers"] = ["example.com/a"]
    api.make(CONFIG_MAPS, obj)
    waiting = api.delete(f"{CONFIG_MAPS}/a").json
    waiting["metadata"]["finalizers"].append("example.com/b")

    answer = api.put(f"{CONFIG_MAPS}/a", waiting)

    assert answer.status == 422
    assert "no new finalizers can be added if the object is being deleted" in answer.message
