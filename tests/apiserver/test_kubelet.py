"""What the API server relays from a kubelet, over real sockets on both sides."""

import contextlib
import json
import socket
import tempfile
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import unix_connect

from tests.apiserver.api import PODS, pod
from tests.apiserver.fakekubelet import CLOSE, STATUS, STDIN, STDOUT, FakeKubelet
from tests.apiserver.served import ServedApi

PROTOCOL = "v5.channel.k8s.io"


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="mk-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def kubelet(folder):
    kubelet = FakeKubelet(folder / "n1.sock").start()
    yield kubelet
    kubelet.stop()


@pytest.fixture(scope="module")
def served(folder, kubelet):
    """An API server with a node and three pods on it."""
    served = ServedApi(folder / "data", folder)
    try:
        served.wait_until_ready()
        for node, endpoint in (("n1", kubelet.path), ("dead", folder / "nobody.sock")):
            annotations = {"minikweb.io/kubelet-endpoint": f"unix://{endpoint}"}
            status, body = served.request(
                "POST", "/api/v1/nodes", {"metadata": {"name": node, "annotations": annotations}}
            )
            assert status == 201, body
        for name, node in (("web", "n1"), ("waiting", "n1"), ("missing", "n1"), ("proxy", "n1"), ("lost", "dead")):
            assert served.request("POST", PODS, pod(name, nodeName=node))[0] == 201
        yield served
    finally:
        served.kill()


def status_of(answer):
    status, body = answer
    document = json.loads(body)
    assert (document["kind"], document["code"]) == ("Status", status)
    return status, document["message"]


def test_a_log_is_relayed(served, kubelet):
    query = "container=c&follow=true&tailLines=10&timestamps=true&sinceSeconds=60&previous=false"

    assert served.request("GET", f"{PODS}/web/log?{query}") == (200, b"line 1\nline 2\n")

    path, asked = kubelet.asked[-1]
    assert path == "/containerLogs/default/web/c"
    assert dict(asked) == {"tailLines": "10", "sinceSeconds": "60", "follow": "true", "timestamps": "true"}


def test_the_only_container_need_not_be_named(served, kubelet):
    served.request("GET", f"{PODS}/web/log")

    assert kubelet.asked[-1] == ("/containerLogs/default/web/c", [])


def test_what_the_kubelet_refuses_is_a_status(served):
    status, message = status_of(served.request("GET", f"{PODS}/waiting/log"))

    assert (status, message) == (400, 'container "c" in pod "waiting" is waiting to start: ContainerCreating')


def test_a_kubelet_that_is_away_is_a_status(served):
    status, message = status_of(served.request("GET", f"{PODS}/lost/log"))

    assert status == 503
    assert message.startswith("the kubelet does not answer")


def test_the_containers_of_a_node_are_relayed(served):
    status, body = served.request("GET", "/api/v1/nodes/n1/proxy/containers")

    assert (status, json.loads(body)) == (200, [{"id": "abc"}])
    assert served.request("GET", "/api/v1/nodes/nobody/proxy/containers")[0] == 404
    assert served.request("POST", "/api/v1/nodes/n1/proxy/containers")[0] == 405


def test_exec_joins_the_two_sockets(served, kubelet):
    query = "container=c&command=cat&command=-&stdin=true&stdout=true&tty=false"
    with executed(served, f"{PODS}/web/exec?{query}") as connection:
        assert connection.subprotocol == PROTOCOL
        connection.send(bytes([STDIN]) + b"hello")
        assert connection.recv(5) == bytes([STDOUT]) + b"HELLO"
        connection.send(bytes([STDIN]) + b"x" * 3_000_000)
        assert connection.recv(5) == bytes([STDOUT]) + b"X" * 3_000_000
        connection.send(bytes([CLOSE, STDIN]))
        last = connection.recv(5)

    assert (last[0], json.loads(last[1:])["status"]) == (STATUS, "Success")
    assert kubelet.asked[-1] == (
        "/exec/default/web/c",
        [("command", "cat"), ("command", "-"), ("input", "1"), ("output", "1")],
    )
    assert connection.close_code == 1000


def test_what_the_kubelet_said_last_arrives_though_the_client_still_sends(served):
    """As `head` does, which ends before its input."""
    with executed(served, f"{PODS}/web/exec?command=head&stdin=true") as connection:
        connection.send(bytes([CLOSE, STDIN]))
        for _ in range(20):
            with contextlib.suppress(ConnectionClosed):
                connection.send(bytes([STDIN]) + b"x" * 1_000_000)
        last = connection.recv(5)

    assert (last[0], json.loads(last[1:])["status"]) == (STATUS, "Success")
    assert connection.close_code == 1000


@pytest.mark.parametrize(
    "target, status, said",
    [
        (f"{PODS}/web/exec", 422, "command: Required value"),
        (f"{PODS}/nobody/exec?command=ls", 404, 'pods "nobody" not found'),
        (f"{PODS}/missing/exec?command=ls", 404, 'pod "missing" not found'),
        (f"{PODS}/lost/exec?command=ls", 503, "the kubelet does not answer"),
        (f"{PODS}/web/unicorn", 404, "could not find the requested resource"),
    ],
)
def test_exec_that_cannot_be_is_refused_with_a_status(served, target, status, said):
    with pytest.raises(InvalidStatus) as refused, executed(served, target):
        pass

    response = refused.value.response
    assert response.status_code == status
    assert said in json.loads(response.body)["message"]


def test_exec_needs_an_identity(served):
    with pytest.raises(InvalidStatus) as refused, executed(served, f"{PODS}/web/exec?command=ls", token=""):
        pass

    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(
    "name, status, said", [("web", 400, "Upgrade request required"), ("missing", 404, "not found")]
)
def test_exec_without_a_socket_is_refused_as_the_kubelet_refuses_it(served, name, status, said):
    code, message = status_of(served.request("POST", f"{PODS}/{name}/exec?command=ls"))

    assert code == status
    assert said in message


# --- proxy ---


def asked_through_proxy(served, method, target, body=b"", **headers):
    connection = served.unix()
    connection.request(method, target, body, {"Authorization": f"Bearer {served.token}", **headers})
    return connection.getresponse()


def test_a_pod_is_asked_through_its_proxy_and_its_answer_is_its_own(served):
    answer = asked_through_proxy(served, "PUT", f"{PODS}/web/proxy/a%20b/c?x=1&y", b"tea", **{"X-Mine": "2"})

    asked = answer.read().decode()
    assert (answer.status, answer.headers["X-Own"], answer.headers["Content-Type"]) == (418, "1", "text/x-tea")
    assert asked.startswith("PUT /a%20b/c?x=1&y HTTP/1.1\r\n")
    assert asked.endswith("content-length: 3\r\n\r\ntea")
    assert "x-mine: 2" in asked
    assert "Bearer" not in asked  # the token is not the pod's business


@pytest.mark.parametrize(
    ("target", "asked"),
    [("proxy/proxy/tea", "/tea"), ("web/proxy/tea/proxy", "/tea/proxy"), ("web/pro%78y/tea", "/tea")],
)
def test_what_is_called_proxy_is_asked_at_its_own_path(served, target, asked):
    answer = asked_through_proxy(served, "PUT", f"{PODS}/{target}")

    assert answer.read().decode().startswith(f"PUT {asked} HTTP/1.1\r\n")


def test_where_a_pod_sends_one_on_itself_is_behind_the_proxy(served):
    answer = asked_through_proxy(served, "GET", f"{PODS}/web:80/proxy/old")

    assert (answer.status, answer.headers["Location"]) == (302, f"{PODS}/web:80/proxy/new")


def test_a_proxy_ends_in_a_slash(served):
    answer = asked_through_proxy(served, "GET", f"{PODS}/web/proxy")

    assert (answer.status, answer.headers["Location"]) == (301, f"{PODS}/web/proxy/")


def test_a_service_is_asked_at_one_of_its_ready_pods(served):
    service = {"metadata": {"name": "tea"}, "spec": {"ports": [{"name": "http", "port": 8000, "targetPort": 80}]}}
    assert served.request("POST", "/api/v1/namespaces/default/services", service)[0] == 201
    endpoints = [
        {"addresses": ["10.0.0.1"], "conditions": {"ready": False}, "targetRef": {"kind": "Pod", "name": "missing"}},
        {"addresses": ["10.0.0.2"], "conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": "web"}},
    ]
    labels = {"kubernetes.io/service-name": "tea"}
    ports = [{"name": "http", "port": 80, "protocol": "TCP"}]
    document = {"metadata": {"name": "tea-1", "labels": labels}, "addressType": "IPv4"}
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    assert served.request("POST", path, document | {"ports": ports, "endpoints": endpoints})[0] == 201

    for port in ("", ":http", ":8000"):
        answer = asked_through_proxy(served, "GET", f"/api/v1/namespaces/default/services/tea{port}/proxy/")
        assert answer.status == 418


@pytest.mark.parametrize(
    "target, status, said",
    [
        (
            f"{PODS}/web:81/proxy/",
            503,
            "error trying to reach service: dial tcp4 127.0.0.1:81: connect: connection refused",
        ),
        (f"{PODS}/lost/proxy/", 503, "error trying to reach service"),
        (f"{PODS}/nobody/proxy/", 404, 'pods "nobody" not found'),
        (f"{PODS}/web:tea/proxy/", 400, '"tea" is no port'),
        (f"{PODS}/https:web:443/proxy/", 501, "plain HTTP"),
        ("/api/v1/namespaces/default/services/kubernetes:no/proxy/", 503, 'no service port "no" found'),
        ("/api/v1/namespaces/default/services/kubernetes/proxy/", 503, "no endpoints available"),
    ],
)
def test_a_proxy_that_leads_nowhere_says_so(served, target, status, said):
    code, message = status_of(served.request("GET", target))

    assert code == status
    assert said in message


def executed(served, target, token=None):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(served.socket))
    headers = {} if token == "" else {"Authorization": f"Bearer {served.token}"}
    return unix_connect(
        sock=sock,
        uri=f"ws://localhost{target}",
        subprotocols=[PROTOCOL],
        additional_headers=headers,
        max_size=None,
        compression=None,
    )
