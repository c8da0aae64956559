"""The pages without JavaScript: complete, linked, friendly when something is wrong."""

import base64

import pytest

from minikweb.dashboard import cluster
from tests.dashboard.web import crashing


def test_it_works(web):
    deployment = web.deployment()
    rs = web.revision(deployment, 1, "demo:1", replicas=2)
    web.pod("web-h1-a", rs)
    page = web.get(f"/?ns={web.namespace}")
    for name in ("web", "web-h1", "web-h1-a"):
        assert f">{name}</a>" in page
    assert "Running" in page and 'role="treegrid"' in page


def test_pages_carry_no_inline_script_or_style_and_forbid_them(web):
    web.pod("alone")
    for path in ("/", web.path("Pod", "alone"), "/new/", "/events/", "/list/pods/"):
        response = web.ask(path)
        page = response.content.decode()
        assert "<style" not in page and " style=" not in page and " onclick" not in page
        assert "<script>" not in page
        policy = response.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "style-src 'self'" in policy


def test_the_language_follows_the_browser_and_the_switch(web):
    assert "Resource tree" in web.get("/")
    assert "Arborescence" in web.get("/", accept_language="fr-FR,fr;q=0.9,en;q=0.5")
    web.post("/i18n/setlang/", {"language": "fr", "next": "/"})
    assert "Arborescence" in web.get("/")


def test_the_selected_object_of_the_url_is_in_the_drawer(web):
    web.pod("alone")
    page = web.get(f"/?ns={web.namespace}&sel=Pod/{web.namespace}/alone&tab=yaml")
    assert 'id="panel"' in page and "kind: Pod" in page and "managedFields" not in page


def test_a_fragment_is_answered_to_the_drawer_and_says_its_url(web):
    web.pod("alone")
    response = web.ask(
        web.path("Pod", "alone", "events/"),
        hx_target="drawer",
        hx_request="true",
        hx_current_url=f"http://testserver/?ns={web.namespace}&q=alo",
    )
    assert "<html" not in response.content.decode()
    assert response.headers["HX-Push-Url"] == f"/?ns={web.namespace}&q=alo&sel=Pod/{web.namespace}/alone&tab=events"


def test_a_crash_is_explained_with_its_exit_code(web):
    web.pod("sick", status=crashing())
    page = web.get(web.path("Pod", "sick"))
    assert "Why CrashLoopBackOff?" in page
    assert "Exit code 127: the command was not found in the image." in page
    assert "back-off 40s restarting failed container=web" in page
    assert "previous=1" in page


def test_a_deployment_says_why_its_pods_are_in_trouble(web):
    rs = web.revision(web.deployment(), 1, "demo:1", replicas=1)
    web.pod("web-h1-a", rs, status=crashing())
    page = web.get(web.path("Deployment", "web"))
    assert "Why CrashLoopBackOff?" in page and "back-off 40s restarting failed container=web" in page


def test_the_events_of_children_are_shown_on_the_parent(web):
    deployment = web.deployment()
    rs = web.revision(deployment, 1, "demo:1")
    pod = web.pod("web-h1-a", rs)
    about = {key: pod["metadata"][key] for key in ("name", "namespace", "uid")} | {"kind": "Pod"}
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "web-h1-a.1"},
        "involvedObject": about,
        "reason": "Pulled",
        "message": "the image is there",
        "type": "Normal",
        "lastTimestamp": "2026-11-23T11:00:00Z",
    }
    web.make(event)
    assert "the image is there" in web.get(web.path("Deployment", "web", "events/"))
    assert "the image is there" in web.get(f"/events/?ns={web.namespace}")


def test_a_list_has_kubectl_s_columns_and_can_be_filtered_and_sorted(web):
    web.pod("fine")
    web.pod("sick", status=crashing())
    page = web.get(f"/list/pods/?ns={web.namespace}")
    assert all(f">{column}" in page for column in ("Name", "Ready", "Status", "Restarts"))
    assert "fine" not in web.get(f"/list/pods/?ns={web.namespace}&q=crash")
    ordered = web.get(f"/list/pods/?ns={web.namespace}&sort=-Restarts")
    assert ordered.index(">sick<") < ordered.index(">fine<")


def test_the_values_of_a_secret_are_not_in_any_page_until_one_is_revealed(web):
    encoded = base64.b64encode(b"hunter2").decode()
    web.make({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"password": encoded}})
    for tab in ("", "yaml/", "edit/", "events/"):
        page = web.get(web.path("Secret", "keys", tab))
        assert "hunter2" not in page and encoded not in page
    revealed = web.post(f"/secrets/{web.namespace}/keys/reveal/", {"key": "password"})
    assert "hunter2" in revealed.content.decode()
    assert revealed.headers["Cache-Control"] == "no-store"
    assert web.ask(f"/secrets/{web.namespace}/keys/reveal/").status_code == 405


def test_an_object_that_is_gone_gets_a_friendly_page(web):
    for headers in ({}, {"hx_request": "true", "hx_target": "drawer"}):
        response = web.ask(web.path("Pod", "nobody"), **headers)
        page = response.content.decode()
        assert response.status_code == 404
        assert "This object does not exist, or no longer." in page and "Traceback" not in page
    assert "This object does not exist" in web.get(f"/?sel=Pod/{web.namespace}/nobody")


@pytest.mark.parametrize("path", ["/nowhere/", "/list/spells/", "/objects/Spell/x/y/", "/objects/Pod/x/y/history/"])
def test_what_does_not_exist_is_said(web, path):
    response = web.ask(path)
    assert response.status_code == 404
    assert "Minikweb" in response.content.decode()


def test_an_unknown_namespace_is_said_and_a_way_out_offered(web):
    page = web.get("/?ns=atlantis")
    assert "There is no namespace atlantis." in page and "Show all namespaces" in page


def test_a_namespace_is_remembered(web):
    web.pod("alone")
    web.get(f"/?ns={web.namespace}")
    assert f'<option value="{web.namespace}" selected>' in web.get("/")
    web.get("/?ns=")
    assert f'<option value="{web.namespace}" selected>' not in web.get("/")


def test_another_host_name_is_refused(web):
    assert web.ask("/", host="rebound.example").status_code == 400


def test_the_theme_is_remembered_and_a_way_back_leads_nowhere_else(web):
    response = web.post("/preferences/", {"theme": "dark", "next": "https://elsewhere.example/"})
    assert response.headers["Location"] == "/"
    assert 'data-theme="dark"' in web.get("/")


def test_without_an_api_the_pages_say_so(web, monkeypatch, tmp_path):
    from minikweb.client.client import Client
    from minikweb.client.informer import Cache
    from minikweb.client.transport import HttpTransport

    nowhere = Cache(Client(HttpTransport.unix(tmp_path / "none.sock")))
    monkeypatch.setattr(cluster, "shared_cache", lambda: nowhere)
    monkeypatch.setattr(cluster, "FIRST_LIST", 0.1)
    assert "The API server does not answer." in web.get("/")
    response = web.ask(web.path("Pod", "alone"))
    assert response.status_code == 503
    assert "The API server does not answer." in response.content.decode()
    assert web.ask("/list/pods/").status_code == 503


def test_unfolding_is_remembered_in_a_cookie(web):
    deployment = web.deployment()
    web.revision(deployment, 1, "demo:0")
    id = "o" + deployment["metadata"]["uid"].replace("-", "")[:12]

    def rows():
        return web.get(f"/?ns={web.namespace}").partition('id="rows"')[2]

    assert "web-h1" not in rows()
    web._browser.cookies["minikweb-tree"] = f"{id}-old"
    web.patch("ReplicaSet", "web-h1", {"spec": {"replicas": 0}})
    assert "web-h1" in rows()
