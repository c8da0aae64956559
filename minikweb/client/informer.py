"""A watch-fed cache of one kind, with indexes and handlers; `Cache` holds the informers of a process.

Source of the idea: client-go's SharedIndexInformer. List once, then watch from the list's revision; a watch that
breaks goes on from the last revision seen; only a revision no longer kept makes it list again, and the difference
becomes ordinary updates.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from minikweb.apimachinery import errors
from minikweb.client.client import Client, Watch
from minikweb.client.writes import Writes
from minikweb.kinds.registry import Kind

Object = dict[str, Any]
Handler = Callable[[Object | None, Object | None], None]
Index = Callable[[Object], list[str]]

log = logging.getLogger(__name__)
_jitter = random.Random()  # its own: threads that touch the global one disturb whoever seeded it

FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0  # seconds between tries while the API does not answer
PAGE = 2000  # objects per request of the first list


def owners(obj: Object) -> list[str]:
    """The index `owner`: uids of all owners."""
    return [owner["uid"] for owner in obj["metadata"].get("ownerReferences", ())]


def node_name(obj: Object) -> list[str]:
    """The index `node`: the node of a pod."""
    name = obj.get("spec", {}).get("nodeName")
    return [name] if name else []


def namespace_of(obj: Object) -> list[str]:
    """The index `namespace`."""
    return [obj["metadata"].get("namespace", "")]


def _identity(obj: Object) -> tuple[str, str]:
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


class Informer:
    """Objects of one kind as the API server last told. Returned objects are shared: copy before changing one."""

    def __init__(
        self,
        client: Client,
        kind: str | Kind,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        indexers: Mapping[str, Index] | None = None,
    ):
        self.client = client
        self.kind = client.kind(kind)
        self.connected = False  # whether a watch is open
        self.synced = threading.Event()
        self._scope = {"namespace": namespace, "label_selector": label_selector, "field_selector": field_selector}
        self._objects: dict[tuple[str, str], Object] = {}
        self._indexers: dict[str, Index] = {"owner": owners, "namespace": namespace_of, **(indexers or {})}
        self._indexes: dict[str, dict[str, dict[tuple[str, str], Object]]] = {name: {} for name in self._indexers}
        self._handlers: list[Handler] = []
        self._revision = 0
        self._changed = threading.Condition()  # guards objects, indexes and revision
        self._delivering = threading.RLock()  # one change at a time reaches the handlers
        self._stopping = threading.Event()
        self._must_list = True
        self._wait = FIRST_WAIT
        self._thread: threading.Thread | None = None
        self._watch: Watch | None = None

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to follow, in a thread of its own. Idempotent."""
        if self._thread is None:
            name = f"informer-{self.kind.plural}"
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends the thread; what is cached stays readable."""
        self._stopping.set()
        if self._watch:
            self._watch.close()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def wait_for_sync(self, timeout: float) -> bool:
        """Waits for the first list."""
        return self.synced.wait(timeout)

    # --- reading ----------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """The last revision seen; 0 before the first list."""
        return self._revision

    def get(self, namespace: str | None, name: str) -> Object | None:
        return self._objects.get((namespace or "", name))

    def list(self, namespace: str | None = None) -> list[Object]:
        """All objects, or those of a namespace; in no order."""
        if namespace is not None:
            return self.by_index("namespace", namespace)
        with self._changed:
            return list(self._objects.values())

    def by_index(self, index: str, value: str) -> list[Object]:
        """The objects for which the index function gave `value`."""
        with self._changed:
            return list(self._indexes[index].get(value, {}).values())

    def add_indexer(self, name: str, function: Index) -> None:
        """Adds an index, also to a running informer. The same name twice keeps the first."""
        with self._changed:
            if name not in self._indexers:
                self._indexers[name] = function
                self._indexes[name] = {}
                for identity, obj in self._objects.items():
                    for value in function(obj):
                        self._indexes[name].setdefault(value, {})[identity] = obj

    def add_handler(self, handler: Handler) -> None:
        """Calls handler(old, new) after each change (None = not there); at once for what is already cached.

        It runs in the informer's thread: it must be quick. Exceptions are logged.
        """
        with self._delivering:
            self._handlers.append(handler)
            for obj in self.list():
                self._call(handler, None, obj)

    def remove_handler(self, handler: Handler) -> None:
        """Takes a handler back. Idempotent."""
        with self._delivering:
            if handler in self._handlers:
                self._handlers.remove(handler)

    def wait_for(self, revision: int | str, timeout: float) -> bool:
        """Waits until the cache is at least at `revision`."""
        wanted = int(revision)
        return self.wait_until(lambda: self._revision >= wanted, time.monotonic() + timeout)

    def wait_until(self, predicate: Callable[[], bool], deadline: float) -> bool:
        """Waits until `predicate()` holds, asked after each change; False at `deadline` (time.monotonic)."""
        with self._changed:
            return self._changed.wait_for(predicate, max(0.0, deadline - time.monotonic()))

    # --- following --------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._must_list:
                    self._list()
                self._follow()
            except errors.ApiError as error:
                self._recover(error)
            except Exception:
                log.exception("the cache of %s lists again", self.kind.plural)
                self._must_list = True
                self._pause()
            finally:
                self.connected = False

    def _list(self) -> None:
        """Lists, page by page, and makes the cache equal to it."""
        items: list[Object] = []
        revision = token = ""
        while True:
            page = self.client.list(self.kind, limit=PAGE, continue_token=token, **self._scope)
            items += page["items"]
            revision = revision or page["metadata"]["resourceVersion"]
            token = page["metadata"].get("continue", "")
            if not token or self._stopping.is_set():
                break
        self._replace(items, int(revision))
        self._must_list = False
        self.synced.set()

    def _follow(self) -> None:
        """One watch, from its opening to its end."""
        self._watch = watch = self.client.watch(self.kind, resource_version=str(self._revision), **self._scope)
        self._wait, self.connected = FIRST_WAIT, True
        try:
            for type_, obj in watch:
                self._apply(type_, obj)
                if self._stopping.is_set():
                    break
        finally:
            watch.close()

    def _recover(self, error: errors.ApiError) -> None:
        """After a failed list or watch: go on from the revision, unless the server says that it cannot be."""
        if self._stopping.is_set():
            return
        if error.code not in (429, 503):
            self._must_list = True
        first = self._wait == FIRST_WAIT
        log.log(logging.INFO if first else logging.DEBUG, "the cache of %s waits: %s", self.kind.plural, error.message)
        self._pause()

    def _pause(self) -> None:
        self._stopping.wait(self._wait * _jitter.uniform(0.8, 1.2))
        self._wait = min(self._wait * 2, LONGEST_WAIT)

    # --- changing the cache -------------------------------------------------------------------------

    def _replace(self, items: list[Object], revision: int) -> None:
        """Makes the cache equal to a list; handlers see each difference as a change."""
        new = {_identity(obj): obj for obj in items}
        with self._delivering:
            with self._changed:
                changes = list(_differences(self._objects, new))
                for old, obj in changes:
                    self._store(_identity(obj or old), obj)
                self._revision = revision
                self._changed.notify_all()
            self._deliver(changes)

    def _apply(self, type_: str, obj: Object) -> None:
        """Takes in one watch event."""
        revision = int(obj["metadata"]["resourceVersion"])
        changes: list[tuple[Object | None, Object | None]] = []
        with self._delivering:
            with self._changed:
                if type_ != "BOOKMARK":
                    old = self._objects.get(_identity(obj))
                    if old is None or int(old["metadata"]["resourceVersion"]) < revision:
                        changes = _steps(old, None if type_ == "DELETED" else obj, obj)
                for _, new in changes:
                    self._store(_identity(obj), new)
                self._revision = max(self._revision, revision)
                self._changed.notify_all()
            self._deliver(changes)

    def _store(self, identity: tuple[str, str], new: Object | None) -> None:
        """Puts one object, or its absence, into the objects and the indexes; the caller holds `_changed`."""
        old = self._objects.get(identity)
        if new is not None:
            self._objects[identity] = new  # in one step: `get` does not wait for the lock
        else:
            self._objects.pop(identity, None)
        for name, function in self._indexers.items():
            index = self._indexes[name]
            for value in function(old) if old else ():
                entries = index[value]
                del entries[identity]
                if not entries:
                    del index[value]
            for value in function(new) if new else ():
                index.setdefault(value, {})[identity] = new

    def _deliver(self, changes: list[tuple[Object | None, Object | None]]) -> None:
        for old, new in changes:
            for handler in self._handlers:
                self._call(handler, old, new)

    def _call(self, handler: Handler, old: Object | None, new: Object | None) -> None:
        try:
            handler(old, new)
        except Exception:
            log.exception("a handler of %s failed", self.kind.plural)


def _steps(old: Object | None, new: Object | None, last: Object) -> list[tuple[Object | None, Object | None]]:
    """A change as handlers see it. Another uid is a death and a birth; a death carries the last state told."""
    if new is None:
        return [] if old is None else [(last if last["metadata"]["uid"] == old["metadata"]["uid"] else old, None)]
    if old is not None and old["metadata"]["uid"] != new["metadata"]["uid"]:
        return [(old, None), (None, new)]
    return [(old, new)]


def _differences(
    before: Mapping[tuple[str, str], Object], after: Mapping[tuple[str, str], Object]
) -> Iterator[tuple[Object | None, Object | None]]:
    """What turns one state of the cache into another."""
    for identity, old in before.items():
        if identity not in after:
            yield old, None
    for identity, new in after.items():
        old = before.get(identity)
        if old is None or old["metadata"]["resourceVersion"] != new["metadata"]["resourceVersion"]:
            yield from _steps(old, new, new)


def _name(kind: Kind) -> str:
    """By what a cache knows a kind: a custom one may be called as another is."""
    return kind.resource if kind.custom else kind.kind


class Cache:
    """The informers of one process, by kind name, and the process' own writes.

    `scopes` limits kinds to a part: {"Pod": {"field_selector": "spec.nodeName=node-1"}}.
    """

    def __init__(self, client: Client, *, scopes: Mapping[str, Mapping[str, str]] | None = None):
        self.client = client
        self.writes = Writes()
        self._scopes = scopes or {}
        self._informers: dict[str, Informer] = {}
        self._lock = threading.Lock()
        self._started = False

    def informer(self, kind: str | Kind) -> Informer:
        """The informer of a kind, made (and started, if the cache is) when first asked for."""
        found = self.client.kind(kind)
        name = _name(found)
        with self._lock:
            if name not in self._informers:
                indexers = {"node": node_name} if name == "Pod" else {}
                informer = Informer(self.client, found, indexers=indexers, **self._scopes.get(name, {}))
                self._informers[name] = informer
                if self._started:
                    informer.start()
            return self._informers[name]

    def forget(self, kind: Kind) -> None:
        """Follows a kind no more: it is served no more."""
        with self._lock:
            informer = self._informers.pop(_name(kind), None)
        if informer:
            informer.stop()

    def start(self) -> None:
        with self._lock:
            self._started = True
            informers = list(self._informers.values())
        for informer in informers:
            informer.start()

    def stop(self) -> None:
        with self._lock:
            self._started = False
            informers = list(self._informers.values())
        for informer in informers:
            informer.stop()

    def wait_for_sync(self, timeout: float) -> bool:
        """Waits until each kind has been listed once."""
        deadline = time.monotonic() + timeout
        return all(
            informer.wait_for_sync(max(0.0, deadline - time.monotonic())) for informer in list(self._informers.values())
        )

    def wait_for_writes(self, kinds: tuple[str, ...], timeout: float) -> bool:
        """Waits until the cache shows this process' writes of these kinds made before the call."""
        deadline = time.monotonic() + timeout
        return all(self.writes.wait_seen(self.informer(kind), max(0.0, deadline - time.monotonic())) for kind in kinds)

    @property
    def connected(self) -> bool:
        """Whether each informer has its watch open."""
        return all(informer.connected for informer in list(self._informers.values()))

    def get(self, kind: str | Kind, namespace: str | None, name: str) -> Object | None:
        return self.informer(kind).get(namespace, name)

    def list(self, kind: str | Kind, namespace: str | None = None) -> list[Object]:
        return self.informer(kind).list(namespace)

    def owned(self, kind: str | Kind, owner_uid: str) -> list[Object]:
        """The objects of a kind that name the owner, controlling or not."""
        return self.informer(kind).by_index("owner", owner_uid)

    def by_index(self, kind: str, index: str, value: str) -> list[Object]:
        return self.informer(kind).by_index(index, value)
