"""grpc.health.v1.Health/Check, in as much HTTP/2 as one call without TLS takes.

A gRPC library would weigh more than everything else a node runs. What is not needed is not there: the answer's headers
are not read, for the body says it all, and a call without a body was refused.

Source: RFC 9113 (frames), RFC 7541 (header literals), grpc/grpc doc/{PROTOCOL-HTTP2,health-checking}.md,
pkg/probe/grpc/grpc.go (the words).
"""

from __future__ import annotations

import socket
import struct
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7  # types of frames
END_STREAM, END_HEADERS, PADDED, ACK = 1, 4, 8, 1
STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
MOST = 1 << 20  # bytes of an answer
# Places in HPACK's static table: whole fields, and names whose value follows.
METHOD_POST, SCHEME_HTTP = b"\x83", b"\x86"
AUTHORITY, PATH, CONTENT_TYPE, USER_AGENT = 1, 4, 31, 58


class Unhealthy(Exception):
    """Why it is not well; the message is the probe's output."""


def check(sock: socket.socket, authority: str, service: str, timeout: float) -> None:
    """Asks over a fresh connection. Raises Unhealthy, OSError."""
    deadline = time.monotonic() + timeout
    sock.settimeout(timeout)
    sock.sendall(PREFACE + frame(SETTINGS, 0, 0) + _request(authority, service))
    body = _answer(sock, deadline)
    if len(body) < 5:
        raise Unhealthy(f'error: health rpc failed: the server does not check the health of service "{service}"')
    status = _status(body[5:])
    if status != "SERVING":
        raise Unhealthy(f'service unhealthy (responded with "{status}")')


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def _request(authority: str, service: str) -> bytes:
    fields = [
        METHOD_POST,
        SCHEME_HTTP,
        _literal(PATH, "/grpc.health.v1.Health/Check"),
        _literal(AUTHORITY, authority),
        _literal(CONTENT_TYPE, "application/grpc"),
        _literal(USER_AGENT, "kube-probe/1.37"),
        b"\x00" + _text("te") + _text("trailers"),
    ]
    name = service.encode()
    message = b"\x0a" + _number(len(name), 0x80) + name if name else b""
    body = b"\x00" + struct.pack(">I", len(message)) + message
    return frame(HEADERS, END_HEADERS, 1, b"".join(fields)) + frame(DATA, END_STREAM, 1, body)


def _literal(name: int, value: str) -> bytes:
    """A field whose name is in the static table, never to be remembered by the other side."""
    head = bytes((name,)) if name < 15 else bytes((15, name - 15))
    return head + _text(value)


def _text(value: str) -> bytes:
    encoded = value.encode()
    if len(encoded) < 127:
        return bytes((len(encoded),)) + encoded
    return b"\x7f" + _number(len(encoded) - 127, 0x80) + encoded


def _number(value: int, more: int) -> bytes:
    """In groups of seven bits, the lowest first, as HPACK and protobuf both have it."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | more)
        value >>= 7
    out.append(value)
    return bytes(out)


def _answer(sock: socket.socket, deadline: float) -> bytes:
    """The body of the answer. Raises OSError, Unhealthy."""
    body = b""
    while len(body) < MOST:
        kind, flags, stream, payload = _read_frame(sock, deadline)
        if kind == SETTINGS and not flags & ACK:
            sock.sendall(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            sock.sendall(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY or (kind == RST_STREAM and stream == 1):
            raise Unhealthy("error: health rpc failed: the server ended the call")
        elif stream == 1 and kind == DATA:
            body += payload[1 : len(payload) - payload[0]] if flags & PADDED else payload
        if stream == 1 and kind in (DATA, HEADERS) and flags & END_STREAM:
            return body
    raise Unhealthy("error: health rpc failed: the answer is too long")


def _read_frame(sock: socket.socket, deadline: float) -> tuple[int, int, int, bytes]:
    head = _read(sock, 9, deadline)
    length, stream = int.from_bytes(head[:3], "big"), int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
    if length > MOST or head[:4] == b"HTTP":
        raise Unhealthy("error: health rpc failed: the server does not speak HTTP/2")
    return head[3], head[4], stream, _read(sock, length, deadline)


def _read(sock: socket.socket, count: int, deadline: float) -> bytes:
    data = b""
    while len(data) < count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        part = sock.recv(count - len(data))
        if not part:
            raise Unhealthy("error: health rpc failed: the server closed the connection")
        data += part
    return data


def _status(message: bytes) -> str:
    """The first field of a HealthCheckResponse."""
    if not message:
        return STATUSES[0]
    if message[0] != 0x08 or len(message) < 2:
        raise Unhealthy("error: health rpc failed: the answer is no HealthCheckResponse")
    return STATUSES.get(message[1], str(message[1]))
