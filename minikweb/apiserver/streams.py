"""Relays between a client and a kubelet's unix socket: bytes of HTTP, and WebSocket frames untouched."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Protocol

import httptools
import orjson
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from minikweb.apimachinery import httpstream
from minikweb.apimachinery.errors import ApiError, ServiceUnavailable, from_status
from minikweb.apiserver.request import Response, Stream, failure

CONNECT_SECONDS = 10.0
_CHUNK = 65_536
_MAX_ERROR = 65_536  # bytes of a kubelet's error message

Send = Callable[..., Awaitable[None]]


class _Answer:
    """Collects what httptools reads of an HTTP response."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.headers: list[tuple[str, str]] = []  # names in lower case
        self.begun = self.done = False
        self._chunks: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self.begun = True

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        self.done = True

    def take(self) -> bytes:
        chunk, self._chunks = b"".join(self._chunks), []
        return chunk


class Connection(Protocol):
    """Bytes both ways. Its methods raise OSError."""

    async def write(self, data: bytes) -> None: ...

    async def read(self) -> bytes:
        """b"" at the end."""

    def close(self) -> None: ...


class _Socket:
    """A connection to a unix socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self._reader, self._writer = reader, writer

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def read(self) -> bytes:
        return await self._reader.read(_CHUNK)

    def close(self) -> None:
        self._writer.close()


async def connect(path: str) -> Connection:
    """A connection to the unix socket at a path. Raises OSError."""
    return _Socket(*await asyncio.open_unix_connection(path))


class HttpRelay:
    """One HTTP request over a connection that is still to be made; its answer is read as it comes."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], request: bytes):
        self._connect, self._request = connect, request
        self._answer = _Answer()
        self._connection: Connection | None = None

    async def ask(self) -> tuple[int, list[tuple[str, str]]]:
        """Connects, asks, and returns the answer's status and headers. Raises OSError and the parser's errors."""
        async with asyncio.timeout(CONNECT_SECONDS):
            self._connection = await self._connect()
        await self._connection.write(self._request)
        while not self._answer.begun:
            if not await self._feed():
                raise ConnectionResetError("it closed the connection")
        return self._answer.parser.get_status_code(), self._answer.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            while True:
                if chunk := self._answer.take():
                    yield chunk
                if self._answer.done or not await self._feed():
                    return
        finally:
            self.close()

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    async def _feed(self) -> bool:
        assert self._connection
        data = await self._connection.read()
        if data:
            self._answer.parser.feed_data(data)
        return bool(data)


class _KubeletRelay(HttpRelay):
    """A GET of a kubelet."""

    def __init__(self, path: str, target: str):
        request = f"GET {target} HTTP/1.1\r\nHost: kubelet\r\nConnection: close\r\n\r\n"
        super().__init__(lambda: connect(path), request.encode())

    async def begin(self, stream: Stream) -> None:
        """Takes the type over from the answer's head. Raises ApiError."""
        try:
            status, headers = await self.ask()
        except (OSError, TimeoutError, httptools.HttpParserError) as error:
            raise ServiceUnavailable(f"the kubelet does not answer: {error or type(error).__name__}") from error
        if status >= 400:
            raise await self._failure(status)
        stream.content_type = dict(headers).get("content-type") or stream.content_type

    async def _failure(self, status: int) -> ApiError:
        text = b""
        async for chunk in self.chunks():
            text = (text + chunk)[:_MAX_ERROR]
        return failure_of(status, text)


def failure_of(status: int, text: bytes) -> ApiError:
    """The error in a kubelet's answer: a Status, or a line of text."""
    with contextlib.suppress(orjson.JSONDecodeError):
        document = orjson.loads(text)
        if isinstance(document, dict) and document.get("kind") == "Status":
            return from_status(document)
    return from_status({"code": status, "message": text.decode("utf-8", "replace").strip()})


def relay(path: str, target: str, query: str, content_type: str) -> Stream:
    """The answer of the kubelet at a unix socket to `GET target?query`."""
    request = _KubeletRelay(path, f"{target}?{query}" if query else target)
    return Stream(request.chunks, discard=request.close, prepare=request.begin, content_type=content_type)


async def dial(path: str, target: str, subprotocols: Sequence[str] | None = None) -> ClientConnection:
    """A WebSocket of the kubelet at a unix socket. Raises InvalidStatus, InvalidHandshake, OSError, TimeoutError."""
    return await unix_connect(
        path,
        f"ws://kubelet{target}",
        create_connection=httpstream.Connection,
        additional_headers=[(httpstream.HEADER, ", ".join(subprotocols))] if subprotocols else None,
        compression=None,
        max_size=None,
        open_timeout=CONNECT_SECONDS,
        ping_interval=None,
    )


def socket_relay(path: str, target: str) -> Callable[..., Awaitable[None]]:
    """An ASGI application that joins the client's WebSocket to the kubelet's, which chooses the protocol."""

    async def serve(scope: dict[str, Any], receive: Callable[..., Any], send: Send) -> None:
        offered = scope.get("subprotocols")
        try:
            kubelet = await dial(path, target, offered)
        except InvalidStatus as error:
            refused = failure_of(error.response.status_code, bytes(error.response.body or b""))
            await refuse(scope, receive, send, failure(refused))
        except (OSError, TimeoutError, InvalidHandshake) as error:
            unavailable = ServiceUnavailable(f"the kubelet does not answer: {error or type(error).__name__}")
            await refuse(scope, receive, send, failure(unavailable))
        else:
            async with kubelet:
                await _join(kubelet, receive, send)

    return serve


async def _join(kubelet: ClientConnection, receive: Callable[..., Any], send: Send) -> None:
    await receive()  # websocket.connect
    await send({"type": "websocket.accept", "subprotocol": kubelet.subprotocol})
    up = asyncio.ensure_future(_client_to_kubelet(kubelet, receive))
    down = asyncio.ensure_future(_kubelet_to_client(kubelet, send))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if up.done() and not await up:
            await down  # what the kubelet said before it closed
    finally:
        for task in (up, down):
            task.cancel()
        (client_is_gone, _) = await asyncio.gather(up, down, return_exceptions=True)
    if client_is_gone is True:
        return
    with contextlib.suppress(RuntimeError):
        await send({"type": "websocket.close", "code": 1000 if kubelet.close_code == 1000 else 1011})


async def _client_to_kubelet(kubelet: ClientConnection, receive: Callable[..., Any]) -> bool:
    """Until the client closes, which is true, or the kubelet."""
    with contextlib.suppress(ConnectionClosed):
        while (message := await receive())["type"] != "websocket.disconnect":
            data = message.get("bytes")
            await kubelet.send(data if data is not None else message["text"])
        return True
    return False


async def _kubelet_to_client(kubelet: ClientConnection, send: Send) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for frame in kubelet:
            key = "bytes" if isinstance(frame, bytes) else "text"
            await send({"type": "websocket.send", key: frame})


async def refuse(scope: dict[str, Any], receive: Callable[..., Any], send: Send, response: Response) -> None:
    """Answers a WebSocket handshake with an HTTP error."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", response.content_type.encode()), (b"content-length", str(len(response.body)).encode())]
    await send({"type": "websocket.http.response.start", "status": response.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": response.body})
