"""The changes this process remembers: read from the API server's /activity when a page asks, once for all readers."""

from __future__ import annotations

import threading
import time
from collections import deque
from functools import lru_cache
from typing import Any

from django.conf import settings

from minikweb.client.client import Client
from minikweb.dashboard import cluster
from minikweb.dashboard.activity import Change, of_item, of_managed_fields
from minikweb.dashboard.replay import Moment, moment_of
from minikweb.dashboard.tree import Entry
from minikweb.kinds.registry import Kind
from minikweb.people import access, actor

PATH = "/activity"
REMEMBERED = 5000  # changes
AT_ONCE = 1000  # of one answer


class ActivityLog:
    """The changes of one cluster, oldest first, as its administrator sees them."""

    def __init__(self, client: Client):
        self._client = client
        self._lock = threading.Lock()
        self._changes: deque[Change] = deque(maxlen=REMEMBERED)
        self._moments: deque[Moment] = deque(maxlen=REMEMBERED)
        self._after = 0
        self._begun = -1.0

    def changes(self) -> list[Change]:
        """All that is remembered, the latest writes included. Raises ApiError."""
        came = time.monotonic()
        with self._lock:
            if self._begun < came:  # else somebody asked while this one waited
                self._begun = time.monotonic()
                self._read()
            return list(self._changes)

    def moments(self) -> list[Moment]:
        """The same for what changed the tree, as far back as nothing is missing. Raises ApiError."""
        self.changes()
        with self._lock:
            return list(self._moments)

    def _read(self) -> None:
        answer = self._client.request("GET", PATH, query={"after": self._after, "limit": AT_ONCE}).json()
        if len(answer["items"]) == AT_ONCE:  # some may have been left out between the last time and now
            self._moments.clear()
        for item in answer["items"]:
            health = self._health(item)
            change = of_item(item, health)
            if change:
                self._changes.append(change)
            if moment := moment_of(item, health, change):
                self._moments.append(moment)
        self._after = max(answer["revision"], self._after)

    def _health(self, item: dict[str, Any]) -> Any:
        kind = self._client.registry.of(item["apiVersion"], item["object"].get("kind", ""))
        return kind.health if kind else None


@lru_cache(maxsize=4)
def _log(client: Client) -> ActivityLog:
    return ActivityLog(client)


def is_complete() -> bool:
    """Whether the cluster has a log of writes; else only managedFields tell."""
    return not settings.KUBECONFIG


def changes(namespace: str = "") -> list[Change]:
    """What the person at the page may see of it, oldest first. Raises ApiError."""
    if not is_complete():
        kinds = [kind for kind in cluster.KINDS if kind != "Event"]
        found = of_managed_fields(obj for kind in kinds for obj in cluster.cache().list(kind))
    else:
        who = actor.current()
        found = [change for change in _log(cluster.whole_cache().client).changes() if _may_see(who, change)]
    return [change for change in found if not namespace or namespace in (change.namespace, _own(change))]


def moments(namespace: str = "") -> list[Moment]:
    """What changed the tree, oldest first, as the person at the page may see it. Raises ApiError."""
    who = actor.current()
    found = _log(cluster.whole_cache().client).moments()
    return [each for each in found if namespace in ("", *_places(each.entry)) and _may_see(who, each.entry)]


def _places(found: Entry) -> tuple[str, ...]:
    return (found.namespace, found.name) if found.kind == "Namespace" else (found.namespace,)


def _own(change: Change) -> str:
    return change.name if change.kind == "Namespace" else ""


def _may_see(who: actor.Actor, change: Change | Entry) -> bool:
    if who.namespaces is None:
        return True
    kind = cluster.whole_cache().client.registry.named(change.kind)
    if isinstance(kind, Kind):
        return access.may_see(who, kind, change.namespace, change.name)
    return change.namespace in who.namespaces
