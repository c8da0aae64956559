"""A tiny API in memory whose readers may lag behind, each by its own amount.

Real caches lag a little and unpredictably; here a test (or Hypothesis) says by how much. As with the real client, a
controller at least sees what it wrote itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from minikweb.apimachinery import clock, errors, meta
from minikweb.apimachinery.patch import merge_patch, strategic_merge_patch
from minikweb.apimachinery.serializer import deep_copy
from minikweb.client.informer import node_name, owners
from minikweb.kinds import registry, schemas
from tests.controllers.builders import NOW

KINDS = {kind.kind: kind for kind in registry.builtin().all()}


class World:
    """The objects as they are now, and the log of how they became so."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], dict] = {}
        self.log: list[tuple[tuple[str, str, str], dict | None]] = []
        self.watchers: list[Callable[[], None]] = []  # called after each write

    def write(self, key: tuple[str, str, str], obj: dict | None) -> dict:
        """Stores (None: removes) and logs."""
        if obj is None:
            self.objects.pop(key)
        else:
            obj["metadata"]["resourceVersion"] = str(len(self.log) + 1)
            self.objects[key] = obj
        self.log.append((key, obj))
        for watcher in self.watchers:
            watcher()
        return deep_copy(obj) if obj else {"kind": "Status", "status": "Success"}

    def all(self, kind: str) -> list[dict]:
        return [obj for key, obj in self.objects.items() if key[0] == kind]

    def actor(self, controller: type) -> Actor:
        return Actor(self, controller)


class Api:
    """The verbs of `client.Client` that the controllers of workloads use."""

    def __init__(self, world: World, wrote: Callable[[], None] = lambda: None):
        self._world = world
        self._wrote = wrote

    def get(self, kind: str, name: str, namespace: str = "") -> dict:
        return deep_copy(self._find(kind, name, namespace))

    def create(self, obj: dict) -> dict:
        obj = deep_copy(obj)
        metadata, number = obj["metadata"], len(self._world.log) + 1
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{number:05}")
        key = (obj["kind"], metadata.get("namespace", ""), metadata["name"])
        if key in self._world.objects:
            raise errors.already_exists("", KINDS[obj["kind"]].plural, metadata["name"])
        stamp = clock.format(NOW + timedelta(seconds=number))
        metadata.update(uid=f"uid-{number}", generation=1, creationTimestamp=stamp)
        obj.setdefault("status", {"phase": "Pending"} if obj["kind"] == "Pod" else {})
        return self._done(self._world.write(key, obj))

    def patch(
        self, kind: str, name: str, patch: dict, namespace: str = "", *, subresource: str = "", type: str = "merge"
    ) -> dict:
        old = self._find(kind, name, namespace)
        wanted = patch.get("metadata", {}).get("resourceVersion", old["metadata"]["resourceVersion"])
        if wanted != old["metadata"]["resourceVersion"]:
            raise errors.conflict("", KINDS[kind].plural, name)
        new = merge_patch(old, patch) if type == "merge" else strategic_merge_patch(old, patch, _schema(kind))
        kept = "spec" if subresource == "status" else "status"
        if kept in old:
            new[kept] = deep_copy(old[kept])
        if new.get("spec") != old.get("spec"):
            new["metadata"]["generation"] += 1
        if new["metadata"].get("deletionGracePeriodSeconds") == 0 and not new["metadata"].get("finalizers"):
            return self._done(self._world.write((kind, namespace, name), None))
        return self._done(self._world.write((kind, namespace, name), new) if new != old else deep_copy(old))

    def delete(self, kind: str, name: str, namespace: str = "", *, uid: str = "", force: bool = False) -> dict:
        """A pod that runs somewhere is only asked to end, unless forced."""
        obj = self._find(kind, name, namespace)
        if uid and obj["metadata"]["uid"] != uid:
            raise errors.conflict("", KINDS[kind].plural, name)
        if kind == "Pod" and obj["spec"].get("nodeName") and not force:
            if not meta.is_being_deleted(obj):
                ending = merge_patch(obj, {"metadata": {"deletionTimestamp": clock.format(NOW)}})
                return self._done(self._world.write((kind, namespace, name), ending))
            return obj
        if obj["metadata"].get("finalizers"):
            ended = {"deletionTimestamp": clock.format(NOW), "deletionGracePeriodSeconds": 0}
            return self._done(self._world.write((kind, namespace, name), merge_patch(obj, {"metadata": ended})))
        return self._done(self._world.write((kind, namespace, name), None))

    def _find(self, kind: str, name: str, namespace: str) -> dict:
        try:
            return self._world.objects[kind, namespace or "", name]
        except KeyError:
            raise errors.not_found("", KINDS[kind].plural, name) from None

    def _done(self, answer: dict) -> dict:
        self._wrote()
        return answer


def _schema(kind: str) -> dict:
    return schemas.definitions().of(KINDS[kind].schema)


class View:
    """`informer.Cache` at one point of the world's log. It is its own informer for each kind."""

    def __init__(self, world: World):
        self._world = world
        self._objects: dict[tuple[str, str, str], dict] = {}
        self._indexers = {"owner": owners, "node": node_name}
        self._kind = ""
        self.position = 0

    def advance(self, steps: int | None = None) -> list[tuple[str, dict | None, dict | None]]:
        """Takes in so many changes (all by default); returns them as (kind, old, new)."""
        end = len(self._world.log) if steps is None else min(self.position + steps, len(self._world.log))
        changes = []
        for key, new in self._world.log[self.position : end]:
            changes.append((key[0], self._objects.get(key), new))
            if new is None:
                self._objects.pop(key, None)
            else:
                self._objects[key] = new
        self.position = end
        return changes

    def informer(self, kind: str) -> View:
        self._kind = kind
        return self

    def add_indexer(self, name: str, function: Callable) -> None:
        self._indexers[name] = function

    def get(self, kind: str, namespace: str | None, name: str) -> dict | None:
        return self._objects.get((kind, namespace or "", name))

    def list(self, kind: str, namespace: str | None = None) -> list[dict]:
        return [obj for key, obj in self._objects.items() if key[0] == kind and namespace in (None, key[1])]

    def owned(self, kind: str, uid: str) -> list[dict]:
        return [obj for obj in self.list(kind) if uid in owners(obj)]

    def by_index(self, *arguments: str) -> list[dict]:
        kind, index, value = arguments if len(arguments) == 3 else (self._kind, *arguments)
        return [obj for obj in self.list(kind) if value in self._indexers[index](obj)]


class Events:
    """`events.Recorder`: keeps what was said."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, str]] = []
        self.annotations: list[dict] = []

    def event(self, obj: dict, type_: str, reason: str, message: str, *, annotations: dict | None = None) -> None:
        self.said.append((obj["kind"], reason, message))
        self.annotations.append(annotations or {})


class Actor:
    """A controller with its own view and queue."""

    def __init__(self, world: World, controller: type):
        self.view, self.events = View(world), Events()
        self.written = 0
        self._world = world
        self.controller = controller(Api(world, self._wrote), self.view, self.events)
        self.queue: dict[str, None] = {}

    def _wrote(self) -> None:
        self.written = len(self._world.log)

    def look(self, steps: int | None = None) -> None:
        """Sees so many changes more."""
        for kind, old, new in self.view.advance(steps):
            if kind in (self.controller.kind, *self.controller.owns, *self.controller.needs):
                self.queue.update(dict.fromkeys(self.controller.keys(kind, old, new)))

    def step(self) -> bool:
        """One sync; False if there is nothing to do. What it wrote before it has seen."""
        self.look(max(0, self.written - self.view.position))
        if not self.queue:
            return False
        key = next(iter(self.queue))
        del self.queue[key]
        try:
            self.controller.sync(*key.split("/", 1))
        except errors.ApiError:
            self.queue[key] = None
        return True
