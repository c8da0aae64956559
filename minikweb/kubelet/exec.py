"""A command in a container over a WebSocket of the subprotocol v5.channel.k8s.io.

A binary message is one byte for the channel and the data: 0 stdin, 1 stdout, 2 stderr, 3 the final Status, 4 resize
({"Width", "Height"}); [255, channel] closes a channel. Source: client-go tools/remotecommand/websocket.go,
staging/src/k8s.io/streaming.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson

from minikweb.apimachinery.errors import InternalError
from minikweb.runtime.protocol import ExecSession, Runtime, RuntimeFailure

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Query = dict[str, list[str]]

PROTOCOL = "v5.channel.k8s.io"
STDIN, ERROR, RESIZE, CLOSE = 0, 3, 4, 255


async def serve(runtime: Runtime, container_id: str, query: Query, receive: Receive, send: Send) -> None:
    """Runs the command of the query and carries its streams until it ends or the client goes."""
    await receive()  # websocket.connect
    await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
    tty, stdin = query.get("tty") == ["1"], query.get("input") == ["1"]
    try:
        session = await asyncio.to_thread(runtime.exec, container_id, query.get("command", []), tty=tty, stdin=stdin)
    except RuntimeFailure as failure:
        await _end(send, InternalError(failure.message).to_status())
        return
    outputs = {1} if query.get("output") == ["1"] else set()
    outputs |= {2} if query.get("error") == ["1"] else set()
    listening = asyncio.create_task(_listen(session, receive))
    try:
        await _speak(session, outputs, send)
        if not listening.done():
            await _end(send, final_status(await asyncio.to_thread(session.exit_code)))
    finally:
        listening.cancel()
        await asyncio.to_thread(session.close)


async def _speak(session: ExecSession, outputs: set[int], send: Send) -> None:
    """Sends the command's outputs until they end; read in a thread of its own, for it may be silent for hours."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        try:
            while (item := session.read()) is not None:
                channel, data = item
                if channel in outputs:
                    message = {"type": "websocket.send", "bytes": bytes([channel]) + data}
                    asyncio.run_coroutine_threadsafe(_sent(send, message), loop).result()
        finally:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=read, name="exec", daemon=True).start()
    await ended.wait()


async def _sent(send: Send, message: dict[str, Any]) -> None:
    await send(message)


async def _listen(session: ExecSession, receive: Receive) -> None:
    """Hands the client's messages to the command; ends the session when the client goes."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            await asyncio.to_thread(session.close)
            return
        data = message.get("bytes") or (message.get("text") or "").encode("latin-1", "replace")
        if not data:
            continue
        channel, rest = data[0], data[1:]
        if channel == STDIN and rest:
            await asyncio.to_thread(session.write, rest)
        elif channel == RESIZE:
            with suppress(orjson.JSONDecodeError, KeyError, TypeError, ValueError):
                size = orjson.loads(rest)
                await asyncio.to_thread(session.resize, int(size["Width"]), int(size["Height"]))
        elif channel == CLOSE and rest == bytes([STDIN]):
            await asyncio.to_thread(session.close_stdin)


async def _end(send: Send, status: dict[str, Any]) -> None:
    with suppress(Exception):  # the client may be gone
        await send({"type": "websocket.send", "bytes": bytes([ERROR]) + orjson.dumps(status)})
        await send({"type": "websocket.close", "code": 1000})


def final_status(exit_code: int) -> dict[str, Any]:
    """The Status that ends an exec."""
    if exit_code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {exit_code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(exit_code)}]},
    }
