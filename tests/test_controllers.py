"""`manage.py controllers` as processes beside a real API server and broker: one of them leads."""

import os
import signal
import subprocess
import sys

import pytest

from minikweb.apimachinery import errors
from tests.apiprocess import ApiProcess
from tests.broker import Broker
from tests.running import BASE, until

pytestmark = pytest.mark.cluster

LEASE = ("Lease", "kube-controller-manager", "kube-system")


@pytest.fixture
def server(tmp_path):
    server = ApiProcess(tmp_path).start()
    yield server
    server.kill()


@pytest.fixture
def start(server, tmp_path):
    """start() runs one more `controllers` process."""
    broker = Broker()
    broker.start()
    processes = []

    def function():
        environment = {**server.environment, "REDIS_URL": broker.url}
        with open(tmp_path / f"controllers-{len(processes)}.log", "ab") as log:
            command = [sys.executable, "manage.py", "controllers"]
            processes.append(subprocess.Popen(command, cwd=BASE, env=environment, stdout=log, stderr=log))
        return processes[-1]

    yield function
    for process in processes:
        process.kill()
        process.wait()
    broker.stop()


def leader(server):
    """The pid of the process that leads; 0 if none does."""
    try:
        identity = server.client().get(*LEASE)["spec"]["holderIdentity"]
    except errors.NotFound:
        return 0
    return int(identity.split("_")[1]) if identity else 0


def deployment(name):
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "demo:1"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def pods_of(server, name):
    return server.client().list("Pod", "default", label_selector=f"app={name}")["items"]


def test_it_works(server, start):
    process = start()
    server.client().create(deployment("web"))
    until(lambda: len(pods_of(server, "web")) == 2, "two pods")
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert leader(server) == 0  # it has given the lease back


def test_two_of_them_are_one_too_many_and_the_second_takes_over(server, start):
    first = start()
    until(lambda: leader(server) == first.pid, "the first leads")
    second = start()
    server.client().create(deployment("before"))
    until(lambda: len(pods_of(server, "before")) == 2, "two pods")
    assert leader(server) == first.pid
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    until(lambda: leader(server) == second.pid, "the second leads", 5)
    server.client().create(deployment("after"))
    until(lambda: len(pods_of(server, "after")) == 2, "two pods")
    assert len(pods_of(server, "before")) == 2
