"""A grpc probe against a server that speaks as much HTTP/2."""

import contextlib
import socket
import struct
import threading

import pytest

from minikweb.kubelet import probes
from minikweb.kubelet.grpchealth import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    frame,
)
from minikweb.kubelet.probes import Target
from tests.kubelet.conftest import container, pod

OK = frame(HEADERS, END_HEADERS, 1, b"\x88")  # :status 200
TRAILERS = frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x00\x0bgrpc-status\x010")


def message(status):
    body = bytes((0x08, status)) if status else b""
    return b"\x00" + struct.pack(">I", len(body)) + body


class Local:
    """A runtime whose pods are on this machine."""

    def connect(self, host, port, timeout):
        return socket.create_connection(("127.0.0.1", port), timeout)


class Server:
    """Answers one call with these frames; keeps what it was sent."""

    def __init__(self, *frames):
        self.frames, self.heard = frames, b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            connection, _ = self.listener.accept()
            with connection:
                while b"Health/Check" not in self.heard or len(self.heard) < len(PREFACE) + 60:
                    self.heard += connection.recv(4096)
                connection.sendall(b"".join(self.frames))
                connection.settimeout(5)
                while data := connection.recv(4096):
                    self.heard += data
        self.ended.set()


def asked(port, service="", timeout=5):
    spec = {"grpc": {"port": port, "service": service}, "timeoutSeconds": timeout}
    return probes.probe(Local(), Target(pod(), container(), "id", "10.0.0.1"), spec)


def test_a_service_that_serves_is_well():
    server = Server(frame(SETTINGS, 0, 0), OK, frame(DATA, 0, 1, message(1)), TRAILERS)
    assert asked(server.port, "shop").word == "success"
    assert b"\x0a\x04shop" in server.heard
    assert server.heard.startswith(PREFACE)


def test_pings_and_settings_are_answered_meanwhile():
    parts = frame(DATA, 0, 1, message(1)[:3]), frame(DATA, 0, 1, message(1)[3:])
    server = Server(frame(SETTINGS, 0, 0), frame(PING, 0, 0, b"12345678"), OK, *parts, TRAILERS)
    assert asked(server.port).word == "success"
    server.ended.wait(5)
    assert frame(SETTINGS, ACK, 0) + frame(PING, ACK, 0, b"12345678") in server.heard


@pytest.mark.parametrize("status, word", [(0, "UNKNOWN"), (2, "NOT_SERVING"), (3, "SERVICE_UNKNOWN")])
def test_what_does_not_serve_is_not_well(status, word):
    answer = asked(Server(frame(SETTINGS, 0, 0), OK, frame(DATA, END_STREAM, 1, message(status))).port)
    assert (answer.word, answer.output) == ("failure", f'service unhealthy (responded with "{word}")')


@pytest.mark.parametrize(
    "frames, why",
    [
        ((frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x88"),), 'does not check the health of service "shop"'),
        ((frame(RST_STREAM, 0, 1, b"\0\0\0\x02"),), "the server ended the call"),
        ((frame(GOAWAY, 0, 0, b"\0" * 8),), "the server ended the call"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "the server does not speak HTTP/2"),
    ],
)
def test_a_server_without_a_health_check_is_not_well_and_says_why(frames, why):
    answer = asked(Server(*frames).port, "shop")
    assert answer.word == "failure"
    assert why in answer.output


def test_silence_is_a_timeout():
    answer = asked(Server().port, timeout=0.2)
    assert answer.output.startswith('timeout: failed to connect service "10.0.0.1:')


def test_nobody_there_is_said():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert "connect: connection refused" in asked(port).output


def test_long_names_are_written_as_hpack_has_them():
    server = Server(frame(SETTINGS, 0, 0), OK, frame(DATA, END_STREAM, 1, message(1)))
    assert asked(server.port, "s" * 300).word == "success"
    assert b"s" * 300 in server.heard
