"""Buttons that would be refused say why; what was done can be taken back for a moment."""

import json

import pytest

from minikweb.dashboard import permissions
from tests.dashboard.objects import REGISTRY

VIEW = [{"verbs": ["get", "list", "watch"], "apiGroups": ["", "apps"], "resources": ["*"]}]


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(permissions, "_answers", {})


@pytest.mark.parametrize(
    "rule, verb, resource, answer",
    [
        ({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, "patch", "deployments/scale", True),
        ({"verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"]}, "patch", "deployments", True),
        (
            {"verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"]},
            "patch",
            "deployments/scale",
            False,
        ),
        ({"verbs": ["patch"], "apiGroups": ["apps"], "resources": ["*/scale"]}, "patch", "deployments/scale", True),
        ({"verbs": ["patch"], "apiGroups": [""], "resources": ["deployments"]}, "patch", "deployments", False),
        (
            {"verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"], "resourceNames": ["other"]},
            "patch",
            "deployments",
            False,
        ),
    ],
)
def test_a_rule_allows_what_rbac_says(rule, verb, resource, answer):
    assert permissions.allows([rule], verb, "apps", resource, "web") is answer


def test_each_button_asks_for_what_the_api_will_ask():
    deployment, node = REGISTRY.named("Deployment"), REGISTRY.named("Node")
    assert permissions.needed("scale", deployment) == ("patch", "apps", "deployments/scale")
    assert permissions.needed("restart", deployment) == ("patch", "apps", "deployments")
    assert permissions.needed("delete", deployment) == ("delete", "apps", "deployments")
    assert permissions.needed("drain", node) == ("create", "", "pods/eviction")
    assert permissions.needed("run", REGISTRY.named("CronJob")) == ("create", "batch", "jobs")


def test_it_works(web, monkeypatch):
    web.deployment()
    assert 'data-act="scale"' in web.get(web.path("Deployment", "web"))
    monkeypatch.setattr(permissions, "rules", lambda *whose: VIEW)
    page = web.get(web.path("Deployment", "web"))
    assert 'data-act="scale"' not in page and 'aria-disabled="true"' in page
    assert "Your role does not allow “patch” on deployments/scale." in page
    assert "Your role does not allow “delete” on deployments." in page


def test_the_api_is_asked_for_the_person_at_the_page(web):
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "jane-views"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}],
    }
    web.make(binding)
    jane = web.api.acting_as(user="jane")
    found = permissions.rules(jane, "jane", web.namespace)
    assert permissions.allows(found, "get", "apps", "deployments")
    assert not permissions.allows(found, "delete", "apps", "deployments")
    elsewhere = permissions.rules(jane, "jane", "default")
    assert not permissions.allows(elsewhere, "get", "apps", "deployments")


def test_what_the_api_does_not_tell_forbids_nothing(web, monkeypatch):
    web.deployment()
    monkeypatch.setattr(permissions, "rules", lambda *whose: None)
    assert 'aria-disabled="true"' not in web.get(web.path("Deployment", "web"))


# --- The way back ------------------------------------------------------------------------------------


def way_back(response):
    return json.loads(response.headers["HX-Trigger"])["toast"]["undo"]


@pytest.mark.parametrize(
    "verb, data, path",
    [
        ("scale", {"replicas": "7"}, ("spec", "replicas")),
        ("image", {"image-web": "demo:9"}, ("spec", "template", "spec", "containers")),
        ("pause", {}, ("spec", "paused")),
    ],
)
def test_what_was_done_can_be_taken_back(web, verb, data, path):
    def value():
        found = web.read("Deployment", "web")
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    web.deployment(replicas=2)
    before = value()
    undo = way_back(web.post(web.path("Deployment", "web", f"do/{verb}/"), data, hx_request="true"))
    assert value() != before and undo["label"] == "Undo"
    assert web.post(undo["url"], undo["data"], hx_request="true").status_code == 200
    assert value() == before


def test_a_deletion_has_no_way_back(web):
    web.pod("alone")
    answer = web.post(web.path("Pod", "alone", "do/delete/"), {}, hx_request="true")
    assert "undo" not in json.loads(answer.headers["HX-Trigger"])["toast"]
