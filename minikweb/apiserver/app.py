"""The ASGI application: reads a request, runs its verb in a thread of the pool, writes the answer.

Bare ASGI, since Django's handler costs ten times the verb. A client that goes away never cancels a write under way:
the verb runs to its end in its thread, only the answer is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import ApiError, InternalError, ServiceUnavailable
from minikweb.apiserver import dispatch, negotiation, streams
from minikweb.apiserver.authentication import Authenticator
from minikweb.apiserver.authorization import Authorizer
from minikweb.apiserver.dispatch import Incoming
from minikweb.apiserver.rbac import Policy
from minikweb.apiserver.request import Response, Stream, failure
from minikweb.apiserver.server import Server, utc_now
from minikweb.kinds.registry import Registry
from minikweb.store.database import StoreUnavailable
from minikweb.store.storage import Storage

log = logging.getLogger(__name__)

THREADS = 4  # verbs hold the GIL most of the time: more threads only add waiting
Scope = dict[str, Any]


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


class Application:
    """One API server as an ASGI callable."""

    def __init__(
        self,
        storage: Storage,
        registry: Registry,
        authenticator: Authenticator,
        authorizer: Authorizer | None = None,
        *,
        clock: Callable[[], Any] = utc_now,
        threads: int = THREADS,
    ):
        self.server = Server(storage, registry, authenticator, authorizer or Policy(storage), clock)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="verb")
        self._closing = False

    def close(self) -> None:
        """Ends the watches: the server is going down."""
        self._closing = True
        self.server.storage.hub.wake_all()

    def stop(self) -> None:
        """Waits for the verbs under way; nothing is answered afterwards."""
        self.close()
        self._pool.shutdown()

    async def __call__(self, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)

    async def _http(self, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        incoming = Incoming.of(scope)
        try:
            incoming.body = await read_body(scope, incoming.headers, receive)
        except ClientGone:
            return
        except ApiError as error:
            await _send(send, failure(error), incoming.method)
            return
        outcome = await self._in_thread(lambda: self.answer(incoming))
        if isinstance(outcome, Stream) and outcome.prepare:
            try:
                await outcome.prepare(outcome)
            except ApiError as error:
                outcome.discard()
                outcome = failure(error)
        if isinstance(outcome, Response):
            await _send(send, outcome, incoming.method)
        else:
            await _send_stream(send, receive, outcome)

    async def _websocket(self, scope: Scope, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        incoming = Incoming.of({**scope, "method": "GET"})
        outcome = await self._in_thread(lambda: self._guarded(lambda: dispatch.websocket(self.server, incoming)))
        if isinstance(outcome, Response):
            await streams.refuse(scope, receive, send, outcome)
        else:
            await outcome(scope, receive, send)

    async def _in_thread(self, verb: Callable[[], Any]) -> Any:
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, verb))

    def answer(self, incoming: Incoming) -> Response | Stream:
        """The answer to a request, errors included. Runs in a thread of the pool."""
        outcome = self._guarded(lambda: dispatch.answer(self.server, incoming, lambda: self._closing))
        if isinstance(outcome, Response):
            negotiation.compress(incoming.headers.get("accept-encoding", ""), outcome)
        return outcome

    def _guarded(self, verb: Callable[[], Any]) -> Any:
        try:
            return verb()
        except ApiError as error:
            return failure(error)
        except StoreUnavailable as error:
            log.warning("the store does not answer: %s", error)
            return failure(ServiceUnavailable(f"the store does not answer: {error}", details={"retryAfterSeconds": 1}))
        except Exception:
            log.exception("a verb failed")
            return failure(InternalError("Internal error occurred: see the API server's log"))


async def read_body(scope: Scope, headers: dict[str, str], receive: Callable[..., Any]) -> bytes:
    """The whole body. Raises RequestEntityTooLarge, ClientGone."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > serializer.MAX_BYTES:
        raise serializer.too_large()
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > serializer.MAX_BYTES:
            raise serializer.too_large()
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _send(send: Callable[..., Any], response: Response, method: str) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
    if response.status != 304:
        headers.append((b"content-type", response.content_type.encode()))
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})


async def _send_stream(send: Callable[..., Any], receive: Callable[..., Any], stream: Stream) -> None:
    """Sends chunks until the stream ends or the client is gone."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in stream.headers]
    headers.append((b"content-type", stream.content_type.encode()))

    async def pump() -> None:
        chunks: AsyncIterator[bytes] = stream.open()
        try:
            await send({"type": "http.response.start", "status": stream.status, "headers": headers})
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await chunks.aclose()  # type: ignore[attr-defined]
            stream.discard()

    pumping = asyncio.ensure_future(pump())
    leaving = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait({pumping, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pumping, leaving):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pumping


async def _until_gone(receive: Callable[..., Any]) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _lifespan(receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
