"""The sockets of the pages: the live tree, and a container's log."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import translation

from minikweb.dashboard import cluster, live, rows
from minikweb.dashboard.sight import Row, folded, operations, usually_open, visible
from minikweb.dashboard.tree import Tree

GATHER = 0.010  # seconds to gather the changes that come together
REST = 0.025  # seconds at least between two pictures
STALE_REST = 0.25  # seconds at least between two requests to refresh the drawer or the page
WATCHDOG = 0.25  # seconds between two looks at the connection to the API


class LiveConsumer(AsyncWebsocketConsumer):
    """One browser: sends the whole picture on connection, then only the rows that changed.

    From the browser: {"sight": {...}}, {"toggle": id, "open": bool}, {"select": "Pod/demo/web-1"}, {"kinds": [...]}.
    To it: {"all": html}, {"ops": [[op, id, before, html]]}, {"stale": ["drawer", "page"]}, {"state": "live" | "away"}.
    """

    async def connect(self) -> None:
        query = {key: values[-1] for key, values in parse_qs(self.scope["query_string"].decode()).items()}
        cookies = cookies_of(self.scope)
        self.language = language_of(self.scope, cookies)
        self.sight = rows.sight_of(query, cookies) if query.get("tree") else None
        self.select, self.kinds = query.get("select", ""), set(filter(None, query.get("kinds", "").split(",")))
        self.shown: list[Row] | None = None
        self.folded: list[str] = []  # ids whose rows the browser has removed by itself since the last picture
        self.state = ""
        self.seen = 0
        await self.accept()
        self.loop, self.rung = asyncio.get_running_loop(), asyncio.Event()
        self.hub = await asyncio.to_thread(live.hub)
        self.seen, _ = self.hub.changes_since(0)
        self.hub.listen(self.ring)
        self.rung.set()
        self.tasks = [asyncio.create_task(self.follow()), asyncio.create_task(self.watch_connection())]

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "tasks"):
            self.hub.leave(self.ring)
            for task in self.tasks:
                task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            message = json.loads(text_data or "{}")
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        if self.sight is not None and isinstance(message.get("sight"), dict):
            asked = {key: str(value) for key, value in message["sight"].items()}
            toggled = frozenset() if message.get("forget") else self.sight.toggled
            self.sight = replace(rows.sight_of(asked, {}), toggled=toggled)
        if self.sight is not None and isinstance(message.get("toggle"), str):
            self.toggle(message["toggle"], bool(message.get("open")))
        if isinstance(message.get("select"), str):
            self.select = message["select"]
        if isinstance(message.get("kinds"), list):
            self.kinds = set(map(str, message["kinds"]))
        self.rung.set()

    def toggle(self, id: str, is_open: bool) -> None:
        assert self.sight is not None
        found = rows.tree_of(self.sight).entries.get(id)
        usually = usually_open(found, self.sight.depth) if found else False
        self.sight = self.sight.toggle(id, is_open, usually)
        if not is_open:
            self.folded.append(id)

    def ring(self) -> None:
        """Called by informer threads."""
        if not self.rung.is_set():
            self.loop.call_soon_threadsafe(self.rung.set)

    async def follow(self) -> None:
        """Waits for changes and sends what they change in this browser, never faster than it can take it."""
        last_stale = 0.0
        while True:
            await self.rung.wait()
            await asyncio.sleep(GATHER)
            self.rung.clear()
            began = self.loop.time()
            message = await asyncio.to_thread(self.picture) if self.sight is not None else {}
            if began - last_stale >= STALE_REST:
                if stale := await asyncio.to_thread(self.stale):
                    message["stale"] = stale
                    last_stale = began
            elif self.select or self.kinds:
                self.loop.call_later(STALE_REST, self.rung.set)
            if message:
                await self.send(json.dumps(message))
            # A third of one core at most, whatever the size of the cluster.
            await asyncio.sleep(max(REST, 2 * (self.loop.time() - began)))

    async def watch_connection(self) -> None:
        """Tells the browser when the API goes away and when it is back."""
        while True:
            state = "live" if cluster.connected() else "away"
            if state != self.state:
                self.state = state
                await self.send(json.dumps({"state": state}))
            await asyncio.sleep(WATCHDOG)

    def picture(self) -> dict[str, Any]:
        """What turns the rows this browser has into those it should have."""
        assert self.sight is not None
        tree = rows.tree_of(self.sight)
        while self.folded and self.shown:
            self.shown = folded(self.shown, self.folded.pop())
        new = visible(tree, self.sight)
        with translation.override(self.language):
            if self.shown is None:
                message = {"all": rows.render(new), "summary": rows.summary(tree, self.sight)}
            else:
                message = self.differences(new, tree)
        self.shown = new
        return message

    def differences(self, new: list[Row], tree: Tree) -> dict[str, Any]:
        assert self.sight is not None
        by_id = {row.id: row for row in new}
        ops = [
            [op, id, before, "" if op == "-" else rows.render([by_id[id]])]
            for op, id, before in operations(self.shown or (), new)
        ]
        return {"ops": ops, "summary": rows.summary(tree, self.sight)} if ops else {}

    def stale(self) -> list[str]:
        """Which parts of the page, beside the tree, show something that changed since the last look."""
        self.seen, changes = self.hub.changes_since(self.seen)
        if changes == []:
            return []
        found = []
        if self.kinds and (changes is None or any(change.kind in self.kinds for change in changes)):
            found.append("page")
        if self.select and (changes is None or self.touches_selection(changes)):
            found.append("drawer")
        return found

    def touches_selection(self, changes: list[live.Change]) -> bool:
        kind, _, rest = self.select.partition("/")
        namespace, _, name = rest.partition("/")
        tree = self.hub.tree()
        try:
            id = live.short_id(cluster.get(kind, namespace, name)["metadata"]["uid"])
        except cluster.errors.ApiError:
            return True  # gone, or going
        if kind == "Node" and any(found.node == name for c in changes if (found := tree.entries.get(c.id))):
            return True
        return any(live.concerns(change, id, tree) for change in changes)


def cookies_of(scope: dict[str, Any]) -> dict[str, str]:
    """The cookies of a socket's handshake."""
    header = next((value for name, value in scope["headers"] if name == b"cookie"), b"")
    return {key: morsel.value for key, morsel in SimpleCookie(header.decode("latin1")).items()}


def language_of(scope: dict[str, Any], cookies: dict[str, str]) -> str:
    """The reader's language, chosen as LocaleMiddleware does: cookie, browser, the default."""
    accepted = next((value.decode("latin1") for name, value in scope["headers"] if name == b"accept-language"), "")
    wishes = [cookies.get("django_language", "")]
    wishes += [part.partition(";")[0].strip() for part in accepted.split(",")]
    for wish in filter(None, wishes):
        try:
            return translation.get_supported_language_variant(wish)
        except LookupError:
            continue
    return "fr"
