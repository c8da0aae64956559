"""A server that answers with exactly the bytes a test wants, over a unix socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import orjson


def answer(status: int, body: object = None, **headers: str) -> bytes:
    """One HTTP answer with a length."""
    content = b"" if body is None else orjson.dumps(body)
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}", "Content-Type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Wire:
    """Each connection is given to `serve(requests, send, close)`; requests yields (method, target, headers, body)."""

    def __init__(self, path: Path, serve: Callable[[Conversation], None]):
        self.path = path
        self.connections = 0
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self._serve = serve
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._converse, args=(accepted,), daemon=True).start()

    def _converse(self, accepted: socket.socket) -> None:
        with accepted:
            try:
                self._serve(Conversation(accepted, self))
            except (ConnectionError, EOFError):
                return

    def close(self) -> None:
        self._listener.close()


class Conversation:
    """One connection, seen from the server."""

    def __init__(self, accepted: socket.socket, wire: Wire):
        self._socket = accepted
        self._file = accepted.makefile("rb")
        self.number = wire.connections
        self.wire = wire

    def request(self) -> tuple[str, str, dict[str, str], bytes]:
        """The next request; EOFError when the client is gone."""
        first = self._file.readline().decode()
        if not first:
            raise EOFError
        method, target, _ = first.split(" ")
        headers = {}
        while line := self._file.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = self._file.read(int(headers.get("content-length", 0)))
        self.wire.requests.append((method, target, headers, body))
        return self.wire.requests[-1]

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)
