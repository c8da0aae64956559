"""YAML: check, see the differences, apply; no answer costs the text."""

import json

import yaml

from tests.dashboard.test_actions import text

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
    assert "<code>data.colour</code>" in conflict and "your values win" in conflict


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
    for template in ("Deployment", "Pod", "Service", "ConfigMap", "Secret", "Namespace"):
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
    assert "Already created:" in page and "ConfigMap good" in page
    assert "<code>metadata.name</code>" in page and 'data-line="9"' in page


def test_what_exists_already_is_offered_for_editing(web):
    settings(web, colour="blue")
    document = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n"
    page = web.post(f"/new/?ns={web.namespace}", {"yaml": document, "action": "apply"}, **HTMX).content.decode()
    assert web.path("ConfigMap", "settings", "edit/") in page


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
