"""The scheduler's queue and bindings, against the real API server."""

import json

import pytest

from minikweb.apimachinery.errors import Invalid, ServiceUnavailable
from minikweb.scheduler.scheduler import EXPLANATION, QUEUE, Scheduler


@pytest.fixture
def cluster(start):
    cluster = start(Scheduler)
    cluster.node("node-1")
    cluster.settle()
    return cluster


def make_pod(cluster, name, **spec):
    requests = {"requests": {"cpu": spec.pop("cpu")}} if "cpu" in spec else {}
    spec = {"containers": [{"name": "web", "image": "web:1", "resources": requests}], **spec}
    metadata = {"name": name, "namespace": "default"}
    return cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def places(cluster):
    return {pod["metadata"]["name"]: pod["spec"].get("nodeName", "") for pod in cluster.pods()}


def wakes(cluster, kind, old, new):
    return list(cluster["scheduler"].keys(kind, old, new)) == [QUEUE]


def test_it_works(cluster):
    make_pod(cluster, "web")
    cluster.settle()
    assert places(cluster) == {"web": "node-1"}
    conditions = {c["type"]: c["status"] for c in cluster.pods()[0]["status"]["conditions"]}
    assert conditions["PodScheduled"] == "True"


def test_a_pod_takes_its_place_before_the_cache_shows_it(cluster):
    scheduler = cluster["scheduler"]
    for name in ("first", "second", "third"):
        make_pod(cluster, name, cpu="2")
        cluster.cache.informer("Pod").wait_for(cluster.pods()[-1]["metadata"]["resourceVersion"], 5)
        scheduler.sync("", "queue")
    assert sorted(places(cluster).values()) == ["", "node-1", "node-1"]


def test_a_place_that_becomes_free_is_taken(cluster):
    make_pod(cluster, "first", cpu="4")
    cluster.settle()
    make_pod(cluster, "second", cpu="4")
    cluster.settle()
    assert places(cluster) == {"first": "node-1", "second": ""}
    cluster.client.delete("Pod", "first", "default", grace_period_seconds=0)
    cluster.settle()
    assert places(cluster) == {"second": "node-1"}


def test_a_pod_of_another_scheduler_is_left_alone(cluster):
    make_pod(cluster, "theirs", schedulerName="theirs")
    cluster.settle()
    assert places(cluster) == {"theirs": ""}


def test_uncordoning_a_node_places_the_pods_that_wait(cluster):
    cluster.client.patch("Node", "node-1", {"spec": {"unschedulable": True}})
    make_pod(cluster, "web")
    cluster.settle()
    assert cluster.said("FailedScheduling")[0].startswith("0/1 nodes are available: 1 node(s) were unschedulable.")
    cluster.client.patch("Node", "node-1", {"spec": {"unschedulable": None}})
    cluster.settle()
    assert places(cluster) == {"web": "node-1"}


def test_a_pod_that_is_taught_to_tolerate_is_placed(cluster):
    cluster.client.patch("Node", "node-1", {"spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}})
    pod = make_pod(cluster, "web")
    cluster.settle()
    assert places(cluster) == {"web": ""}
    tolerations = [*pod["spec"]["tolerations"], {"key": "gpu", "operator": "Exists"}]
    cluster.client.patch("Pod", "web", {"spec": {"tolerations": tolerations}}, "default")
    cluster.settle()
    assert places(cluster) == {"web": "node-1"}


def test_why_a_pod_waits_is_said_once(cluster):
    make_pod(cluster, "big", cpu="99")
    for _ in range(3):
        cluster["scheduler"].sync("", "queue")
        cluster.settle()
    assert len(cluster.said("FailedScheduling")) == 1


def test_a_binding_that_fails_gives_the_place_back(cluster, monkeypatch):
    make_pod(cluster, "web", cpu="4")
    cluster.catch_up()
    scheduler = cluster["scheduler"]

    def fail(*_, **__):
        raise ServiceUnavailable("not now")

    with monkeypatch.context() as outage:
        outage.setattr(scheduler.client, "create", fail)
        with pytest.raises(ServiceUnavailable):
            scheduler.sync("", "queue")
    assert scheduler.assumed == {}
    cluster.settle()
    assert places(cluster) == {"web": "node-1"}


def test_a_heartbeat_wakes_nobody_but_a_new_label_does(cluster):
    node = cluster.client.get("Node", "node-1")
    beat = {**node, "status": {**node["status"], "conditions": []}}
    assert not wakes(cluster, "Node", node, beat)
    labelled = {**node, "metadata": {**node["metadata"], "labels": {"disk": "ssd"}}}
    assert wakes(cluster, "Node", node, labelled)
    assert wakes(cluster, "Node", None, node)
    assert not wakes(cluster, "Node", node, None)


def test_a_running_pods_status_wakes_nobody_but_its_end_does(cluster):
    pod = {**make_pod(cluster, "web")}
    bound = {**pod, "spec": {**pod["spec"], "nodeName": "node-1"}}
    ended = {**bound, "status": {"phase": "Succeeded"}}
    assert wakes(cluster, "Pod", None, pod)
    assert not wakes(cluster, "Pod", pod, bound)
    assert not wakes(cluster, "Pod", bound, {**bound, "status": {"phase": "Running"}})
    assert wakes(cluster, "Pod", bound, ended)
    assert wakes(cluster, "Pod", bound, None)
    assert not wakes(cluster, "Pod", ended, None)


def test_pods_wait_in_silence_until_a_node_has_said_what_it_has(start):
    cluster = start(Scheduler)
    cluster.client.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-9"}})
    make_pod(cluster, "web")
    cluster.settle()
    assert cluster.said("FailedScheduling") == []
    has = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    cluster.client.patch("Node", "node-9", {"status": {"capacity": has, "allocatable": has}}, subresource="status")
    cluster.settle()
    assert places(cluster) == {"web": "node-9"}


# --- Pods that wait for others, and pods that make room ---


def classed(cluster, name, value, **fields):
    api = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value}
    cluster.client.create({**api, **fields})


def test_an_important_pod_ends_a_lesser_one_and_takes_its_place(cluster):
    classed(cluster, "urgent", 1000)
    make_pod(cluster, "lesser", cpu="4")
    cluster.settle()
    made = make_pod(cluster, "urgent", cpu="3", priorityClassName="urgent")
    assert made["spec"]["priority"] == 1000
    cluster.settle()
    lesser = cluster.client.get("Pod", "lesser", "default")
    assert lesser["metadata"]["deletionTimestamp"]
    assert "PreemptionByScheduler" in [each.get("reason") for each in lesser["status"]["conditions"]]
    assert cluster.said("Preempted") == [f"Preempted by pod {made['metadata']['uid']} on node node-1"]
    assert cluster.said("FailedScheduling")[0] == "0/1 nodes are available: 1 Insufficient cpu."
    waiting = cluster.client.get("Pod", "urgent", "default")
    assert waiting["status"]["nominatedNodeName"] == "node-1"
    make_pod(cluster, "quick", cpu="1")  # nobody slips into the place that becomes free
    cluster.settle()
    cluster.client.delete("Pod", "lesser", "default", grace_period_seconds=0)
    cluster.settle()
    assert places(cluster) == {"urgent": "node-1", "quick": "node-1"}
    assert "nominatedNodeName" not in cluster.client.get("Pod", "urgent", "default")["status"]


def test_the_place_of_a_nominated_pod_is_kept(cluster):
    classed(cluster, "urgent", 1000)
    make_pod(cluster, "lesser", cpu="4")
    cluster.settle()
    make_pod(cluster, "urgent", cpu="4", priorityClassName="urgent")
    cluster.settle()
    make_pod(cluster, "successor", cpu="4")
    cluster.settle()
    cluster.client.delete("Pod", "lesser", "default", grace_period_seconds=0)
    cluster.settle()
    assert places(cluster) == {"urgent": "node-1", "successor": ""}


def test_a_polite_pod_waits(cluster):
    classed(cluster, "polite", 1000, preemptionPolicy="Never")
    make_pod(cluster, "lesser", cpu="4")
    cluster.settle()
    make_pod(cluster, "polite", cpu="1", priorityClassName="polite")
    cluster.settle()
    assert cluster.said("FailedScheduling") == [
        "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never."
    ]
    assert "deletionTimestamp" not in cluster.client.get("Pod", "lesser", "default")["metadata"]


def test_a_pod_that_wants_company_is_placed_once_it_comes(cluster):
    rule = {"labelSelector": {"matchLabels": {"app": "db"}}, "topologyKey": "kubernetes.io/hostname"}
    cluster.client.patch("Node", "node-1", {"metadata": {"labels": {"kubernetes.io/hostname": "node-1"}}})
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}
    make_pod(cluster, "web", affinity=affinity)
    cluster.settle()
    assert places(cluster) == {"web": ""}
    make_pod(cluster, "db")
    cluster.client.patch("Pod", "db", {"metadata": {"labels": {"app": "db"}}}, "default")
    cluster.settle()
    assert places(cluster) == {"web": "node-1", "db": "node-1"}


def test_a_gated_pod_is_looked_at_once_its_gates_are_gone(cluster):
    make_pod(cluster, "web", schedulingGates=[{"name": "example.com/wait"}])
    cluster.settle()
    assert places(cluster) == {"web": ""}
    assert cluster.said("FailedScheduling") == []
    with pytest.raises(Invalid, match="only deletion is allowed, but found new scheduling gate 'b'"):
        cluster.client.patch("Pod", "web", {"spec": {"schedulingGates": [{"name": "b"}]}}, "default")
    cluster.client.patch("Pod", "web", {"spec": {"schedulingGates": None}}, "default")
    cluster.settle()
    assert places(cluster) == {"web": "node-1"}


def test_the_event_carries_the_scores_for_who_asks_why_there(cluster):
    cluster.node("node-2", unschedulable=True)
    make_pod(cluster, "web")
    cluster.settle()
    (why,) = [json.loads(notes[EXPLANATION]) for notes in cluster.events.annotations if EXPLANATION in notes]
    assert why["node"] == "node-1"
    assert why["refusals"] == {"node-2": {"NodeUnschedulable": ["node(s) were unschedulable"]}}
    assert set(why["scores"]["node-1"]) >= {"NodeResourcesFit", "InterPodAffinity", "PodTopologySpread"}
