"""Budgets: what they allow, and evictions that ask them."""

import pytest

from minikweb.apimachinery.errors import InternalError, TooManyRequests
from minikweb.controllers.deployment.controller import DeploymentController
from minikweb.controllers.disruption import DisruptionController
from minikweb.controllers.replicaset import ReplicaSetController


@pytest.fixture
def cluster(start):
    """Three ready pods of a Deployment `web`."""
    cluster = start(DeploymentController, ReplicaSetController, DisruptionController)
    cluster.node("node-1")
    cluster.deploy("web", 3)
    run(cluster)
    return cluster


def run(cluster):
    """Everybody works, and what is new is bound and ready."""
    cluster.settle()
    for pod in cluster.pods():
        if not pod["spec"].get("nodeName"):
            binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod["metadata"]["name"]}}
            binding["metadata"]["namespace"] = "default"
            binding["target"] = {"kind": "Node", "name": "node-1"}
            cluster.client.create(binding, subresource="binding")
            cluster.set_ready(pod, True)
    cluster.settle()


def budget(cluster, name="web", app="web", **spec):
    spec = {"selector": {"matchLabels": {"app": app}}, **spec}
    metadata = {"name": name, "namespace": "default"}
    cluster.client.create(
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}
    )
    return status(cluster, name)


def status(cluster, name="web"):
    cluster.settle()
    return cluster.client.get("PodDisruptionBudget", name, "default")["status"]


def evict(cluster, number=0, **options):
    """Of the pod at that place; returns its name."""
    name = cluster.pods()[number]["metadata"]["name"]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "default"}}
    cluster.client.create(eviction, subresource="eviction", **options)
    return name


@pytest.mark.parametrize(
    "spec, expected, desired, allowed",
    [
        ({"minAvailable": 2}, 3, 2, 1),
        ({"maxUnavailable": 1}, 3, 2, 1),
        ({"minAvailable": "50%"}, 3, 2, 1),
        ({"maxUnavailable": "50%"}, 3, 1, 2),
        ({"minAvailable": 5}, 3, 5, 0),
        ({"maxUnavailable": 0}, 3, 3, 0),
    ],
)
def test_the_status_says_what_is_allowed(cluster, spec, expected, desired, allowed):
    found = budget(cluster, **spec)
    assert (found["expectedPods"], found["desiredHealthy"], found["disruptionsAllowed"]) == (expected, desired, allowed)
    assert found["currentHealthy"] == 3
    (condition,) = found["conditions"]
    assert (condition["type"], condition["status"]) == ("DisruptionAllowed", "True" if allowed else "False")
    assert condition["reason"] == ("SufficientPods" if allowed else "InsufficientPods")


def test_a_pod_that_is_not_ready_is_not_healthy(cluster):
    budget(cluster, minAvailable=2)
    cluster.set_ready(cluster.pods()[0], False)
    assert (status(cluster)["currentHealthy"], status(cluster)["disruptionsAllowed"]) == (2, 0)


def test_an_eviction_beyond_the_budget_is_refused_in_kubernetes_words(cluster):
    budget(cluster, minAvailable=2)
    evict(cluster, 0)
    with pytest.raises(TooManyRequests) as refused:
        evict(cluster, 1)
    assert refused.value.message == "Cannot evict pod as it would violate the pod's disruption budget."
    (cause,) = refused.value.details["causes"]
    assert cause["reason"] == "DisruptionBudget"
    assert cause["message"].startswith("The disruption budget web needs 2 healthy pods and has")


def test_two_evictions_at_once_get_one_disruption(cluster):
    budget(cluster, minAvailable=2)
    outcomes = []
    for number in (0, 1, 2):  # the controller has not looked in between
        try:
            outcomes.append(evict(cluster, number) != "")
        except TooManyRequests:
            outcomes.append(False)
    assert outcomes == [True, False, False]
    assert len(cluster.client.get("PodDisruptionBudget", "web", "default")["status"]["disruptedPods"]) == 1


def test_an_evicted_pod_says_why_and_another_may_go_once_its_successor_is_ready(cluster):
    budget(cluster, minAvailable=2)
    name = evict(cluster)
    gone = cluster.client.get("Pod", name, "default")
    assert {"type": "DisruptionTarget", "reason": "EvictionByEvictionAPI"}.items() <= gone["status"]["conditions"][
        -1
    ].items()
    cluster.settle()
    cluster.client.delete("Pod", name, "default", grace_period_seconds=0)
    run(cluster)
    found = status(cluster)
    assert (found["currentHealthy"], found["disruptionsAllowed"]) == (3, 1)
    assert "disruptedPods" not in found


def test_a_pod_without_a_budget_or_not_yet_running_is_simply_evicted(cluster):
    budget(cluster, app="other", minAvailable=1)
    evict(cluster)
    budget(cluster, "all", minAvailable="100%")
    metadata = {"name": "pending", "namespace": "default", "labels": {"app": "web"}}
    spec = {"containers": [{"name": "web", "image": "web:1"}]}
    cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    cluster.client.create(eviction, subresource="eviction")
    assert "pending" not in cluster.names("Pod")


@pytest.mark.parametrize(
    "policy, least, goes", [("AlwaysAllow", 3, True), ("IfHealthyBudget", 3, False), ("", 2, True)]
)
def test_a_pod_that_is_not_ready_goes_as_the_policy_says(cluster, policy, least, goes):
    budget(cluster, minAvailable=least, **({"unhealthyPodEvictionPolicy": policy} if policy else {}))
    cluster.set_ready(cluster.pods()[0], False)
    cluster.settle()
    if goes:
        evict(cluster)
    else:
        with pytest.raises(TooManyRequests):
            evict(cluster)


def test_two_budgets_for_one_pod_are_not_supported(cluster):
    budget(cluster, minAvailable=1)
    budget(cluster, "second", minAvailable=1)
    with pytest.raises(InternalError, match="more than one PodDisruptionBudget"):
        evict(cluster)


def test_a_dry_run_takes_nothing(cluster):
    budget(cluster, minAvailable=2)
    evict(cluster, dry_run=True)
    assert status(cluster)["disruptionsAllowed"] == 1
    assert len(cluster.pods()) == 3


def test_a_share_needs_controllers(cluster):
    metadata = {"name": "bare", "namespace": "default", "labels": {"app": "bare"}}
    spec = {"containers": [{"name": "web", "image": "web:1"}]}
    cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    found = budget(cluster, app="bare", maxUnavailable=1)
    assert found["disruptionsAllowed"] == 0
    assert found["conditions"][0]["reason"] == "SyncFailed"
    assert 'found no controller ref for pod "bare"' in cluster.said("CalculateExpectedPodCountFailed")[0]
