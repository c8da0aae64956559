"""Nodes: closed and opened, emptied, switched off and on, added; Docker's view beside kubectl's."""

import pytest

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.dashboard import drain, permissions, usage
from minikweb.dashboard.views import nodes
from tests.dashboard.objects import entry_of, made, pod, replica_set
from tests.dashboard.test_actions import done, text
from tests.running import until


def act(verb, name="closing"):
    return f"/objects/Node/-/{name}/do/{verb}/"


def node(web, name):
    return web.make({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})


def test_it_works(web):
    node(web, "closing")
    assert "kubectl cordon closing" in text(web.get(act("cordon"), hx_request="true"))
    assert done(web.post(act("cordon"), hx_request="true")) == "closing is closed to new Pods."
    assert web.api.get("Node", "closing")["spec"]["unschedulable"] is True
    page = web.get("/objects/Node/-/closing/")
    assert 'data-act="uncordon"' in page
    assert 'data-act="cordon"' not in page

    assert "kubectl uncordon closing" in text(web.get(act("uncordon"), hx_request="true"))
    web.post(act("uncordon"), hx_request="true")
    assert "unschedulable" not in web.api.get("Node", "closing").get("spec", {})


def test_only_nodes_are_cordoned(web):
    web.deployment()
    assert web.ask(web.path("Deployment", "web", "do/cordon/")).status_code == 404


def test_pods_are_a_quantity_as_any_other(web):
    roomy = node(web, "roomy")
    web.status(roomy, {"allocatable": {"pods": "5k", "cpu": "4", "memory": "8Gi"}})
    assert "/ 5000" in web.get("/objects/Node/-/roomy/")


# --- Drain ---------------------------------------------------------------------------------------------


def test_a_drain_leaves_daemon_sets_and_asks_before_it_loses_something():
    managed = pod("managed", made("ReplicaSet", "web"))
    agent = pod("agent", made("DaemonSet", "agent"))
    bare = pod("bare")
    scratch = pod("scratch", made("ReplicaSet", "web"))
    scratch["spec"]["volumes"] = [{"name": "tmp", "emptyDir": {}}]
    finished = pod("finished", status={"phase": "Succeeded"})
    found = drain.plan([managed, agent, bare, scratch, finished])

    def names(pods):
        return [one["metadata"]["name"] for one in pods]

    assert (names(found.evicted), names(found.left)) == (["finished", "managed"], ["agent"])
    assert (names(found.unmanaged), names(found.local)) == (["bare"], ["scratch"])
    assert found.refused(False, True) and found.refused(True, False) and not found.refused(True, True)
    assert names(found.leaving) == ["finished", "managed", "bare", "scratch"]


def on_node(web, name, node_name):
    spec = {"containers": [{"name": "web", "image": "demo:1"}], "nodeName": node_name}
    return web.make({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def test_a_drain_evicts_and_tells_what_holds_it_up(web, monkeypatch):
    monkeypatch.setattr(drain, "RETRY", 0.05)
    monkeypatch.setattr(drain, "LOOK", 0.05)
    node(web, "emptied")
    for name in ("one", "two"):
        on_node(web, name, "emptied")
    refusing = True
    create = Client.create

    def budgeted(self, obj, **options):
        if obj["kind"] == "Eviction" and obj["metadata"]["name"] == "two" and refusing:
            raise errors.TooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.")
        return create(self, obj, **options)

    monkeypatch.setattr(Client, "create", budgeted)
    form = web.get(act("drain", "emptied"), hx_request="true")
    assert "kubectl drain emptied --ignore-daemonsets" in text(form) and "nobody makes again" in form
    assert web.post(act("drain", "emptied"), hx_request="true").status_code == 422
    answer = web.post(act("drain", "emptied"), {"force": "1"}, hx_request="true")
    assert done(answer) == "emptied is closed; 2 Pods are asked to leave."
    under_way = drain.of("emptied")

    def page():
        for one in web.api.list("Pod", web.namespace)["items"]:  # the part of the kubelet
            if "deletionTimestamp" in one["metadata"]:
                web.api.delete("Pod", one["metadata"]["name"], web.namespace, grace_period_seconds=0)
        return web.get("/objects/Node/-/emptied/")

    until(lambda: "1 of 2 Pods are gone, 1 held back" in " ".join(page().split()), "one gone, one held back")
    assert "would violate the pod&#x27;s disruption budget" in page()
    refusing = False
    until(lambda: page() and under_way.ended, "the end of the drain")
    assert "The drain is done." in page()
    web.post(act("uncordon", "emptied"), hx_request="true")
    assert "The drain is done." not in page()


def test_who_may_not_is_told_on_the_cards(web, monkeypatch):
    node(web, "guarded")
    monkeypatch.setattr(permissions, "rules", lambda *whose: [])
    page = web.get("/nodes/")
    assert "/objects/Node/-/guarded/do/drain/" not in page and "on pods/eviction." in page
    assert 'action="/nodes/add/"' not in page and "on nodes." in page


# --- Power, adding --------------------------------------------------------------------------------------


def test_the_plug_is_pulled_and_put_back(web):
    node(web, "victim")
    assert "kubectl annotate node victim minikweb.io/power=off" in text(
        web.get(act("kill", "victim"), hx_request="true")
    )
    assert done(web.post(act("kill", "victim"), hx_request="true")) == "The plug of victim is pulled."
    assert web.api.get("Node", "victim")["metadata"]["annotations"] == {"minikweb.io/power": "off"}
    assert 'data-act="revive"' in web.get("/objects/Node/-/victim/")
    web.post(act("revive", "victim"), hx_request="true")
    assert "minikweb.io/power" not in web.api.get("Node", "victim")["metadata"].get("annotations", {})


def test_a_node_of_another_cluster_has_no_plug_here(web, settings):
    node(web, "far")
    settings.KUBECONFIG = "/somewhere/config"
    assert web.post(act("kill", "far"), hx_request="true").status_code == 422
    assert web.post("/nodes/add/", {"name": "more"}).status_code == 400
    assert 'action="/nodes/add/"' not in web.get("/nodes/")


def test_a_node_is_added_from_the_page_of_all(web):
    page = web.get("/nodes/")
    assert 'name="name" value="node-1"' in page
    assert web.post("/nodes/add/", {"name": "brand-new"}).status_code == 302
    assert web.api.get("Node", "brand-new")
    assert ">brand-new</a>" in web.get("/nodes/")
    assert web.post("/nodes/add/", {"name": "Not A Name"}).status_code == 422


def test_the_page_shows_who_runs_where_and_what_it_uses(web, monkeypatch):
    busy = node(web, "busy")
    condition = {"type": "MemoryPressure", "status": "True", "message": "low", "reason": "x"}
    web.status(busy, {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "10"}, "conditions": [condition]})
    on_node(web, "worker", "busy")
    monkeypatch.setattr(usage, "_answers", {})
    monkeypatch.setattr(usage, "of_nodes", lambda client, whose: {"busy": {"cpu": 0.25, "memory": 2**30}})
    page = web.get("/nodes/")
    assert f"{web.namespace}/worker" in page and "MemoryPressure" in page
    assert "0.250 used" in page


def test_a_cluster_without_metrics_is_not_asked_at_each_change(web, monkeypatch):
    monkeypatch.setattr(usage, "_answers", {})
    asked = []

    def refuse(self, kind, *arguments):
        asked.append(kind)
        raise errors.ServiceUnavailable("no metrics")

    monkeypatch.setattr(Client, "list", refuse)
    for _ in range(3):
        assert usage.of_nodes(web.api) == {}
    assert asked == ["NodeMetrics"]


# --- docker ps -------------------------------------------------------------------------------------------


def test_each_container_stands_beside_its_pod():
    owner = replica_set(made("Deployment", "web"), 1)
    one, two = pod("one", owner), pod("two", owner)

    def shown(name, uid=""):
        return {"id": "0123456789abcdef", "image": "demo", "name": name, "labels": {"minikweb.uid": uid} if uid else {}}

    uid = one["metadata"]["uid"]
    listed = [shown("k8s_web_one", uid), shown("k8s_POD_one", uid), shown("minikweb-node-1"), shown("k8s_old", "gone")]
    pairs = nodes.paired([entry_of(one), entry_of(two)], listed)
    assert [(pair.pod.name if pair.pod else None, [c["name"] for c in pair.containers]) for pair in pairs] == [
        ("one", ["k8s_POD_one", "k8s_web_one"]),
        ("two", []),
        (None, ["k8s_old", "minikweb-node-1"]),
    ]


@pytest.mark.parametrize("runtime, words", [("simulated://1", "No containers on this node."), ("docker://20", "")])
def test_the_tab_of_docker_says_when_there_is_none(web, runtime, words):
    name = f"kind-{runtime[:6]}"
    web.status(node(web, name), {"nodeInfo": {"containerRuntimeVersion": runtime}})
    assert words in web.get(f"/objects/Node/-/{name}/containers/")
