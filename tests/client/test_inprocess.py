"""The in-process transport: any ASGI application, its streams, its failures."""

import asyncio
import threading

import orjson
import pytest

from minikweb.apimachinery import errors
from minikweb.client import inprocess
from minikweb.client.inprocess import InProcessTransport
from minikweb.client.transport import Unreachable


class Application:
    """Echoes; at /stream it sends what `chunks` has until the client leaves."""

    def __init__(self):
        self.left = threading.Event()
        self.body = b""

    async def __call__(self, scope, receive, send):
        self.scope = scope
        message = await receive()
        self.body = message["body"]
        if scope["path"] == "/fail":
            raise ZeroDivisionError
        if scope["path"] == "/silence":
            await asyncio.sleep(30)
        await send({"type": "http.response.start", "status": 201, "headers": [(b"X-Test", b"yes")]})
        if scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b"one", "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                continue
            self.left.set()
            return
        await send({"type": "http.response.body", "body": orjson.dumps({"echo": self.body.decode()})})


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def transport(application, monkeypatch):
    monkeypatch.setattr(inprocess, "PATIENCE", 0.01)
    transport = InProcessTransport(application, identity=lambda: {"Authorization": "Bearer t"})
    yield transport
    transport.stop()


def test_it_works(transport, application):
    response = transport.request("POST", "/a%20b/c?d=e", {"Many": ("1", "2")}, b"hello", 5)
    assert (response.status, response.json(), response.headers) == (201, {"echo": "hello"}, {"x-test": "yes"})
    assert (application.scope["path"], application.scope["query_string"]) == ("/a b/c", b"d=e")
    assert application.scope["headers"] == [
        (b"many", b"1"),
        (b"many", b"2"),
        (b"authorization", b"Bearer t"),
        (b"content-length", b"5"),
    ]


def test_a_stream_comes_as_it_is_sent_and_ends_when_closed(transport, application):
    stream = transport.stream("GET", "/stream", {}, 5)
    chunks = iter(stream)
    assert (stream.status, next(chunks)) == (201, b"one")
    stream.close()
    assert next(chunks, None) is None
    assert application.left.wait(5)


def test_an_application_that_fails_is_an_error(transport):
    with pytest.raises(Unreachable, match="ZeroDivisionError"):
        transport.request("GET", "/fail", {}, None, 5)


def test_an_application_that_is_silent_is_a_timeout(transport):
    with pytest.raises(errors.Timeout):
        transport.request("GET", "/silence", {}, None, 0.02)
