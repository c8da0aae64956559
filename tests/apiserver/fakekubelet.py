"""A kubelet's endpoint as the API server sees it: a unix socket that speaks HTTP and v5.channel.k8s.io."""

from __future__ import annotations

import asyncio
import http
import json
import threading
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import ServerConnection, unix_serve
from websockets.http11 import Request, Response

STDIN, STDOUT, STATUS, CLOSE = 0, 1, 3, 255


class FakeKubelet:
    """Echoes stdin in upper case; its log tells how it was asked. `asked` keeps the targets."""

    def __init__(self, path: Path):
        self.path = path
        self.asked: list[tuple[str, list[tuple[str, str]]]] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)

    def start(self) -> FakeKubelet:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    async def _serve(self) -> None:
        async with unix_serve(
            self._exec,
            str(self.path),
            process_request=self._http,
            select_subprotocol=lambda connection, offered: offered[0] if offered else None,
            compression=None,
            max_size=None,
        ):
            self._ready.set()
            await self._stop.wait()

    def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        self.asked.append((url.path, parse_qsl(url.query)))
        if url.path.startswith("/exec/default/missing"):
            return connection.respond(http.HTTPStatus.NOT_FOUND, 'pod "missing" not found\n')
        if url.path.startswith("/exec/") and "Upgrade" not in request.headers:
            return connection.respond(http.HTTPStatus.BAD_REQUEST, "Upgrade request required\n")
        if url.path.startswith(("/exec/", "/connect/")):
            return None
        if url.path.startswith("/containerLogs/default/waiting"):
            text = 'container "c" in pod "waiting" is waiting to start: ContainerCreating\n'
            return connection.respond(http.HTTPStatus.BAD_REQUEST, text)
        if url.path == "/containers":
            return connection.respond(http.HTTPStatus.OK, json.dumps([{"id": "abc"}]))
        return connection.respond(http.HTTPStatus.OK, "line 1\nline 2\n")

    async def _exec(self, connection: ServerConnection) -> None:
        if connection.request.path.startswith("/connect/"):
            await self._connect(connection)
            return
        async for frame in connection:
            if frame[0] == STDIN:
                await connection.send(bytes([STDOUT]) + frame[1:].upper())
            elif frame[0] == CLOSE:
                break
        status = {"metadata": {}, "status": "Success"}
        await connection.send(bytes([STATUS]) + json.dumps(status).encode())

    async def _connect(self, connection: ServerConnection) -> None:
        """A web server in a pod, on port 80 alone: it says how it was asked, and sends /old elsewhere."""
        if not connection.request.path.endswith("/80"):
            await connection.send("dial tcp4 127.0.0.1:81: connect: connection refused")
            return
        asked = await connection.recv()
        if b" /old" in asked:
            await connection.send(b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n")
            return
        head = "HTTP/1.1 418 I'm a teapot\r\nContent-Type: text/x-tea\r\nX-Own: 1\r\nContent-Length: {}\r\n\r\n"
        await connection.send(head.format(len(asked)).encode() + asked[:10])
        await connection.send(asked[10:])
