"""What the server itself must know of some resources on every request: kept in memory, fed by the store's events.

Writers only ring; whoever asks next reads what was written before. So a binding or a definition counts from the
request after its creation on, and a request that changes nothing costs the comparison of two numbers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import orjson

from minikweb.store.query import Query
from minikweb.store.storage import Key, Storage
from minikweb.store.watch import Subscription

Object = dict[str, Any]
Put = Callable[[Key, Object | None], None]


class Following:
    """Calls `put(key, object | None)` for each object of some resources, and for each change of one (None: gone)."""

    def __init__(self, storage: Storage, resources: tuple[str, ...], put: Put):
        self._storage = storage
        self._resources = resources
        self._put = put
        self._lock = threading.Lock()
        self._rings, self._seen = 1, 0  # writes heard of, writes taken in
        self._subscriptions: dict[str, Subscription] = {}
        self._known: set[Key] = set()

    def refresh(self) -> None:
        """Takes in what was written before this call."""
        if self._seen == self._rings:
            return
        with self._lock:
            rings = self._rings
            if not self._subscriptions or any(each.lost for each in self._subscriptions.values()):
                self._load()
            for resource in self._resources:
                queue = self._subscriptions[resource].queue
                while queue:
                    event = queue.popleft()
                    key = Key(resource, event.namespace, event.name)
                    self._take(key, None if event.type == "DELETED" else event.object)
            self._seen = rings

    def _ring(self) -> None:
        """Called by the writers, one at a time."""
        self._rings += 1

    def _load(self) -> None:
        """Reads everything anew. Events that come meanwhile are taken in a second time, which changes nothing."""
        hub = self._storage.hub
        for resource, subscription in self._subscriptions.items():
            hub.unsubscribe(resource, subscription)
        self._subscriptions = {resource: hub.subscribe(resource, self._ring)[0] for resource in self._resources}
        gone = set(self._known)
        for resource in self._resources:
            for body in self._storage.list(Query(resource=resource)).bodies:
                obj = orjson.loads(body)
                key = Key(resource, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
                gone.discard(key)
                self._take(key, obj)
        for key in gone:
            self._take(key, None)

    def _take(self, key: Key, obj: Object | None) -> None:
        if obj is None:
            self._known.discard(key)
        else:
            self._known.add(key)
        self._put(key, obj)
