"""The few kinds that admission asks for on many requests, parsed and in memory: client-go's Lister on the store."""

from __future__ import annotations

from typing import Any

from minikweb.apiserver.following import Following
from minikweb.store.storage import Key, Storage

Object = dict[str, Any]

RESOURCES = (
    "namespaces",
    "limitranges",
    "resourcequotas",
    "priorityclasses.scheduling.k8s.io",
    "storageclasses.storage.k8s.io",
)


class Lister:
    """Objects as they were written before the question. Shared: never to be changed. Thread-safe."""

    def __init__(self, storage: Storage):
        self._following = Following(storage, RESOURCES, self._put)
        self._objects: dict[tuple[str, str], dict[str, Object]] = {}  # (resource, namespace) → name → object

    def list(self, resource: str, namespace: str = "") -> list[Object]:
        """All of a namespace ("" for what has none), in the order of their names."""
        self._following.refresh()
        found = self._objects.get((resource, namespace))
        return [found[name] for name in sorted(found)] if found else []

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        self._following.refresh()
        return self._objects.get((resource, namespace), {}).get(name)

    def _put(self, key: Key, obj: Object | None) -> None:
        """Makes a new dictionary for each change: who reads keeps what he has."""
        place = (key.resource, key.namespace)
        known = {name: found for name, found in self._objects.get(place, {}).items() if name != key.name}
        self._objects[place] = {**known, key.name: obj} if obj is not None else known
