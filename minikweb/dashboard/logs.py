"""The socket of a container's log: every line, in batches, never faster than the browser reads."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import cluster

BATCH = 64 * 1024  # characters at most in one message
GATHER = 0.04  # seconds that lines wait for others
QUEUED = 64  # chunks between the reading thread and the socket; then the log waits, nothing is dropped


class LogsConsumer(AsyncWebsocketConsumer):
    """?container=&previous=&tail=&since=. Sends texts of whole lines, each with its timestamp, as they come.

    A message that begins with \\0 is about the stream: \\0end, \\0error <message>. `since` (RFC 3339) is what the
    browser saw last when it comes back; it drops what it already has.
    """

    async def connect(self) -> None:
        place = self.scope["url_route"]["kwargs"]
        query = {key: values[-1] for key, values in parse_qs(self.scope["query_string"].decode()).items()}
        await self.accept()
        self.stream: Any = None
        self.gone = threading.Event()
        self.queue: asyncio.Queue[bytes | None | ApiError] = asyncio.Queue(QUEUED)
        self.loop = asyncio.get_running_loop()
        reader = threading.Thread(target=self.read, args=(place, query), name="log-reader", daemon=True)
        reader.start()
        self.task = asyncio.create_task(self.forward())

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "task"):
            self.gone.set()
            self.task.cancel()
            if self.stream is not None:
                await asyncio.to_thread(self.stream.close)

    def read(self, place: dict[str, str], query: dict[str, str]) -> None:
        """In its own thread: the API's stream into the queue, waiting when the browser does not keep up."""
        tail = query.get("tail", "")
        try:
            self.stream = cluster.client().logs(
                place["name"],
                place["namespace"],
                container=query.get("container") or None,
                follow=query.get("previous") != "1",
                previous=query.get("previous") == "1",
                timestamps=True,
                tail_lines=int(tail) if tail.isdigit() and not query.get("since") else None,
                since_time=query.get("since") or None,
            )
            for chunk in self.stream:
                if not self.put(chunk):
                    return
            self.put(None)
        except ApiError as error:
            self.put(error)
        except Exception:  # the socket closed the stream under us
            if not self.gone.is_set():
                self.put(None)

    def put(self, item: bytes | None | ApiError) -> bool:
        """Waits for room; False when the browser has gone."""
        if self.gone.is_set() or self.loop.is_closed():
            return False
        future = asyncio.run_coroutine_threadsafe(self.queue.put(item), self.loop)
        while not self.gone.is_set():
            with contextlib.suppress(TimeoutError):
                future.result(0.5)
                return True
        future.cancel()
        return False

    async def forward(self) -> None:
        """Sends what has gathered, cut at line ends."""
        rest = b""
        while True:
            item = await self.queue.get()
            if isinstance(item, bytes) and self.queue.empty():
                await asyncio.sleep(GATHER)
            parts, last = [rest], item
            while isinstance(last, bytes):
                parts.append(last)
                if self.queue.empty() or sum(map(len, parts)) > BATCH:
                    break
                last = self.queue.get_nowait()
            text = b"".join(parts)
            whole, newline, rest = text.rpartition(b"\n")
            if newline:
                await self.send((whole + newline).decode("utf-8", "replace"))
            if not isinstance(last, bytes):
                await self.finish(rest, last)
                return

    async def finish(self, rest: bytes, why: None | ApiError) -> None:
        if rest:
            await self.send(rest.decode("utf-8", "replace") + "\n")
        await self.send("\0end" if why is None else f"\0error {why.message}")
        await self.close()
