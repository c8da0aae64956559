"""The socket of logs: every line of one container or of many, in batches, never faster than the browser reads."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import json
import threading
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import cluster, live, logsources
from minikweb.dashboard.logsources import Source

BATCH = 64 * 1024  # bytes at most in one message
GATHER = 0.04  # seconds that lines wait for others
QUEUED = 64  # chunks between the reading threads and the socket; then the logs wait, nothing is dropped
MOST = 40  # containers read at once
REST = 0.2  # seconds between two looks at the pods
FIRST_WAIT, LONGEST_WAIT = 0.3, 8.0  # seconds before a stream that was cut is opened again


@dataclass(frozen=True)
class Ended:
    """A stream is over: cleanly, by a refusal, or cut in the middle of a line."""

    clean: bool
    refusal: str = ""


@dataclass(eq=False)
class Reading:
    """What is known of one container's log. `last` is the timestamp of the last whole line that was sent."""

    source: Source
    last: str = ""
    stream: Any = None
    busy: bool = False
    done: bool = False  # read to the end of this instance
    rest: bytes = b""
    wait: float = FIRST_WAIT
    not_before: float = field(default=0.0)  # the loop's time
    said: str = ""  # the last refusal told


class LogsConsumer(AsyncWebsocketConsumer):
    r"""?container=&previous=&tail=&minutes=&selector= of a Pod, a workload, a Service or a selection.

    The browser begins: {"seen": {"web-1/web": timestamp}}, empty at first; after a cut it drops what it already has.
    To it: "\1web-1/web\n" and whole lines, each with its timestamp; or "\0" and JSON {"event": …, "source": …}:
      open (`again`: read from `seen` on; `restarted`: another instance) · end (the container stopped) · gone (the pod
      is no more) · refused (`message`) · pods (`count`, `left_out`) · over (nothing follows)
    """

    async def connect(self) -> None:
        self.place = self.scope["url_route"]["kwargs"]
        self.query = {key: values[-1] for key, values in parse_qs(self.scope["query_string"].decode()).items()}
        self.previous = self.query.get("previous") == "1"
        self.loop, self.rung, self.gone = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
        self.queue: asyncio.Queue[tuple[Reading, bytes | Ended]] = asyncio.Queue(QUEUED)
        self.readings: dict[str, Reading] = {}
        self.seen: dict[str, str] | None = None
        self.counted: tuple[int, int] | None = None
        self.tasks: list[asyncio.Task[None]] = []
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """The browser's first word; nothing is read before it."""
        if self.seen is not None:
            return
        try:
            seen = json.loads(text_data or "{}").get("seen", {})
            self.seen = {str(key): str(stamp) for key, stamp in seen.items()}
        except (ValueError, AttributeError):
            self.seen = {}
        self.resumed = bool(self.seen)
        self.client = cluster.client()
        self.hub = await asyncio.to_thread(live.hub)
        self.hub.listen(self.ring)
        self.rung.set()
        self.tasks = [asyncio.create_task(self.supervise()), asyncio.create_task(self.forward())]

    async def disconnect(self, code: int) -> None:
        self.gone.set()
        if self.tasks:
            self.hub.leave(self.ring)
        for task in self.tasks:
            task.cancel()
        streams = [reading.stream for reading in self.readings.values() if reading.stream is not None]
        for stream in streams:
            await asyncio.to_thread(stream.close)

    def ring(self) -> None:
        """Called by informer threads."""
        if not self.rung.is_set() and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.rung.set)

    # --- Which containers ------------------------------------------------------------------------------

    async def supervise(self) -> None:
        """Opens the logs of pods that come and of containers that were restarted, until the browser leaves."""
        first = True
        while True:
            await self.rung.wait()
            self.rung.clear()
            try:
                found = await asyncio.to_thread(self.sources)
            except ApiError as error:
                await self.tell("refused", message=error.message)
                found = []
            await self.count(found)
            for source in found[:MOST]:
                await self.consider(source, first)
            await self.forget({source.key for source in found})
            if self.previous:
                break
            first = False
            await asyncio.sleep(REST)
        if not self.readings:
            await self.finish()

    def sources(self) -> list[Source]:
        place = self.place
        pods = logsources.pods(place["kind"], place["namespace"], place["name"], self.query.get("selector", ""))
        found = logsources.sources(pods, self.query.get("container", ""))
        if self.previous and place["kind"] != "Pod":
            return [source for source in found if source.restarts]  # the others have no previous log
        return found

    async def count(self, found: list[Source]) -> None:
        counted = len({source.pod for source in found}), len(found[MOST:])
        if counted != self.counted:
            self.counted = counted
            await self.tell("pods", count=counted[0], left_out=counted[1])

    async def consider(self, source: Source, first: bool) -> None:
        """Opens a container's log if there is something to read that nobody reads yet."""
        known = self.readings.get(source.key)
        if known is None:
            assert self.seen is not None
            self.readings[source.key] = reading = Reading(source, last=self.seen.pop(source.key, ""))
            await self.open(reading, self.limits(reading, first), again=bool(reading.last))
        elif known.busy:
            return
        elif known.source.instance != source.instance:
            self.readings[source.key] = reading = Reading(source)
            await self.open(reading, {}, restarted=True)
        elif (not known.done or not source.finished) and self.loop.time() >= known.not_before:
            known.source, known.done = source, False
            await self.open(known, {"since_time": known.last} if known.last else {}, again=True)

    def limits(self, reading: Reading, first: bool) -> dict[str, Any]:
        """How much of the past is asked for: what the form says at first, all of it of a pod that came later."""
        if reading.last:
            return {"since_time": reading.last}
        if self.resumed or not first:
            return {}
        tail, minutes = self.query.get("tail", ""), self.query.get("minutes", "")
        limits: dict[str, Any] = {"tail_lines": int(tail)} if tail.isdigit() else {}
        return limits | ({"since_seconds": 60 * int(minutes)} if minutes.isdigit() else {})

    async def open(self, reading: Reading, options: dict[str, Any], **how: bool) -> None:
        reading.busy = True
        if not reading.said:
            await self.tell("open", reading, **{key: True for key, value in how.items() if value})
        context = contextvars.copy_context()  # the thread acts as the person at the page
        read = threading.Thread(target=context.run, args=(self.read, reading, options), name="log-reader", daemon=True)
        read.start()

    async def forget(self, present: set[str]) -> None:
        """Says which pods are gone, once their last lines were sent."""
        for key, reading in list(self.readings.items()):
            if key not in present and not reading.busy and self.place["kind"] != "Pod":
                del self.readings[key]
                await self.tell("gone", reading)

    # --- Reading ---------------------------------------------------------------------------------------

    def read(self, reading: Reading, options: dict[str, Any]) -> None:
        """In its own thread: the API's stream into the queue, waiting when the browser does not keep up."""
        source, ended = reading.source, Ended(clean=True)
        try:
            follow = not self.previous
            asked = {"container": source.container, "follow": follow, "previous": self.previous, "timestamps": True}
            reading.stream = self.client.logs(source.pod, self.place["namespace"], **asked, **options)
            if self.gone.is_set():
                return reading.stream.close()
            for chunk in reading.stream:
                if not self.put(reading, chunk):
                    return
        except ApiError as error:
            ended = Ended(clean=False, refusal=error.message)
        except Exception:  # the connection broke, or the socket closed the stream under us
            ended = Ended(clean=False)
        self.put(reading, ended)

    def put(self, reading: Reading, item: bytes | Ended) -> bool:
        """Waits for room; False when the browser has gone."""
        if self.gone.is_set() or self.loop.is_closed():
            return False
        future = asyncio.run_coroutine_threadsafe(self.queue.put((reading, item)), self.loop)
        while not self.gone.is_set():
            with contextlib.suppress(TimeoutError):
                future.result(0.5)
                return True
        future.cancel()
        return False

    async def forward(self) -> None:
        """Sends what has gathered, container by container."""
        while True:
            items = [await self.queue.get()]
            if self.queue.empty() and isinstance(items[0][1], bytes):
                await asyncio.sleep(GATHER)
            size = 0
            while size < BATCH and not self.queue.empty():
                items.append(self.queue.get_nowait())
                size += len(items[-1][1]) if isinstance(items[-1][1], bytes) else 0
            for reading, group in groupby(items, key=lambda item: item[0]):
                await self.pass_on(reading, [item for _, item in group])

    async def pass_on(self, reading: Reading, items: list[bytes | Ended]) -> None:
        """Whole lines to the browser. Of a cut line nothing: it is read again."""
        ended = items[-1] if isinstance(items[-1], Ended) else None
        text = b"".join([reading.rest, *(item for item in items if isinstance(item, bytes))])
        whole, newline, reading.rest = text.rpartition(b"\n")
        if ended and ended.clean and reading.rest:
            whole, newline, reading.rest = text, b"\n", b""
        if newline:
            reading.wait, reading.said = FIRST_WAIT, ""
            reading.last = whole[whole.rfind(b"\n") + 1 :].partition(b" ")[0].decode("latin1")
            await self.send(f"\1{reading.source.key}\n" + (whole + newline).decode("utf-8", "replace"))
        if ended:
            reading.rest = b""
            await self.end(reading, ended)

    async def end(self, reading: Reading, ended: Ended) -> None:
        """What follows from the end of a stream: the container has stopped, or it is opened again."""
        reading.busy, reading.stream = False, None
        if ended.refusal and ended.refusal != reading.said:
            reading.said = ended.refusal
            await self.tell("refused", reading, message=ended.refusal)
        if self.previous:
            reading.done = True
            if all(one.done for one in self.readings.values()):
                await self.finish()
            return
        if ended.clean and reading.source.finished:
            reading.done = True
            await self.tell("end", reading)
        # The pod's next status may come before or after: look at once, and later if nothing changes.
        reading.not_before = self.loop.time() + reading.wait
        self.loop.call_later(reading.wait + 0.01, self.rung.set)
        reading.wait = min(2 * reading.wait, LONGEST_WAIT)
        self.rung.set()

    async def finish(self) -> None:
        await self.tell("over")
        await self.close()

    async def tell(self, event: str, reading: Reading | None = None, **more: Any) -> None:
        source = {"source": reading.source.key} if reading else {}
        await self.send("\0" + json.dumps({"event": event, **source, **more}))
