"""Custom resources: a definition makes a kind, and the kind is like any other."""

import copy
import json

import pytest

from minikweb.apiserver.app import Application
from minikweb.kinds import registry
from tests.apiserver.api import APPLY, JSON_PATCH, STRATEGIC, TABLE

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TABS = "/apis/stable.example.com/v1/namespaces/default/crontabs"
SPEC = {
    "type": "object",
    "required": ["cronSpec"],
    "properties": {
        "cronSpec": {"type": "string", "pattern": r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"},
        "image": {"type": "string", "maxLength": 20},
        "replicas": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
        "port": {"x-kubernetes-int-or-string": True},
        "mode": {"type": "string", "enum": ["fast", "slow"]},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "note": {"type": "string", "nullable": True},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "hosts": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "ports": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "number": {"type": "integer", "default": 80}},
            },
        },
    },
}
STATUS = {"type": "object", "properties": {"replicas": {"type": "integer"}, "selector": {"type": "string"}}}


def definition(**version):
    schema = {"type": "object", "properties": {"spec": copy.deepcopy(SPEC), "status": copy.deepcopy(STATUS)}}
    first = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
    names = {"plural": "crontabs", "kind": "CronTab", "shortNames": ["ct"], "categories": ["all"]}
    spec = {"group": "stable.example.com", "scope": "Namespaced", "names": names, "versions": [first]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "crontabs.stable.example.com"},
        "spec": spec,
    }


def tab(name="tab", **spec):
    return {
        "apiVersion": "stable.example.com/v1",
        "kind": "CronTab",
        "metadata": {"name": name},
        "spec": {"cronSpec": "* * * * *", **spec},
    }


@pytest.fixture
def tabs(api):
    """An API server that serves CronTabs with status and scale."""
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    scale["labelSelectorPath"] = ".status.selector"
    api.make(DEFINITIONS, definition(subresources={"status": {}, "scale": scale}))
    return api


def test_it_works(api):
    assert api.get(TABS).status == 404

    made = api.make(DEFINITIONS, definition())

    conditions = {each["type"]: each["status"] for each in made["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}
    assert made["status"]["storedVersions"] == ["v1"]
    assert made["status"]["acceptedNames"]["listKind"] == "CronTabList"
    assert api.make(TABS, tab())["spec"] == {"cronSpec": "* * * * *", "replicas": 1}
    assert api.get(TABS).json["kind"] == "CronTabList"
    assert [item["metadata"]["name"] for item in api.get(TABS).json["items"]] == ["tab"]


def test_its_kind_is_discovered_and_explained(tabs):
    resources = tabs.get("/apis/stable.example.com/v1").json["resources"]
    assert [resource["name"] for resource in resources] == ["crontabs", "crontabs/scale", "crontabs/status"]
    assert resources[0]["shortNames"] == ["ct"] and resources[0]["categories"] == ["all"]
    assert "stable.example.com" in [group["name"] for group in tabs.get("/apis").json["groups"]]
    assert "apis/stable.example.com/v1" in tabs.get("/openapi/v3").json["paths"]
    schemas = tabs.get("/openapi/v3/apis/stable.example.com/v1").json["components"]["schemas"]
    explained = schemas["com.example.stable.v1.CronTab"]
    assert explained["properties"]["spec"]["properties"]["replicas"]["default"] == 1
    assert explained["x-kubernetes-group-version-kind"][0]["kind"] == "CronTab"
    assert "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" in schemas


def test_the_documents_of_other_groups_stay_as_they_are(api):
    before = {path: entry["serverRelativeURL"] for path, entry in api.get("/openapi/v3").json["paths"].items()}

    api.make(DEFINITIONS, definition())

    after = {path: entry["serverRelativeURL"] for path, entry in api.get("/openapi/v3").json["paths"].items()}
    assert after.pop("apis/stable.example.com/v1")
    assert after == before


# --- What is stored -----------------------------------------------------------------------------------


def test_unknown_fields_are_pruned_with_a_warning(tabs):
    answer = tabs.post(TABS, tab(color="red", free={"any": {"thing": None}}))

    assert "unknown field" in answer.headers["warning"] and "spec.color" in answer.headers["warning"]
    assert answer.json["spec"] == {"cronSpec": "* * * * *", "free": {"any": {"thing": None}}, "replicas": 1}
    strict = tabs.post(f"{TABS}?fieldValidation=Strict", tab("b", color="red"))
    assert (strict.status, strict.message) == (
        400,
        'CronTab in version "v1" cannot be handled as a CronTab: strict decoding error: unknown field "spec.color"',
    )


def test_defaults_reach_into_lists_and_replace_null(tabs):
    made = tabs.make(TABS, tab(replicas=None, note=None, ports=[{"name": "http"}]))

    assert made["spec"] == {
        "cronSpec": "* * * * *", "replicas": 1, "note": None, "ports": [{"name": "http", "number": 80}],
    }  # fmt: skip


@pytest.mark.parametrize(
    "spec, message",
    [
        (
            {"cronSpec": "x"},
            "spec.cronSpec: Invalid value: \"x\": spec.cronSpec in body should match '"
            + SPEC["properties"]["cronSpec"]["pattern"] + "'",
        ),
        ({"cronSpec": None}, "spec.cronSpec: Required value"),
        ({"replicas": 11}, "spec.replicas: Invalid value: 11: spec.replicas "
         "in body should be less than or equal to 10"),
        ({"replicas": 0}, "spec.replicas: Invalid value: 0: spec.replicas "
         "in body should be greater than or equal to 1"),
        (
            {"replicas": "3"},
            'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
        ),
        (
            {"port": 1.5},
            'spec.port: Invalid value: "number": spec.port in body must be of type integer,string: "number"',
        ),
        ({"mode": "odd"}, 'spec.mode: Unsupported value: "odd": supported values: "fast", "slow"'),
        ({"image": "x" * 21}, "spec.image: Too long: may not be more than 20 bytes"),
        ({"hosts": ["a", "a"]}, 'spec.hosts[1]: Duplicate value: "a"'),
        ({"ports": [{"name": "a"}, {"name": "a"}]}, 'spec.ports[1]: Duplicate value: {"name":"a"}'),
        ({"ports": [{}]}, "spec.ports[0].name: Required value"),
        ({"ports": ["a"]}, 'spec.ports[0]: Invalid value: "string": spec.ports[0] '
         'in body must be of type object: "string"'),
        ({"labels": {"a": 1}}, 'spec.labels.a: Invalid value: "integer": spec.labels.a '
         'in body must be of type string: "integer"'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(tabs, spec, message):
    answer = tabs.post(TABS, tab(**spec))

    assert (answer.status, answer.message) == (422, f'CronTab.stable.example.com "tab" is invalid: {message}')


@pytest.mark.parametrize(
    "body",
    [
        {"spec": "x"},
        {"spec": []},
        {"spec": {"ports": 3}},
        {"spec": {"ports": [None]}},
        {"spec": {"ports": ["a", {"name": 5}, [], {}]}},
        {"spec": {"hosts": [None, {}, 3]}},
        {"spec": {"labels": {"a": None, "b": []}}},
        {"status": 1},
        {"metadata": []},
        {"metadata": {"name": 7}},
    ],
)
def test_the_wrong_type_is_never_a_failure_of_the_server(tabs, body):
    whole = {**tab(), **body}
    tabs.make(TABS, tab("there"))

    assert tabs.post(TABS, whole).status in (400, 422)
    assert tabs.patch(f"{TABS}/there", body).status in (400, 422)
    applied = {**whole, "metadata": {"name": "there"}} if "metadata" not in body else whole
    assert tabs.patch(f"{TABS}/there?fieldManager=me", applied, APPLY).status in (400, 409, 422)


def test_int_or_string_is_either(tabs):
    assert tabs.make(TABS, tab("a", port=80))["spec"]["port"] == 80
    assert tabs.make(TABS, tab("b", port="http"))["spec"]["port"] == "http"


# --- The verbs ------------------------------------------------------------------------------------------


def test_the_status_is_written_at_its_own_address(tabs):
    made = tabs.make(TABS, {**tab(), "status": {"replicas": 5}})
    assert "status" not in made and made["metadata"]["generation"] == 1

    reported = tabs.patch(f"{TABS}/tab/status", {"status": {"replicas": 3}, "spec": {"replicas": 9}}).json
    assert (reported["status"], reported["spec"]["replicas"]) == ({"replicas": 3}, 1)
    assert reported["metadata"]["generation"] == 1

    changed = tabs.patch(f"{TABS}/tab", {"spec": {"replicas": 4}, "status": {"replicas": 9}}).json
    assert (changed["status"], changed["metadata"]["generation"]) == ({"replicas": 3}, 2)
    assert {entry.get("subresource") for entry in changed["metadata"]["managedFields"]} == {None, "status"}


def test_without_the_subresource_the_status_is_a_field(api):
    api.make(DEFINITIONS, definition())
    assert api.make(TABS, {**tab(), "status": {"replicas": 5}})["status"] == {"replicas": 5}
    assert api.get(f"{TABS}/tab/status").status == 404


def test_it_is_scaled(tabs):
    tabs.make(TABS, tab())
    tabs.patch(f"{TABS}/tab/status", {"status": {"replicas": 2, "selector": "app=tab"}})

    scale = tabs.get(f"{TABS}/tab/scale").json
    assert (scale["kind"], scale["spec"], scale["status"]) == (
        "Scale", {"replicas": 1}, {"replicas": 2, "selector": "app=tab"},
    )  # fmt: skip
    assert tabs.patch(f"{TABS}/tab/scale", {"spec": {"replicas": 5}}).json["spec"] == {"replicas": 5}
    assert tabs.get(f"{TABS}/tab").json["spec"]["replicas"] == 5
    assert tabs.patch(f"{TABS}/tab/scale", {"spec": {"replicas": 50}}).status == 422


def test_patches_are_all_but_strategic(tabs):
    tabs.make(TABS, tab())

    assert tabs.patch(f"{TABS}/tab", [{"op": "add", "path": "/spec/image", "value": "x"}], JSON_PATCH).status == 200
    refused = tabs.patch(f"{TABS}/tab", {"spec": {}}, STRATEGIC)
    assert refused.status == 415
    assert "strategic" not in refused.message


def test_server_side_apply_knows_its_lists(tabs):
    def apply(manager, *ports, **spec):
        return tabs.patch(f"{TABS}/tab?fieldManager={manager}", tab(ports=list(ports), **spec), APPLY)

    assert apply("a", {"name": "http"}).status == 201
    both = apply("b", {"name": "https", "number": 443})
    assert both.status == 200, both.text
    assert both.json["spec"]["ports"] == [{"name": "http", "number": 80}, {"name": "https", "number": 443}]
    conflict = apply("b", {"name": "https", "number": 443}, cronSpec="1 * * * *")
    assert conflict.status == 409 and 'conflict with "a"' in conflict.message
    assert apply("a").json["spec"].get("ports") == [{"name": "https", "number": 443}]


def test_it_is_watched(tabs):
    revision = tabs.get(TABS).json["metadata"]["resourceVersion"]
    watching = tabs.watch(f"{TABS}?watch=true&resourceVersion={revision}")

    tabs.make(TABS, tab())
    tabs.patch(f"{TABS}/tab", {"spec": {"replicas": 2}})
    tabs.delete(f"{TABS}/tab")

    assert watching.take(3) == [("ADDED", "tab"), ("MODIFIED", "tab"), ("DELETED", "tab")]
    watching.close()


def test_columns_are_read_by_path(api):
    columns = [
        {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec"},
        {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas", "priority": 1},
        {"name": "First", "type": "integer", "jsonPath": '.spec.ports[?(@.name=="http")].number'},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "None", "type": "string", "jsonPath": ".spec.image"},
    ]
    api.make(DEFINITIONS, definition(additionalPrinterColumns=columns))
    api.make(TABS, tab(ports=[{"name": "other", "number": 1}, {"name": "http", "number": 8080}]))
    api.wait(90)

    table = api.get(TABS, accept=TABLE).json

    assert [column["name"] for column in table["columnDefinitions"]] == [
        "Name", "Spec", "Replicas", "First", "Age", "None",
    ]  # fmt: skip
    assert table["rows"][0]["cells"] == ["tab", "* * * * *", 1, 8080, "90s", None]


def test_without_columns_it_shows_its_age(tabs):
    tabs.make(TABS, tab())
    assert tabs.get(TABS, accept=TABLE).json["rows"][0]["cells"] == ["tab", "0s"]


def test_fields_can_be_selected(api):
    api.make(DEFINITIONS, definition(selectableFields=[{"jsonPath": ".spec.mode"}]))
    api.make(TABS, tab("a", mode="fast"))
    api.make(TABS, tab("b", mode="slow"))

    found = api.get(f"{TABS}?fieldSelector=spec.mode%3Dslow").json["items"]

    assert [item["metadata"]["name"] for item in found] == ["b"]


def test_finalizers_hold_it(tabs):
    tabs.make(TABS, {**tab(), "metadata": {"name": "tab", "finalizers": ["example.com/hold"]}})

    assert tabs.delete(f"{TABS}/tab").json["metadata"]["deletionTimestamp"]
    assert tabs.patch(f"{TABS}/tab", {"metadata": {"finalizers": None}}).status == 200
    assert tabs.get(f"{TABS}/tab").status == 404


def test_roles_speak_of_it(tabs):
    token = tabs.issuer.issue("ada")
    rule = {"verbs": ["list"], "apiGroups": ["stable.example.com"], "resources": ["crontabs"]}
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    assert 'crontabs.stable.example.com is forbidden: User "ada" cannot list' in tabs.get(TABS, token=token).message

    tabs.make(f"{rbac}/roles", {"metadata": {"name": "r"}, "rules": [rule]})
    reference = {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "User", "name": "ada"}]}
    tabs.make(f"{rbac}/rolebindings", {"metadata": {"name": "b"}, **reference})

    assert tabs.get(TABS, token=token).status == 200


# --- The definition's life ----------------------------------------------------------------------------------


def test_a_changed_definition_counts_at_once(tabs):
    tabs.make(TABS, tab())
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties"
    add = [{"op": "add", "path": f"{path}/color", "value": {"type": "string", "default": "blue"}}]

    assert tabs.patch(f"{DEFINITIONS}/crontabs.stable.example.com", add, JSON_PATCH).status == 200

    assert tabs.make(TABS, tab("new"))["spec"]["color"] == "blue"
    assert tabs.patch(f"{TABS}/tab", {"spec": {"color": "red"}}).json["spec"]["color"] == "red"


def test_two_versions_differ_in_their_name(api):
    crd = definition()
    crd["spec"]["versions"].append(
        {**copy.deepcopy(crd["spec"]["versions"][0]), "name": "v1beta1", "storage": False, "deprecated": True}
    )
    api.make(DEFINITIONS, crd)
    old = TABS.replace("/v1/", "/v1beta1/")

    made = api.post(old, {**tab(), "apiVersion": "stable.example.com/v1beta1"})

    assert "stable.example.com/v1beta1 CronTab is deprecated" in made.headers["warning"]
    assert made.json["apiVersion"] == "stable.example.com/v1beta1"
    assert api.get(f"{TABS}/tab").json["apiVersion"] == "stable.example.com/v1"
    assert api.patch(f"{TABS}/tab", {"spec": {"replicas": 2}}).json["apiVersion"] == "stable.example.com/v1"
    assert {item["apiVersion"] for item in api.get(old).json["items"]} == {"stable.example.com/v1beta1"}
    group = api.get("/apis/stable.example.com").json
    assert [version["version"] for version in group["versions"]] == ["v1", "v1beta1"]
    applied = api.patch(f"{TABS}/tab?fieldManager=me&force=true", tab(image="x"), APPLY)
    assert applied.json["spec"]["image"] == "x"


def test_a_version_that_is_not_served_is_not_there(api):
    crd = definition()
    crd["spec"]["versions"].append(
        {**copy.deepcopy(crd["spec"]["versions"][0]), "name": "v2", "storage": False, "served": False}
    )
    api.make(DEFINITIONS, crd)

    assert api.get(TABS.replace("/v1/", "/v2/")).status == 404


def test_a_restart_keeps_it(tabs):
    tabs.make(TABS, tab())
    again = Application(tabs.storage, registry.builtin(), tabs.server.authenticator, clock=lambda: tabs.now)

    try:
        answer = again.answer(tabs.incoming("GET", f"{TABS}/tab"))
    finally:
        again.stop()

    assert json.loads(answer.body)["spec"]["replicas"] == 1


def test_while_it_is_deleted_nothing_new_is_made(tabs):
    tabs.make(TABS, tab())

    going = tabs.delete(f"{DEFINITIONS}/crontabs.stable.example.com").json

    assert going["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert [each["type"] for each in going["status"]["conditions"]][-1] == "Terminating"
    assert tabs.post(TABS, tab("late")).status == 405
    assert tabs.get(TABS).status == 200
    tabs.delete(f"{TABS}/tab")
    tabs.patch(f"{DEFINITIONS}/crontabs.stable.example.com", {"metadata": {"finalizers": None}})
    assert tabs.get(TABS).status == 404
    assert "stable.example.com" not in tabs.get("/apis").text


# --- Definitions that are none ------------------------------------------------------------------------------


def without(path):
    crd = definition()
    *parents, last = path.split(".")
    place = crd
    for key in parents:
        place = place[int(key) if key.isdigit() else key]
    del place[last]
    return crd


def changed(**properties):
    crd = definition()
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] = properties
    return crd


@pytest.mark.parametrize(
    "crd, field",
    [
        (without("spec.group"), "spec.group"),
        (without("spec.names.kind"), "spec.names.kind"),
        (without("spec.versions.0.schema"), "spec.versions[0].schema.openAPIV3Schema"),
        (without("spec.versions.0.schema.openAPIV3Schema.type"), "spec.validation.openAPIV3Schema.type"),
        ({**definition(), "metadata": {"name": "other.example.com"}}, "metadata.name"),
        (changed(a={}), "spec.validation.openAPIV3Schema.properties[spec].properties[a].type"),
        (changed(a={"type": "list"}), "spec.validation.openAPIV3Schema.properties[spec].properties[a].type"),
        (changed(a={"type": "array"}), "spec.validation.openAPIV3Schema.properties[spec].properties[a].items"),
        (changed(a={"type": "string", "pattern": "("}),
         "spec.validation.openAPIV3Schema.properties[spec].properties[a].pattern"),
        (changed(a={"type": "integer", "multipleOf": 0}),
         "spec.validation.openAPIV3Schema.properties[spec].properties[a].multipleOf"),
        (changed(a={"type": "integer", "default": "x"}),
         "spec.validation.openAPIV3Schema.properties[spec].properties[a].default"),
        (definition(subresources={"scale": {}}), "spec.versions[0].subresources.scale.specReplicasPath"),
        (
            definition(additionalPrinterColumns=[{"name": "x", "type": "string", "jsonPath": ".a..b"}]),
            "spec.versions[0].additionalPrinterColumns[0].jsonPath",
        ),
    ],
)  # fmt: skip
def test_a_definition_must_be_one(api, crd, field):
    answer = api.post(DEFINITIONS, crd)

    assert answer.status == 422, answer.text
    assert field in [cause["field"] for cause in answer.json["details"]["causes"]]


def test_a_name_of_another_kind_of_the_group_is_taken(tabs):
    crd = definition()
    crd["metadata"]["name"] = "others.stable.example.com"
    crd["spec"]["names"] = {"plural": "others", "kind": "Other", "shortNames": ["ct"]}

    assert '"ct" is already in use by crontabs.stable.example.com' in tabs.post(DEFINITIONS, crd).message


def test_what_is_not_done_is_said(api):
    crd = definition()
    rules = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    rules["x-kubernetes-validations"] = [{"rule": "self.replicas > 0"}]

    answer = api.post(DEFINITIONS, crd)

    assert answer.status == 201
    assert "x-kubernetes-validations (CEL rules) are stored, but not evaluated here" in answer.headers["warning"]


def test_scope_and_names_stay(tabs):
    path = f"{DEFINITIONS}/crontabs.stable.example.com"

    assert tabs.patch(path, {"spec": {"scope": "Cluster"}}).status == 422
    assert tabs.patch(path, {"spec": {"names": {"kind": "Other"}}}).status == 422
    assert tabs.patch(path, {"spec": {"names": {"shortNames": ["cts"]}}}).status == 200
    assert tabs.get("/apis/stable.example.com/v1").json["resources"][0]["shortNames"] == ["cts"]
