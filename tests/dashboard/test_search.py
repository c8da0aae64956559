"""Finding objects and actions by what one types."""

import pytest

from minikweb.dashboard import finding
from tests.dashboard.objects import crashing, deployment, entry_of, pod

SHORT = {"Deployment": ("deployments", "deploy"), "Pod": ("pods", "po")}


def names(query, *objects, most=10):
    found = [entry_of(obj) for obj in objects]
    best = finding.best(found, finding.words_of(query), lambda kind: SHORT.get(kind, ()), most)
    return [f"{entry.kind}/{entry.name}" for entry in best]


def test_an_exact_name_comes_first_then_what_begins_then_what_contains():
    objects = [deployment("my-web"), deployment("website"), deployment("web")]
    assert names("web", *objects) == ["Deployment/web", "Deployment/website", "Deployment/my-web"]


@pytest.mark.parametrize("query", ["po/web", "web pod", "pods web", "POD WEB"])
def test_kinds_are_said_as_to_kubectl(query):
    assert names(query, pod("web"), deployment("web"))[0] == "Pod/web"
    assert names(query, deployment("web")) == []


def test_every_word_must_fit():
    assert names("web elsewhere", deployment("web")) == []
    assert names("web demo", deployment("web")) == ["Deployment/web"]


def items(web, query):
    return web.ask(f"/search/?q={query}", accept="application/json").json()["items"]


def test_it_works(web):
    web.deployment("shop")
    found = items(web, f"shop+{web.namespace}")
    assert found[0]["title"] == "shop" and found[0]["url"] == web.path("Deployment", "shop")
    assert found[0]["opens"] is True
    assert items(web, "+") == []


@pytest.mark.parametrize(
    "query, title, path",
    [
        ("scale shop", "Scale · shop", "do/scale/"),
        ("shop rest", "Restart · shop", "do/restart/"),
        ("logs shop", "Logs · shop", "logs/"),
        ("del shop", "Delete · shop", "do/delete/"),
    ],
)
def test_actions_are_found_with_their_object(web, query, title, path):
    web.deployment("shop")
    words = f"{query} {web.namespace}" if not query.startswith("shop") else f"{web.namespace} {query}"
    found = {item["title"]: item["url"] for item in items(web, words.replace(" ", "+"))}
    assert found[title] == web.path("Deployment", "shop", path)


def test_actions_speak_the_reader_s_language(web):
    web.deployment("shop")
    answer = web.ask(f"/search/?q=redemarrer+{web.namespace}+shop", accept="application/json", accept_language="fr")
    assert answer.status_code == 200
    answer = web.ask(f"/search/?q=Redémarrer+{web.namespace}+shop", accept="application/json", accept_language="fr")
    assert any(item["title"].startswith("Redémarrer") for item in answer.json()["items"])


def test_without_the_palette_it_is_a_page(web):
    web.deployment("shop")
    page = web.get(f"/search/?q=shop+{web.namespace}")
    assert f'href="{web.path("Deployment", "shop")}"' in page
    assert "Nothing found." in web.get("/search/?q=zzzzzz")
    assert 'id="palette"' in page and 'role="combobox"' in page


def test_the_state_is_said_beside(web):
    assert crashing("x")
    web.pod("alone")
    assert "Running" in items(web, f"alone+{web.namespace}")[0]["detail"]
