"""DaemonSets: a pod on each node that fits, whatever becomes of the nodes, the pods and the template."""

import pytest

from minikweb.controllers import history
from minikweb.controllers.daemonset import placement
from minikweb.controllers.daemonset.controller import DaemonSetController
from minikweb.controllers.daemonset.plan import Look, plan, status
from minikweb.controllers.podgc import PodGarbageCollector
from minikweb.scheduler.scheduler import Scheduler
from tests.controllers.builders import NOW, metadata, node, pod, template


def daemon_set(unavailable=1, surge=0, *, type_="RollingUpdate", **spec):
    strategy = {"type": type_}
    if type_ == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": unavailable, "maxSurge": surge}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template(), "updateStrategy": strategy, **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata("agent", generation=1),
        "spec": spec,
        "status": {},
    }


def on(name, digest="new", **more):
    return pod(node=name, labels={"app": "web", history.HASH_LABEL: digest}, **more)


def look(pods=(), nodes=3, of=None):
    listed = [node(f"node-{number}") for number in range(1, nodes + 1)] if isinstance(nodes, int) else nodes
    return Look(of or daemon_set(), listed, list(pods), "new", NOW)


def test_it_works():
    step = plan(look([on("node-2")]))
    assert (step.create, step.delete) == (["node-1", "node-3"], [])


def test_a_pod_that_is_not_bound_yet_counts_for_the_node_it_was_made_for():
    made = placement.new_pod(daemon_set(), "node-1", "new")
    unbound = {**pod(node=""), "spec": made["spec"]}
    assert placement.node_of(unbound) == "node-1"
    assert plan(look([unbound], nodes=1)).create == []


def test_the_affinity_of_the_template_is_kept_but_for_the_node():
    of = daemon_set()
    term = {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    of["spec"]["template"]["spec"]["affinity"] = {**affinity, "podAffinity": {}}
    made = placement.new_pod(of, "node-1", "new")["spec"]["affinity"]
    required = made["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert required == [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}]
    assert "podAffinity" in made


def test_a_daemon_tolerates_what_befalls_nodes():
    found = {(each["key"], each["effect"]) for each in placement.tolerations({})}
    assert ("node.kubernetes.io/not-ready", "NoExecute") in found
    assert ("node.kubernetes.io/unschedulable", "NoSchedule") in found
    assert len(found) == 6
    mine = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 9}
    assert mine not in placement.tolerations({"tolerations": [mine]})
    assert len(placement.tolerations({"hostNetwork": True})) == 7


@pytest.mark.parametrize(
    ("taint", "runs", "stays"),
    [
        (None, True, True),
        (("node.kubernetes.io/unschedulable", "NoSchedule"), True, True),
        (("node.kubernetes.io/unreachable", "NoExecute"), True, True),
        (("gpu", "NoSchedule"), False, True),
        (("gpu", "NoExecute"), False, False),
        (("gpu", "PreferNoSchedule"), True, True),
    ],
)
def test_taints_keep_daemons_away_or_send_them_away(taint, runs, stays):
    where = node(taints=[{"key": taint[0], "effect": taint[1]}] if taint else None)
    assert placement.should_run(daemon_set(), where) is runs
    assert bool(plan(look([on("node-1")], [where])).delete) is not stays


def test_a_node_that_no_longer_fits_loses_its_pod():
    of = daemon_set()
    of["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    here, there = on("node-1"), on("node-2")
    step = plan(look([here, there], [node("node-1"), node("node-2", labels={"disk": "ssd"})], of))
    assert step.delete == [here]


def test_of_two_pods_on_a_node_the_older_stays():
    old, young = on("node-1", age=100), on("node-1", age=5)
    assert plan(look([young, old], nodes=1)).delete == [young]


def test_a_pod_that_was_never_bound_ends_with_its_node():
    made = placement.new_pod(daemon_set(), "gone", "new")
    unbound = {**pod(node=""), "spec": made["spec"]}
    assert plan(look([unbound], nodes=0)).delete == [unbound]


def test_a_pod_that_is_ending_keeps_its_place():
    assert not plan(look([on("node-1", deletionTimestamp="2026-11-23T12:00:00Z")], nodes=1))


@pytest.mark.parametrize(("unavailable", "expected"), [(1, 1), (2, 2), ("50%", 2), ("100%", 3)])
def test_a_rolling_update_ends_as_many_as_may_be_unavailable(unavailable, expected):
    pods = [on(f"node-{number}", "old") for number in (1, 2, 3)]
    assert len(plan(look(pods, of=daemon_set(unavailable))).delete) == expected


def test_a_rolling_update_waits_for_new_pods_and_does_not_wait_for_old_ones_that_fail():
    waiting = [on("node-1", ready=None), on("node-2", "old"), on("node-3", "old")]
    assert plan(look(waiting)).delete == []
    failing = [on("node-1"), on("node-2", "old", ready=None), on("node-3", "old")]
    assert plan(look(failing)).delete == failing[1:2]


def test_on_delete_nothing_rolls():
    assert not plan(look([on("node-1", "old")], nodes=1, of=daemon_set(type_="OnDelete")))


def test_with_a_surge_the_new_pod_comes_first():
    of = daemon_set(0, 1)
    old = [on("node-1", "old", age=99), on("node-2", "old", age=99)]
    assert len(plan(look(old, nodes=2, of=of)).create) == 1
    assert not plan(look([*old, on("node-1", ready=None)], nodes=2, of=of))
    assert plan(look([*old, on("node-1")], nodes=2, of=of)).delete == old[:1]


def test_what_is_told_of_it():
    of = daemon_set()
    of["metadata"]["generation"] = 3
    tainted = node("node-3", taints=[{"key": "gpu", "effect": "NoSchedule"}])
    pods = [on("node-1"), on("node-2", "old", ready=None), on("node-3")]
    found = status(look(pods, [node("node-1"), node("node-2"), tainted, node("node-4")], of))
    assert found == {
        "desiredNumberScheduled": 3,
        "currentNumberScheduled": 2,
        "numberMisscheduled": 1,
        "numberReady": 1,
        "numberAvailable": 1,
        "numberUnavailable": 2,
        "updatedNumberScheduled": 1,
        "observedGeneration": 3,
    }


# --- Against the API server -------------------------------------------------------------------------------


@pytest.fixture
def cluster(start):
    cluster = start(DaemonSetController, Scheduler, PodGarbageCollector)
    for name in ("node-1", "node-2"):
        cluster.node(name)
    return cluster


def create(cluster, **spec):
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template("agent:1"), **spec}
    meta = {"name": "agent", "namespace": "default"}
    return cluster.client.create({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta, "spec": spec})


def set_image(cluster, image):
    containers = [{"name": "web", "image": image}]
    patch = {"spec": {"template": {"spec": {"containers": containers}}}}
    cluster.client.patch("DaemonSet", "agent", patch, "default", type="strategic")


def places(cluster):
    pods = cluster.pods()
    return sorted((pod["spec"].get("nodeName", ""), pod["spec"]["containers"][0]["image"]) for pod in pods)


def revisions(cluster):
    found = cluster.client.list("ControllerRevision", "default")["items"]
    image = {each["revision"]: each["data"]["spec"]["template"]["spec"]["containers"][0]["image"] for each in found}
    return dict(sorted(image.items()))


def test_each_node_has_its_pod_also_those_that_come_later(cluster):
    create(cluster)
    cluster.settle(cluster.kubelet)
    assert places(cluster) == [("node-1", "agent:1"), ("node-2", "agent:1")]
    cluster.node("node-3")
    cluster.settle(cluster.kubelet)
    assert [name for name, _ in places(cluster)] == ["node-1", "node-2", "node-3"]
    found = cluster.client.get("DaemonSet", "agent", "default")["status"]
    assert (found["desiredNumberScheduled"], found["numberReady"], found["observedGeneration"]) == (3, 3, 1)
    cluster.client.delete("Node", "node-3")
    cluster.settle(cluster.kubelet)
    assert [name for name, _ in places(cluster)] == ["node-1", "node-2"]
    (pod,) = [pod for pod in cluster.pods() if pod["spec"]["nodeName"] == "node-1"]
    assert pod["metadata"]["labels"]["pod-template-generation"] == "1"


def test_a_cordoned_node_keeps_and_gets_its_daemon(cluster):
    cluster.client.patch("Node", "node-1", {"spec": {"unschedulable": True}})
    create(cluster)
    cluster.settle(cluster.kubelet)
    assert [name for name, _ in places(cluster)] == ["node-1", "node-2"]


def test_a_label_brings_the_daemon_and_takes_it_away(cluster):
    of = template("agent:1")
    of["spec"]["nodeSelector"] = {"disk": "ssd"}
    create(cluster, template=of)
    cluster.settle(cluster.kubelet)
    assert places(cluster) == []
    for value, expected in (("ssd", ["node-1"]), (None, [])):
        cluster.client.patch("Node", "node-1", {"metadata": {"labels": {"disk": value}}})
        cluster.settle(cluster.kubelet)
        assert [name for name, _ in places(cluster)] == expected


def test_a_new_template_rolls_out_and_can_be_undone(cluster):
    create(cluster)
    cluster.settle(cluster.kubelet)
    set_image(cluster, "agent:2")
    cluster.settle(cluster.kubelet)
    assert places(cluster) == [("node-1", "agent:2"), ("node-2", "agent:2")]
    assert revisions(cluster) == {1: "agent:1", 2: "agent:2"}
    first = next(
        each for each in cluster.client.list("ControllerRevision", "default")["items"] if each["revision"] == 1
    )
    cluster.client.patch("DaemonSet", "agent", first["data"], "default", type="strategic")  # what kubectl undo sends
    cluster.settle(cluster.kubelet)
    assert places(cluster) == [("node-1", "agent:1"), ("node-2", "agent:1")]
    assert revisions(cluster) == {2: "agent:2", 3: "agent:1"}


def test_on_delete_a_pod_is_new_when_the_old_one_was_deleted(cluster):
    create(cluster, updateStrategy={"type": "OnDelete"})
    cluster.settle(cluster.kubelet)
    set_image(cluster, "agent:2")
    cluster.settle(cluster.kubelet)
    assert places(cluster) == [("node-1", "agent:1"), ("node-2", "agent:1")]
    first = min(cluster.pods(), key=lambda pod: pod["spec"]["nodeName"])
    cluster.client.delete("Pod", first["metadata"]["name"], "default")
    cluster.settle(cluster.kubelet)
    assert places(cluster) == [("node-1", "agent:2"), ("node-2", "agent:1")]


def test_old_revisions_are_forgotten(cluster):
    create(cluster, revisionHistoryLimit=1)
    for number in (2, 3, 4):
        cluster.settle(cluster.kubelet)
        set_image(cluster, f"agent:{number}")
    cluster.settle(cluster.kubelet)
    assert revisions(cluster) == {3: "agent:3", 4: "agent:4"}


def test_a_hash_that_is_taken_gets_another_one(cluster):
    wanted = create(cluster)
    taken = history.new_revision(wanted, 1)
    taken["metadata"] = {"name": taken["metadata"]["name"], "namespace": "default"}
    cluster.client.create({**taken, "data": {"spec": {}}})
    cluster.settle(cluster.kubelet)
    assert cluster.client.get("DaemonSet", "agent", "default")["status"]["collisionCount"] == 1
    assert len(cluster.pods()) == 2


def test_a_failed_pod_is_replaced(cluster):
    create(cluster)
    cluster.settle(cluster.kubelet)
    failed = cluster.pods()[0]
    name, where = failed["metadata"]["name"], failed["spec"]["nodeName"]
    cluster.client.patch("Pod", name, {"status": {"phase": "Failed"}}, "default", subresource="status")
    cluster.settle(cluster.kubelet)
    assert name not in cluster.names("Pod")
    assert len(cluster.pods()) == 2
    assert cluster.said("FailedDaemonPod") == [
        f"Found failed daemon pod default/{name} on node {where}, will try to kill it"
    ]
