"""Applications on a real API server, with real repositories."""

import time

import pytest

from minikweb.apimachinery.errors import NotFound
from minikweb.controllers.customresourcecleanup import CustomResourceCleanupController
from minikweb.controllers.garbagecollector import GarbageCollector
from minikweb.gitops import policy
from minikweb.gitops.application import API_VERSION, FINALIZER, REFRESH, SERVER
from minikweb.operators.argocd.controller import ArgoCDController
from tests.controllers.cluster import Cluster
from tests.gitops.git import Repository
from tests.store.conftest import migrated, storage

__all__ = ["migrated", "storage"]

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {colour: %s}\n"


@pytest.fixture
def origin(tmp_path):
    return Repository(tmp_path / "shop.git")


@pytest.fixture
def cluster(storage, tmp_path, monkeypatch):
    monkeypatch.setattr("minikweb.settings.DATA_DIR", tmp_path)
    monkeypatch.setattr("minikweb.settings.GIT_PROTOCOLS", ("file",))
    monkeypatch.setattr(policy, "HEALS_AFTER", 0.0)
    found = Cluster(storage, CustomResourceCleanupController, GarbageCollector, ArgoCDController)
    until(found, lambda: {"Application", "AppProject"} <= set(found["argocd"].followed))
    until(found, lambda: found.client.list("Namespace", label_selector="app.kubernetes.io/part-of=argocd")["items"])
    until(found, lambda: found["argocd"].cache.list(found["argocd"].followed["AppProject"]))
    yield found
    found.stop()


def until(cluster, condition, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        cluster["argocd"].wake(*cluster["argocd"].names())  # as its own dates do
        cluster.settle()
        try:
            if found := condition():
                return found
        except NotFound:
            pass
        assert time.monotonic() < deadline, cluster.events.said[-10:]
        time.sleep(0.02)


def application(origin, name="shop", automated=None, path="web", namespace="default", **spec):
    made = {
        "apiVersion": API_VERSION,
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd", "finalizers": [FINALIZER]},
        "spec": {
            "project": "default",
            "source": {"repoURL": origin.url, "path": path, "targetRevision": "main"},
            "destination": {"server": SERVER, "namespace": namespace},
            **spec,
        },
    }
    if automated is not None:
        made["spec"].setdefault("syncPolicy", {})["automated"] = automated
    return made


def kind(cluster):
    return cluster["argocd"].followed["Application"]


def look(cluster, name="shop"):
    return cluster.client.get(kind(cluster), name, "argocd")


def status(cluster, name="shop"):
    return look(cluster, name).get("status") or {}


def is_synced(cluster, name="shop"):
    found = status(cluster, name)
    return found.get("sync", {}).get("status") == "Synced" and found["health"]["status"] == "Healthy" and found


def refresh(cluster, name="shop"):
    cluster.client.patch(kind(cluster), name, {"metadata": {"annotations": {REFRESH: "normal"}}}, "argocd")


def sync(cluster, name="shop", **operation):
    cluster.client.patch(kind(cluster), name, {"operation": {"sync": operation}}, "argocd")


def colour(cluster, name="a", namespace="default"):
    return cluster.client.get("ConfigMap", name, namespace)["data"]["colour"]


def is_gone(cluster, name):
    try:
        cluster.client.get("ConfigMap", name, "default")
    except NotFound:
        return True
    return False


def conditions(cluster, name="shop"):
    return {one["type"]: one["message"] for one in status(cluster, name).get("conditions", ())}


def test_it_works(cluster, origin):
    sha = origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    cluster.client.create(application(origin, automated={}))
    found = until(cluster, lambda: is_synced(cluster))
    assert colour(cluster) == "blue"
    assert found["sync"]["revision"] == sha
    assert found["operationState"]["phase"] == "Succeeded"
    assert found["operationState"]["message"] == "successfully synced (all tasks run)"
    assert found["operationState"]["syncResult"]["resources"][0]["message"] == "configmap/a created"
    assert [one["revision"] for one in found["history"]] == [sha]
    assert found["resources"] == [
        {"version": "v1", "kind": "ConfigMap", "namespace": "default", "name": "a", "status": "Synced"}
    ]
    assert found["sourceType"] == "Directory"


def test_without_automation_it_waits_to_be_asked(cluster, origin):
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    cluster.client.create(application(origin))
    until(cluster, lambda: status(cluster).get("sync", {}).get("status") == "OutOfSync")
    assert status(cluster)["health"]["status"] == "Missing"
    assert is_gone(cluster, "a")
    sync(cluster)
    until(cluster, lambda: is_synced(cluster))
    assert "operation" not in look(cluster)


def test_a_push_is_followed_at_a_refresh(cluster, origin):
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    cluster.client.create(application(origin, automated={}))
    until(cluster, lambda: is_synced(cluster))
    sha = origin.commit({"web/a.yaml": CONFIG % ("a", "green")})
    refresh(cluster)
    until(cluster, lambda: colour(cluster) == "green" and is_synced(cluster))
    assert status(cluster)["sync"]["revision"] == sha
    assert [one["id"] for one in status(cluster)["history"]] == [0, 1]
    assert REFRESH not in look(cluster)["metadata"].get("annotations", {})


def test_a_drift_is_seen_and_healed_only_where_that_is_asked(cluster, origin):
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    cluster.client.create(application(origin, automated={}))
    until(cluster, lambda: is_synced(cluster))
    cluster.client.patch("ConfigMap", "a", {"data": {"colour": "red"}}, "default")
    until(cluster, lambda: status(cluster)["sync"]["status"] == "OutOfSync")
    assert colour(cluster) == "red"
    healing = {"spec": {"syncPolicy": {"automated": {"selfHeal": True}}}}
    cluster.client.patch(kind(cluster), "shop", healing, "argocd")
    until(cluster, lambda: colour(cluster) == "blue" and is_synced(cluster))


def test_what_left_git_is_pruned_only_where_that_is_asked(cluster, origin):
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue"), "web/b.yaml": CONFIG % ("b", "red")})
    cluster.client.create(application(origin, automated={}))
    until(cluster, lambda: is_synced(cluster))
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    refresh(cluster)
    until(cluster, lambda: status(cluster)["sync"]["status"] == "OutOfSync")
    (left,) = [one for one in status(cluster)["resources"] if one.get("requiresPruning")]
    assert left["name"] == "b"
    cluster.client.patch(kind(cluster), "shop", {"spec": {"syncPolicy": {"automated": {"prune": True}}}}, "argocd")
    until(cluster, lambda: is_gone(cluster, "b") and is_synced(cluster))
    assert colour(cluster) == "blue"


def test_a_refused_object_stops_it_before_anything_is_done(cluster, origin):
    wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 99999}]}\n"
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue"), "web/b.yaml": wrong})
    cluster.client.create(application(origin, automated={}, syncPolicy={"retry": {"limit": 0}}))
    found = until(
        cluster, lambda: status(cluster).get("operationState", {}).get("phase") == "Failed" and status(cluster)
    )
    assert "must be between 1 and 65535" in found["operationState"]["message"]
    assert is_gone(cluster, "a")
    until(cluster, lambda: "Failed last sync attempt" in conditions(cluster).get("SyncError", ""))


@pytest.mark.parametrize(
    ("files", "spec", "condition", "says"),
    [
        ({"web/a.yaml": "kind: ["}, {}, "ComparisonError", "a.yaml"),
        ({"other/a.yaml": "x"}, {}, "ComparisonError", "web: app path does not exist"),
        (
            {"web/a.yaml": CONFIG % ("a", "blue")},
            {"project": "nobody"},
            "InvalidSpecError",
            "project nobody which does not",
        ),
        (
            {"web/a.yaml": CONFIG % ("a", "blue")},
            {"destination": {"name": "far"}},
            "InvalidSpecError",
            "no cluster far",
        ),
    ],
)
def test_what_is_wrong_is_a_condition(cluster, origin, files, spec, condition, says):
    origin.commit(files)
    cluster.client.create(application(origin, automated={}, **spec))
    until(cluster, lambda: says in conditions(cluster).get(condition, ""))
    assert status(cluster)["sync"]["status"] == "Unknown"


def test_waves_hooks_and_a_namespace_of_its_own(cluster, origin):
    hook = CONFIG % ("before", "grey") + "  annotations: {}\n"
    hook = hook.replace(
        "metadata: {name: before}", "metadata: {name: before, annotations: {argocd.argoproj.io/hook: PreSync}}"
    )
    hook = hook.replace("  annotations: {}\n", "")
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue"), "web/hook.yaml": hook})
    made = application(origin, automated={}, namespace="shop-dev", syncPolicy={"syncOptions": ["CreateNamespace=true"]})
    cluster.client.create(made)
    found = until(cluster, lambda: is_synced(cluster))
    assert colour(cluster, "a", "shop-dev") == "blue"
    phases = {
        one["name"]: (one["syncPhase"], one["hookPhase"]) for one in found["operationState"]["syncResult"]["resources"]
    }
    assert phases["before"] == ("PreSync", "Succeeded")


def test_an_older_revision_is_brought_back_when_it_is_asked(cluster, origin):
    first = origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    cluster.client.create(application(origin))
    sync(cluster)
    until(cluster, lambda: is_synced(cluster))
    origin.commit({"web/a.yaml": CONFIG % ("a", "green")})
    refresh(cluster)
    until(cluster, lambda: status(cluster)["sync"]["status"] == "OutOfSync")
    sync(cluster)
    until(cluster, lambda: colour(cluster) == "green")
    sync(cluster, revision=first)
    until(cluster, lambda: colour(cluster) == "blue")
    until(cluster, lambda: status(cluster)["sync"]["status"] == "OutOfSync")
    assert status(cluster)["history"][-1]["revision"] == first


def test_applications_may_make_applications(cluster, origin):
    child = f"""apiVersion: {API_VERSION}
kind: Application
metadata: {{name: child, namespace: argocd, finalizers: [{FINALIZER}]}}
spec:
  project: default
  source: {{repoURL: "{origin.url}", path: web, targetRevision: main}}
  destination: {{server: {SERVER}, namespace: default}}
  syncPolicy: {{automated: {{}}}}
"""
    origin.commit({"apps/child.yaml": child, "web/a.yaml": CONFIG % ("a", "blue")})
    cluster.client.create(application(origin, automated={"prune": True}, path="apps", namespace="argocd"))
    until(cluster, lambda: is_synced(cluster) and is_synced(cluster, "child"))
    assert colour(cluster) == "blue"
    cluster.client.delete(kind(cluster), "shop", "argocd")
    until(cluster, lambda: not cluster.client.list(kind(cluster), "argocd")["items"])
    assert is_gone(cluster, "a")


def test_without_its_finalizer_an_application_leaves_its_objects(cluster, origin):
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    made = application(origin, automated={})
    del made["metadata"]["finalizers"]
    cluster.client.create(made)
    until(cluster, lambda: is_synced(cluster))
    cluster.client.delete(kind(cluster), "shop", "argocd")
    until(cluster, lambda: not cluster.client.list(kind(cluster), "argocd")["items"])
    assert colour(cluster) == "blue"


def test_two_applications_that_want_one_object_are_told(cluster, origin):
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    cluster.client.create(application(origin, automated={}))
    until(cluster, lambda: is_synced(cluster))
    cluster.client.create(application(origin, "rival"))
    said = "ConfigMap/a is part of applications argocd/rival and argocd/shop"
    until(cluster, lambda: conditions(cluster, "rival").get("SharedResourceWarning") == said)


def test_a_repository_that_goes_away_changes_nothing(cluster, origin):
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    cluster.client.create(application(origin, automated={"prune": True, "selfHeal": True}))
    until(cluster, lambda: is_synced(cluster))
    origin.folder.rename(origin.folder.with_name("away.git"))
    refresh(cluster)
    until(cluster, lambda: "ComparisonError" in conditions(cluster))
    assert colour(cluster) == "blue"


def test_when_all_is_well_nothing_is_written(cluster, origin):
    origin.commit({"web/a.yaml": CONFIG % ("a", "blue")})
    cluster.client.create(application(origin, automated={"selfHeal": True}))
    until(cluster, lambda: is_synced(cluster))
    before = look(cluster)["metadata"]["resourceVersion"]
    cluster["argocd"].sync("argocd", "shop")
    assert look(cluster)["metadata"]["resourceVersion"] == before
