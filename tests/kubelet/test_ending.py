"""Pods that are deleted."""

import threading

from minikweb.runtime.simulated.runtime import SimulatedRuntime
from tests.kubelet.conftest import Clock, Node, pod


def test_a_deleted_pod_ends_and_goes(node):
    web = pod()
    node.run(web)
    node.delete(web)
    assert node.pod(web) is None
    assert node.runtime.pods() == []
    assert node.recorded.said("Killing") == ["Stopping container app"]


def test_its_address_is_free_again_but_not_given_at_once(node):
    web, other = pod("web"), pod("other")
    node.run(web)
    node.delete(web)
    node.run(other)
    assert node.status(other)["podIP"] == "10.244.1.3"


def test_a_pod_with_finalizers_says_how_it_ended_and_stays(node):
    job = pod(meta={"finalizers": ["example.com/count"]}, restartPolicy="Never", annotations={"duration": "100"})
    node.run(job)
    node.delete(job)
    assert node.status(job)["phase"] == "Failed"
    assert node.container(job)["state"]["terminated"]["exitCode"] == 143
    assert node.pod(job)["metadata"]["deletionGracePeriodSeconds"] == 0
    assert node.runtime.pods() == []
    node.sync(job)
    assert node.container(job)["state"]["terminated"]["exitCode"] == 143


def test_a_pod_deleted_before_it_ever_ran_just_goes(node):
    web = pod()
    node.api.add(web)
    node.delete(web)
    assert node.pod(web) is None


def test_a_pod_removed_by_force_leaves_nothing(node):
    web = pod()
    node.run(web)
    node.api.delete("Pod", "web", "default", grace_period_seconds=0, uid=web["metadata"]["uid"])
    node.sync(web)
    assert node.runtime.pods() == []


def test_when_the_node_is_no_more_nothing_runs(node):
    for name in ("a", "b"):
        node.run(pod(name))
    node.kubelet.destroy_all()
    assert node.runtime.pods() == []


class Slow:
    """A runtime whose containers take their time to end."""

    blocks = True

    def __init__(self, runtime):
        self._runtime = runtime
        self.may_end = threading.Event()
        self.stops: list[int] = []

    def __getattr__(self, name):
        return getattr(self._runtime, name)

    def stop_container(self, container_id, grace_seconds):
        self.stops.append(grace_seconds)
        assert self.may_end.wait(10)
        self._runtime.stop_container(container_id, grace_seconds)


def test_while_containers_end_the_worker_is_free_and_is_called_back(node):
    slow = Slow(node.runtime)
    node = Node(slow)
    node.runtime.clock = node.clock.now.timestamp
    woken = threading.Event()
    node.kubelet.wake = lambda key: woken.set() if key == "default/web" else None
    web = pod(terminationGracePeriodSeconds=20)
    node.run(web)
    node.delete(web)
    assert node.pod(web) is not None
    node.sync(web)  # looked at again meanwhile: nothing more is asked
    slow.may_end.set()
    assert woken.wait(10)
    assert slow.stops == [20]
    node.sync(web)
    assert node.pod(web) is None


def test_a_shorter_grace_asked_later_counts(node):
    slow = Slow(node.runtime)
    node = Node(slow)
    web = pod(terminationGracePeriodSeconds=60)
    node.run(web)
    node.delete(web)
    node.pod(web)["spec"]["terminationGracePeriodSeconds"] = 5
    node.delete(web)
    slow.may_end.set()
    assert sorted(slow.stops) == [5, 60]


def test_a_simulated_stop_takes_its_moment_and_is_told_once():
    clock = Clock()
    node = Node(SimulatedRuntime("node-1", clock=lambda: clock.now.timestamp(), stops_take=0.4), clock=clock)
    web = pod()
    node.run(web)
    node.api.delete("Pod", "web", "default", uid=web["metadata"]["uid"])
    for _ in range(3):
        node.sync(web)
    assert node.pod(web) is not None
    assert node.recorded.reasons.count("Killing") == 1
    clock.advance(0.7)
    node.sync(web)
    assert node.pod(web) is None
