"""Nodes that fall silent, come back or are removed, and what becomes of their pods; against the real API server."""

from datetime import UTC, datetime, timedelta

import pytest

from minikweb.apimachinery import clock
from minikweb.apimachinery.meta import get_condition, is_being_deleted
from minikweb.client.lease import NodeLease
from minikweb.controllers import nodelifecycle
from minikweb.controllers.nodelifecycle import NodeLifecycleController
from minikweb.controllers.podgc import PodGarbageCollector
from minikweb.controllers.tainteviction import TaintEvictionController

NODES = ("node-1", "node-2", "node-3")


class Watch:
    """time.monotonic of the controller under test, moved by hand."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def watch(monkeypatch):
    watch = Watch()
    monkeypatch.setattr(nodelifecycle, "time", watch)
    return watch


@pytest.fixture
def cluster(start, watch):
    cluster = start(NodeLifecycleController, TaintEvictionController, PodGarbageCollector)
    for name in NODES:
        cluster.node(name)
        renew(cluster, name)
    look(cluster)
    return cluster


def renew(cluster, *names):
    for name in names:
        NodeLease(cluster.client, name).renew(datetime.now(UTC))


def look(cluster):
    """All nodes are looked at, as every five seconds, and what follows is done."""
    cluster.desks["nodelifecycle"].keys.update({f"/{name}": None for name in NODES})
    cluster.settle()


def pass_time(cluster, watch, seconds, *alive):
    """Time goes by in steps; only `alive` nodes renew their lease."""
    for _ in range(int(seconds) // 10):
        watch.now += 10
        renew(cluster, *alive)
        cluster.catch_up()
        look(cluster)


def ready(cluster, name):
    return get_condition(cluster.client.get("Node", name)["status"]["conditions"], "Ready")["status"]


def taints(cluster, name):
    found = cluster.client.get("Node", name)["spec"].get("taints", [])
    return {(taint["key"].removeprefix("node.kubernetes.io/"), taint["effect"]) for taint in found}


def run_pod(cluster, name, node, **spec):
    metadata = {"name": name, "namespace": "default"}
    spec = {"containers": [{"name": "web", "image": "web:1"}], "nodeName": node, **spec}
    pod = cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    cluster.set_ready(pod, True)
    cluster.settle()
    return pod


def pod(cluster, name):
    return cluster.client.get("Pod", name, "default")


def test_it_works(cluster, watch):
    pass_time(cluster, watch, 100, *NODES)
    assert [ready(cluster, name) for name in NODES] == ["True"] * 3
    assert [taints(cluster, name) for name in NODES] == [set()] * 3
    assert "Node node-1 event: Registered Node node-1 in Controller" in cluster.said("RegisteredNode")


def test_a_silent_node_is_unknown_after_the_grace_period(cluster, watch):
    pass_time(cluster, watch, 40, "node-1", "node-2")
    assert ready(cluster, "node-3") == "True"
    pass_time(cluster, watch, 10, "node-1", "node-2")
    assert ready(cluster, "node-3") == "Unknown"
    assert taints(cluster, "node-3") == {("unreachable", "NoSchedule"), ("unreachable", "NoExecute")}
    assert cluster.said("NodeNotReady") == ["Node node-3 status is now: NodeNotReady"]
    assert [ready(cluster, name) for name in ("node-1", "node-2")] == ["True"] * 2


def test_its_pods_are_not_ready_any_more_but_stay_for_their_toleration(cluster, watch):
    run_pod(cluster, "web", "node-3")
    pass_time(cluster, watch, 60, "node-1", "node-2")
    web = pod(cluster, "web")
    assert get_condition(web["status"]["conditions"], "Ready")["status"] == "False"
    assert not is_being_deleted(web)
    assert "Node is not ready" in cluster.said("NodeNotReady")


def test_a_pod_that_has_waited_long_enough_is_evicted(cluster, watch):
    run_pod(cluster, "web", "node-3")
    pass_time(cluster, watch, 60, "node-1", "node-2")
    wait = cluster["tainteviction"].sync("default", "web")
    assert 290 < wait <= 300
    node = cluster.client.get("Node", "node-3")
    long_ago = clock.format(datetime.now(UTC) - timedelta(seconds=301))
    found = [{**taint, "timeAdded": long_ago} for taint in node["spec"]["taints"]]
    cluster.client.patch("Node", "node-3", {"spec": {"taints": found}})
    cluster.settle()
    web = pod(cluster, "web")
    assert is_being_deleted(web)
    condition = get_condition(web["status"]["conditions"], "DisruptionTarget")
    assert (condition["reason"], condition["message"]) == (
        "DeletionByTaintManager",
        "Taint manager: deleting due to NoExecute taint",
    )
    assert cluster.said("TaintManagerEviction") == ["Marking for deletion Pod default/web"]


def test_a_taint_by_hand_evicts_at_once_who_does_not_tolerate_it(cluster):
    run_pod(cluster, "web", "node-3")
    tolerant = {"tolerations": [{"key": "mine", "operator": "Exists"}]}
    run_pod(cluster, "tolerant", "node-3", **tolerant)
    run_pod(cluster, "elsewhere", "node-2")
    cluster.client.patch("Node", "node-3", {"spec": {"taints": [{"key": "mine", "effect": "NoExecute"}]}})
    cluster.settle()
    assert [is_being_deleted(pod(cluster, name)) for name in ("web", "tolerant", "elsewhere")] == [True, False, False]


def test_a_node_that_comes_back_loses_its_taints(cluster, watch):
    pass_time(cluster, watch, 60, "node-1", "node-2")
    renew(cluster, "node-3")
    stamp = clock.format(datetime.now(UTC))
    condition = {"type": "Ready", "status": "True", "lastHeartbeatTime": stamp, "lastTransitionTime": stamp}
    cluster.client.patch(
        "Node", "node-3", {"status": {"conditions": [condition]}}, type="strategic", subresource="status"
    )
    cluster.catch_up()
    look(cluster)
    assert taints(cluster, "node-3") == set()


def test_a_kubelet_that_says_no_is_not_ready(cluster):
    condition = {"type": "Ready", "status": "False", "lastHeartbeatTime": clock.format(datetime.now(UTC))}
    cluster.client.patch(
        "Node", "node-3", {"status": {"conditions": [condition]}}, type="strategic", subresource="status"
    )
    cluster.settle()
    assert taints(cluster, "node-3") == {("not-ready", "NoSchedule"), ("not-ready", "NoExecute")}


def test_when_all_nodes_are_silent_nobody_is_evicted(cluster, watch):
    run_pod(cluster, "web", "node-3")
    watch.now += 3600
    look(cluster)
    assert [ready(cluster, name) for name in NODES] == ["Unknown"] * 3
    assert [taints(cluster, name) for name in NODES] == [{("unreachable", "NoSchedule")}] * 3
    assert not is_being_deleted(pod(cluster, "web"))


def test_after_such_a_silence_each_node_gets_its_grace_again(cluster, watch):
    watch.now += 3600
    look(cluster)
    renew(cluster, "node-1")
    stamp = clock.format(datetime.now(UTC))
    condition = {"type": "Ready", "status": "True", "lastHeartbeatTime": stamp, "lastTransitionTime": stamp}
    for name in ("node-1", "node-2"):
        cluster.client.patch(
            "Node", name, {"status": {"conditions": [condition]}}, type="strategic", subresource="status"
        )
    cluster.catch_up()
    look(cluster)
    watch.now += 30
    renew(cluster, "node-1")
    cluster.catch_up()
    look(cluster)
    assert ready(cluster, "node-2") == "True"


def test_a_lease_the_cache_has_not_seen_yet_saves_its_node(cluster, watch):
    renew(cluster, *NODES)
    cluster.catch_up()
    look(cluster)
    watch.now += 50
    controller = cluster["nodelifecycle"]
    renew(cluster, "node-1")  # the cache may or may not show it
    assert "node-1" not in controller.stale_nodes(watch.now)
    assert controller.stale_nodes(watch.now) == {"node-2", "node-3"}


def test_a_cordoned_node_is_tainted(cluster):
    cluster.client.patch("Node", "node-1", {"spec": {"unschedulable": True}})
    cluster.settle()
    assert taints(cluster, "node-1") == {("unschedulable", "NoSchedule")}
    cluster.client.patch("Node", "node-1", {"spec": {"unschedulable": None}})
    cluster.settle()
    assert taints(cluster, "node-1") == set()


def test_the_pods_of_a_deleted_node_end_at_once(cluster):
    run_pod(cluster, "web", "node-3")
    run_pod(cluster, "elsewhere", "node-2")
    cluster.client.delete("Node", "node-3")
    cluster.settle()
    assert cluster.names("Pod") == ["elsewhere"]
    assert cluster.said("RemovingNode") == ["Node node-3 event: Removing Node node-3 from Controller"]


def test_a_pod_that_names_a_node_that_never_was_ends_too(cluster):
    metadata = {"name": "lost", "namespace": "default"}
    spec = {"containers": [{"name": "web", "image": "web:1"}], "nodeName": "nowhere"}
    cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    cluster.settle()
    assert cluster.names("Pod") == []
