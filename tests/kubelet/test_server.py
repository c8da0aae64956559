"""The kubelet's HTTP server on its unix socket: logs, exec, the list of containers."""

import asyncio
import json
import queue
import threading

import orjson
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import unix_connect

from minikweb.apimachinery.errors import BadRequest
from minikweb.client.transport import HttpTransport
from minikweb.kubelet.pipe import LIMIT, Pipe
from minikweb.kubelet.server import Server, log_options
from minikweb.runtime.protocol import RuntimeFailure, RuntimeUnavailable
from tests.kubelet.conftest import START, Cached, pod


@pytest.fixture
def server(node, tmp_path):
    server = Server(Cached(node.api), node.runtime, tmp_path / "kubelet.sock")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def get(server):
    transport = HttpTransport.unix(server.socket)

    def get(path):
        response = transport.request("GET", path, {}, None, 10)
        return response.status, response.body

    yield get
    transport.close()


def test_it_lives(get):
    assert get("/healthz") == (200, b"ok")


def test_the_network_is_asked_who_got_the_connections(server, get):
    status, body = get("/connections")
    assert (status, b"they need Docker" in body) == (501, True)
    server.connections = lambda: [{"address": "10.96.0.20", "connections": 3}]
    assert get("/connections") == (200, b'[{"address":"10.96.0.20","connections":3}]')

    def broken():
        raise RuntimeUnavailable("Docker does not answer")

    server.connections = broken
    status, body = get("/connections")
    assert (status, b"Docker does not answer" in body) == (503, True)


def test_a_log_is_whole_or_its_tail(node, get):
    node.run(pod("web"))
    node.clock.advance(11)
    status, body = get("/containerLogs/default/web/app")
    lines = body.splitlines()
    assert status == 200
    assert lines[0].startswith(b"simulated container app")
    assert len(lines) == 3
    assert get("/containerLogs/default/web/app?tailLines=1")[1].splitlines() == lines[-1:]
    assert get("/containerLogs/default/web/app?limitBytes=9")[1] == b"simulated"
    assert get("/containerLogs/default/web/app?tailLines=1&timestamps=true")[1].startswith(b"2026-11-23T12:00:10")


def test_the_log_of_the_run_before_is_asked_for_as_previous(node, get):
    web = pod("web", annotations={"crash-after": "1"})
    node.run(web)
    status, body = get("/containerLogs/default/web/app?previous=true")
    assert status == 400
    assert json.loads(body)["message"] == 'previous terminated container "app" in pod "web" not found'
    node.clock.advance(1)
    node.sync(web)
    assert b"ended with exit code 1" in get("/containerLogs/default/web/app?previous=true")[1]
    assert b"ended with exit code 1" not in get("/containerLogs/default/web/app")[1]
    node.clock.advance(1)
    node.sync(web)  # now it waits in its back-off: the last run is also the previous one
    assert b"ended with exit code 1" in get("/containerLogs/default/web/app?previous=true")[1]
    assert b"ended with exit code 1" in get("/containerLogs/default/web/app")[1]


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/containerLogs/default/none/app", 404, 'pod "none" not found on this node'),
        ("/containerLogs/default/late/nope", 404, 'container "nope" not found in pod "late"'),
        (
            "/containerLogs/default/late/app",
            400,
            'container "app" in pod "late" is waiting to start: ContainerCreating',
        ),
        ("/containerLogs/default/late/app?tailLines=x", 400, "tailLines must be a number, not 'x'"),
        ("/nothing", 404, "the kubelet has no path /nothing"),
    ],
)
def test_what_cannot_be_had_is_a_status(node, get, path, code, said):
    node.api.add(pod("late"))
    status, body = get(path)
    assert (status, json.loads(body)["message"]) == (code, said)
    assert json.loads(body)["code"] == code


def test_a_followed_log_ends_when_the_client_goes(node, server):
    node.run(pod("web"))
    transport = HttpTransport.unix(server.socket)
    stream = transport.stream("GET", "/containerLogs/default/web/app?follow=true", {}, 10)
    assert next(iter(stream)).startswith(b"simulated container")
    assert _threads("log") == 1
    stream.close()
    transport.close()
    for _ in range(200):
        if _threads("log") == 0:
            break
        threading.Event().wait(0.05)
    assert _threads("log") == 0


def _threads(name):
    return sum(thread.name == name for thread in threading.enumerate())


def test_exec_says_that_it_needs_docker(node, server):
    node.run(pod("web"))
    with pytest.raises(InvalidStatus) as refused:
        unix_connect(str(server.socket), "ws://kubelet/exec/default/web/app?command=ls")
    assert refused.value.response.status_code == 501
    assert "needs Docker" in json.loads(refused.value.response.body)["message"]


def test_containers_are_listed(node, get):
    assert get("/containers") == (200, b"[]")


class Session:
    """A command that echoes its input, and ends with 7 at the end of it."""

    def __init__(self, command):
        self.items = queue.SimpleQueue()
        self.items.put((2, " ".join(command).encode()))
        self.sizes = []

    def read(self):
        return self.items.get()

    def write(self, data):
        self.items.put((1, data))

    def close_stdin(self):
        self.items.put(None)

    def resize(self, width, height):
        self.sizes.append((width, height))

    def exit_code(self):
        return 7

    def close(self):
        self.items.put(None)


@pytest.fixture
def session(node, server):
    """A running pod whose runtime can exec; what is asked for ends up here."""
    asked = {}

    def exec(container_id, command, *, tty, stdin):
        asked.update(command=command, tty=tty, stdin=stdin, session=Session(command))
        if command == ["fail"]:
            raise RuntimeFailure("no such thing")
        return asked["session"]

    node.runtime.exec = exec
    node.runtime.name = "other"
    node.run(pod("web"))
    return asked


def dial(server, query):
    address = f"ws://kubelet/exec/default/web/app?{query}"
    return unix_connect(str(server.socket), address, subprotocols=["v5.channel.k8s.io"])


def test_exec_carries_all_channels(server, session):
    with dial(server, "command=cat&command=-u&input=1&output=1&error=1&tty=1") as socket:
        assert socket.subprotocol == "v5.channel.k8s.io"
        assert socket.recv() == b"\x02cat -u"
        socket.send(b"\x00hello")
        assert socket.recv() == b"\x01hello"
        socket.send(b'\x04{"Width":80,"Height":24}')
        socket.send(b"\xff\x00")
        end = socket.recv()
    assert end[0] == 3
    assert orjson.loads(end[1:])["details"]["causes"] == [{"reason": "ExitCode", "message": "7"}]
    assert (session["command"], session["tty"], session["stdin"]) == (["cat", "-u"], True, True)
    assert session["session"].sizes == [(80, 24)]


def test_attach_joins_the_main_process_and_older_clients_are_understood(node, server, session):
    node.runtime.attach = lambda container_id, *, stdin: Session(["main", f"stdin={stdin}"])
    address = "ws://kubelet/attach/default/web/app?input=1&output=1&error=1"
    with unix_connect(str(server.socket), address, subprotocols=["v4.channel.k8s.io"]) as socket:
        assert socket.subprotocol == "v4.channel.k8s.io"
        assert socket.recv() == b"\x02main stdin=True"
        socket.send(b"\x00hello")
        assert socket.recv() == b"\x01hello"


def test_a_deaf_command_holds_back_its_client_alone(server, session, get):
    """What it does not read is not piled up, and the server answers others."""
    with dial(server, "command=deaf&input=1&output=1") as socket:
        waiting = threading.Event()
        until_open = [threading.Event().wait(0.01) for _ in range(500) if "session" not in session]
        assert len(until_open) < 500
        session["session"].write = lambda data: waiting.wait(20)
        socket.send(b"\x00" + b"x" * (4 << 20))
        assert get("/healthz") == (200, b"ok")
        waiting.set()


def test_an_output_not_asked_for_is_not_sent(server, session):
    with dial(server, "command=x&input=1&output=1") as socket:
        socket.send(b"\x00a")
        assert socket.recv() == b"\x01a"


def test_a_command_that_cannot_run_ends_with_a_status(server, session):
    with dial(server, "command=fail") as socket:
        assert orjson.loads(socket.recv()[1:])["message"] == "no such thing"


def test_a_client_that_goes_ends_the_session(server, session):
    socket = dial(server, "command=cat&input=1&output=1")
    socket.close()
    for _ in range(200):
        if _threads("stream-out") == 0:
            break
        threading.Event().wait(0.05)
    assert _threads("stream-out") == 0


def test_options_are_read():
    options = log_options({"sinceSeconds": ["60"], "follow": ["true"], "tailLines": ["5"]}, START)
    assert (options.follow, options.tail, (START - options.since).total_seconds()) == (True, 5, 60)
    options = log_options({"sinceTime": ["2026-11-23T11:00:00Z"]}, START)
    assert (START - options.since).total_seconds() == 3600
    with pytest.raises(BadRequest):
        log_options({"sinceTime": ["yesterday"]}, START)


def test_a_pipe_joins_what_comes_together_and_holds_back_a_fast_reader():
    async def run():
        pipe = Pipe(asyncio.get_running_loop())
        chunk, number = b"x" * 1000, 5000
        handed = []

        def source():
            for _ in range(number):
                handed.append(1)
                yield chunk

        thread = threading.Thread(target=pipe.fill, args=(source(),))
        thread.start()
        while len(handed) * len(chunk) < LIMIT:
            await asyncio.sleep(0.01)
        assert len(handed) * len(chunk) <= LIMIT + 2 * len(chunk)
        got = []
        while data := await pipe.get():
            got.append(data)
        thread.join()
        return got

    got = asyncio.run(run())
    assert sum(map(len, got)) == 5_000_000
    assert len(got) < 1000
