"""A kubelet on real containers."""

import threading
import time
from datetime import UTC, datetime

import pytest

from tests.kubelet.conftest import Node, container
from tests.runtime.conftest import docker_runtime

DEADLINE = 30.0


class DockerNode(Node):
    def run(self, obj):
        """As for a kubelet that is called back: a sandbox that Docker refused under load is tried again."""
        again = super().run(obj)
        deadline = time.monotonic() + DEADLINE
        while not self.runtime.pods(obj["metadata"]["uid"]) and "FailedCreatePodSandBox" in self.recorded.reasons:
            assert time.monotonic() < deadline, self.recorded.events
            time.sleep(0.2)
            again = self.sync(obj)
        return again


@pytest.fixture(scope="module")
def runtime():
    yield from docker_runtime()


@pytest.fixture
def node(runtime):
    """A node whose kubelet is called back as by its manager, in one thread."""
    made = DockerNode(runtime, clock=lambda: datetime.now(UTC), cidr=f"{runtime.subnet}.1.0/24")
    looking = threading.Lock()

    def wake(key):
        with looking:
            made.kubelet.sync(*key.split("/"))

    made.kubelet.wake = wake
    yield made
    made.kubelet.destroy_all()


def until(condition, what):
    deadline = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE} s"
        time.sleep(0.02)
    return value


def shell(script, **fields):
    return container(command=["sh", "-c"], args=[script], **fields)


def ended(node, obj, attempt=0):
    """Waits for the end of a container in Docker, then has its pod looked at."""

    def is_over():
        statuses = node.runtime.pods(obj["metadata"]["uid"])
        assert statuses, node.recorded.events
        (status,) = statuses
        return any(one.attempt == attempt and one.state == "exited" for one in status.containers)

    until(is_over, "the end of the container")
    node.sync(obj)
