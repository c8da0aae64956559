"""A process in a container over a WebSocket: exec runs a command, attach joins the main process.

Subprotocols v5.channel.k8s.io and v4.channel.k8s.io. A binary message is one byte for the channel and the data:
0 stdin, 1 stdout, 2 stderr, 3 the final Status, 4 resize ({"Width", "Height"}); in v5 [255, channel] closes a channel.
Source: client-go tools/remotecommand/websocket.go, staging/src/k8s.io/streaming.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson

from minikweb.apimachinery.errors import InternalError
from minikweb.kubelet.conversation import Conversation
from minikweb.runtime.protocol import ExecSession, RuntimeFailure

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Query = dict[str, list[str]]

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


def wants(query: Query, stream: str) -> bool:
    return query.get(stream) == ["1"]


async def serve(
    open_session: Callable[[], ExecSession], query: Query, protocol: str, receive: Receive, send: Send
) -> None:
    """Carries the streams of a session until it ends or the client goes."""
    await receive()  # websocket.connect
    await send({"type": "websocket.accept", "subprotocol": protocol})
    outputs = {STDOUT} if wants(query, "output") else set()
    outputs |= {STDERR} if wants(query, "error") else set()
    conversation = Conversation(open_session)
    listening = asyncio.create_task(_listen(conversation, receive, stdin=wants(query, "input")))
    try:
        await _speak(conversation, outputs, send)
        if not listening.done():
            await _end(send, await _outcome(conversation))
    finally:
        listening.cancel()
        conversation.close()


async def _outcome(conversation: Conversation) -> dict[str, Any]:
    if conversation.failure:
        return InternalError(conversation.failure.message).to_status()
    try:
        return final_status(await conversation.exit_code())
    except RuntimeFailure as failure:
        return InternalError(failure.message).to_status()


async def _speak(conversation: Conversation, outputs: set[int], send: Send) -> None:
    """Sends the outputs until they end."""
    while (item := await conversation.read()) is not None:
        channel, data = item
        if channel in outputs:
            await send({"type": "websocket.send", "bytes": bytes([channel]) + data})


async def _listen(conversation: Conversation, receive: Receive, *, stdin: bool) -> None:
    """Hands the client's messages to the process; ends the session when the client goes."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            conversation.close()
            return
        data = message.get("bytes") or (message.get("text") or "").encode("latin-1", "replace")
        if not data:
            continue
        channel, rest = data[0], data[1:]
        if channel == STDIN and rest and stdin:
            await conversation.write(rest)
        elif channel == RESIZE:
            with suppress(orjson.JSONDecodeError, KeyError, TypeError, ValueError):
                size = orjson.loads(rest)
                conversation.resize(int(size["Width"]), int(size["Height"]))
        elif channel == CLOSE and rest == bytes([STDIN]):
            conversation.close_stdin()


async def _end(send: Send, status: dict[str, Any]) -> None:
    with suppress(Exception):  # the client may be gone
        await send({"type": "websocket.send", "bytes": bytes([ERROR]) + orjson.dumps(status)})
        await send({"type": "websocket.close", "code": 1000})


def final_status(exit_code: int) -> dict[str, Any]:
    """The Status that ends a session."""
    if exit_code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {exit_code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(exit_code)}]},
    }
