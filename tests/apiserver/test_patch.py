import pytest

from tests.apiserver.api import (
    APPLY,
    CONFIG_MAPS,
    DEPLOYMENTS,
    JSON_PATCH,
    MERGE,
    PODS,
    STRATEGIC,
    config_map,
    deployment,
    pod,
)


def test_a_merge_patch_works(api):
    api.make(CONFIG_MAPS, config_map("a", k="v", old="x"))

    answer = api.patch(f"{CONFIG_MAPS}/a", {"data": {"k": "w", "old": None, "new": "y"}}, MERGE)

    assert answer.status == 200
    assert answer.json["data"] == {"k": "w", "new": "y"}
    assert api.get(f"{CONFIG_MAPS}/a").json == answer.json


def test_a_json_patch_works(api):
    api.make(CONFIG_MAPS, config_map("a", k="v"))
    operations = [
        {"op": "test", "path": "/data/k", "value": "v"},
        {"op": "replace", "path": "/data/k", "value": "w"},
        {"op": "add", "path": "/metadata/labels", "value": {"app": "web"}},
    ]

    found = api.patch(f"{CONFIG_MAPS}/a", operations, JSON_PATCH).json

    assert (found["data"], found["metadata"]["labels"]) == ({"k": "w"}, {"app": "web"})


def test_a_json_patch_that_does_not_hold_is_refused(api):
    api.make(CONFIG_MAPS, config_map("a", k="v"))

    answer = api.patch(f"{CONFIG_MAPS}/a", [{"op": "test", "path": "/data/k", "value": "x"}], JSON_PATCH)

    assert answer.status == 422


def test_a_strategic_patch_merges_lists_by_their_key(api):
    api.make(DEPLOYMENTS, deployment("web"))
    containers = [{"name": "c", "image": "nginx:2"}, {"name": "side", "image": "busybox"}]

    found = api.patch(
        f"{DEPLOYMENTS}/web", {"spec": {"template": {"spec": {"containers": containers}}}}, STRATEGIC
    ).json

    images = {each["name"]: each["image"] for each in found["spec"]["template"]["spec"]["containers"]}
    assert images == {"c": "nginx:2", "side": "busybox"}
    assert found["spec"]["template"]["spec"]["containers"][0]["terminationMessagePath"]
    assert found["metadata"]["generation"] == 2


def test_what_is_not_there_cannot_be_patched(api):
    assert api.patch(f"{CONFIG_MAPS}/a", {}).status == 404


def test_a_patch_of_another_kind_of_document_is_refused(api):
    api.make(CONFIG_MAPS, config_map("a"))

    answer = api.patch(f"{CONFIG_MAPS}/a", {}, "application/json")

    assert (answer.status, answer.json["reason"]) == (415, "UnsupportedMediaType")
    assert MERGE in answer.message


@pytest.mark.parametrize(
    "media, body", [(MERGE, b"[]"), (MERGE, b"{"), (JSON_PATCH, b"{}"), (STRATEGIC, b"3"), (APPLY, b"a: [")]
)
def test_a_patch_must_be_well_formed(api, media, body):
    api.make(CONFIG_MAPS, config_map("a"))

    assert api.patch(f"{CONFIG_MAPS}/a?fieldManager=me", body, media).status == 400


def test_a_patch_may_name_the_revision_it_is_for(api):
    created = api.make(CONFIG_MAPS, config_map("a"))
    revision = created["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": revision}, "data": {"k": "v"}}

    assert api.patch(f"{CONFIG_MAPS}/a", patch).status == 200
    assert api.patch(f"{CONFIG_MAPS}/a", patch).status == 409


def test_an_unknown_field_in_a_patch_is_refused_when_asked(api):
    api.make(CONFIG_MAPS, config_map("a"))

    strict = api.patch(f"{CONFIG_MAPS}/a?fieldValidation=Strict", {"dtaa": {"k": "v"}})
    warned = api.patch(f"{CONFIG_MAPS}/a", {"dtaa": {"k": "v"}})

    assert (strict.status, warned.status) == (400, 200)
    assert 'unknown field "dtaa"' in strict.message
    assert warned.headers["warning"] == '299 - "unknown field \\"dtaa\\""'


def test_a_patch_of_the_status_leaves_the_rest(api):
    api.make(PODS, pod("a"))

    found = api.patch(f"{PODS}/a/status", {"status": {"phase": "Running"}, "metadata": {"labels": {"x": "y"}}}).json

    assert found["status"]["phase"] == "Running"
    assert found["spec"]["containers"][0]["image"] == "nginx:1"


def test_patches_of_two_at_once_are_both_kept(api, monkeypatch):
    api.make(CONFIG_MAPS, config_map("a"))
    update, interrupted = api.storage.update, []

    def interrupt(*args):
        if not interrupted:
            interrupted.append(True)
            assert api.patch(f"{CONFIG_MAPS}/a", {"data": {"faster": "1"}}).status == 200
        return update(*args)

    monkeypatch.setattr(api.storage, "update", interrupt)

    assert api.patch(f"{CONFIG_MAPS}/a", {"data": {"slower": "1"}}).json["data"] == {"faster": "1", "slower": "1"}


# --- Server-side apply ----------------------------------------------------------------------------


def apply(api, obj, target=CONFIG_MAPS, manager="alice", **query):
    options = "".join(f"&{name}={value}" for name, value in query.items())
    return api.patch(f"{target}/{obj['metadata']['name']}?fieldManager={manager}{options}", obj, APPLY)


def test_apply_creates_what_is_not_there(api):
    answer = apply(api, config_map("a", k="v"))

    assert answer.status == 201
    (entry,) = answer.json["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("alice", "Apply")
    assert apply(api, config_map("a", k="v")).status == 200


def test_apply_removes_what_is_no_longer_applied(api):
    apply(api, config_map("a", one="1", two="2"))

    found = apply(api, config_map("a", one="1")).json

    assert found["data"] == {"one": "1"}


def test_apply_of_anothers_field_is_a_conflict_unless_forced(api):
    apply(api, config_map("a", k="v"))

    answer = apply(api, config_map("a", k="w"), manager="bob")
    forced = apply(api, config_map("a", k="w"), manager="bob", force="true")

    assert answer.status == 409
    assert 'conflict with "alice"' in answer.message
    assert answer.json["details"]["causes"][0]["field"] == ".data.k"
    assert (forced.status, forced.json["data"]) == (200, {"k": "w"})


def test_applying_the_same_again_writes_nothing(api):
    apply(api, deployment("web"), DEPLOYMENTS)
    before = api.storage.hub.revision
    api.wait(5)

    assert apply(api, deployment("web"), DEPLOYMENTS).status == 200

    assert api.storage.hub.revision == before


def test_apply_needs_a_manager(api):
    answer = api.patch(f"{CONFIG_MAPS}/a", config_map("a"), APPLY)

    assert answer.status == 422
    assert "fieldManager" in answer.message


def test_apply_refuses_the_bookkeeping_of_others(api):
    obj = config_map("a")
    obj["metadata"]["managedFields"] = [{"manager": "x"}]

    answer = apply(api, obj)

    assert answer.status == 400
    assert "metadata.managedFields must be nil" in answer.message


def test_apply_in_a_dry_run_creates_nothing(api):
    assert apply(api, config_map("a"), dryRun="All").status == 201
    assert api.get(f"{CONFIG_MAPS}/a").status == 404


def test_the_bookkeeping_can_be_cleared_by_a_json_patch(api):
    apply(api, config_map("a", k="v"))

    found = api.patch(
        f"{CONFIG_MAPS}/a", [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}], JSON_PATCH
    )

    assert "managedFields" not in found.json["metadata"]
