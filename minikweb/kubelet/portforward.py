"""port-forward: connections to a pod's ports, many over one WebSocket.

kubectl tunnels SPDY through it: per connection an error stream and a data stream, joined by the header requestID.
Older clients name the ports in the query instead (v4.channel.k8s.io): channels 2n and 2n+1 are data and error of the
n-th port, and each begins with its port (16 bits, little-endian).
Source: pkg/kubelet/.../streaming/portforward (httpstream.go, websocket.go), client-go tools/portforward.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from minikweb.kubelet import spdy
from minikweb.kubelet.conversation import Conversation
from minikweb.runtime.protocol import ExecSession

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Say = Callable[[bytes], Awaitable[None]]

log = logging.getLogger(__name__)

SPDY, CHANNELS = "SPDY/3.1+portforward.k8s.io", "v4.channel.k8s.io"
PROTOCOLS = (SPDY, CHANNELS)
PAIR_SECONDS = 30.0  # between the two streams of one connection
MAX_PORTS = 65_535


@dataclass(frozen=True)
class Place:
    """Where to connect, and how that is opened."""

    pod: str
    uid: str
    open_session: Callable[[], ExecSession]


class Connections:
    """Opens connections to a pod; one is always kept ready, since a session takes Docker a tenth of a second."""

    def __init__(self, place: Place):
        self.place = place
        self._open: set[Conversation] = set()
        self._spare = self._begin()

    def dial(self, port: int) -> Conversation:
        conversation, self._spare = self._spare, self._begin()
        conversation.put(str(port).encode())
        return conversation

    def _begin(self) -> Conversation:
        conversation = Conversation(self.place.open_session)
        self._open.add(conversation)
        return conversation

    async def carry(self, conversation: Conversation, port: int, say: Say) -> str:
        """Passes on what the pod says until its end; returns why it could not, or nothing."""
        why = []
        while (item := await conversation.read()) is not None:
            stream, data = item
            if stream == 1:
                await say(data)
            else:
                why.append(data.decode("utf-8", "replace"))
        if conversation.failure:
            why.append(conversation.failure.message)
        self.end(conversation)
        return failure(self.place, port, "".join(why)) if why else ""

    def end(self, conversation: Conversation) -> None:
        conversation.close()
        self._open.discard(conversation)

    def close(self) -> None:
        for conversation in self._open:
            conversation.close()


def failure(place: Place, port: int, why: str) -> str:
    """As the kubelet and containerd word it."""
    return (
        f"error forwarding port {port} to pod {place.pod}, uid {place.uid}: failed to execute portforward: "
        f"failed to connect to localhost:{port} inside the pod: {why}"
    )


async def serve(place: Place, ports: list[int], protocol: str, receive: Receive, send: Send) -> None:
    """Until the client goes."""
    await receive()  # websocket.connect
    await send({"type": "websocket.accept", "subprotocol": protocol})
    lock = asyncio.Lock()

    async def write(data: bytes) -> None:
        async with lock:  # frames of several connections
            with suppress(Exception):  # the client may be gone
                await send({"type": "websocket.send", "bytes": data})

    connections = Connections(place)
    tunnel = Tunnel(connections, write) if protocol == SPDY else Channels(connections, ports, write)
    try:
        await tunnel.begin()
        while (message := await receive())["type"] != "websocket.disconnect":
            data = message.get("bytes") or (message.get("text") or "").encode("latin-1", "replace")
            await tunnel.take(data)
    except spdy.ProtocolError as error:
        log.info("port-forward to %s: %s", place.pod, error)
        await write(spdy.goaway(0, spdy.PROTOCOL_ERROR))
        with suppress(Exception):
            await send({"type": "websocket.close", "code": 1002})
    finally:
        tunnel.close()
        connections.close()


async def connect(place: Place, port: int, receive: Receive, send: Send) -> None:
    """One connection: binary messages are its bytes, a text says why there is none."""
    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})
    conversation = Conversation(place.open_session)
    conversation.put(str(port).encode())
    sending = asyncio.create_task(_send_on(conversation, receive))
    try:
        while (item := await conversation.read()) is not None:
            stream, data = item
            await send({"type": "websocket.send", **({"bytes": data} if stream == 1 else {"text": data.decode()})})
        if conversation.failure:
            await send({"type": "websocket.send", "text": conversation.failure.message})
        await send({"type": "websocket.close", "code": 1000})
    except OSError:
        return  # the client has gone
    finally:
        sending.cancel()
        conversation.close()


async def _send_on(conversation: Conversation, receive: Receive) -> None:
    while (message := await receive())["type"] != "websocket.disconnect":
        await conversation.write(message.get("bytes") or b"")
    conversation.close()


@dataclass
class Pair:
    """The two streams of one connection."""

    port: int
    error: int = 0
    data: int = 0
    conversation: Conversation | None = None


class Tunnel:
    """SPDY's streams."""

    def __init__(self, connections: Connections, write: Say):
        self._connections, self._write = connections, write
        self._framer = spdy.Framer()
        self._pairs: dict[str, Pair] = {}  # by request, until both streams are there
        self._flowing: dict[int, Conversation] = {}  # by data stream
        self._tasks: set[asyncio.Task] = set()

    async def begin(self) -> None:
        """Nothing is said first."""

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def take(self, data: bytes) -> None:
        """Raises spdy.ProtocolError."""
        for frame in self._framer.feed(data):
            if frame.type == spdy.SYN_STREAM:
                await self._begin_stream(frame)
            elif frame.type == spdy.PING:
                await self._write(spdy.ping(frame.number))
            elif frame.stream in self._flowing:
                await self._flow(frame, self._flowing[frame.stream])

    async def _flow(self, frame: spdy.Frame, conversation: Conversation) -> None:
        if frame.type == spdy.DATA:
            if frame.payload:
                await conversation.write(frame.payload)
            if frame.is_last:
                conversation.close_stdin()
        elif frame.type == spdy.RST_STREAM:
            del self._flowing[frame.stream]
            conversation.close()

    async def _begin_stream(self, frame: spdy.Frame) -> None:
        port, kind = port_of(frame.headers), frame.headers.get("streamtype")
        if not port or kind not in ("error", "data"):
            await self._write(spdy.rst_stream(frame.stream, spdy.REFUSED_STREAM))
            return
        await self._write(self._framer.syn_reply(frame.stream))
        # Clients before Kubernetes 1.4 send no requestID: their data stream follows their error stream.
        request = frame.headers.get("requestid") or str(frame.stream - (2 if kind == "data" else 0))
        pair = self._pairs.get(request)
        if pair is None:
            pair = self._pairs[request] = Pair(port)
            self._go(self._expire(request, pair))
        setattr(pair, kind, frame.stream)
        if pair.data:
            # What comes next on the stream must find its connection.
            pair.conversation = pair.conversation or self._connections.dial(pair.port)
            self._flowing[pair.data] = pair.conversation
            if kind == "data" and frame.is_last:
                pair.conversation.close_stdin()
        if pair.data and pair.error:
            del self._pairs[request]
            self._go(self._forward(pair))

    async def _forward(self, pair: Pair) -> None:
        assert pair.conversation

        async def say(data: bytes) -> None:
            await self._write(spdy.data(pair.data, data))

        why = await self._connections.carry(pair.conversation, pair.port, say)
        self._flowing.pop(pair.data, None)
        await self._write(spdy.data(pair.error, why.encode(), last=True))
        await self._write(spdy.data(pair.data, b"", last=True))

    async def _expire(self, request: str, pair: Pair) -> None:
        await asyncio.sleep(PAIR_SECONDS)
        if self._pairs.pop(request, None) is not pair:
            return
        if pair.conversation:
            self._flowing.pop(pair.data, None)
            self._connections.end(pair.conversation)
        if pair.error:
            why = f"(request={request}) timed out waiting for streams"
            await self._write(spdy.data(pair.error, why.encode(), last=True))

    def _go(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def port_of(headers: Mapping[str, str]) -> int:
    """The header `port`; 0 if it is none."""
    text = headers.get("port", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) <= MAX_PORTS else 0


class Channels:
    """One connection per port of the query, each in two channels of the WebSocket."""

    def __init__(self, connections: Connections, ports: list[int], write: Say):
        self._connections, self._ports, self._write = connections, ports, write
        self._conversations: list[Conversation] = []
        self._tasks: list[asyncio.Task] = []

    async def begin(self) -> None:
        for number, port in enumerate(self._ports):
            for channel in (2 * number, 2 * number + 1):
                await self._write(bytes([channel]) + port.to_bytes(2, "little"))
            conversation = self._connections.dial(port)
            self._conversations.append(conversation)
            self._tasks.append(asyncio.create_task(self._forward(number, port, conversation)))

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def take(self, data: bytes) -> None:
        number = data[0] // 2 if data and data[0] % 2 == 0 else len(self._conversations)
        if number < len(self._conversations) and data[1:]:
            await self._conversations[number].write(data[1:])

    async def _forward(self, number: int, port: int, conversation: Conversation) -> None:
        async def say(data: bytes) -> None:
            await self._write(bytes([2 * number]) + data)

        if why := await self._connections.carry(conversation, port, say):
            await self._write(bytes([2 * number + 1]) + why.encode())
