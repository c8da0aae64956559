import pytest

from tests.apiserver.api import CONFIG_MAPS, PODS, config_map, deployment, pod


def test_it_works(api):
    answer = api.post(CONFIG_MAPS, config_map("a", k="v"))

    assert answer.status == 201
    created = answer.json
    assert (created["kind"], created["apiVersion"], created["data"]) == ("ConfigMap", "v1", {"k": "v"})
    metadata = created["metadata"]
    assert metadata["name"] == "a"
    assert metadata["namespace"] == "default"
    assert metadata["creationTimestamp"] == "2026-11-23T12:00:00Z"
    assert len(metadata["uid"]) == 36
    assert int(metadata["resourceVersion"]) == api.storage.hub.revision
    assert api.get(f"{CONFIG_MAPS}/a").json == created


def test_kind_and_version_may_be_left_out(api):
    created = api.make(CONFIG_MAPS, {"metadata": {"name": "a"}})

    assert (created["kind"], created["apiVersion"]) == ("ConfigMap", "v1")


def test_it_says_who_set_which_field(api):
    api.post(f"{CONFIG_MAPS}?fieldManager=kubectl-create", config_map("a", k="v"))

    (entry,) = api.get(f"{CONFIG_MAPS}/a").json["metadata"]["managedFields"]

    assert (entry["manager"], entry["operation"], entry["time"]) == ("kubectl-create", "Update", "2026-11-23T12:00:00Z")
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:k": {}}}


def test_the_manager_is_the_agent_when_none_is_named(api):
    created = api.make(CONFIG_MAPS, config_map("a", k="v"))

    assert created["metadata"]["managedFields"][0]["manager"] == "test"


def test_it_refuses_a_name_that_is_taken(api):
    api.make(CONFIG_MAPS, config_map("a"))

    answer = api.post(CONFIG_MAPS, config_map("a"))

    assert (answer.status, answer.json["reason"]) == (409, "AlreadyExists")
    assert answer.message == 'configmaps "a" already exists'


def test_the_same_name_is_free_in_another_namespace(api):
    api.make(CONFIG_MAPS, config_map("a"))

    assert api.post("/api/v1/namespaces/kube-public/configmaps", config_map("a")).status == 201


def test_it_generates_a_name(api):
    made = {api.make(CONFIG_MAPS, {"metadata": {"generateName": "web-"}})["metadata"]["name"] for _ in range(3)}

    assert len(made) == 3
    assert all(name.startswith("web-") and len(name) == 9 for name in made)


def test_it_generates_another_name_when_one_is_taken(api, monkeypatch):
    suffixes = iter(["a", "a", "b"])
    monkeypatch.setattr("minikweb.apimachinery.meta.generate_name", lambda base: base + next(suffixes))

    made = [api.make(CONFIG_MAPS, {"metadata": {"generateName": "web-"}})["metadata"]["name"] for _ in range(2)]

    assert made == ["web-a", "web-b"]


def test_it_requires_a_name(api):
    answer = api.post(CONFIG_MAPS, {"metadata": {}})

    assert answer.status == 422
    assert answer.json["details"]["causes"][0]["field"] == "metadata.name"
    assert "name or generateName is required" in answer.message


def test_it_requires_the_namespace_to_exist(api):
    answer = api.post("/api/v1/namespaces/nowhere/configmaps", config_map("a"))

    assert (answer.status, answer.message) == (404, 'namespaces "nowhere" not found')


def test_nothing_new_begins_in_a_namespace_that_ends(api):
    api.make("/api/v1/namespaces", {"metadata": {"name": "demo"}})
    api.delete("/api/v1/namespaces/demo")

    answer = api.post("/api/v1/namespaces/demo/configmaps", config_map("a"))

    assert answer.status == 403
    assert "because it is being terminated" in answer.message
    assert answer.json["details"]["causes"][0]["reason"] == "NamespaceTerminating"


def test_it_refuses_an_object_of_another_namespace(api):
    obj = config_map("a")
    obj["metadata"]["namespace"] = "other"

    answer = api.post(CONFIG_MAPS, obj)

    assert answer.status == 400
    assert "does not match the namespace" in answer.message


def test_it_refuses_an_object_of_another_kind(api):
    answer = api.post(CONFIG_MAPS, pod("a"))

    assert answer.status == 400
    assert 'Pod in version "v1" cannot be handled as a ConfigMap' in answer.message


def test_it_refuses_a_resource_version(api):
    obj = config_map("a")
    obj["metadata"]["resourceVersion"] = "5"

    assert api.post(CONFIG_MAPS, obj).message == "resourceVersion should not be set on objects to be created"


def test_what_only_the_system_sets_is_set_by_the_system(api):
    obj = pod("a")
    obj["metadata"] |= {"uid": "mine", "deletionTimestamp": "2026-01-01T00:00:00Z", "generation": 7}
    obj["status"] = {"phase": "Running"}

    created = api.make(PODS, obj)

    assert created["metadata"]["uid"] != "mine"
    assert "deletionTimestamp" not in created["metadata"]
    assert created["status"]["phase"] == "Pending"


def test_defaults_are_filled_in(api):
    created = api.make("/apis/apps/v1/namespaces/default/deployments", deployment("web"))

    assert created["spec"]["strategy"]["type"] == "RollingUpdate"
    assert created["metadata"]["generation"] == 1


def test_a_dry_run_stores_nothing(api):
    before = api.storage.hub.revision

    answer = api.post(f"{CONFIG_MAPS}?dryRun=All", config_map("a"))

    assert answer.status == 201
    assert answer.json["metadata"]["uid"]
    assert "resourceVersion" not in answer.json["metadata"]
    assert api.storage.hub.revision == before
    assert api.get(f"{CONFIG_MAPS}/a").status == 404


def test_a_dry_run_finds_the_same_faults(api):
    api.make(CONFIG_MAPS, config_map("a"))

    assert api.post(f"{CONFIG_MAPS}?dryRun=All", config_map("a")).status == 409
    assert api.post(f"{CONFIG_MAPS}?dryRun=All", config_map("A!")).status == 422
    assert api.post(f"{CONFIG_MAPS}?dryRun=Some", config_map("b")).status == 400


@pytest.mark.parametrize("level, status", [("Strict", 400), ("Warn", 201), ("", 201), ("Ignore", 201)])
def test_an_unknown_field_is_refused_named_or_dropped(api, level, status):
    answer = api.post(f"{CONFIG_MAPS}?fieldValidation={level}", {"metadata": {"name": "a"}, "dtaa": {"k": "v"}})

    assert answer.status == status
    if level == "Strict":
        assert 'strict decoding error: unknown field "dtaa"' in answer.message
    else:
        assert "dtaa" not in answer.json
        warned = answer.headers.get("warning", "")
        assert warned == ("" if level == "Ignore" else '299 - "unknown field \\"dtaa\\""')


def test_a_repeated_field_is_refused(api):
    body = b'{"metadata": {"name": "a"}, "data": {"k": "1", "k": "2"}}'

    answer = api.post(f"{CONFIG_MAPS}?fieldValidation=Strict", body)

    assert answer.status == 400
    assert 'duplicate field "data.k"' in answer.message


def test_a_field_of_the_wrong_type_is_named(api):
    obj = deployment("web")
    obj["spec"]["replicas"] = "three"

    answer = api.post("/apis/apps/v1/namespaces/default/deployments", obj)

    assert answer.status == 400
    assert "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32" in answer.message


@pytest.mark.parametrize(
    "path, obj, said",
    [
        ("configmaps", {"metadata": {"name": "a", "creationTimestamp": "yesterday"}}, 'parsing time "yesterday"'),
        ("secrets", {"metadata": {"name": "a"}, "data": {"k": "c2VjcmV0!"}}, "illegal base64 data at input byte 8"),
    ],
)
def test_a_text_that_is_no_time_or_no_base64_is_refused(api, path, obj, said):
    answer = api.post(f"/api/v1/namespaces/default/{path}", obj)

    assert answer.status == 400
    assert said in answer.message


def test_yaml_is_read(api):
    body = b"metadata:\n  name: a\n  labels: {app: web}\ndata: {k: v}\n"

    answer = api.post(CONFIG_MAPS, body, content_type="application/yaml")

    assert (answer.status, answer.json["data"]) == (201, {"k": "v"})


def test_nulls_are_not_stored(api):
    created = api.make(PODS, pod("a") | {"status": None, "metadata": {"name": "a", "creationTimestamp": None}})

    assert created["metadata"]["creationTimestamp"] == "2026-11-23T12:00:00Z"


def test_the_log_knows_who_wrote(api):
    api.call("POST", f"{CONFIG_MAPS}?fieldManager=me", config_map("a"), user_agent="kubectl/v1.37 (linux)")

    with api.storage.database.read() as transaction:
        row = transaction.row('SELECT "user", agent, verb, manager FROM store_revision ORDER BY revision DESC LIMIT 1')

    assert row == ("alice", "kubectl/v1.37 (linux)", "create", "me")
