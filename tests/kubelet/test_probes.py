"""When probes count, what they do to a pod, and what each asks (on simulated containers and on local sockets)."""

import socket
import threading
from contextlib import contextmanager

import pytest

from minikweb.kubelet import probes
from minikweb.kubelet.probes import Target
from minikweb.runtime.protocol import CommandTimeout, RuntimeFailure
from tests.kubelet.conftest import Node, container, pod

HTTP = {"httpGet": {"port": 8080, "path": "/healthz"}, "periodSeconds": 10, "timeoutSeconds": 1}


def probe(**fields):
    return {**HTTP, "successThreshold": 1, "failureThreshold": 3, **fields}


@pytest.fixture
def node():
    made = Node()
    made.kubelet.prober.ticks = lambda: made.clock.now.timestamp()
    made.kubelet.wake = lambda key: made.kubelet.sync(*key.split("/"))
    return made


def pass_time(node, seconds):
    """Lets time pass second by second, as the prober's thread would see it."""
    node.kubelet.prober.run_due()
    for _ in range(seconds):
        node.clock.advance(1)
        node.kubelet.prober.run_due()


def test_a_pod_is_ready_once_its_readiness_probe_succeeds(node):
    web = pod(containers=[container(readinessProbe=probe())])
    node.run(web)
    app = node.container(web)
    assert (app["started"], app["ready"]) == (True, False)
    ready = node.condition(web, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    assert ready["message"] == "containers with unready status: [app]"
    node.kubelet.prober.run_due()
    assert node.container(web)["ready"]
    assert node.condition(web, "Ready")["status"] == "True"
    assert node.condition(web, "ContainersReady")["status"] == "True"
    assert node.status(web)["phase"] == "Running"


def test_the_first_probe_waits_for_the_initial_delay(node):
    web = pod(containers=[container(readinessProbe=probe(initialDelaySeconds=7))])
    node.run(web)
    pass_time(node, 6)
    assert not node.container(web)["ready"]
    pass_time(node, 1)
    assert node.container(web)["ready"]


def test_a_readiness_probe_that_fails_is_told_and_restarts_nothing(node):
    web = pod(containers=[container(readinessProbe=probe(periodSeconds=1))], annotations={"ready": "never"})
    node.run(web)
    pass_time(node, 30)
    app = node.container(web)
    assert (app["ready"], app["restartCount"]) == (False, 0)
    assert set(node.recorded.said("Unhealthy")) == {"Readiness probe failed: the pod's annotations say so"}


def test_a_startup_probe_holds_back_the_others_until_it_succeeds(node):
    startup = probe(periodSeconds=1, failureThreshold=30)
    web = pod(
        containers=[container(startupProbe=startup, readinessProbe=probe(), livenessProbe=probe(periodSeconds=1))],
        annotations={"ready": "20", "alive": "1000"},
    )
    node.run(web)
    pass_time(node, 19)
    app = node.container(web)
    assert (app["started"], app["ready"], app["restartCount"]) == (False, False, 0)
    assert set(node.recorded.said("Unhealthy")) == {"Startup probe failed: the pod's annotations say so"}
    pass_time(node, 1)
    app = node.container(web)
    assert (app["started"], app["ready"]) == (True, True)


def test_a_startup_probe_that_never_succeeds_restarts_the_container(node):
    web = pod(
        containers=[container(startupProbe=probe(periodSeconds=1, failureThreshold=5))], annotations={"ready": "never"}
    )
    node.run(web)
    pass_time(node, 4)
    assert node.container(web)["restartCount"] == 0
    pass_time(node, 1)
    assert node.recorded.said("Killing") == ["Container app failed startup probe, will be restarted"]
    node.sync(web)
    assert node.container(web)["restartCount"] == 1


def test_a_liveness_probe_that_fails_often_enough_restarts_the_container(node):
    web = pod(containers=[container(livenessProbe=probe(periodSeconds=2))], annotations={"alive": "10"})
    node.run(web)
    pass_time(node, 13)
    assert node.recorded.said("Killing") == []
    pass_time(node, 1)  # found dead at 10, 12 and 14 seconds
    assert node.recorded.said("Killing") == ["Container app failed liveness probe, will be restarted"]
    assert len(node.recorded.said("Unhealthy")) == 3
    node.sync(web)
    app = node.container(web)
    assert app["restartCount"] == 1
    assert app["lastState"]["terminated"]["reason"] == "Error"
    assert "running" in app["state"]
    pass_time(node, 14)  # the new container is probed from the start again, and its restart waits for the back-off
    node.sync(web)
    assert node.container(web)["state"]["waiting"]["reason"] == "CrashLoopBackOff"


def test_a_container_that_is_not_to_run_again_is_ended_by_its_liveness_probe(node):
    job = pod(
        containers=[container(livenessProbe=probe(periodSeconds=1, failureThreshold=1))],
        annotations={"alive": "5", "duration": "1000"},
        restartPolicy="Never",
    )
    node.run(job)
    pass_time(node, 6)
    node.sync(job)
    assert node.recorded.said("Killing") == ["Container app failed liveness probe"]
    assert node.status(job)["phase"] == "Failed"


def test_successes_in_a_row_are_needed_after_a_failure(node):
    web = pod(containers=[container(readinessProbe=probe(periodSeconds=1, successThreshold=3))])
    node.run(web)
    node.kubelet.prober.run_due()
    pass_time(node, 1)
    assert not node.container(web)["ready"]
    pass_time(node, 1)
    assert node.container(web)["ready"]


def test_a_sidecar_with_a_startup_probe_lets_the_others_begin_when_it_has_started(node):
    sidecar = container("sidecar", restartPolicy="Always", startupProbe=probe(initialDelaySeconds=5))
    web = pod(initContainers=[sidecar])
    node.run(web)
    pass_time(node, 4)
    assert node.status(web)["phase"] == "Pending"
    assert node.container(web)["state"]["waiting"]["reason"] == "PodInitializing"
    pass_time(node, 1)
    assert node.status(web)["phase"] == "Running"
    assert node.status(web)["initContainerStatuses"][0]["ready"]


def test_what_a_predecessor_has_found_ready_stays_ready(node):
    web = pod(containers=[container(startupProbe=probe(), readinessProbe=probe())])
    node.run(web)
    node.kubelet.prober.run_due()
    assert node.container(web)["ready"]
    successor = Node(node.runtime, clock=node.clock)
    successor.api.add(node.pod(web))
    successor.sync(web)
    assert successor.api.writes == []
    assert successor.container(web)["ready"]


def test_a_pod_being_deleted_is_probed_no_more(node):
    web = pod(containers=[container(livenessProbe=probe(periodSeconds=1))], annotations={"alive": "0"})
    node.run(web)
    node.delete(web)
    pass_time(node, 5)
    assert "Unhealthy" not in node.recorded.reasons


# --- what each asks ------------------------------------------------------------------------------


class Dialled:
    """A runtime that only connects and runs commands as told."""

    def __init__(self, outcome=None):
        self.outcome = outcome

    def connect(self, host, port, timeout):
        return socket.create_connection((host, port), timeout)

    def exec_sync(self, container_id, command, timeout):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@contextmanager
def answering(*responses):
    """A server on 127.0.0.1 that gives each connection the next response; yields (its port, the requests)."""
    requests = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            for response in responses:
                connection, _ = listener.accept()
                with connection:
                    requests.append(connection.recv(65536).decode())
                    if response is None:
                        connection.recv(1)  # says nothing until the client gives up
                    else:
                        connection.sendall(response)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], requests
        thread.join(timeout=5)


def ask(spec, *, runtime=None, ports=()):
    target = Target(pod(), container(ports=list(ports)), "id", "127.0.0.1")
    return probes.probe(runtime or Dialled(), target, spec)


@pytest.mark.parametrize(
    ("status", "word", "output"),
    [
        (b"200 OK", "success", ""),
        (b"399 Odd", "success", ""),
        (b"404 Not Found", "failure", "HTTP probe failed with statuscode: 404"),
        (b"500 Internal Server Error", "failure", "HTTP probe failed with statuscode: 500"),
    ],
)
def test_http_is_well_below_400(status, word, output):
    with answering(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n") as (port, requests):
        headers = [{"name": "X-Lesson", "value": "probes"}]
        answer = ask({"httpGet": {"port": port, "path": "/healthz?full=1", "httpHeaders": headers}})
    assert (answer.word, answer.output) == (word, output)
    assert requests[0].startswith("GET /healthz?full=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{port}\r\n" in requests[0]
    assert "User-Agent: kube-probe/1.37\r\n" in requests[0]
    assert "X-Lesson: probes\r\n" in requests[0]


def test_http_follows_a_redirect_on_the_same_host():
    first = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n"
    with answering(first, b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n") as (port, requests):
        answer = ask({"httpGet": {"port": port, "path": "/"}})
    assert answer.output == "HTTP probe failed with statuscode: 503"
    assert requests[1].startswith("GET /login ")


def test_http_takes_a_redirect_to_elsewhere_for_well():
    with answering(b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n") as (port, _):
        assert ask({"httpGet": {"port": port}}).word == "success"


def test_http_says_that_nothing_came_in_time():
    with answering(None) as (port, _):
        answer = ask({"httpGet": {"port": port, "path": "/slow"}, "timeoutSeconds": 0.1})
    assert answer.word == "failure"
    assert answer.output == (
        f'Get "http://127.0.0.1:{port}/slow": '
        "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    )


def test_a_port_nobody_listens_on_is_a_failure_in_gos_words():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refused = f"dial tcp 127.0.0.1:{port}: connect: connection refused"
    assert ask({"tcpSocket": {"port": port}}).output == refused
    assert ask({"httpGet": {"port": port, "path": "/x"}}).output == f'Get "http://127.0.0.1:{port}/x": {refused}'


def test_a_port_may_be_named():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ports = [{"name": "web", "containerPort": listener.getsockname()[1]}]
        assert ask({"tcpSocket": {"port": "web"}}, ports=ports).word == "success"
        assert ask({"tcpSocket": {"port": "wbe"}}, ports=ports).word == "unknown"


@pytest.mark.parametrize(
    ("outcome", "word", "output"),
    [
        ((0, b"fine"), "success", "fine"),
        ((1, b"cat: no such file"), "failure", "cat: no such file"),
        (CommandTimeout("slow"), "failure", 'command timed out: "cat /x" timed out after 2s'),
        (RuntimeFailure("gone"), "unknown", "gone"),
    ],
)
def test_a_command_is_well_if_it_exits_with_0(outcome, word, output):
    answer = ask({"exec": {"command": ["cat", "/x"]}, "timeoutSeconds": 2}, runtime=Dialled(outcome))
    assert (answer.word, answer.output) == (word, output)
