"""One decision of the scheduler, without an API."""

from minikweb.scheduler.decision import decide
from minikweb.scheduler.scheduler import in_order, is_waiting, takes_place
from tests.controllers.builders import node, pod, replicaset
from tests.scheduler.test_plugins import info, waiting


def test_it_works():
    decision = decide(info(waiting()), [info(node("node-1"))])
    assert (decision.node, decision.message, decision.refusals) == ("node-1", "", {})


def test_pods_of_one_owner_go_to_different_nodes():
    owner, nodes, chosen = replicaset(), [info(node(f"node-{number}")) for number in (1, 2, 3)], []
    for _ in range(6):
        mine = info(pod(owner=owner, node=""))
        chosen.append(decide(mine, nodes).node)
        next(each for each in nodes if each.name == chosen[-1]).add(mine)
    assert sorted(chosen) == ["node-1", "node-1", "node-2", "node-2", "node-3", "node-3"]


def test_why_a_pod_fits_nowhere_is_said_in_kubernetes_words():
    nodes = [
        info(node("node-1"), waiting({"cpu": "3"})),
        info(node("node-2"), waiting({"cpu": "3"})),
        info(node("node-3", taints=[{"key": "x", "effect": "NoSchedule"}])),
    ]
    decision = decide(info(waiting({"cpu": "2"})), nodes)
    assert decision.node is None
    assert decision.message == (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. "
        "preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
        "2 No preemption victims found for incoming pod."
    )
    assert decision.refusals["node-1"] == {"NodeResourcesFit": ["Insufficient cpu"]}


def test_a_pod_larger_than_any_node_cannot_be_helped():
    message = decide(info(waiting({"cpu": "99"})), [info(node())]).message
    assert message.endswith("preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.")


def test_without_nodes_that_is_said():
    assert decide(info(waiting()), []).message == "no nodes available to schedule pods"


def test_the_scores_are_kept_for_those_who_ask_why():
    decision = decide(info(waiting()), [info(node("a")), info(node("b"), pod())])
    assert decision.node == "a"
    assert decision.total("a") > decision.total("b")
    assert set(decision.scores["NodeResourcesFit"]) == {"a", "b"}


def test_of_equal_nodes_the_first_by_name_is_taken():
    assert decide(info(waiting()), [info(node("b")), info(node("a"))]).node == "a"


def test_higher_priority_goes_first_then_the_older():
    young, old = pod("young", node="", age=1), pod("old", node="", age=90)
    urgent = pod("urgent", node="", age=0, spec={"priority": 1000})
    assert [p["metadata"]["name"] for p in in_order([young, old, urgent])] == ["urgent", "old", "young"]


def test_only_pods_that_are_ours_to_place_wait():
    assert is_waiting(pod(node=""))
    assert not is_waiting(pod(node="node-1"))
    assert not is_waiting(pod(node="", spec={"schedulerName": "mine"}))
    assert not is_waiting(pod(node="", spec={"schedulingGates": [{"name": "later"}]}))
    assert not is_waiting(pod(node="", deletionTimestamp="2026-11-23T12:00:00Z"))


def test_a_terminating_pod_still_takes_its_place():
    assert takes_place(pod(deletionTimestamp="2026-11-23T12:00:00Z"))
    assert not takes_place(pod(phase="Succeeded"))
