"""kubectl 1.37's streams into real containers: port-forward, attach, exec, cp, proxy."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import socket
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.running import KUBECTL, until

pytestmark = [pytest.mark.docker, pytest.mark.cluster, pytest.mark.kubectl]

NAMESPACE = "streams"
# Ports: 8080 the demo, 9000 says back what it hears, 9001 the checksum of it, 9002 sends 64 MiB.
PODS = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: streams, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: demo, image: "minikweb/demo:1"}
    - name: tools
      image: "minikweb/demo:1"
      command: [sh, -c]
      args:
        - |
          nc -ll -p 9000 -e cat &
          nc -ll -p 9001 -e sha256sum &
          nc -ll -p 9002 -e sh -c 'dd if=/dev/zero bs=1M count=64 2>/dev/null' &
          wait
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: streams}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: shell, namespace: streams}
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - {name: shell, image: "minikweb/demo:1", command: [sh], stdin: true, tty: true}
"""


@pytest.fixture(scope="module")
def streams(docker_cluster):
    """A cluster with two pods in a namespace of their own."""
    docker_cluster.kubectl("create", "namespace", NAMESPACE)
    docker_cluster.kubectl("apply", "-f", "-", stdin=PODS)
    docker_cluster.wait_for_pods(2, NAMESPACE)
    yield docker_cluster
    docker_cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def environment(cluster):
    return {"KUBECONFIG": str(cluster.kubeconfig), "HOME": str(cluster.folder), "PATH": os.environ["PATH"]}


def kubectl(cluster, *arguments, stdin=b"", seconds=60):
    """Its exit code, output and complaints, as bytes."""
    command = [KUBECTL, "-n", NAMESPACE, *arguments]
    done = subprocess.run(command, env=environment(cluster), input=stdin, capture_output=True, timeout=seconds)
    return done.returncode, done.stdout, done.stderr


class Forwarding:
    """A running port-forward; `ports` are the local ones, in order."""

    def __init__(self, cluster, *arguments):
        command = [KUBECTL, "-n", NAMESPACE, "port-forward", *arguments]
        self.log = cluster.folder / f"port-forward-{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment(cluster), stdout=log, stderr=subprocess.STDOUT)
        expected = sum(argument[0] in ":0123456789" for argument in arguments)
        until(lambda: len(self._ports()) == expected or self.process.poll() is not None, "the port-forward")
        self.ports = self._ports()

    def _ports(self):
        return [int(port) for port in re.findall(r"Forwarding from 127.0.0.1:(\d+)", self.said())]

    def said(self):
        return self.log.read_text()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def forward(streams):
    with contextlib.ExitStack() as started:

        def start(*arguments):
            forwarding = Forwarding(streams, *arguments)
            started.callback(forwarding.stop)
            return forwarding

        yield start


def get(port, path="/"):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.read().decode()


def dial(port):
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def read_all(connection):
    chunks = []
    while chunk := connection.recv(1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)


# --- port-forward ---


def test_a_port_of_a_pod_is_reached(forward):
    assert get(forward("pod/web", ":8080").ports[0], "/healthz") == "ok\n"


def test_a_port_of_a_service_is_reached_by_its_name_for_it(forward):
    assert get(forward("service/web", ":http").ports[0], "/healthz") == "ok\n"


def test_several_ports_and_many_connections_at_once(forward):
    web, echo = forward("pod/web", ":8080", ":9000").ports

    def say(number):
        if number % 2:
            return get(web, "/healthz") == "ok\n"
        with dial(echo) as connection:
            connection.sendall(b"%d\n" % number)
            return connection.recv(100) == b"%d\n" % number

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(say, range(40)))


def test_our_end_can_close_before_theirs_answers(forward):
    """Half close: sha256sum says nothing before the end of its input."""
    data = os.urandom(8_000_000)
    with dial(forward("pod/web", ":9001").ports[0]) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

        assert read_all(connection).split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_a_big_answer_arrives_whole(forward):
    with dial(forward("pod/web", ":9002").ports[0]) as connection:
        assert len(read_all(connection)) == 64 << 20


def test_a_port_where_nobody_listens_is_said(forward):
    forwarding = forward("pod/web", ":9999")
    with dial(forwarding.ports[0]) as connection, contextlib.suppress(ConnectionResetError):
        assert read_all(connection) == b""

    until(lambda: "connection refused" in forwarding.said(), "the refusal")
    assert "error forwarding port 9999 to pod web" in forwarding.said()
    assert "dial tcp4 127.0.0.1:9999: connect: connection refused" in forwarding.said()


def test_nothing_is_left_in_the_pod_when_port_forward_ends(streams, forward):
    forwarding = forward("pod/web", ":9000")
    with dial(forwarding.ports[0]) as connection:
        connection.sendall(b"hello")
        assert connection.recv(5) == b"hello"
        assert relays(streams) > 0
        forwarding.stop()
        until(lambda: relays(streams) == 0, "the end of what carried the connection")


def relays(cluster):
    """How many processes carry connections in the pod's sandbox, seen from outside."""
    labels = {"namespace": NAMESPACE, "pod": "web", "container": "POD"}
    filters = [part for name, value in labels.items() for part in ("--filter", f"label=minikweb.{name}={value}")]
    wanted = subprocess.run(["docker", "ps", "-q", *filters], capture_output=True, text=True, check=True).stdout.split()
    found = subprocess.run(["docker", "top", *wanted], capture_output=True, text=True, check=True).stdout
    return found.count("/pause connect")
