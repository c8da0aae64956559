"""The activity feed: who did what, from which client."""

import re

import pytest

from minikweb.dashboard import activity, activitylog, sentences
from tests.dashboard.objects import REGISTRY, deployment, made
from tests.dashboard.test_actions import text

KUBECTL = {"user": "system:admin", "agent": "kubectl/v1.37.1 (linux/amd64)", "manager": "kubectl", "verb": "patch"}


def item(new, old=None, type="MODIFIED", **author):
    """An item of /activity."""
    return {"revision": 7, "at": 100.0, "type": type, **KUBECTL, **author, "object": new, "old": old}


def change(new, old=None, **options):
    return activity.of_item(item(new, old, **options), REGISTRY.named(new["kind"]).health)


def scaled(replicas):
    found = deployment()
    return found | {"spec": found["spec"] | {"replicas": replicas}}


def test_it_works():
    found = change(scaled(5), scaled(3))
    assert sentences.what(found) == "scaled from 3 to 5"
    assert sentences.who(activity.actor_of(found)) == "kubectl"
    assert found.path == "Deployment/demo/web"


@pytest.mark.parametrize(
    ("user", "manager", "kind", "who"),
    [
        ("system:node:node-1", "kubelet", "kubelet", "kubelet of node-1"),
        ("system:kube-scheduler", "scheduler", "scheduler", "scheduler"),
        ("system:kube-controller-manager", "replicaset", "controller", "replicaset controller"),
        ("system:apiserver", "kube-apiserver", "server", "API server"),
        ("minikweb:web", "minikweb-dashboard", "dashboard", "these pages"),
        ("ada", "helm", "tool", "helm"),
    ],
)
def test_the_author_is_known_by_user_and_client(user, manager, kind, who):
    actor = activity.actor_of(change(scaled(5), scaled(3), user=user, manager=manager))
    assert (actor.kind, sentences.who(actor)) == (kind, who)


def test_the_source_file_of_each_author_exists(settings):
    for source in activity.SOURCES.values():
        assert (settings.BASE_DIR / source).exists(), source


def test_a_new_image_a_restart_and_a_pause_have_their_words():
    old, new = scaled(3), scaled(3)
    container = {"name": "web", "image": "demo:2"}
    new["spec"] = new["spec"] | {"template": {"spec": {"containers": [container]}}}
    old["spec"] = old["spec"] | {"template": {"spec": {"containers": [container | {"image": "demo:1"}]}}}
    assert sentences.what(change(new, old)) == "image of web: demo:1 → demo:2"
    annotations = {"kubectl.kubernetes.io/restartedAt": "2026-11-23T12:00:00Z"}
    again = old | {
        "spec": old["spec"] | {"template": old["spec"]["template"] | {"metadata": {"annotations": annotations}}}
    }
    assert sentences.what(change(again, old)) == "restarted"
    assert sentences.what(change(old | {"spec": old["spec"] | {"paused": True}}, old)) == "paused"


def test_any_other_field_is_named_with_its_values():
    old, new = made("ConfigMap", "settings", data={"a": "1"}), made("ConfigMap", "settings", data={"a": "2", "b": "x"})
    assert sentences.what(change(new, old)) == "data.a: 1 → 2; data.b set to x"


def test_the_values_of_a_secret_are_not_kept():
    old, new = made("Secret", "keys", data={"a": "b25l"}), made("Secret", "keys", data={"a": "dHdv"})
    found = change(new, old)
    assert "dHdv" not in str(found) and sentences.what(found) == "data.a changed"


def test_a_status_is_told_as_the_tree_shows_it():
    old = made("Pod", "web-1", spec={"containers": [{"name": "web"}]}, status={"phase": "Pending"})
    state = {"running": {"startedAt": "2026-11-23T11:00:00Z"}}
    status = {"phase": "Running", "containerStatuses": [{"name": "web", "ready": True, "state": state}]}
    assert sentences.what(change(old | {"status": status}, old)) == "is now Running 1/1 (before: Pending 0/1)"


def test_a_heartbeat_is_not_told():
    old = made("Node", "node-1", status={"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "1"}]})
    new = old | {"status": {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2"}]}}
    assert change(new, old) is None


def test_births_deaths_and_what_lies_between():
    web = deployment()
    assert sentences.what(change(web, type="ADDED")) == "created"
    assert sentences.what(change(web, web, type="DELETED")) == "deleted"
    going = web | {"metadata": web["metadata"] | {"deletionTimestamp": "2026-11-23T12:00:00Z"}}
    assert sentences.what(change(going, web)) == "asked for its deletion"


def test_without_a_log_managed_fields_tell_the_last_writes():
    entries = [{"manager": "helm", "operation": "Apply", "time": "2026-11-23T12:00:00Z", "fieldsV1": {}}]
    (found,) = activity.of_managed_fields([deployment(metadata={"managedFields": entries})])
    assert (found.manager, found.user, found.type) == ("helm", "", "MODIFIED")
    assert activity.of_managed_fields([deployment(metadata={"managedFields": [{"manager": "x"}]})]) == []


# --- On the pages ---------------------------------------------------------------------------------


def rows(page):
    return [text(row) for row in re.findall(r"<tr id=.*?</tr>", page, re.DOTALL)]


def test_the_feed_shows_each_write_with_its_author_latest_first(web):
    web.deployment()
    kubectl = web.api.acting_as("kubectl")
    kubectl.patch("Deployment", "web", {"spec": {"replicas": 5}}, web.namespace)
    found = rows(web.get(f"/activity/?ns={web.namespace}"))
    assert "kubectl" in found[0] and "Deployment web" in found[0] and "scaled from 2 to 5" in found[0]
    assert "created" in found[1]


def test_the_feed_is_filtered_by_words_and_by_authors(web):
    web.deployment("web")
    web.deployment("other")
    (found,) = rows(web.get(f"/activity/?ns={web.namespace}&q=other+created"))
    assert "Deployment other" in found
    assert rows(web.get(f"/activity/?ns={web.namespace}&by=cluster")) == []
    assert len(rows(web.get(f"/activity/?ns={web.namespace}&by=people"))) == 3


def test_what_was_deleted_is_told_and_leads_nowhere(web):
    web.deployment()
    web.api.delete("Deployment", "web", web.namespace)
    page = web.get(f"/activity/?ns={web.namespace}&q=deleted")
    assert "Deployment web" in text(page) and web.path("Deployment", "web") not in page


def test_the_tree_shows_the_last_changes_above(web):
    web.deployment()
    assert "Deployment web created" in text(web.get(f"/?ns={web.namespace}"))
    assert "Deployment web created" in text(web.get(f"/activity/last/?ns={web.namespace}"))


def test_on_another_cluster_the_feed_says_what_it_cannot_know(web, settings):
    settings.KUBECONFIG = "/etc/kube/config"
    web.deployment()
    page = web.get(f"/activity/?ns={web.namespace}")
    assert "This cluster tells nobody who wrote" in text(page)
    assert "Deployment web" in text(page)
    assert activitylog.is_complete() is False
