"""A transport that calls an ASGI application of this process: for tests, the same verbs without a socket.

The application runs on an event loop in a thread of its own, as it would in a server.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any
from urllib.parse import unquote

from minikweb.apimachinery import errors
from minikweb.client.connection import Headers, header_lines
from minikweb.client.transport import Response, Stream, Unreachable, no_identity

PATIENCE = 1.0  # seconds for what is under way to end by itself
END = None  # in the queue of chunks: the body is complete


class _Exchange:
    """One ASGI call: what goes in, and what came out so far."""

    def __init__(self, method: str, target: str, headers: Headers, body: bytes):
        path, _, query = target.partition("?")
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in header_lines(headers)],
            "client": ("127.0.0.1", 0),
            "server": ("localhost", 80),
            "extensions": {},
        }
        self._body = body
        self._sent = False
        self.gone = asyncio.Event()
        self.status = 0
        self.headers: dict[str, str] = {}
        self.started = threading.Event()
        self.running: Future[None] | None = None
        self.chunks: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()

    async def receive(self) -> dict[str, Any]:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode().lower(): v.decode("latin-1") for k, v in message.get("headers", [])}
            self.started.set()
        elif message["type"] == "http.response.body":
            if message.get("body"):
                self.chunks.put(bytes(message["body"]))
            if not message.get("more_body"):
                self.chunks.put(END)

    async def run(self, app: Any) -> None:
        try:
            await app(self.scope, self.receive, self.send)
        except Exception as error:
            self.chunks.put(error)
        finally:
            self.started.set()
            self.chunks.put(END)

    def read(self, timeout: float) -> Iterator[bytes]:
        """The chunks of the body as they come."""
        while True:
            try:
                chunk = self.chunks.get(timeout=timeout)
            except queue.Empty as error:
                raise errors.Timeout(f"the application did not answer in {timeout:g} s") from error
            if chunk is END:
                return
            if isinstance(chunk, BaseException):
                raise Unreachable(f"the application failed: {chunk!r}") from chunk
            yield chunk


async def _end_others() -> None:
    """Waits a moment for the other tasks of this loop, then cancels them."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        _, late = await asyncio.wait(others, timeout=PATIENCE)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


class InProcessTransport:
    """Calls `app` (ASGI); `identity()` gives the headers that authenticate."""

    def __init__(self, app: Any, *, identity: Callable[[], Headers] = no_identity):
        self._app = app
        self._identity = identity
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="in-process-api", daemon=True)
        self._thread.start()

    def request(self, method: str, target: str, headers: Headers, body: bytes | None, timeout: float) -> Response:
        exchange = self._start(method, target, headers, body, timeout)
        content = b"".join(exchange.read(timeout))
        return Response(exchange.status, exchange.headers, content)

    def stream(self, method: str, target: str, headers: Headers, timeout: float) -> Stream:
        exchange = self._start(method, target, headers, None, timeout)

        def interrupt() -> None:
            self._loop.call_soon_threadsafe(exchange.gone.set)
            exchange.chunks.put(END)

        return Stream(exchange.status, exchange.headers, exchange.read(timeout), interrupt)

    def close(self) -> None:
        """Ends nothing that runs: other clients may share this transport."""

    def stop(self) -> None:
        """Ends the application's loop, once what is under way (a watch that was closed) has ended too."""
        asyncio.run_coroutine_threadsafe(_end_others(), self._loop).result(2 * PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _start(self, method: str, target: str, headers: Headers, body: bytes | None, timeout: float) -> _Exchange:
        sent = {**headers, **self._identity()}
        if body is not None:
            sent["Content-Length"] = str(len(body))
        exchange = _Exchange(method, target, sent, body or b"")
        # Held until it is answered: the loop itself refers to its tasks weakly.
        exchange.running = asyncio.run_coroutine_threadsafe(exchange.run(self._app), self._loop)
        if not exchange.started.wait(timeout):
            raise errors.Timeout(f"the application did not answer in {timeout:g} s")
        return exchange
