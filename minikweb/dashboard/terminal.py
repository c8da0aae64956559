"""The socket of a terminal: a browser and a process in a container, each frame handed on as it is.

Both sides speak v5.channel.k8s.io: a byte for the channel (0 input, 1 output, 3 the final Status, 4 the size), then
the data. Texts are between the browser and us: {"error": message} from here, anything from there to stay awake.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from websockets.exceptions import ConnectionClosed

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import cluster

# The best shell of the image; what it shows knows colours.
SHELL = ("sh", "-c", "TERM=xterm-256color; export TERM; command -v bash >/dev/null 2>&1 && exec bash || exec sh")
SENT_AHEAD = 32  # frames between the process and a slow browser; then the process waits


class TerminalConsumer(AsyncWebsocketConsumer):
    """?container=. Begins a shell when it opens, ends it when it closes."""

    async def connect(self) -> None:
        place = self.scope["url_route"]["kwargs"]
        query = parse_qs(self.scope["query_string"].decode())
        container = query.get("container", [None])[-1]
        await self.accept()
        self.process: Any = None
        self.loop, self.gone = asyncio.get_running_loop(), False
        self.room = threading.Semaphore(SENT_AHEAD)
        try:
            self.process = await asyncio.to_thread(self.begin, place["name"], place["namespace"], container)
        except ApiError as error:
            await self.send(json.dumps({"error": error.message}))
            await self.close()
            return
        threading.Thread(target=self.read, name="terminal-reader", daemon=True).start()

    def begin(self, pod: str, namespace: str, container: str | None) -> Any:
        return cluster.client().exec(pod, namespace, SHELL, container=container, tty=True)

    async def disconnect(self, code: int) -> None:
        self.gone = True
        if getattr(self, "process", None) is not None:
            self.room.release()
            await asyncio.to_thread(self.process.close)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if bytes_data and self.process is not None:
            with contextlib.suppress(ConnectionClosed, OSError):
                await asyncio.to_thread(self.process.send, bytes_data)

    def read(self) -> None:
        """In its own thread: the process' frames to the browser, no faster than it takes them."""
        with contextlib.suppress(ConnectionClosed, OSError, RuntimeError):
            for frame in self.process:
                self.room.acquire()
                if self.gone:
                    return
                data = frame if isinstance(frame, bytes) else frame.encode()
                asyncio.run_coroutine_threadsafe(self.hand_on(data), self.loop)
        if not self.gone and not self.loop.is_closed():
            asyncio.run_coroutine_threadsafe(self.close(), self.loop)

    async def hand_on(self, data: bytes) -> None:
        try:
            await self.send(bytes_data=data)
        finally:
            self.room.release()
