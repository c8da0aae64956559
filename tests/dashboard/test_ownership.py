"""Who owns which field: managedFields as a tree of fields with their owners."""

from minikweb.dashboard import fieldpath, ownership

CONTAINER = 'k:{"name":"web"}'
OBJECT = {
    "metadata": {
        "name": "web",
        "managedFields": [
            {
                "manager": "helm",
                "operation": "Apply",
                "time": "2026-11-23T10:00:00Z",
                "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:app.kubernetes.io/name": {}}},
                    "f:spec": {"f:replicas": {}, "f:containers": {CONTAINER: {".": {}, "f:name": {}, "f:image": {}}}},
                },
            },
            {
                "manager": "kubectl-scale",
                "operation": "Update",
                "subresource": "scale",
                "time": "2026-11-23T11:00:00Z",
                "fieldsV1": {"f:spec": {"f:replicas": {}}},
            },
        ],
        "labels": {"app.kubernetes.io/name": "web"},
    },
    "spec": {"replicas": 3, "containers": [{"name": "web", "image": "demo:1"}]},
}
IMAGE = ("spec", "containers", ("name", "web"), "image")


def named(found):
    return [owner.manager for owner in found]


def test_it_works():
    found = {field.name: field for field in ownership.fields(OBJECT)}
    assert named(found["spec.replicas"].owners) == ["helm", "kubectl-scale"]
    assert found["spec.containers[name=web].image"].value == "demo:1"
    assert found['metadata.labels["app.kubernetes.io/name"]'].value == "web"
    assert found["spec"].owners == [] and found["spec"].level == 1


def test_parents_come_before_their_children():
    names = [field.name for field in ownership.fields(OBJECT)]
    assert names.index("spec.containers") + 1 == names.index("spec.containers[name=web]")


def test_the_last_writer_comes_first():
    assert named(ownership.owners(OBJECT)) == ["kubectl-scale", "helm"]


def test_the_owner_of_a_value_is_found_by_its_path():
    assert named(ownership.owner_of(OBJECT, IMAGE)) == ["helm"]
    assert named(ownership.owner_of(OBJECT, ("spec", "replicas"))) == ["helm", "kubectl-scale"]
    assert named(ownership.owner_of(OBJECT, ("spec", "containers", ("name", "web")))) == ["helm"]
    assert ownership.owner_of(OBJECT, ("data",)) == []


def test_an_object_that_nobody_owns_has_no_fields():
    assert ownership.fields({"metadata": {"name": "web"}}) == []


def test_long_values_are_cut():
    obj = {
        "metadata": {"managedFields": [{"manager": "x", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}}]},
        "data": {"a": "x" * 500},
    }
    assert len(ownership.fields(obj)[-1].value) == 61


def test_a_path_survives_being_written_and_read():
    path = ("spec", "containers", ("name", "web"), "env", "a.b/c")
    assert tuple(fieldpath.parse(fieldpath.text(path))) == path
    assert fieldpath.parse('.spec.containers[name="a.b"].ports[0]') == [
        "spec",
        "containers",
        ("name", "a.b"),
        "ports",
        0,
    ]


# --- On the pages ---------------------------------------------------------------------------------


def test_the_fields_show_who_owns_what(web):
    helm = web.api.acting_as("helm")
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"size": "small"}}
    web._seen(helm.patch("ConfigMap", "settings", obj, web.namespace, type="apply"))
    web.patch("ConfigMap", "settings", {"data": {"colour": "red"}})
    page = web.ask(web.path("ConfigMap", "settings", "fields/"))
    owners = {each["field"].name: [owner.manager for owner, _ in each["owners"]] for each in page.context["fields"]}
    assert owners["data.size"] == ["helm"] and owners["data.colour"] != ["helm"]
    alone = web.ask(web.path("ConfigMap", "settings", "fields/?owner=helm")).context["fields"]
    assert [each["field"].name for each in alone] == ["data", "data.size"]


def test_the_fields_of_a_secret_hide_its_values(web):
    web.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"a": "aHVudGVyMg=="}})
    page = web.get(web.path("Secret", "keys", "fields/"))
    assert "aHVudGVyMg" not in page and "••••" in page
