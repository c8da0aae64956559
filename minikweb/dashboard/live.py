"""The tree of this process, kept current by the informers, and who wants to know when it changes.

One `Hub` per process. Informer threads turn each change into an `Entry` and ring; every browser's consumer then
looks at the tree when it is ready to. Rings carry no state, so nothing is lost when several become one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from minikweb.client.informer import Cache
from minikweb.dashboard import cluster, customkinds
from minikweb.dashboard.tree import CONFIG_KINDS, TREE_KINDS, Entry, Tree, entry, short_id
from minikweb.kinds.registry import Health, Kind
from minikweb.people import actor

Object = dict[str, Any]
Ring = Callable[[], None]

REMEMBERED = 4096  # changes a slow reader may lag behind before it refreshes everything


@dataclass(frozen=True, slots=True)
class Change:
    """`id` changed, which `owner` controls (or, for an Event, which it is about)."""

    kind: str
    id: str
    owner: str
    namespace: str = ""


class Hub:
    """Follows the kinds of the pages in one cache."""

    def __init__(self, cache: Cache):
        self.cache = cache
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._rings: set[Ring] = set()
        self._trees: dict[frozenset[str] | None, Tree] = {}  # by the namespaces that somebody may see, None for all
        self._changes: deque[Change] = deque(maxlen=REMEMBERED)
        self._count = 0  # changes so far
        for kind in (*TREE_KINDS, *CONFIG_KINDS):
            cache.informer(kind).add_handler(self._follow(cache.informer(kind).kind.health))
        cache.informer("Node").add_handler(self._notice)
        cache.informer("Event").add_handler(self._notice)
        cache.informer("EndpointSlice").add_handler(self._notice)
        customkinds.of(cache).listen(self._follow_custom)

    def tree(self) -> Tree:
        """The tree as it is now, of what the person at the page may see; the same object until something changes."""
        own = actor.current().namespaces
        with self._lock:
            if own not in self._trees:
                self._trees[own] = Tree(found for found in self._entries.values() if _is_in(found, own))
            return self._trees[own]

    def listen(self, ring: Ring) -> None:
        """Calls ring() after each change, in an informer's thread: it must be quick and must not raise."""
        with self._lock:
            self._rings.add(ring)

    def leave(self, ring: Ring) -> None:
        with self._lock:
            self._rings.discard(ring)

    def changes_since(self, count: int) -> tuple[int, list[Change] | None]:
        """(the count now, the changes after `count`); None when they are no longer remembered."""
        with self._lock:
            missed = self._count - count
            if missed > len(self._changes):
                return self._count, None
            last = [self._changes[i] for i in range(len(self._changes) - missed, len(self._changes))]
        own = actor.current().namespaces
        return count + missed, [change for change in last if own is None or change.namespace in (*own, "")]

    def _follow(self, health: Callable[[Object], Health]) -> Callable[[Object | None, Object | None], None]:
        def handler(old: Object | None, new: Object | None) -> None:
            made = entry(new, health) if new else None
            seen = old or new
            assert seen is not None
            id = short_id(seen["metadata"]["uid"])
            with self._lock:
                before = self._entries.pop(id, None)
                if made:
                    self._entries[id] = made
                if made != before:
                    self._trees.clear()
                known = made or before
                self._record(seen, id, known.owner if known else "")
            self._ring()

        return handler

    def _follow_custom(self, kind: Kind) -> None:
        self.cache.informer(kind).add_handler(self._follow(kind.health))

    def _notice(self, old: Object | None, new: Object | None) -> None:
        obj = new or old
        assert obj is not None
        owner = short_id(_whose(obj))
        with self._lock:
            self._record(obj, short_id(obj["metadata"]["uid"]), owner)
        self._ring()

    def _record(self, obj: Object, id: str, owner: str) -> None:
        self._changes.append(Change(obj["kind"], id, owner, obj["metadata"].get("namespace", "")))
        self._count += 1

    def _ring(self) -> None:
        for ring in list(self._rings):
            ring()


def _is_in(found: Entry, own: frozenset[str] | None) -> bool:
    return own is None or (found.name if found.kind == "Namespace" else found.namespace) in own


def _whose(obj: Object) -> str:
    """The uid of what an Event is about, or of the controller of anything else."""
    if obj["kind"] == "Event":
        return cluster.about(obj)[0]
    return next((ref["uid"] for ref in obj["metadata"].get("ownerReferences") or () if ref.get("controller")), "")


def concerns(change: Change, id: str, tree: Tree) -> bool:
    """Whether a change is about an object or something below it."""
    if id in (change.id, change.owner):
        return True
    return any(above.id == id for start in (change.id, change.owner) for above in tree.above(start))


def hub() -> Hub:
    """The hub of this process' cache, made when first asked for."""
    return _hub(cluster.whole_cache())


@lru_cache(maxsize=4)
def _hub(cache: Cache) -> Hub:
    return Hub(cache)
