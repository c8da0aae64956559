"""Custom resources in the pages: their kinds join the vocabulary as their definitions come, and leave it with them.

With its kind known an object has what all have: a place in the tree below its controller, lists in its own columns, a
panel, YAML, events. A kind named as one of Kubernetes' own is left out: pages name objects by their kind alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from minikweb.apimachinery import meta
from minikweb.client.informer import Cache
from minikweb.kinds.customresources import kinds_of
from minikweb.kinds.registry import Health, HealthStatus, Kind

Object = dict[str, Any]
Listener = Callable[[Kind], None]

log = logging.getLogger(__name__)

DEFINITION = "CustomResourceDefinition"
MOST_FOLLOWED = 30  # kinds in the tree: each is a watch, and a large cluster has hundreds of definitions

# What a condition of this type says of the object when it is True; of the first list the opposite when it is False.
GOOD = ("Ready", "Available", "Healthy", "Synced", "Succeeded", "Complete", "Completed")
BAD = ("Failed", "Degraded", "Stalled")
PHASES: dict[str, HealthStatus] = {
    **dict.fromkeys(
        ("ready", "running", "active", "available", "healthy", "bound", "succeeded", "completed"), "Healthy"
    ),
    **dict.fromkeys(("pending", "creating", "progressing", "updating", "provisioning", "deleting"), "Progressing"),
    **dict.fromkeys(("failed", "error", "degraded"), "Degraded"),
}


class CustomKinds:
    """The custom kinds of one cache's cluster."""

    def __init__(self, cache: Cache):
        self._cache = cache
        self._lock = threading.Lock()
        self._kinds: dict[str, Kind] = {}  # name of the definition → its kind in the version shown
        self._followed: set[str] = set()
        self._listeners: list[Listener] = []
        self._own = {kind.kind.lower() for kind in cache.client.registry.all()}
        cache.informer(DEFINITION).add_handler(self._changed)

    def all(self) -> list[Kind]:
        """By kind."""
        with self._lock:
            return sorted(self._kinds.values(), key=lambda kind: (kind.kind, kind.group))

    def listen(self, listener: Listener) -> None:
        """Calls listener(kind) for each kind that is to be followed, those known already included."""
        with self._lock:
            self._listeners.append(listener)
            known = [self._kinds[name] for name in self._followed if name in self._kinds]
        for kind in known:
            listener(kind)

    def _changed(self, old: Object | None, new: Object | None) -> None:
        name = (new or old or {})["metadata"]["name"]
        wanted = shown(new) if new else None
        with self._lock:
            before = self._kinds.get(name)
        if before and wanted and _likeness(before) == _likeness(wanted):
            return
        if before:
            self._leave(name, before)
        if wanted:
            self._join(name, wanted)

    def _join(self, name: str, kind: Kind) -> None:
        taken = self._own | {known.kind.lower() for known in self._kinds.values()}
        if kind.kind.lower() in taken:
            log.info("%s has no pages: there is another %s", name, kind.kind)
            return
        self._cache.client.registry.add(kind)
        with self._lock:
            self._kinds[name] = kind
            follows = kind.namespaced and len(self._followed) < MOST_FOLLOWED
            if follows:
                self._followed.add(name)
        for listener in list(self._listeners) if follows else ():
            listener(kind)

    def _leave(self, name: str, kind: Kind) -> None:
        with self._lock:
            self._kinds.pop(name, None)
            self._followed.discard(name)
        self._cache.client.registry.remove(kind)
        self._cache.forget(kind)


@lru_cache(maxsize=4)
def of(cache: Cache) -> CustomKinds:
    return CustomKinds(cache)


def shown(definition: Object) -> Kind | None:
    """The kind a definition serves, in the version that is stored if that is served."""
    try:
        kinds = {kind.version: kind for kind in kinds_of(definition)}
    except (KeyError, TypeError, ValueError):  # of a cluster that allows more than we know
        return None
    versions = definition["spec"].get("versions") or ()
    stored = next((version["name"] for version in versions if version.get("storage")), "")
    found = kinds.get(stored) or next(iter(kinds.values()), None)
    return replace(found, health=health) if found else None


def _likeness(kind: Kind) -> tuple[Any, ...]:
    """What of a kind the pages depend on."""
    columns = tuple((column.name, column.description, column.type) for column in kind.columns)
    return kind.group, kind.version, kind.kind, kind.plural, kind.namespaced, kind.subresources, columns


# --- How a custom object fares (pure) ------------------------------------------------------------------------


def health(obj: Object) -> Health:
    """By its conditions, as most controllers write them; else by its phase; else nothing is known to be wrong."""
    status = obj.get("status") or {}
    observed = status.get("observedGeneration")
    if isinstance(observed, int) and observed < obj["metadata"].get("generation", 0):
        return Health("Progressing", "Progressing")
    conditions = status.get("conditions")
    if isinstance(conditions, list):
        found = _by_conditions([one for one in conditions if isinstance(one, dict)])
        if found:
            return found
    phase = next((status[key] for key in ("phase", "state") if isinstance(status.get(key), str)), "")
    return Health(PHASES.get(phase.lower(), "Healthy"), phase)


def _by_conditions(conditions: list[Object]) -> Health | None:
    for type in BAD:
        found = meta.get_condition(conditions, type) or {}
        if found.get("status") == "True":
            return Health("Degraded", type, str(found.get("message") or found.get("reason") or ""))
    for type in GOOD:
        found = meta.get_condition(conditions, type) or {}
        if found.get("status") == "True":
            return Health("Healthy", type)
        if found.get("status") == "False":
            message = str(found.get("message") or found.get("reason") or "")
            return Health("Degraded", f"Not{type}", message)
        if found.get("status") == "Unknown":
            return Health("Progressing", "Progressing", str(found.get("message") or ""))
    return None


def reconcilers(obj: Object) -> list[tuple[str, str]]:
    """(who, when) wrote the status or holds the object by a finalizer: its controllers, the latest first."""
    metadata, found = obj["metadata"], {}
    for entry in metadata.get("managedFields") or ():
        fields = entry.get("fieldsV1") or {}
        if (
            entry.get("subresource") == "status"
            or "f:status" in fields
            or "f:finalizers" in fields.get("f:metadata", {})
        ):
            who = entry.get("manager", "")
            found[who] = max(found.get(who, ""), entry.get("time", ""))
    return sorted(found.items(), key=lambda pair: pair[1], reverse=True)
