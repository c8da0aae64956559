"""What every controller is: a kind it keeps true, the objects it owns, and `sync`.

Source: sigs.k8s.io/controller-runtime/pkg/reconcile/reconcile.go: level-based, one key at a time; a request
carries no event and no object. `sync` reads (from the cache), plans (pure), acts, writes the status (pure).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikweb.client.client import Client
    from minikweb.client.events import Recorder
    from minikweb.client.informer import Cache

Object = dict[str, Any]
CLUSTER = ""  # the namespace part of the key of a cluster-scoped object


def key_of(obj: Object) -> str:
    """The key of an object in a work queue: `namespace/name`, or `/name` without a namespace."""
    meta = obj["metadata"]
    return f"{meta.get('namespace', CLUSTER)}/{meta['name']}"


def split_key(key: str) -> tuple[str, str]:
    """The inverse of `key_of`: (namespace, name)."""
    namespace, _, name = key.partition("/")
    return namespace, name


class Controller:
    """Subclasses name their kind and what they own, and write `sync`.

    name     of its work queue, its identity and the log, such as "replicaset"
    kind     whose objects are its keys
    owns     kinds whose changes wake the controlling owner of `kind`
    needs    further kinds it reads from the cache; their changes wake it only where its own `keys` says so
    source   the component its events name; by default `<name>-controller`
    workers  how many keys are worked on at a time, each by one thread
    """

    name = ""
    kind = ""
    owns: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    source = ""
    workers = 4

    def __init__(self, client: Client, cache: Cache, recorder: Recorder):
        self.client = client
        self.cache = cache
        self.recorder = recorder
        self.wake: Callable[..., None] = lambda *keys: None  # set by who runs it: has it look at keys, out of turn

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        """The keys to look at after a change of an object of `kind`; old or new is None at birth or death."""
        obj = new or old
        assert obj is not None
        if kind == self.kind:
            yield key_of(obj)
        if kind in self.owns:
            for version in (old, new):
                for owner in (version or {}).get("metadata", {}).get("ownerReferences", []):
                    if owner.get("controller") and owner["kind"] == self.kind:
                        yield f"{obj['metadata'].get('namespace', CLUSTER)}/{owner['name']}"

    def sync(self, namespace: str, name: str) -> float | None:
        """Brings one object closer to what it asks for. May be called at any time, also for an object that is gone.

        Returns the seconds after which to look again by itself, or None. Raises to be tried again with back-off.
        """
        raise NotImplementedError
