"""Each verb: the kubectl it equals before, the write as kubectl does it, the refusal in words."""

import json
import re

import pytest

from minikweb.apimachinery import errors
from minikweb.client.client import Client


def act(web, verb, name="web", kind="Deployment"):
    return web.path(kind, name, f"do/{verb}/")


def done(response):
    """What a successful action says."""
    assert response.status_code == 200, response.content.decode()
    return json.loads(response.headers["HX-Trigger"])["toast"]["text"]


def manager_of(obj, field):
    """The managers of a field of spec."""
    return [
        entry["manager"]
        for entry in obj["metadata"]["managedFields"]
        if f"f:{field}" in entry["fieldsV1"].get("f:spec", {})
    ]


def test_it_works(web):
    web.deployment(replicas=2)
    form = web.get(act(web, "scale"), hx_request="true")
    assert "kubectl scale deployment/web --replicas=2" in text(form)
    assert done(web.post(act(web, "scale"), {"replicas": "5"}, hx_request="true")) == "web asks for 5 Pods."
    assert web.read("Deployment", "web")["spec"]["replicas"] == 5


def text(page):
    """What one reads: without tags."""
    return re.sub(r"<[^>]+>", "", page)


def test_the_command_follows_what_is_typed(web):
    web.deployment()
    preview = web.get(act(web, "scale") + "?preview=1&replicas=7", hx_request="true")
    assert f"kubectl scale deployment/web --replicas=7 -n {web.namespace}" in text(preview)


def test_zero_is_a_number_of_replicas(web):
    web.deployment()
    done(web.post(act(web, "scale"), {"replicas": "0"}, hx_request="true"))
    assert web.read("Deployment", "web")["spec"]["replicas"] == 0


@pytest.mark.parametrize("replicas", ["", "-1", "many", "2.5", "99999999"])
def test_what_is_no_number_of_replicas_is_refused_in_words(web, replicas):
    web.deployment()
    response = web.post(act(web, "scale"), {"replicas": replicas}, hx_request="true")
    assert response.status_code == 422
    assert "Type a number of replicas from 0 to 10000." in response.content.decode()
    assert web.read("Deployment", "web")["spec"]["replicas"] == 2


def test_scaling_goes_through_the_scale_subresource_under_our_name(web):
    web.deployment()
    done(web.post(act(web, "scale"), {"replicas": "3"}, hx_request="true"))
    entry = next(e for e in web.read("Deployment", "web")["metadata"]["managedFields"] if e.get("subresource"))
    assert (entry["manager"], entry["subresource"]) == ("minikweb-dashboard", "scale")


def test_a_new_image_is_set_with_its_reason(web):
    web.deployment()
    preview = text(web.get(act(web, "image") + "?preview=1&image-web=demo:2&cause=faster", hx_request="true"))
    assert f"kubectl set image deployment/web web=demo:2 -n {web.namespace}" in preview
    assert "kubernetes.io/change-cause=faster" in preview
    done(web.post(act(web, "image"), {"image-web": "demo:2", "cause": "faster"}, hx_request="true"))
    changed = web.read("Deployment", "web")
    assert changed["spec"]["template"]["spec"]["containers"][0]["image"] == "demo:2"
    assert changed["metadata"]["annotations"]["kubernetes.io/change-cause"] == "faster"


def test_the_same_image_again_is_no_rollout(web):
    web.deployment()
    response = web.post(act(web, "image"), {"image-web": "demo:1"}, hx_request="true")
    assert response.status_code == 422 and "Nothing changes" in response.content.decode()


def test_the_history_compares_any_two_revisions(web):
    web.history(("demo:1", "demo:2", "demo:3"))
    page = text(web.get(web.path("Deployment", "web", "history/") + "?from=1&to=3"))
    assert "From revision 1 to revision 3" in page
    assert "demo:1" in page and "demo:3" in page and "version 2" in page


def test_the_history_compares_the_previous_with_the_current_by_itself(web):
    web.history()
    page = text(web.get(web.path("Deployment", "web", "history/")))
    assert "From revision 1 to revision 2" in page and "current" in page


def test_a_rollback_shows_what_changes_then_puts_the_template_back(web):
    web.history()
    form = text(web.get(act(web, "undo") + "?to=1", hx_request="true"))
    assert "What changes" in form
    assert f"kubectl rollout undo deployment/web --to-revision=1 -n {web.namespace}" in form
    assert done(web.post(act(web, "undo"), {"to": "1"}, hx_request="true")) == "web goes back to revision 1."
    changed = web.read("Deployment", "web")
    assert changed["spec"]["template"]["spec"]["containers"][0]["image"] == "demo:1"
    assert changed["spec"]["template"]["metadata"]["labels"] == {"app": "web"}
    assert changed["metadata"]["annotations"]["kubernetes.io/change-cause"] == "version 1"


def test_a_rollback_to_what_already_is_or_is_no_more_is_refused(web):
    web.history()
    for revision, reason in (("2", "Nothing to undo"), ("9", "This revision no longer exists")):
        response = web.post(act(web, "undo"), {"to": revision}, hx_request="true")
        assert response.status_code == 422 and reason in response.content.decode()


def test_a_paused_deployment_is_neither_restarted_nor_rolled_back(web):
    web.history()
    done(web.post(act(web, "pause"), hx_request="true"))
    assert web.read("Deployment", "web")["spec"]["paused"] is True
    for verb, data in (("restart", {}), ("undo", {"to": "1"})):
        assert "resume it first" in web.post(act(web, verb), data, hx_request="true").content.decode()
    done(web.post(act(web, "resume"), hx_request="true"))
    assert "paused" not in web.read("Deployment", "web")["spec"]


def test_a_restart_notes_the_time_in_the_template(web):
    web.deployment()
    done(web.post(act(web, "restart"), hx_request="true"))
    template = web.read("Deployment", "web")["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]


def test_deleting_names_the_object_and_what_goes_with_it(web):
    deployment = web.deployment()
    rs = web.revision(deployment, 1, "demo:1", replicas=1)
    web.pod("web-h1-a", rs)
    form = text(web.get(act(web, "delete"), hx_request="true"))
    assert "Delete Deployment web?" in form
    assert "1 ReplicaSet" in form and "1 Pod" in form
    assert done(web.post(act(web, "delete"), hx_request="true")) == "Deployment web is being deleted."


def test_a_pod_that_comes_back_is_said_to_come_back(web):
    rs = web.revision(web.deployment(), 1, "demo:1")
    web.pod("web-h1-a", rs)
    form = text(web.get(act(web, "delete", "web-h1-a", "Pod"), hx_request="true"))
    assert "ReplicaSet web-h1 will create another one at once" in form


def test_a_namespace_is_only_deleted_by_its_name(web):
    path = f"/objects/Namespace/-/{web.namespace}/do/delete/"
    assert f"Type {web.namespace} to confirm" in text(web.get(path, hx_request="true"))
    assert web.post(path, {"name": "wrong"}, hx_request="true").status_code == 422
    done(web.post(path, {"name": web.namespace}, hx_request="true"))


def test_a_verb_is_only_for_its_kinds(web):
    web.pod("alone")
    assert web.ask(act(web, "scale", "alone", "Pod")).status_code == 404
    assert web.ask(act(web, "conjure", "alone", "Pod")).status_code == 404


def test_without_javascript_a_form_is_a_page_and_leads_back_to_the_object(web):
    web.deployment()
    page = web.get(act(web, "scale"))
    assert "<html" in page and 'name="replicas"' in page
    response = web.post(act(web, "scale"), {"replicas": "4"})
    assert response.status_code == 302
    assert response.headers["Location"] == web.path("Deployment", "web")


def test_the_api_s_own_words_are_shown_with_ours_and_what_was_typed_stays(web, monkeypatch):
    web.deployment()

    def refuse(*arguments, **options):
        raise errors.Forbidden('deployments.apps "web" is forbidden: User "bob" cannot patch resource "deployments"')

    monkeypatch.setattr(Client, "patch", refuse)
    response = web.post(act(web, "scale"), {"replicas": "5"}, hx_request="true")
    page = response.content.decode()
    assert response.status_code == 403
    assert "You are not allowed to do that." in page and "cannot patch resource" in page
    assert 'value="5"' in page


def test_an_action_leads_to_the_story_of_what_came_of_it(web):
    web.deployment()
    answer = web.post(act(web, "restart"), {}, hx_request="true")
    assert json.loads(answer.headers["HX-Trigger"])["toast"]["story"]["url"] == web.path("Deployment", "web", "story/")
