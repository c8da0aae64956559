"""What is true of simulated containers alone: they outlive the process that made them, in a file."""

from itertools import islice

import pytest

from minikweb.runtime.protocol import ContainerConfig, PodRef, SandboxConfig
from minikweb.runtime.simulated.runtime import SimulatedRuntime

FATE = "simulated.minikweb.io/"


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def begin(tmp_path, clock):
    """A process of the node; it ends as the next begins."""
    processes = []

    def begin(**options):
        if processes:
            processes[-1].close()
        processes.append(SimulatedRuntime("node-1", tmp_path / "node-1.json", clock=clock, **options))
        return processes[-1]

    yield begin
    processes[-1].close()


def run(runtime, uid, **annotations):
    sandbox = runtime.run_pod_sandbox(SandboxConfig(pod=PodRef("default", uid, uid), ip="10.244.1.2", hostname=uid))
    wishes = {FATE + key: value for key, value in annotations.items()}
    config = ContainerConfig(name="app", image="web:1", attempt=0, annotations=wishes)
    container = runtime.create_container(sandbox, config)
    runtime.start_container(container)
    return container


def told(runtime, count=1):
    return [event.pod_uid for event in islice(runtime.events(), count)]


def test_an_end_to_come_comes_in_the_next_process(begin, clock):
    run(begin(), "job", duration="60")
    after = begin()
    (pod,) = after.pods("job")
    assert pod.containers[0].state == "running"
    clock.now += 60
    assert told(after) == ["job"]
    (pod,) = after.pods("job")
    assert (pod.containers[0].state, pod.containers[0].exit_code) == ("exited", 0)


def test_a_container_gets_ready_in_the_next_process(begin, clock):
    run(begin(), "slow", ready="30")
    after = begin()
    clock.now += 30
    assert told(after) == ["slow"]
    assert after.pods("slow")[0].containers[0].ready


def test_a_stop_under_way_ends_in_the_next_process(begin, clock):
    before = begin(stops_take=10.0)
    before.stop_container(run(before, "web"), 30)
    after = begin()
    assert after.pods("web")[0].containers[0].ending
    clock.now += 15
    assert told(after) == ["web"]
    assert after.pods("web")[0].containers[0].state == "exited"
