"""The cluster as the person at the pages may see it.

All pages read one shared cache, which is the administrator's: thirty caches would be five hundred watches. So what a
student reads is filtered here, by the same rule as the student's RBAC (see grants.py), and everything else (writes,
logs, exec, reads beyond the cache) goes to the API as the student, where RBAC decides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikweb.client.client import Client
from minikweb.client.informer import Cache, Informer
from minikweb.kinds.registry import Kind
from minikweb.people import actor, grants

Object = dict[str, Any]
Handler = Callable[[Object | None, Object | None], None]


def seen_by_actor(cache: Cache) -> Cache | ScopedCache:
    """The cache itself for an administrator, a student's part of it for a student. Raises Unauthorized."""
    who = actor.current()
    return cache if who.is_administrator else ScopedCache(cache, who)


def acting_client(client: Client, component: str | None = None) -> Client:
    """A client that acts as the person at the pages. Raises Unauthorized."""
    who = actor.current()
    return client.acting_as(component, user=who.user or None)


def may_see(who: actor.Actor, kind: Kind, namespace: str, name: str) -> bool:
    """Whether an object is among those a person may read."""
    if who.namespaces is None:
        return True
    if kind.namespaced:
        return namespace in who.namespaces or (kind.kind, namespace) in grants.SHARED_PLACES
    return name in who.namespaces if kind.kind == "Namespace" else kind.kind in grants.SHARED_KINDS


class ScopedInformer:
    """An informer that shows only what one person may see."""

    def __init__(self, informer: Informer, who: actor.Actor):
        self._informer = informer
        self._who = who
        self._handlers: dict[Handler, Handler] = {}
        self.kind = informer.kind
        self.synced = informer.synced

    @property
    def connected(self) -> bool:
        return self._informer.connected

    @property
    def revision(self) -> int:
        return self._informer.revision

    def wait_for_sync(self, timeout: float) -> bool:
        return self._informer.wait_for_sync(timeout)

    def wait_for(self, revision: int | str, timeout: float) -> bool:
        return self._informer.wait_for(revision, timeout)

    def get(self, namespace: str | None, name: str) -> Object | None:
        return self._informer.get(namespace, name) if self._may_see(namespace or "", name) else None

    def list(self, namespace: str | None = None) -> list[Object]:
        if namespace is None and self.kind.namespaced:
            shared = [place for kind, place in grants.SHARED_PLACES if kind == self.kind.kind]
            return [obj for place in (*(self._who.namespaces or ()), *shared) for obj in self._informer.list(place)]
        return [obj for obj in self._informer.list(namespace) if self._may(obj)]

    def by_index(self, index: str, value: str) -> list[Object]:
        return [obj for obj in self._informer.by_index(index, value) if self._may(obj)]

    def add_handler(self, handler: Handler) -> None:
        def filtered(old: Object | None, new: Object | None) -> None:
            seen = new or old
            if seen is not None and self._may(seen):
                handler(old, new)

        self._handlers[handler] = filtered
        self._informer.add_handler(filtered)

    def remove_handler(self, handler: Handler) -> None:
        if filtered := self._handlers.pop(handler, None):
            self._informer.remove_handler(filtered)

    def _may(self, obj: Object) -> bool:
        return self._may_see(obj["metadata"].get("namespace", ""), obj["metadata"]["name"])

    def _may_see(self, namespace: str, name: str) -> bool:
        return may_see(self._who, self.kind, namespace, name)


class ScopedCache:
    """A cache that shows only what one person may see, and whose client is that person."""

    def __init__(self, cache: Cache, who: actor.Actor):
        self._cache = cache
        self._who = who
        self.client = cache.client.acting_as(user=who.user)

    def informer(self, kind: str | Kind) -> ScopedInformer:
        return ScopedInformer(self._cache.informer(kind), self._who)

    def get(self, kind: str | Kind, namespace: str | None, name: str) -> Object | None:
        return self.informer(kind).get(namespace, name)

    def list(self, kind: str | Kind, namespace: str | None = None) -> list[Object]:
        return self.informer(kind).list(namespace)

    def owned(self, kind: str | Kind, owner_uid: str) -> list[Object]:
        return self.informer(kind).by_index("owner", owner_uid)

    def by_index(self, kind: str | Kind, index: str, value: str) -> list[Object]:
        return self.informer(kind).by_index(index, value)
