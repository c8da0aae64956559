"""Filters and scores, without an API."""

import pytest

from minikweb.scheduler import plugins
from minikweb.scheduler.plugins import NodeInfo, PodInfo
from tests.controllers.builders import node, pod, replicaset


def waiting(requests=None, **spec):
    found = pod(node="", phase="Pending", ready=None, spec=spec)
    found["spec"]["containers"][0]["resources"] = {"requests": requests or {}}
    return found


def info(pod_or_node, *pods):
    if pod_or_node["kind"] == "Pod":
        return PodInfo.of(pod_or_node)
    found = NodeInfo.of(pod_or_node)
    for each in pods:
        found.add(PodInfo.of(each))
    return found


def test_it_works():
    for refuse in plugins.FILTERS.values():
        assert refuse(info(waiting()), info(node())) == []


def test_requests_are_whole_numbers():
    assert plugins.requests(waiting({"cpu": "0.25", "memory": "1Ki"})) == {"cpu": 250, "memory": 1024}


def test_a_pod_needs_its_containers_together_or_its_largest_init_container():
    first, second = {"name": "a", "resources": {"requests": {"cpu": "100m"}}}, {"name": "b"}
    heavy = {"name": "init", "resources": {"requests": {"cpu": "1", "memory": "1Mi"}}}
    spec = {"containers": [first, first, second], "initContainers": [heavy], "overhead": {"cpu": "10m"}}
    assert plugins.requests({"spec": spec}) == {"cpu": 1010, "memory": 1024**2}


def test_a_sidecar_counts_beside_what_starts_after_it():
    sidecar = {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}}
    heavy = {"name": "init", "resources": {"requests": {"cpu": "2"}}}
    web = {"name": "web", "resources": {"requests": {"cpu": "500m"}}}
    assert plugins.requests({"spec": {"containers": [web], "initContainers": [sidecar, heavy]}}) == {"cpu": 3000}
    assert plugins.requests({"spec": {"containers": [web], "initContainers": [heavy, sidecar]}}) == {"cpu": 2000}


def test_a_cordoned_node_takes_only_who_tolerates_it():
    cordoned = info(node(unschedulable=True))
    assert plugins.node_unschedulable(info(waiting()), cordoned) == ["node(s) were unschedulable"]
    toleration = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}
    assert plugins.node_unschedulable(info(waiting(tolerations=[toleration])), cordoned) == []


def test_a_taint_keeps_away_who_does_not_tolerate_it():
    tainted = info(node(taints=[{"key": "gpu", "effect": "NoSchedule"}, {"key": "old", "effect": "PreferNoSchedule"}]))
    assert plugins.taint_toleration(info(waiting()), tainted) == ["node(s) had untolerated taint(s)"]
    assert plugins.taint_toleration(info(waiting(tolerations=[{"key": "gpu", "operator": "Exists"}])), tainted) == []


def test_a_node_selector_asks_for_labels():
    ssd = info(waiting(nodeSelector={"disk": "ssd"}))
    assert plugins.node_affinity(ssd, info(node(labels={"disk": "ssd"}))) == []
    assert plugins.node_affinity(ssd, info(node())) == ["node(s) didn't match Pod's node affinity/selector"]


def required(*terms):
    chosen = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return info(waiting(affinity={"nodeAffinity": chosen}))


def expression(key, operator, *values):
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("term", "fits"),
    [
        (expression("zone", "In", "a", "b"), True),
        (expression("zone", "NotIn", "a"), False),
        (expression("zone", "Exists"), True),
        (expression("gpu", "DoesNotExist"), True),
        (expression("cores", "Gt", "3"), True),
        (expression("cores", "Lt", "3"), False),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]}, True),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-2"]}]}, False),
        ({}, False),
    ],
)
def test_required_affinity_knows_all_operators(term, fits):
    reasons = plugins.node_affinity(required(term), info(node(labels={"zone": "a", "cores": "4"})))
    assert (reasons == []) is fits


def test_required_terms_are_alternatives():
    assert plugins.node_affinity(required(expression("x", "Exists"), expression("zone", "Exists")), info(node())) != []
    assert (
        plugins.node_affinity(
            required(expression("x", "Exists"), expression("zone", "Exists")), info(node(labels={"zone": "a"}))
        )
        == []
    )


def test_a_pod_fits_where_enough_is_left():
    half = waiting({"cpu": "2", "memory": "4Gi"})
    assert plugins.node_resources_fit(info(half), info(node(), half)) == []
    reasons = plugins.node_resources_fit(info(half), info(node(), half, waiting({"cpu": "1m", "memory": "1"})))
    assert reasons == ["Insufficient cpu", "Insufficient memory"]


def test_a_node_has_a_number_of_places():
    assert plugins.node_resources_fit(info(waiting()), info(node(pods="1"), pod())) == ["Too many pods"]


def test_other_resources_have_to_be_there_too():
    asks = info(waiting({"example.com/gpu": "1"}))
    assert plugins.node_resources_fit(asks, info(node())) == ["Insufficient example.com/gpu"]
    assert plugins.node_resources_fit(asks, info(node(**{"example.com/gpu": "1"}))) == []


def test_the_emptier_node_scores_higher():
    full, empty = info(node("full"), waiting({"cpu": "3", "memory": "6Gi"})), info(node("empty"))
    points = plugins.least_allocated(info(waiting({"cpu": "1"})), [full, empty])
    assert 0 <= points["full"] < points["empty"] <= 100


def test_pods_without_requests_still_weigh():
    points = plugins.least_allocated(info(waiting()), [info(node("a"), pod(), pod()), info(node("b"))])
    assert points["a"] < points["b"]


def test_the_node_that_becomes_more_even_scores_higher():
    much_cpu, much_memory = waiting({"cpu": "2", "memory": "0"}), waiting({"cpu": "0", "memory": "4Gi"})
    points = plugins.balanced_allocation(info(much_cpu), [info(node("a"), much_cpu), info(node("b"), much_memory)])
    assert points["a"] < points["b"]


def test_the_owners_pods_are_spread():
    owner = replicaset()
    mine, other = pod(owner=owner), pod(owner=replicaset("other"))
    points = plugins.topology_spread(
        info(pod(owner=owner)), [info(node("a"), mine, mine), info(node("b"), mine, other)]
    )
    assert points == {"a": 0, "b": 50}


def test_preferences_are_weighed():
    def preferring(weight, key):
        return {"weight": weight, "preference": expression(key, "Exists")}

    wishes = {"preferredDuringSchedulingIgnoredDuringExecution": [preferring(80, "ssd"), preferring(20, "fast")]}
    nodes = [info(node("a", labels={"ssd": ""})), info(node("b", labels={"fast": ""})), info(node("c"))]
    points = plugins.preferred_affinity(info(waiting(affinity={"nodeAffinity": wishes})), nodes)
    assert points == {"a": 100, "b": 25, "c": 0}


def test_a_node_with_less_to_bear_scores_higher():
    worn = info(node("worn", taints=[{"key": "old", "effect": "PreferNoSchedule"}]))
    assert plugins.tainted_least(info(waiting()), [worn, info(node("new"))]) == {"worn": 0, "new": 100}
