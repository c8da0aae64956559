"""What an Application asks for, what its project allows, and whether it is synchronised by itself."""

import pytest

from minikweb.gitops import policy, project
from minikweb.gitops.application import InvalidSpec, cascades, destination_namespace, sources, sync_policy
from minikweb.gitops.comparison import OUT_OF_SYNC, SYNCED, Resource

HERE = {"server": "https://kubernetes.default.svc", "namespace": "shop"}
GIT = {"repoURL": "https://example.org/shop.git", "path": "web"}


def app(**spec):
    return {"metadata": {"name": "shop"}, "spec": {"project": "default", "source": GIT, "destination": HERE, **spec}}


def test_it_works():
    (source,) = sources(app())
    assert (source.repo_url, source.path, source.revision) == ("https://example.org/shop.git", "web", "HEAD")
    assert destination_namespace(app()) == "shop"
    assert destination_namespace(app(destination={"name": "in-cluster"})) == ""


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"source": None}, "repoURL and either"),
        ({"source": {"repoURL": "x"}}, "repoURL and either"),
        ({"source": {**GIT, "path": "../etc"}}, "below the repository"),
        ({"source": {**GIT, "path": "/etc"}}, "below the repository"),
        ({"destination": {}}, "Destination server missing"),
        ({"destination": {**HERE, "name": "in-cluster"}}, "can't have both"),
        ({"destination": {"server": "https://elsewhere"}}, "there is no cluster https://elsewhere"),
    ],
)
def test_what_is_wrong_with_a_spec_is_a_sentence(spec, says):
    with pytest.raises(InvalidSpec, match=says):
        destination_namespace(app(**spec))
        sources(app(**spec))


def test_a_policy_that_is_there_but_empty_is_automated():
    assert sync_policy(app(syncPolicy={"automated": {}})).automated
    assert not sync_policy(app(syncPolicy={"automated": {"enabled": False}})).automated
    assert not sync_policy(app()).automated


def test_deleting_cascades_only_with_the_finalizer():
    assert not cascades(app())
    assert cascades({"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}})


CHANGED = [Resource(("", "ConfigMap", "ns", "a"), "v1", OUT_OF_SYNC, None, {"metadata": {}}, {"metadata": {}})]
EXTRA = [Resource(("", "ConfigMap", "ns", "a"), "v1", OUT_OF_SYNC, None, None, {"metadata": {}})]


def decided(automated, resources=CHANGED, status=OUT_OF_SYNC, last=None):
    return policy.decide(sync_policy(app(syncPolicy={"automated": automated})), status, resources, "abc", last)


def test_it_is_synchronised_by_itself_only_when_that_is_asked_and_needed():
    assert decided({}).sync
    assert not decided({}, status=SYNCED).sync
    assert not policy.decide(sync_policy(app()), OUT_OF_SYNC, CHANGED, "abc", None).sync


def test_a_drift_is_healed_only_with_self_heal():
    last = {"phase": "Succeeded", "syncResult": {"revision": "abc"}}
    assert not decided({}, last=last).sync
    assert decided({"selfHeal": True}, last=last).sync
    assert decided({}, last={**last, "syncResult": {"revision": "older"}}).sync


def test_a_commit_that_failed_is_not_tried_for_ever():
    last = {"phase": "Failed", "message": "no", "syncResult": {"revision": "abc"}}
    assert decided({"selfHeal": True}, last=last) == (False, "Failed last sync attempt to abc: no")


def test_without_prune_what_is_left_over_is_no_reason():
    assert not decided({}, EXTRA).sync
    assert decided({"prune": True}, [*CHANGED, *EXTRA]).sync


def test_an_empty_folder_deletes_nothing_by_itself():
    assert decided({"prune": True}, EXTRA) == (False, "auto-sync will wipe out all resources")
    assert decided({"prune": True, "allowEmpty": True}, EXTRA).sync


TEAM = {
    "spec": {
        "sourceRepos": ["https://example.org/*", "!https://example.org/secret.git"],
        "destinations": [{"server": "*", "namespace": "team-*"}],
        "namespaceResourceBlacklist": [{"group": "", "kind": "ResourceQuota"}],
    }
}


@pytest.mark.parametrize(
    ("url", "namespace", "problems"),
    [
        ("https://example.org/shop.git", "team-a", 0),
        ("https://example.org/secret.git", "team-a", 1),
        ("https://elsewhere/x.git", "team-a", 1),
        ("https://elsewhere/x.git", "kube-system", 2),
    ],
)
def test_a_project_allows_some_repositories_and_namespaces(url, namespace, problems):
    found = project.problems(TEAM, "team", sources(app(source={**GIT, "repoURL": url})), namespace)
    assert len(found) == problems


def test_a_project_allows_some_kinds():
    def made(kind, namespace="team-a", api="v1"):
        return {"apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": namespace}}

    assert not project.forbids(TEAM, made("ConfigMap"), True)
    assert project.forbids(TEAM, made("ConfigMap", "other"), True)
    assert project.forbids(TEAM, made("ResourceQuota"), True)
    assert project.forbids(TEAM, made("ClusterRole", "", "rbac.authorization.k8s.io/v1"), False)
