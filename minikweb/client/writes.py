"""Read your own writes: a sync runs only once the cache has seen what this process has written before.

Revisions are one global order, so a write at revision N is seen when the informer of its kind has reached N. A write
whose answer names no revision (an immediate delete, a binding) is seen by its effect. Hence no "expectations".
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikweb.client.informer import Informer
    from minikweb.kinds.registry import Kind

Object = dict[str, Any]
ENDS = ("delete", "eviction")


@dataclass(frozen=True)
class Effect:
    """What a write without a revision will have done to the object: ended it (delete) or bound it."""

    namespace: str
    name: str
    uid: str | None
    verb: str

    def is_seen(self, obj: Object | None) -> bool:
        """Whether the cached object (None if there is none) shows it."""
        if obj is None or (self.uid and obj["metadata"]["uid"] != self.uid):
            return True
        if self.verb in ENDS:
            return "deletionTimestamp" in obj["metadata"]
        return bool(obj.get("spec", {}).get("nodeName"))


class Writes:
    """The writes of one process, by resource; `record` is a Client's `wrote`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._revisions: dict[str, int] = {}
        self._effects: dict[str, set[Effect]] = {}

    def record(self, kind: Kind, verb: str, sent: Object, answer: Object) -> None:
        """Remembers one successful write."""
        meta = answer.get("metadata", {})
        # A Scale carries the revision of the object it scales.
        revision = meta.get("resourceVersion") if answer.get("kind") in (kind.kind, "Scale") else None
        with self._lock:
            if revision:
                self._revisions[kind.storage_key] = max(int(revision), self._revisions.get(kind.storage_key, 0))
            elif verb in (*ENDS, "binding"):
                meta = sent["metadata"]
                uid = meta.get("uid") or answer.get("details", {}).get("uid")
                effect = Effect(meta.get("namespace") or "", meta["name"], uid, verb)
                self._effects.setdefault(kind.storage_key, set()).add(effect)

    def wait_seen(self, informer: Informer, timeout: float) -> bool:
        """Waits until the informer shows all writes of its kind recorded before this call; False after `timeout` s."""
        kind = informer.kind.storage_key
        with self._lock:
            revision = self._revisions.get(kind, 0)
            effects = list(self._effects.get(kind, ()))
        deadline = time.monotonic() + timeout
        if revision > informer.revision and not informer.wait_for(revision, timeout):
            return False
        for effect in effects:
            if not informer.wait_until(lambda e=effect: e.is_seen(informer.get(e.namespace, e.name)), deadline):
                return False
        with self._lock:
            self._effects.get(kind, set()).difference_update(effects)
        return True
