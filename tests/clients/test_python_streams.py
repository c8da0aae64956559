"""The official Python client's streams into real containers: exec and port-forward over v4.channel.k8s.io."""

from __future__ import annotations

import pytest
from kubernetes import client, config
from kubernetes.stream import portforward, stream

pytestmark = [pytest.mark.docker, pytest.mark.cluster]


@pytest.fixture
def core(docker_cluster):
    return client.CoreV1Api(config.new_client_from_config(str(docker_cluster.kubeconfig)))


@pytest.fixture
def demo(docker_cluster):
    """The name of a pod of the demo."""
    return docker_cluster.wait_for_pods(3)[0]["metadata"]["name"]


def test_a_command_is_run_and_its_exit_code_known(core, demo):
    session = stream(
        core.connect_get_namespaced_pod_exec,
        demo,
        "demo",
        command=["sh", "-c", "read name; echo hello $name; exit 3"],
        stdin=True,
        stdout=True,
        stderr=True,
        _preload_content=False,
    )
    session.write_stdin("pod\n")
    session.run_forever(timeout=30)

    assert session.read_stdout() == "hello pod\n"
    assert session.returncode == 3


def test_a_port_is_forwarded(core, demo):
    forwarded = portforward(core.connect_get_namespaced_pod_portforward, demo, "demo", ports="8080")
    connection = forwarded.socket(8080)
    connection.setblocking(True)
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
    answer = b""
    while not answer.endswith(b"ok\n"):
        chunk = connection.recv(4096)
        assert chunk, answer
        answer += chunk

    assert answer.startswith(b"HTTP/1.1 200")
    assert forwarded.error(8080) is None
    connection.close()
