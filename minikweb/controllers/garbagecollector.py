"""What owner references do: an object lives as long as one of its owners.

Three ways to delete an owner, by who ends first. Background: the owner goes, then its dependents are collected.
Foreground: the finalizer `foregroundDeletion` holds the owner until its blocking dependents are gone. Orphan: the
finalizer `orphan` holds it until its dependents no longer name it.

Source: kubernetes/pkg/controller/garbagecollector/garbagecollector.go. Its graph is the cache's index by owner.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from minikweb.apimachinery.errors import Conflict, NotFound
from minikweb.apimachinery.meta import has_finalizer, is_being_deleted
from minikweb.client.controller import Controller
from minikweb.kinds import registry
from minikweb.kinds.customresources import kinds_of

Object = dict[str, Any]
Reference = dict[str, Any]

DEFINITION = "CustomResourceDefinition"
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
POLICIES = {ORPHAN: "Orphan", FOREGROUND: "Foreground"}
ABSENT_REMEMBERED = 500  # uids are never used twice, so what is once gone is gone


def collected_kinds() -> list[registry.Kind]:
    """The kinds that can own and be owned: all that are stored, but Events, which end by their age."""
    kinds = registry.builtin().all()
    return [kind for kind in kinds if not kind.virtual and "delete" in kind.verbs and kind.kind != "Event"]


class GarbageCollector(Controller):
    """Deletes what no owner is left for. Its keys are `namespace/Kind/name`: it looks after every kind.

    Custom resources join while it runs; in keys their kind is the resource, such as `crontabs.example.com`.
    """

    name = "garbagecollector"
    source = "garbage-collector-controller"

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        self.kinds = {kind.kind: kind for kind in collected_kinds()}
        self.needs = tuple(self.kinds)
        self.by_reference = {(kind.group, kind.kind): name for name, kind in self.kinds.items()}
        self.absent: OrderedDict[str, None] = OrderedDict()

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        """Whoever may be at its end now: what was left alone, what is held by a finalizer of ours, its owners."""
        if kind == DEFINITION:
            self.follow(old, new)
        if new is None:
            if kind in self.kinds and self.kinds[kind].custom:  # nobody can be asked once its definition is gone, too
                self.remember_absent(old["metadata"]["uid"])
            yield from (self.key_of(dependent) for dependent in self.dependents(old))
        elif holding_finalizer(new) or (not is_being_deleted(new) and not self.has_living_owners(new)):
            yield self.key_of(new)
        if old and (new is None or references(old) != references(new)):
            yield from (self.key_of(owner) for owner in self.owners(old) if holding_finalizer(owner))

    def sync(self, namespace: str, name: str) -> None:
        kind, _, name = name.partition("/")
        obj = self.cache.get(self.kinds[kind], namespace, name) if kind in self.kinds else None
        if obj is None:
            return
        held_by = holding_finalizer(obj)
        if held_by == FOREGROUND:
            self.delete_dependents(obj)
        elif held_by == ORPHAN:
            self.orphan_dependents(obj)
        elif not is_being_deleted(obj):
            self.attempt_to_delete(obj)

    # --- custom resources ----------------------------------------------------------------------------

    def follow(self, old: Object | None, new: Object | None) -> None:
        """Begins or ends to follow the objects of a definition, in one of its versions."""
        name = (new or old)["metadata"]["name"]
        served = {kind.api_version: kind for kind in (kinds_of(new) if new else ())}
        known = self.kinds.get(name)
        if known and known.api_version not in served:
            if new is None:
                self.bereave(known)
            self.kinds = {key: kind for key, kind in self.kinds.items() if key != name}
            self.cache.forget(known)
            known = None
        if served and not known:
            kind = next(iter(served.values()))
            self.kinds = {**self.kinds, name: kind}
            self.by_reference = {**self.by_reference, (kind.group, kind.kind): name}
            self.cache.informer(kind).add_handler(lambda old, new: self.wake(*self.keys(name, old, new)))

    def bereave(self, kind: registry.Kind) -> None:
        """The definition is gone, and its objects were before it: we may not have heard of all of them."""
        for obj in self.cache.list(kind):
            self.remember_absent(obj["metadata"]["uid"])
            self.wake(*(self.key_of(dependent) for dependent in self.dependents(obj)))

    def kind_of(self, obj: Object) -> registry.Kind:
        """The kind of an object in the cache. KeyError if it is followed no more."""
        return self.kinds[self.by_reference[obj["apiVersion"].rpartition("/")[0], obj["kind"]]]

    def referred_kind(self, reference: Reference) -> registry.Kind | None:
        group = reference["apiVersion"].rpartition("/")[0]
        return self.kinds.get(self.by_reference.get((group, reference["kind"]), ""))

    def key_of(self, obj: Object) -> str:
        kind, metadata = self.kind_of(obj), obj["metadata"]
        return f"{metadata.get('namespace', '')}/{kind.resource if kind.custom else kind.kind}/{metadata['name']}"

    # --- who is related to whom --------------------------------------------------------------------

    def dependents(self, owner: Object) -> Iterator[Object]:
        """What names the owner, of any kind."""
        for kind in self.kinds.values():
            yield from self.cache.owned(kind, owner["metadata"]["uid"])

    def owner(self, obj: Object, reference: Reference) -> Object | None:
        """The owner meant by a reference, as far as the cache knows."""
        kind = self.referred_kind(reference)
        if kind is None:
            return None
        namespace = obj["metadata"].get("namespace") if kind.namespaced else None
        owner = self.cache.get(kind, namespace, reference["name"])
        return owner if owner and owner["metadata"]["uid"] == reference["uid"] else None

    def owners(self, obj: Object) -> list[Object]:
        found = (self.owner(obj, reference) for reference in references(obj))
        return [owner for owner in found if owner]

    def has_living_owners(self, obj: Object) -> bool:
        """Whether each of its owners, if it has any, is there and does not wait for its dependents to end."""
        owners = [self.owner(obj, reference) for reference in references(obj)]
        return all(owner and holding_finalizer(owner) != FOREGROUND for owner in owners)

    def is_absent(self, obj: Object, reference: Reference) -> bool:
        """Whether the owner does not exist: asked of the API, for the cache may lag behind."""
        if reference["uid"] in self.absent:
            return True
        kind = self.referred_kind(reference)
        if kind is None or (kind.namespaced and not obj["metadata"].get("namespace")):
            return False  # a kind we do not serve, or an owner that can have no such dependent: not ours to judge
        try:
            namespace = obj["metadata"].get("namespace") if kind.namespaced else None
            if self.client.get(kind, reference["name"], namespace)["metadata"]["uid"] == reference["uid"]:
                return False
        except NotFound:
            pass
        self.remember_absent(reference["uid"])
        return True

    def remember_absent(self, uid: str) -> None:
        self.absent[uid] = None
        if len(self.absent) > ABSENT_REMEMBERED:
            self.absent.popitem(last=False)

    # --- the three ways to end ----------------------------------------------------------------------

    def attempt_to_delete(self, obj: Object) -> None:
        """Deletes an object whose owners are gone or wait for it; of several owners, forgets those that are."""
        solid, dangling, waiting = self.classify_references(obj)
        if solid and (dangling or waiting):
            self.write_references(obj, solid)
        elif waiting and any(True for _ in self.dependents(obj)):
            self.delete(self.unblocked(obj), "Foreground")
        elif not solid and references(obj):
            asked = (policy for finalizer, policy in POLICIES.items() if has_finalizer(obj, finalizer))
            self.delete(obj, next(asked, "Background"))

    def classify_references(self, obj: Object) -> tuple[list[Reference], list[Reference], list[Reference]]:
        """Its references to owners that live, that do not exist, and that wait for their dependents to end."""
        solid: list[Reference] = []
        dangling: list[Reference] = []
        waiting: list[Reference] = []
        for reference in references(obj):
            owner = self.owner(obj, reference)
            if owner is None and self.is_absent(obj, reference):
                dangling.append(reference)
            elif owner and holding_finalizer(owner) == FOREGROUND:
                waiting.append(reference)
            else:
                solid.append(reference)
        return solid, dangling, waiting

    def delete_dependents(self, owner: Object) -> None:
        """Foreground: asks every dependent to end, and lets the owner go once none is left that blocks it."""
        dependents = list(self.dependents(owner))
        if not any(blocks(dependent, owner) for dependent in dependents):
            self.remove_finalizer(owner, FOREGROUND)
        for dependent in dependents:
            if not is_being_deleted(dependent):
                self.attempt_to_delete(dependent)

    def orphan_dependents(self, owner: Object) -> None:
        """Orphan: takes the owner's name off its dependents, then lets it go."""
        for dependent in self.dependents(owner):
            kept = [ref for ref in references(dependent) if ref["uid"] != owner["metadata"]["uid"]]
            self.write_references(dependent, kept)
        self.remove_finalizer(owner, ORPHAN)

    def unblocked(self, obj: Object) -> Object:
        """The object, its owners no longer blocked by it should it be part of a circle of foreground deletions."""
        if not any(holding_finalizer(dependent) == FOREGROUND for dependent in self.dependents(obj)):
            return obj
        free = [{**reference, "blockOwnerDeletion": False} for reference in references(obj)]
        return self.write_references(obj, free) or obj

    # --- writes --------------------------------------------------------------------------------------

    def delete(self, obj: Object, policy: str) -> None:
        """Deletes it if it has the owners that were judged; a change of something else does not save it."""
        metadata = obj["metadata"]
        where = (self.kind_of(obj), metadata["name"], metadata.get("namespace"))
        how = {"uid": metadata["uid"], "propagation_policy": policy}
        with suppress(NotFound):
            try:
                self.client.delete(*where, resource_version=metadata["resourceVersion"], **how)
            except Conflict:
                if references(self.client.get(*where)) != references(obj):
                    raise
                self.client.delete(*where, **how)

    def write_references(self, obj: Object, kept: list[Reference]) -> Object | None:
        """Sets its owner references; Conflict if it has changed, None if it is gone."""
        metadata = obj["metadata"]
        identity = {key: metadata[key] for key in ("uid", "resourceVersion")}
        patch = {"metadata": {**identity, "ownerReferences": kept or None}}
        try:
            return self.client.patch(self.kind_of(obj), metadata["name"], patch, metadata.get("namespace"))
        except NotFound:
            return None

    def remove_finalizer(self, obj: Object, finalizer: str) -> None:
        metadata = obj["metadata"]
        kept = [name for name in metadata["finalizers"] if name != finalizer]
        identity = {key: metadata[key] for key in ("uid", "resourceVersion")}
        patch = {"metadata": {**identity, "finalizers": kept or None}}
        with suppress(NotFound):
            self.client.patch(self.kind_of(obj), metadata["name"], patch, metadata.get("namespace"))


def references(obj: Object) -> list[Reference]:
    return obj["metadata"].get("ownerReferences") or []


def blocks(dependent: Object, owner: Object) -> bool:
    """Whether the owner's foreground deletion waits for this dependent."""
    uid = owner["metadata"]["uid"]
    return any(ref["uid"] == uid and ref.get("blockOwnerDeletion") for ref in references(dependent))


def holding_finalizer(obj: Object) -> str:
    """Which of the collector's finalizers holds an object that is being deleted; empty if none does."""
    if not is_being_deleted(obj):
        return ""
    return next((finalizer for finalizer in (FOREGROUND, ORPHAN) if has_finalizer(obj, finalizer)), "")
