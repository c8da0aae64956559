"""The pages of Applications. The operator's part is played by the test: it writes their status."""

import pytest

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard.views import applications as views
from minikweb.gitops import tracking
from minikweb.operators.argocd import installation
from tests.dashboard.test_charts import words
from tests.gitops.git import Repository
from tests.running import until

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {colour: %s}\n"


@pytest.fixture
def shop(web, tmp_path, monkeypatch):
    """An Application with one object of another colour than in git, and one that left git."""
    monkeypatch.setattr("minikweb.settings.DATA_DIR", tmp_path)
    monkeypatch.setattr("minikweb.settings.GIT_PROTOCOLS", ("file",))
    for cached in (views._desire, views._known_commit):
        cached.cache_clear()
    for obj in installation.objects()[:3]:
        _made(web, obj)
    origin = Repository(tmp_path / "shop.git")
    web.sha = origin.commit({"web/a.yaml": CONFIG % "green"}, "Paint it green")
    live = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": web.namespace}}
    web.make(tracking.marked({**live, "data": {"colour": "red"}}, "shop"))
    kind = until(lambda: _kind(web), "the definition of Applications")
    web.kind = kind
    app = views.applications.made("shop", origin.url, "web", "main", web.namespace, "auto")
    app["status"] = _status(web)
    web.api.create(app)
    yield web
    web.api.patch(kind, "shop", {"metadata": {"finalizers": None}}, "argocd")
    web.api.delete(kind, "shop", "argocd")


def _made(web, obj):
    try:
        web.api.create(obj)
    except ApiError as error:
        assert error.reason == "AlreadyExists"


def _kind(web):
    try:
        return web.api.kind_of({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"})
    except ApiError:
        return None


def _status(web):
    place = {"version": "v1", "kind": "ConfigMap", "namespace": web.namespace}
    done = {**place, "name": "settings", "syncPhase": "Sync", "message": "configmap/settings created"}
    operation = {
        "phase": "Succeeded",
        "message": "successfully synced",
        "startedAt": "2026-11-23T12:00:00Z",
        "operation": {"initiatedBy": {"automated": True}},
        "syncResult": {"revision": web.sha, "resources": [done]},
    }
    return {
        "sync": {"status": "OutOfSync", "revision": web.sha},
        "health": {"status": "Healthy"},
        "resources": [
            {**place, "name": "settings", "status": "OutOfSync"},
            {**place, "name": "old", "status": "OutOfSync", "requiresPruning": True},
        ],
        "conditions": [{"type": "SharedResourceWarning", "message": "ConfigMap/x is part of two"}],
        "operationState": operation,
        "history": [
            {"id": 0, "revision": web.sha, "deployedAt": "2026-11-23T11:00:00Z", "initiatedBy": {"username": "ada"}},
            {"id": 1, "revision": web.sha, "deployedAt": "2026-11-23T12:00:00Z", "initiatedBy": {"automated": True}},
        ],
    }


def read(shop, name="shop"):
    return shop.api.get(shop.kind, name, "argocd")


def test_it_works(shop):
    page = shop.get("/apps/")
    assert 'href="/apps/shop/"' in page
    assert "OutOfSync" in page and shop.sha[:7] in page
    assert "/git/shop.git" in page, "the repositories that come along"


def test_an_application_shows_its_objects_its_commit_and_what_is_wrong(shop):
    page = shop.get("/apps/shop/")
    assert "Paint it green" in page and "Ada" in page
    assert f'href="/objects/configmap/{shop.namespace}/settings/"' in page.lower()
    assert "no longer in git" in page
    assert "ConfigMap/x is part of two" in page
    assert "configmap/settings created" in page


def test_a_difference_is_from_the_cluster_to_git(shop):
    number = [entry["name"] for entry in read(shop)["status"]["resources"]].index("settings")
    page = shop.get(f"/apps/shop/?diff={number}")
    assert '<tr class="removed">' in page and "colour: red" in page
    assert '<tr class="added">' in page and "colour: green" in page
    assert "colour: green" not in shop.get("/apps/shop/?diff=99")


def test_synchronising_shows_first_what_it_would_do(shop):
    page = shop.get("/apps/shop/sync/")
    assert "colour: green" in page
    assert "ConfigMap old" in page
    assert "kubectl patch application shop" in words(page)
    assert "operation" not in read(shop)


def test_pruning_needs_the_name(shop):
    refused = shop.post("/apps/shop/sync/", {"prune": "1", "name": "other"})
    assert refused.status_code == 422 and "it is shop" in refused.content.decode()
    assert "operation" not in read(shop)
    assert shop.post("/apps/shop/sync/", {"prune": "1", "name": "shop"}).status_code == 302
    assert read(shop)["operation"]["sync"]["prune"] is True


def test_without_pruning_nothing_is_typed(shop):
    assert shop.post("/apps/shop/sync/").status_code == 302
    operation = read(shop)["operation"]
    assert operation["sync"] == {"prune": False, "syncOptions": ["CreateNamespace=true"]}
    assert operation["initiatedBy"] == {"username": "administrator"}


def test_going_back_turns_automation_off_and_says_so(shop):
    assert "/apps/shop/rollback/0/" in shop.get("/apps/shop/history/")
    assert "turns automatic synchronisation off" in shop.get("/apps/shop/rollback/0/")
    assert shop.post("/apps/shop/rollback/0/").status_code == 302
    app = read(shop)
    assert app["operation"]["sync"]["revision"] == shop.sha
    assert "automated" not in app["spec"]["syncPolicy"]


def test_there_is_no_way_back_to_the_present(shop):
    assert shop.ask("/apps/shop/rollback/1/").status_code == 404
    assert shop.ask("/apps/shop/rollback/7/").status_code == 404
    assert shop.ask("/apps/other/").status_code == 404


def test_git_is_asked_at_a_click(shop):
    assert shop.post("/apps/shop/refresh/").status_code == 302
    assert read(shop)["metadata"]["annotations"] == {"argocd.argoproj.io/refresh": "normal"}


def test_a_new_application_is_made_by_a_form(shop):
    form = {"name": "shop-dev", "repo": "http://127.0.0.1/git/shop.git", "path": "web", "target": "dev"}
    made = shop.post("/apps/new/", {**form, "namespace": "shop-dev", "policy": "heal"})
    assert made.headers["Location"] == "/apps/shop-dev/"
    spec = read(shop, "shop-dev")["spec"]
    assert spec["source"]["targetRevision"] == "dev"
    assert spec["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}
    refused = shop.post("/apps/new/", {**form, "name": "No Good", "policy": "manual"})
    assert refused.status_code == 422
    assert "No Good" in refused.content.decode(), "what was typed is kept"


def test_deleting_says_what_goes_along_and_needs_the_name(shop):
    page = shop.get("/apps/shop/delete/")
    assert "deleted with it" in page and "settings" in page
    assert shop.post("/apps/shop/delete/", {"name": "x"}).status_code == 422
    assert "deletionTimestamp" not in read(shop)["metadata"]


def test_the_repositories_that_come_along_are_served(shop):
    answer = shop.ask("/git/shop.git/info/refs?service=git-upload-pack")
    assert answer.headers["Content-Type"] == "application/x-git-upload-pack-advertisement"
    assert b"refs/heads/qualif" in answer.content
    assert shop.ask("/git/other.git/info/refs?service=git-upload-pack").status_code == 404


@pytest.mark.django_db
def test_who_may_not_push_is_told_before_anything_is_read(shop, monkeypatch):
    monkeypatch.setattr(views.git.actor, "present", lambda: None)
    pushed = shop.post("/git/shop.git/git-receive-pack", {"x": "y"}, authorization="Basic bm9ib2R5Ondyb25n")
    assert pushed.status_code == 401
    assert pushed.headers["WWW-Authenticate"].startswith("Basic")
