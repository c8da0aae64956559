"""HTTP over kept connections: reuse, death of a connection, silence, streams."""

import threading

import pytest

from minikweb.apimachinery import errors
from minikweb.client.connection import header_lines
from minikweb.client.transport import HttpTransport, Unreachable
from tests.client.wire import STREAM, Wire, answer, chunk


@pytest.fixture
def serve(tmp_path):
    """serve(function) starts a Wire and gives it with a transport to it."""
    started = []

    def start(function):
        wire = Wire(tmp_path / "api.sock", function)
        transport = HttpTransport.unix(wire.path, lambda: {"Authorization": "Bearer secret"})
        started.append((wire, transport))
        return wire, transport

    yield start
    for wire, transport in started:
        transport.close()
        wire.close()


def for_ever(reply):
    def function(conversation):
        while True:
            conversation.request()
            conversation.send(reply)

    return function


def get(transport, target="/version", timeout=5.0):
    return transport.request("GET", target, {}, None, timeout)


def test_it_works(serve):
    wire, transport = serve(for_ever(answer(200, {"major": "1"})))
    response = transport.request("POST", "/api/v1/x?a=b", {"Content-Type": "application/json"}, b'{"a":1}', 5)
    assert (response.status, response.json()) == (200, {"major": "1"})
    method, target, headers, body = wire.requests[0]
    assert (method, target, body) == ("POST", "/api/v1/x?a=b", b'{"a":1}')
    assert headers["authorization"] == "Bearer secret"
    assert headers["content-type"] == "application/json"


def test_a_header_may_have_several_lines():
    lines = list(header_lines({"A": "1", "Impersonate-Group": ("x", "y"), "None": ()}))
    assert lines == [("A", "1"), ("Impersonate-Group", "x"), ("Impersonate-Group", "y")]


def test_it_keeps_the_connection(serve):
    wire, transport = serve(for_ever(answer(200, {})))
    for _ in range(5):
        get(transport)
    assert wire.connections == 1


def test_it_opens_one_connection_per_thread_at_a_time(serve):
    gate = threading.Barrier(3)

    def function(conversation):
        conversation.request()
        gate.wait(5)
        conversation.send(answer(200, {}))

    wire, transport = serve(function)
    threads = [threading.Thread(target=get, args=(transport,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    gate.wait(5)
    for thread in threads:
        thread.join(5)
    assert wire.connections == 2


def test_it_reads_a_chunked_body(serve):
    _, transport = serve(for_ever(STREAM + chunk(b'{"a"') + chunk(b":1}") + b"0\r\n\r\n"))
    assert get(transport).json() == {"a": 1}


def test_it_reads_a_body_that_ends_with_the_connection(serve):
    def function(conversation):
        conversation.request()
        conversation.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")

    wire, transport = serve(function)
    assert get(transport).body == b"hello"
    assert get(transport).body == b"hello"
    assert wire.connections == 2


def dies_after_one(conversation):
    """Closes a kept connection while the client sends its second request."""
    conversation.request()
    conversation.send(answer(200, {"connection": conversation.number}))
    if conversation.number == 1:
        conversation.request()
        return
    while True:
        conversation.request()
        conversation.send(answer(200, {"connection": conversation.number}))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_it_repeats_a_harmless_request_when_a_kept_connection_dies(serve, method):
    wire, transport = serve(dies_after_one)
    get(transport)
    assert transport.request(method, "/x", {}, None, 5).json() == {"connection": 2}
    assert [request[0] for request in wire.requests] == ["GET", method, method]


def test_it_does_not_repeat_a_post_that_may_have_arrived(serve):
    wire, transport = serve(dies_after_one)
    get(transport)
    with pytest.raises(Unreachable):
        transport.request("POST", "/x", {}, b"{}", 5)
    assert len(wire.requests) == 2


def test_a_connection_closed_while_idle_is_replaced_even_for_a_post(serve):
    closed = threading.Event()

    def function(conversation):
        conversation.request()
        conversation.send(answer(200, {}))
        if conversation.number == 1:
            conversation._socket.shutdown(2)
            closed.set()

    wire, transport = serve(function)
    get(transport)
    assert closed.wait(5)
    assert transport.request("POST", "/x", {}, b"{}", 5).status == 200
    assert wire.connections == 2


def test_a_fresh_connection_that_dies_is_an_error_not_a_loop(serve):
    wire, transport = serve(lambda conversation: conversation.request())
    with pytest.raises(Unreachable):
        get(transport)
    assert len(wire.requests) == 1


def test_a_server_that_is_not_there_is_said_in_one_sentence(tmp_path):
    transport = HttpTransport.unix(tmp_path / "nothing.sock")
    with pytest.raises(Unreachable, match="the API server at .*nothing.sock does not answer"):
        get(transport)


def test_silence_is_a_timeout(serve):
    quiet = threading.Event()
    _, transport = serve(lambda conversation: (conversation.request(), quiet.wait(5)))
    with pytest.raises(errors.Timeout, match=r"did not answer in 0.05 s"):
        get(transport, timeout=0.05)
    quiet.set()


def test_what_is_not_http_is_an_error(serve):
    _, transport = serve(for_ever(b"SSH-2.0-OpenSSH\r\n\r\n"))
    with pytest.raises(Unreachable, match="not an HTTP answer"):
        get(transport)


def test_a_stream_gives_its_chunks_as_they_come(serve):
    step = threading.Semaphore(0)

    def function(conversation):
        conversation.request()
        conversation.send(STREAM + chunk(b"one"))
        assert step.acquire(timeout=5)
        conversation.send(chunk(b"two") + b"0\r\n\r\n")

    _, transport = serve(function)
    stream = transport.stream("GET", "/x", {}, 5)
    chunks = iter(stream)
    assert (stream.status, next(chunks)) == (200, b"one")
    step.release()
    assert next(chunks) == b"two"
    assert next(chunks, None) is None


def test_another_thread_can_end_a_stream(serve):
    over = threading.Event()

    def function(conversation):
        conversation.request()
        conversation.send(STREAM + chunk(b"one"))
        over.wait(5)

    _, transport = serve(function)
    stream = transport.stream("GET", "/x", {}, 30)
    chunks = iter(stream)
    next(chunks)
    threading.Timer(0.02, stream.close).start()
    with pytest.raises(Unreachable):
        next(chunks)
    over.set()
