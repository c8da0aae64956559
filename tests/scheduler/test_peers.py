"""Affinity between pods and topology spread, one decision at a time."""

import pytest

from minikweb.scheduler.decision import decide
from minikweb.scheduler.plugins import PodInfo
from tests.controllers.builders import node, pod
from tests.scheduler.test_plugins import info

REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
HOST = "kubernetes.io/hostname"


def term(app, key=HOST, **more):
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key, **more}


def near(*terms):
    return {"affinity": {"podAffinity": {REQUIRED: list(terms)}}}


def far(*terms):
    return {"affinity": {"podAntiAffinity": {REQUIRED: list(terms)}}}


def labelled(app, *, namespace="default", **spec):
    return pod(node="", labels={"app": app}, spec=spec, namespace=namespace)


def nodes(*running, zones=("a", "a", "b")):
    """node-1 to node-3 in their zones, each with one list of pods."""
    listed = [*running, *[[]] * (len(zones) - len(running))]
    return [
        info(node(f"node-{number}", labels={"zone": zone}), *pods)
        for number, (zone, pods) in enumerate(zip(zones, listed, strict=True), 1)
    ]


def place(wanted, where, namespaces=None):
    return decide(PodInfo.of(wanted), where, namespaces)


# --- Affinity ----------------------------------------------------------------------------------------


def test_a_pod_goes_where_the_other_is():
    assert place(labelled("web", **near(term("db"))), nodes([], [labelled("db")])).node == "node-2"


def test_or_into_the_same_zone():
    busy = [labelled("other"), labelled("other")]
    assert place(labelled("web", **near(term("db", "zone"))), nodes(busy, [], [labelled("db")])).node == "node-3"


def test_nobody_to_be_near_is_said():
    decision = place(labelled("web", **near(term("db"))), nodes())
    assert decision.node is None
    assert decision.message == (
        "0/3 nodes are available: 3 node(s) didn't match pod affinity rules. "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )


def test_the_first_of_a_group_may_begin_anywhere():
    assert place(labelled("web", **near(term("web"))), nodes()).node == "node-1"


def test_a_pod_of_another_namespace_counts_only_if_it_is_meant():
    there = nodes([], [labelled("db", namespace="data")])
    assert place(labelled("web", **near(term("db"))), there).node is None
    assert place(labelled("web", **near(term("db", namespaces=["data"]))), there).node == "node-2"
    chosen = near(term("db", namespaceSelector={"matchLabels": {"kind": "storage"}}))
    assert place(labelled("web", **chosen), there, {"data": {"kind": "storage"}}).node == "node-2"
    assert place(labelled("web", **chosen), there, {"data": {}}).node is None


def test_a_node_without_the_label_is_no_place():
    lacking = nodes(zones=("a",))
    assert place(labelled("web", **near(term("web", "rack"))), lacking).node is None


# --- Anti-affinity -----------------------------------------------------------------------------------


def test_pods_that_avoid_each_other_are_on_different_nodes():
    where = nodes()
    for _ in range(3):
        mine = PodInfo.of(labelled("web", **far(term("web"))))
        chosen = decide(mine, where).node
        next(each for each in where if each.name == chosen).add(mine)
    assert [each.pods for each in where] == [1, 1, 1]
    assert "3 node(s) didn't match pod anti-affinity rules" in place(labelled("web", **far(term("web"))), where).message


def test_what_a_running_pod_says_against_newcomers_counts():
    loner = labelled("db", **far(term("web", "zone")))
    decision = place(labelled("web"), nodes([loner]))
    assert decision.node == "node-3"
    assert decision.refusals["node-2"] == {
        "InterPodAffinity": ["node(s) didn't satisfy existing pods anti-affinity rules"]
    }


def test_match_label_keys_mean_pods_like_oneself():
    old = pod(node="", labels={"app": "web", "version": "1"})
    new = pod(node="", labels={"app": "web", "version": "2"}, spec=far(term("web", matchLabelKeys=["version"])))
    assert place(new, nodes([old], zones=("a",))).node == "node-1"
    assert place(new, nodes([new], zones=("a",))).node is None


@pytest.mark.parametrize("kind, chosen", [("podAffinity", "node-2"), ("podAntiAffinity", "node-1")])
def test_a_preference_is_weighed(kind, chosen):
    preferred = [{"weight": 100, "podAffinityTerm": term("db")}]
    wanted = labelled("web", affinity={kind: {PREFERRED: preferred}})
    where = nodes([], [labelled("db")], zones=("a", "a"))
    decision = place(wanted, where)
    assert decision.node == chosen
    assert set(decision.scores["InterPodAffinity"].values()) == {0.0, 200.0}


# --- Topology spread ---------------------------------------------------------------------------------


def spread(key=HOST, skew=1, **more):
    constraint = {
        "maxSkew": skew,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
        **more,
    }
    return {"topologySpreadConstraints": [constraint]}


def test_no_node_has_more_than_one_more_than_another():
    decision = place(labelled("web", **spread()), nodes([labelled("web")], [labelled("web")]))
    assert decision.node == "node-3"
    assert decision.refusals["node-1"] == {
        "PodTopologySpread": ["node(s) didn't match pod topology spread constraints"]
    }


def test_zones_are_counted_together():
    where = nodes([labelled("web")], [labelled("web")], [labelled("web")])
    assert place(labelled("web", **spread("zone")), where).node == "node-3"


def test_a_node_without_the_label_is_refused_and_says_so():
    message = place(labelled("web", **spread("rack")), nodes()).message
    assert "3 node(s) didn't match pod topology spread constraints (missing required label)" in message


def test_nodes_the_pod_cannot_be_on_do_not_count():
    where = nodes([labelled("web")], zones=("a", "a"))
    only = spread() | {"nodeSelector": {HOST: "node-1"}}
    assert place(labelled("web", **only), where).node == "node-1"


def test_too_few_places_count_as_an_empty_one():
    where = nodes([labelled("web")], [labelled("web")], zones=("a", "a"))
    assert place(labelled("web", **spread(minDomains=3)), where).node is None
    assert place(labelled("web", **spread(minDomains=2)), where).node in ("node-1", "node-2")


def test_other_pods_and_other_namespaces_do_not_count():
    where = nodes([labelled("db"), labelled("web", namespace="other")], zones=("a",))
    assert place(labelled("web", **spread()), where).node == "node-1"


def test_a_soft_constraint_is_a_wish():
    soft = spread(whenUnsatisfiable="ScheduleAnyway")
    where = nodes([labelled("web")], [labelled("web")])
    assert place(labelled("web", **soft), where).node == "node-3"
    assert place(labelled("web", **soft), where[:1]).node == "node-1"
