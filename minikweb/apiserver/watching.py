"""watch: subscribe, show what was asked for, read the log up to the subscription, then follow.

Source: k8s.io/apiserver/pkg/storage/cacher (what leaves a selector is DELETED), pkg/endpoints/handlers/watch.go;
watch-lists: https://kubernetes.io/docs/reference/using-api/api-concepts/#streaming-lists
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from typing import Any

import orjson

from minikweb.apimachinery import errors
from minikweb.apimachinery.errors import ApiError, Gone
from minikweb.apiserver import conversion, negotiation, table
from minikweb.apiserver.reading import check_revision, select, stored_kind
from minikweb.apiserver.request import Request, Stream
from minikweb.apiserver.selection import Selection, selection_of
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind
from minikweb.store.storage import Compacted
from minikweb.store.watch import Event, Subscription

BOOKMARK_SECONDS = 60.0
MIN_TIMEOUT = 1800  # seconds a watch without timeoutSeconds lives at least, as kube-apiserver's
INITIAL_END = "k8s.io/initial-events-end"
_CHUNK = 200  # events rendered before the loop turns to others


class Bell:
    """Rung by the writers' threads, heard by one watch in the loop; many rings at once are one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._rung = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.ring()

    def ring(self) -> None:
        if not self._rung and self._loop is not None:
            self._rung = True
            try:
                self._loop.call_soon_threadsafe(self._event.set)
            except RuntimeError:
                self._loop = None  # the loop has ended, and the watch with it

    async def wait(self, seconds: float) -> None:
        """Until it rings or the time is over."""
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._event.wait()
        except TimeoutError:
            return

    def rest(self) -> None:
        """Before the queue is read: what comes from now on rings again."""
        self._event.clear()
        self._rung = False


class Watch:
    """One client's watch. Made by the verb in its thread, followed in the loop."""

    def __init__(self, server: Server, request: Request, selection: Selection):
        self.server = server
        self.selection = selection
        self.kind: Kind = request.route.kind
        self.resource = stored_kind(server, self.kind).storage_key
        self.renderer = Renderer(request, self.kind, server.clock)
        self.bookmarks = request.query.flag("allowWatchBookmarks")
        self.seconds = _lifetime(request)
        self.bell = Bell()
        self.initial: list[bytes] = []
        self.subscription: Subscription
        self.position = 0

    def begin(self, request: Request) -> None:
        """Subscribes and collects what comes first. Raises ApiError."""
        revision = check_revision(self.server, request)
        initial = _sends_initial_events(request, revision)
        self.subscription, self.position = self.server.storage.hub.subscribe(
            self.resource, self.bell.ring, namespace=self.selection.namespace, name=self.selection.name
        )
        try:
            if initial is None or initial:
                self._show_present(request, mark_end=bool(initial))
            elif revision:
                self._replay(revision)
                self.position = max(self.position, revision)  # a write may be listed before it is published
        except BaseException:
            self.end()
            raise

    def _show_present(self, request: Request, *, mark_end: bool) -> None:
        """What there is, as ADDED, at a revision not older than the subscription's."""
        bodies, metadata = select(self.server, request, self.selection, paged=False)
        self.position = int(metadata["resourceVersion"])
        self.initial = [self.renderer.body("ADDED", body) for body in bodies]
        if mark_end:
            self.initial.append(self.renderer.bookmark(self.position, initial_end=True))

    def _replay(self, revision: int) -> None:
        try:
            events = self.server.storage.log(self.resource, revision, self.position)
        except Compacted:
            gone = Gone(f"too old resource version: {revision} ({self.position})")
            self.initial = [self.renderer.error(gone)]
            self.seconds = 0
            return
        self.initial = list(self.render(event for event in events if self.subscription.wants(event)))

    def end(self) -> None:
        self.server.storage.hub.unsubscribe(self.resource, self.subscription)

    def render(self, events: Iterable[Event]) -> Iterable[bytes]:
        for event in events:
            if frame := self._frame(event):
                yield frame

    def _frame(self, event: Event) -> bytes | None:
        """The event as this client sees it; an object that leaves the selection is deleted for it."""
        if not self.selection.looks_inside:
            return self.renderer.event(event)
        matches = self.selection.fits(event.object)
        matched = event.old is not None and self.selection.fits(event.old)
        if event.type == "DELETED":
            return self.renderer.body("DELETED", event.body) if matched or matches else None
        if matches:
            return self.renderer.body("MODIFIED" if matched else "ADDED", event.body)
        return self.renderer.body("DELETED", _at_revision(event)) if matched else None

    async def frames(self, is_closing: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Chunks of newline-separated events until the time is over, the client too slow or the server ending."""
        try:
            for start in range(0, len(self.initial), _CHUNK):
                yield b"".join(self.initial[start : start + _CHUNK])
            self.initial = []
            loop = asyncio.get_running_loop()
            self.bell.attach(loop)
            ends = loop.time() + self.seconds
            bookmark_at = loop.time() + BOOKMARK_SECONDS
            while not is_closing() and loop.time() < ends:
                await self.bell.wait(min(ends, bookmark_at) - loop.time())
                self.bell.rest()
                for chunk in self._pending():
                    yield chunk
                if self.subscription.lost:
                    return
                if loop.time() >= bookmark_at or loop.time() >= ends:
                    bookmark_at = loop.time() + BOOKMARK_SECONDS
                    if chunk := self._bookmark():
                        yield chunk
        finally:
            self.end()

    def _pending(self) -> Iterable[bytes]:
        queue = self.subscription.queue
        while queue:
            events = [queue.popleft() for _ in range(min(len(queue), _CHUNK))]
            fresh = [event for event in events if event.revision > self.position]
            self.position = max(self.position, events[-1].revision)
            if chunk := b"".join(self.render(fresh)):
                yield chunk

    def _bookmark(self) -> bytes:
        if not self.bookmarks:
            return b""
        revision = self.server.storage.hub.caught_up(self.subscription)
        return self.renderer.bookmark(max(revision, self.position)) if revision is not None else b""


class Renderer:
    """Writes events in the form the client takes."""

    def __init__(self, request: Request, kind: Kind, clock: Callable[[], datetime]):
        self._kind = kind
        self._clock = clock
        self._form = negotiation.form_of(request)
        self._converted = conversion.is_converted(kind)
        self._include = table.include_object(request.query.text("includeObject"))
        self._headers = True

    def event(self, event: Event) -> bytes:
        if not self._form and not self._converted:
            return event.frame
        return self.body(event.type, event.body)

    def body(self, type: str, body: str) -> bytes:
        """An event from the stored text of its object."""
        if self._form == "Table":
            return _event(type, self._table(body))
        if self._form:
            return _event(type, orjson.dumps(table.partial_object_metadata(orjson.loads(body))))
        return _event(type, conversion.to_served(self._kind, body).encode())

    def bookmark(self, revision: int, *, initial_end: bool = False) -> bytes:
        metadata: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
        if initial_end:
            metadata["annotations"] = {INITIAL_END: "true"}
        obj: dict[str, Any] = {"kind": self._kind.kind, "apiVersion": self._kind.api_version, "metadata": metadata}
        if self._form == "Table":
            row = {"cells": [], "object": {**obj, "kind": "PartialObjectMetadata", "apiVersion": table.META_V1}}
            obj = {
                "kind": "Table",
                "apiVersion": table.META_V1,
                "metadata": {"resourceVersion": str(revision)},
                "columnDefinitions": None,
                "rows": [row],
            }
        elif self._form:
            obj = {**obj, "kind": "PartialObjectMetadata", "apiVersion": table.META_V1}
        return _event("BOOKMARK", orjson.dumps(obj))

    def error(self, error: ApiError) -> bytes:
        return _event("ERROR", orjson.dumps(error.to_status()))

    def _table(self, body: str) -> bytes:
        revision = orjson.loads(body)["metadata"].get("resourceVersion", "")
        rendered = table.table(
            self._kind,
            [body],
            self._clock(),
            include=self._include,
            metadata={"resourceVersion": revision},
            headers=self._headers,
        )
        self._headers = False
        return rendered


def _event(type: str, text: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (type.encode(), text)


def _at_revision(event: Event) -> str:
    """The object before the event, with the event's revision."""
    assert event.old is not None
    metadata = {**event.old["metadata"], "resourceVersion": str(event.revision)}
    return orjson.dumps({**event.old, "metadata": metadata}).decode()


def _lifetime(request: Request) -> float:
    """Seconds; without a wish between MIN_TIMEOUT and twice that, so that not all watches end together."""
    wanted = request.query.number("timeoutSeconds")
    return float(wanted) if wanted and wanted > 0 else MIN_TIMEOUT * (1 + random.random())


def _sends_initial_events(request: Request, revision: int) -> bool | None:
    """What sendInitialEvents asks; None without it and without a revision: present objects, and no mark after them."""
    if not request.query.text("sendInitialEvents"):
        return False if revision else None
    wanted = request.query.flag("sendInitialEvents")
    if request.query.text("resourceVersionMatch") != "NotOlderThan":
        fault = errors.forbidden_value(
            "resourceVersionMatch",
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        )
        raise errors.invalid("meta.k8s.io", "ListOptions", "", [fault])
    if wanted and not request.query.flag("allowWatchBookmarks"):
        fault = errors.forbidden_value("allowWatchBookmarks", "sendInitialEvents requires allowWatchBookmarks")
        raise errors.invalid("meta.k8s.io", "ListOptions", "", [fault])
    return wanted


def watch(server: Server, request: Request, is_closing: Callable[[], bool]) -> Stream:
    """The stream of changes of a collection or of one object."""
    selection = selection_of(request, stored_kind(server, request.route.kind))
    following = Watch(server, request, selection)
    following.begin(request)
    return Stream(lambda: following.frames(is_closing), discard=following.end)
