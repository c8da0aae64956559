"""port-forward and the proxy's connections over the kubelet's server; the pod's end is played here."""

import contextlib
import json
import queue

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import unix_connect as dial

from minikweb.kubelet import spdy
from minikweb.kubelet.server import Server
from minikweb.runtime.protocol import RuntimeFailure
from tests.kubelet.conftest import Cached, pod

SPDY = "SPDY/3.1+portforward.k8s.io"


class Session:
    """A connection to a pod: port 80 says back in capitals and ends after our end; nobody listens elsewhere."""

    def __init__(self, sessions):
        self.items, self.port, self.heard, self.closed = queue.SimpleQueue(), None, b"", False
        sessions.append(self)

    def read(self):
        return self.items.get()

    def write(self, data):
        if self.port is None:
            self.port = int(data)
            if self.port != 80:
                self.items.put((2, b"connect: connection refused"))
                self.items.put(None)
            return
        self.heard += data
        self.items.put((1, data.upper()))

    def close_stdin(self):
        self.items.put(None)

    def close(self):
        self.closed = True
        self.items.put(None)


class SlashedConnection(ClientConnection):
    """Takes a subprotocol with a slash, as Kubernetes' is."""

    def __init__(self, socket, protocol, **named):
        protocol.process_subprotocol = lambda headers: headers.get("Sec-WebSocket-Protocol")
        super().__init__(socket, protocol, **named)


@pytest.fixture
def sessions():
    return []


@pytest.fixture
def server(node, tmp_path, sessions):
    """A kubelet with a running pod that can be connected to."""
    server = Server(Cached(node.api), node.runtime, tmp_path / "kubelet.sock")
    server.start()
    node.run(pod("web"))
    node.runtime.name = "other"
    node.runtime.port_forward = lambda sandbox_id: Session(sessions)
    yield server
    server.stop()


def connected(server, path="/portForward/default/web", protocol=SPDY):
    headers = {"Sec-WebSocket-Protocol": protocol} if protocol else {}
    return dial(
        str(server.socket), f"ws://kubelet{path}", create_connection=SlashedConnection, additional_headers=headers
    )


class Client:
    """kubectl's end of the tunnel."""

    def __init__(self, socket):
        self.socket, self.framer, self.frames = socket, spdy.Framer(), []

    def open(self, stream, kind, port, request="0"):
        headers = {"streamType": kind, "port": str(port), "requestID": request}
        self.socket.send(self.framer.syn_stream(stream, headers, last=kind == "error"))

    def next(self):
        while not self.frames:
            self.frames = self.framer.feed(self.socket.recv(5))
        return self.frames.pop(0)

    def until_last(self, *streams):
        """What the streams say until each has ended: {stream: text}."""
        said, open_ = dict.fromkeys(streams, b""), set(streams)
        while open_:
            frame = self.next()
            if frame.type == spdy.DATA:
                said[frame.stream] += frame.payload
                open_ -= {frame.stream} if frame.is_last else set()
        return said


def test_it_works(server, sessions):
    with connected(server) as socket:
        assert socket.subprotocol == SPDY
        client = Client(socket)
        client.open(1, "error", 80)
        client.open(3, "data", 80)
        socket.send(spdy.data(3, b"hello ") + spdy.data(3, b"pod", last=True))

        assert client.until_last(1, 3) == {1: b"", 3: b"HELLO POD"}
    assert sessions[0].heard == b"hello pod"


def test_several_connections_do_not_mix(server):
    with connected(server) as socket:
        client = Client(socket)
        for number in range(5):
            client.open(4 * number + 1, "error", 80, str(number))
            client.open(4 * number + 3, "data", 80, str(number))
        for number in range(5):
            socket.send(spdy.data(4 * number + 3, b"n%d" % number, last=True))

        said = client.until_last(*range(1, 20, 2))
    assert [said[4 * number + 3] for number in range(5)] == [b"N%d" % number for number in range(5)]


def test_a_refused_connection_is_said_on_its_error_stream_alone(server):
    with connected(server) as socket:
        client = Client(socket)
        client.open(1, "error", 81)
        client.open(3, "data", 81)
        said = client.until_last(1, 3)

        assert said[3] == b""
        assert said[1].startswith(b"error forwarding port 81 to pod web, uid uid-")
        assert said[1].endswith(b"connect: connection refused")
        socket.send(spdy.ping(7))  # the others go on
        assert client.next() == spdy.Frame(spdy.PING, number=7)


def test_a_runtime_that_fails_is_said_as_well(node, server):
    def fail(sandbox_id):
        raise RuntimeFailure("the sandbox is gone")

    node.runtime.port_forward = fail
    with connected(server) as socket:
        client = Client(socket)
        client.open(1, "error", 80)
        client.open(3, "data", 80)
        assert client.until_last(1, 3)[1].endswith(b"the sandbox is gone")


@pytest.mark.parametrize("kind, port", [("data", "0"), ("data", "65536"), ("data", "http"), ("video", "80")])
def test_a_stream_that_makes_no_sense_is_refused(server, kind, port):
    with connected(server) as socket:
        client = Client(socket)
        client.open(1, kind, port)
        frame = client.next()
        assert (frame.type, frame.stream, frame.number) == (spdy.RST_STREAM, 1, spdy.REFUSED_STREAM)


def test_what_is_no_spdy_ends_the_connection(server):
    with connected(server) as socket:
        socket.send(b"\x80\x02\x00\x01\x00\x00\x00\x00")
        assert spdy.Framer().feed(socket.recv(5))[0].type == spdy.GOAWAY


def test_a_client_that_goes_ends_all_its_connections(server, sessions):
    socket = connected(server)
    client = Client(socket)
    client.open(1, "error", 80)
    client.open(3, "data", 80)
    socket.send(spdy.data(3, b"x"))
    while client.next().type != spdy.DATA:
        pass
    socket.close()
    for session in sessions:  # the one in use, and the spare
        with contextlib.suppress(queue.Empty):
            while session.items.get(timeout=5) is not None:
                pass
        assert session.closed


def test_a_client_without_spdy_names_its_ports(server):
    with connected(server, "/portForward/default/web?ports=80,81", "v4.channel.k8s.io") as socket:
        heads = [socket.recv(5) for _ in range(2)]
        assert heads == [b"\x00\x50\x00", b"\x01\x50\x00"]
        socket.send(b"\x00hello")
        said = [socket.recv(5) for _ in range(4)]
        assert b"\x02\x51\x00" in said
        assert b"\x00HELLO" in said
        assert any(message[0] == 3 and message.endswith(b"connection refused") for message in said)


def test_the_proxy_has_one_connection_of_bare_bytes(server):
    with connected(server, "/connect/default/web/80", "") as socket:
        socket.send(b"get /")
        assert socket.recv(5) == b"GET /"
    with connected(server, "/connect/default/web/81", "") as socket:
        assert socket.recv(5) == "connect: connection refused"


@pytest.mark.parametrize(
    "path, protocol, status, said",
    [
        ("/portForward/default/nobody", SPDY, 404, 'pod "nobody" not found'),
        ("/portForward/default/web", "v9.channel.k8s.io", 400, "the subprotocols served here are"),
        ("/portForward/default/web?ports=http", "v4.channel.k8s.io", 400, "ports must be numbers"),
    ],
)
def test_what_cannot_be_is_refused_with_a_status(server, path, protocol, status, said):
    with pytest.raises(InvalidStatus) as refused:
        connected(server, path, protocol)
    assert refused.value.response.status_code == status
    assert said in json.loads(refused.value.response.body)["message"]


def test_it_needs_docker(node, server):
    node.runtime.name = "simulated"
    with pytest.raises(InvalidStatus) as refused:
        connected(server)
    assert refused.value.response.status_code == 501
    assert "port-forward needs Docker" in json.loads(refused.value.response.body)["message"]
