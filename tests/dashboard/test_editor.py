"""YAML: check, see the differences, apply; no answer costs the text."""

import json

import yaml

from minikweb.dashboard import problems
from minikweb.dashboard.views import manifests
from tests.dashboard.test_actions import text
from tests.running import until

HTMX = {"hx_request": "true"}


def opened(web, kind="ConfigMap", name="settings"):
    """The fields of the editor's form as it opens."""
    page = web.ask(web.path(kind, name, "edit/"))
    return {key: page.context[key] for key in ("yaml", "base", "opened")}


def settings(web, **data):
    return web.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data})


def check(web, form, kind="ConfigMap", name="settings", action="check"):
    return web.post(web.path(kind, name, "edit/"), form | {"action": action}, **HTMX)


def test_it_works(web):
    settings(web, colour="blue")
    form = opened(web)
    form["yaml"] = form["yaml"].replace("blue", "green")
    checked = text(check(web, form).content.decode())
    assert "The server accepts it." in checked and "colour: green" in checked
    assert web.read("ConfigMap", "settings")["data"] == {"colour": "blue"}, "a check writes nothing"
    applied = check(web, form, action="apply")
    assert "settings is applied" in json.loads(applied.headers["HX-Trigger"])["toast"]["text"]
    assert web.read("ConfigMap", "settings")["data"] == {"colour": "green"}


def test_what_the_server_keeps_is_not_in_the_text(web):
    web.deployment()
    edited = yaml.safe_load(opened(web, "Deployment", "web")["yaml"])
    assert "status" not in edited
    assert set(edited["metadata"]) == {"name", "namespace"}


def test_a_check_without_a_change_says_so(web):
    settings(web, colour="blue")
    assert "Nothing would change." in text(check(web, opened(web)).content.decode())


def test_an_unreadable_text_is_told_with_its_line(web):
    settings(web, colour="blue")
    answer = check(web, opened(web) | {"yaml": "apiVersion: v1\nkind: ConfigMap\n  data: {"})
    assert 'data-line="3"' in answer.content.decode()


def test_an_unknown_field_is_named_with_its_line(web):
    web.deployment()
    form = opened(web, "Deployment", "web")
    form["yaml"] = form["yaml"].replace("replicas: 2", "replica: 2")
    page = check(web, form, "Deployment", "web").content.decode()
    line = form["yaml"].splitlines().index("  replica: 2") + 1
    assert "<code>spec.replica</code>" in page and f'data-line="{line}"' in page


def test_a_bad_value_is_named_with_its_line(web):
    web.deployment()
    form = opened(web, "Deployment", "web")
    form["yaml"] = form["yaml"].replace("replicas: 2", "replicas: -2")
    page = check(web, form, "Deployment", "web").content.decode()
    assert "<code>spec.replicas</code>" in page and "must be greater than or equal to 0" in page


def test_another_object_is_not_written_from_this_editor(web):
    settings(web, colour="blue")
    form = opened(web)
    form["yaml"] = form["yaml"].replace("name: settings", "name: other")
    assert "metadata.name cannot be changed" in text(check(web, form, action="apply").content.decode())


def test_a_change_made_meanwhile_is_shown_and_can_be_built_upon(web):
    settings(web, colour="blue", size="small")
    form = opened(web)
    form["yaml"] = form["yaml"].replace("blue", "green")
    web.patch("ConfigMap", "settings", {"data": {"size": "large"}})
    conflict = text(check(web, form, action="apply").content.decode())
    assert "The object has changed on the server since you opened it." in conflict
    assert "size: large" in conflict and "You did not touch the same fields." in conflict
    rebased = check(web, form, action="rebase").context
    assert yaml.safe_load(rebased["yaml"])["data"] == {"colour": "green", "size": "large"}
    again = {key: rebased[key] for key in ("yaml", "base", "opened")}
    check(web, again, action="apply")
    assert web.read("ConfigMap", "settings")["data"] == {"colour": "green", "size": "large"}


def test_a_new_status_is_no_conflict(web):
    deployment = web.deployment()
    form = opened(web, "Deployment", "web")
    form["yaml"] = form["yaml"].replace("replicas: 2", "replicas: 4")
    web.status(deployment, {"replicas": 1, "observedGeneration": 1})
    assert "The server accepts it." in text(check(web, form, "Deployment", "web").content.decode())
    check(web, form, "Deployment", "web", action="apply")
    assert web.read("Deployment", "web")["spec"]["replicas"] == 4


def test_a_secret_written_meanwhile_is_a_conflict_although_its_values_are_hidden(web):
    web.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"password": "aHVudGVyMg=="}})
    form = opened(web, "Secret", "keys")
    form["yaml"] += "stringData:\n  user: admin\n"
    web.patch("Secret", "keys", {"data": {"password": "YmV0dGVy"}})
    assert "has changed on the server" in text(check(web, form, "Secret", "keys", action="apply").content.decode())
    assert web.read("Secret", "keys")["data"] == {"password": "YmV0dGVy"}


def test_a_field_that_both_changed_is_named(web):
    settings(web, colour="blue")
    form = opened(web)
    form["yaml"] = form["yaml"].replace("blue", "green")
    web.patch("ConfigMap", "settings", {"data": {"colour": "red"}})
    conflict = check(web, form).content.decode()
    assert "<code>data.colour</code>" in conflict and "yours wins" in text(conflict)


def test_an_untouched_secret_keeps_its_values(web):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"password": "aHVudGVyMg=="}}
    web.make(secret)
    form = opened(web, "Secret", "keys")
    form["yaml"] += "stringData:\n  user: admin\n"
    checked = check(web, form, "Secret", "keys").content.decode()
    assert "aHVudGVyMg" not in checked and "YWRtaW4=" not in checked
    check(web, form, "Secret", "keys", action="apply")
    assert web.read("Secret", "keys")["data"] == {"password": "aHVudGVyMg==", "user": "YWRtaW4="}


def test_a_new_object_starts_from_a_template_the_server_accepts(web):
    for template in manifests.TEMPLATES:
        form = web.ask(f"/new/?template={template}&ns={web.namespace}").context["yaml"]
        answer = web.post(f"/new/?ns={web.namespace}", {"yaml": form, "action": "check"}, **HTMX)
        assert "The server accepts it." in text(answer.content.decode()), template


def test_several_documents_are_created_at_once(web):
    documents = "".join(
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n" for name in ("first", "second")
    )
    answer = web.post(f"/new/?ns={web.namespace}", {"yaml": documents, "action": "apply"}, **HTMX)
    assert "ConfigMap first, ConfigMap second" in answer.headers["HX-Trigger"]
    assert web.read("ConfigMap", "second")


def test_what_was_created_before_a_refusal_is_said(web):
    documents = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: good\n---\n"
    documents += "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: Bad Name\n"
    answer = web.post(f"/new/?ns={web.namespace}", {"yaml": documents, "action": "apply"}, **HTMX)
    page = answer.content.decode()
    assert "Already applied:" in page and "ConfigMap good" in page
    assert "<code>metadata.name</code>" in page and 'data-line="9"' in page


def test_what_exists_already_is_changed_and_the_differences_are_shown_first(web):
    manifest(web, "action: one", apply=True)
    checked = manifest(web, "action: two")
    assert "action: two" in checked and web.read("ConfigMap", "settings")["data"] == {"action": "one"}
    manifest(web, "action: two", apply=True)
    assert web.read("ConfigMap", "settings")["data"] == {"action": "two"}


def manifest(web, data, apply=False, action=""):
    """The page after ConfigMap settings with that line of data was checked or applied."""
    document = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n  {data}\n"
    form = {"yaml": document, "action": action or ("apply" if apply else "check")}
    return text(web.post(f"/new/?ns={web.namespace}", form, **HTMX).content.decode())


def test_a_field_of_another_manager_is_a_conflict_that_names_it_until_it_is_taken_over(web):
    helm = web.api.acting_as("helm")
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"size": "small"}}
    helm.patch("ConfigMap", "settings", obj, web.namespace, type="apply")
    conflict = manifest(web, "size: large", apply=True)
    assert "belongs to helm" in conflict and "data.size" in conflict
    assert web.read("ConfigMap", "settings")["data"] == {"size": "small"}
    manifest(web, "size: large", action="force")
    assert web.read("ConfigMap", "settings")["data"] == {"size": "large"}


def test_a_field_changed_by_an_earlier_edit_of_these_pages_is_no_conflict(web):
    manifest(web, "size: small", apply=True)
    form = opened(web)
    form["yaml"] = form["yaml"].replace("small", "medium")
    check(web, form, action="apply")
    assert "Applied: ConfigMap settings." in manifest(web, "size: large", apply=True)


def test_taking_a_field_over_from_helm_is_said_before(web):
    helm = web.api.acting_as("helm")
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"size": "small"}}
    helm.patch("ConfigMap", "settings", obj, web.namespace, type="apply")
    form = opened(web)
    form["yaml"] = form["yaml"].replace("small", "large")
    checked = text(check(web, form).content.decode())
    assert "You take fields over from others." in checked and "written by helm so far" in checked


def test_a_conflict_names_who_wrote_and_lets_one_choose_field_by_field(web):
    settings(web, colour="blue", size="small")
    form = opened(web)
    form["yaml"] = form["yaml"].replace("blue", "green").replace("small", "tiny")
    other = web.api.acting_as("somebody")
    other.patch("ConfigMap", "settings", {"data": {"colour": "red", "size": "large"}}, web.namespace)
    conflict = check(web, form).content.decode()
    assert "now written by somebody" in text(conflict) and 'name="keep data.colour"' in conflict
    rebased = check(web, form | {"keep data.colour": "theirs", "keep data.size": "mine"}, action="rebase").context
    assert yaml.safe_load(rebased["yaml"])["data"] == {"colour": "red", "size": "tiny"}


def test_an_apply_can_be_undone(web):
    settings(web, colour="blue")
    form = opened(web)
    form["yaml"] = form["yaml"].replace("blue", "green")
    applied = check(web, form, action="apply").context
    again = {key: applied[key] for key in ("yaml", "base", "opened", "previous")}
    undone = check(web, again, action="undo")
    assert web.read("ConfigMap", "settings")["data"] == {"colour": "blue"}
    assert "colour: blue" in undone.context["yaml"] and undone.headers["HX-Retarget"] == "#editor"


def test_a_secret_that_was_applied_has_no_undo_since_its_old_values_are_not_on_the_page(web):
    web.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"a": "MQ=="}})
    form = opened(web, "Secret", "keys")
    form["yaml"] += "stringData:\n  a: new\n"
    assert "undo" not in check(web, form, "Secret", "keys", action="apply").content.decode()


def test_what_was_created_can_be_deleted_again_at_once_and_only_that(web):
    document = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n"
    page = web.post(f"/new/?ns={web.namespace}", {"yaml": document, "action": "apply"}, **HTMX)
    made = page.context["made_json"]
    undone = web.post("/new/", {"yaml": document, "action": "undo", "made": made}, **HTMX).content.decode()
    assert "Deleted again: ConfigMap settings." in text(undone)
    settings(web, colour="blue")
    again = web.post("/new/", {"yaml": document, "action": "undo", "made": made}, **HTMX).content.decode()
    assert "There is nothing to undo." in text(again)
    assert web.read("ConfigMap", "settings")["data"] == {"colour": "blue"}, "another object of that name"


def test_an_undo_of_nonsense_is_refused(web):
    for made in ("", "7", '["x"]', "[[1]]"):
        page = web.post("/new/", {"yaml": "", "action": "undo", "made": made}, **HTMX).content.decode()
        assert 'role="alert"' in page, made


def test_a_namespace_and_what_goes_into_it_are_checked_together(web):
    documents = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: brand-new\n---\n"
    documents += "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: first\n  namespace: brand-new\n"
    page = web.post("/new/", {"yaml": documents, "action": "check"}, **HTMX).content.decode()
    assert "Namespace brand-new, ConfigMap first" in text(page)


def test_a_warning_of_the_server_is_shown_at_its_line():
    header = '299 - "unknown field \\"spec.replica\\"", 299 - "spec.nodeName: deprecated since v1.30"'
    document = "spec:\n  replica: 2\n  nodeName: x\n"
    found = problems.of_warnings(header, document)
    assert [(each.line, each.severity) for each in found] == [(2, "warning"), (3, "warning")]
    assert found[0].message == 'unknown field "spec.replica"'


def test_a_kind_nobody_knows_is_refused_in_words(web):
    document = "apiVersion: magic/v1\nkind: Spell\nmetadata:\n  name: x\n"
    page = text(web.post("/new/", {"yaml": document, "action": "check"}, **HTMX).content.decode())
    assert "no matches for kind" in page and "Spell" in page


def test_an_empty_text_and_a_text_that_is_no_object_are_refused(web):
    for document in ("", "# nothing\n", "- a\n- list\n", "just words"):
        answer = web.post("/new/", {"yaml": document, "action": "check"}, **HTMX)
        assert answer.status_code == 200 and 'role="alert"' in answer.content.decode(), document


def test_without_javascript_the_text_stays_on_the_page_and_an_apply_leads_to_the_object(web):
    settings(web, colour="blue")
    form = opened(web)
    form["yaml"] = form["yaml"].replace("blue", "green")
    page = web.post(web.path("ConfigMap", "settings", "edit/"), form | {"action": "check"}).content.decode()
    assert "<html" in page and "colour: green" in page
    response = web.post(web.path("ConfigMap", "settings", "edit/"), form | {"action": "apply"})
    assert response.headers["Location"] == web.path("ConfigMap", "settings")


def test_a_text_of_a_megabyte_is_checked_as_any_other(web):
    settings(web, lines="key: value\n" * 90_000)
    form = opened(web)
    form["yaml"] = form["yaml"].replace("data:\n", "data:\n  more: x\n", 1)
    checked = text(check(web, form).content.decode())
    assert "The server accepts it." in checked and "more: x" in checked


def test_a_custom_resource_is_edited_as_any_object(web):
    spec = {"type": "object", "properties": {"size": {"type": "integer"}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "pies", "singular": "pie", "kind": "Pie"}
    crd = {"group": "bakery.example", "scope": "Namespaced", "names": names, "versions": [version]}
    metadata = {"name": "pies.bakery.example"}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    web.api.create(definition | {"metadata": metadata, "spec": crd})
    try:
        document = "apiVersion: bakery.example/v1\nkind: Pie\nmetadata:\n  name: apple\nspec:\n  size: 3\n"
        page = f"/new/?ns={web.namespace}"
        until(lambda: "HX-Trigger" in web.post(page, {"yaml": document, "action": "apply"}, **HTMX).headers, "a pie")
        form = until(
            lambda: web.ask(web.path("Pie", "apple", "edit/")).status_code == 200 and opened(web, "Pie", "apple"), "it"
        )
        form["yaml"] = form["yaml"].replace("size: 3", "size: 4")
        assert "Pie apple is applied." in check(web, form, "Pie", "apple", action="apply").content.decode()
    finally:
        web.api.delete("CustomResourceDefinition", "pies.bakery.example")
