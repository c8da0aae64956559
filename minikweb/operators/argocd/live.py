"""The objects that are there: read, tried, applied, deleted, each by one request, all through the API."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import orjson

from minikweb.apimachinery.errors import AlreadyExists, ApiError, BadRequest, NotFound
from minikweb.client.client import Client
from minikweb.client.informer import Cache
from minikweb.gitops import tracking
from minikweb.gitops.tracking import Key
from minikweb.kinds.registry import Kind

Object = dict[str, Any]

KIND_KNOWN_FOR = 30.0  # seconds the server's word on a custom kind is believed
MOST_PREDICTIONS = 4000


class Live:
    """One cluster, as the Applications see it."""

    def __init__(self, client: Client, cache: Cache, followed: Iterable[str]):
        self.client, self.cache, self._followed = client, cache, frozenset(followed)
        self._kinds: dict[tuple[str, str], tuple[float, Kind]] = {}
        self._predicted: dict[str, tuple[str, bytes, Object]] = {}  # uid → live revision, wanted, outcome

    def kind_of(self, obj: Object) -> Kind:
        """Raises BadRequest for a kind the server does not have."""
        name = (obj.get("apiVersion", ""), obj.get("kind", ""))
        at, kind = self._kinds.get(name, (0.0, None))
        if kind is None or time.monotonic() - at > KIND_KNOWN_FOR:
            kind = self.client.kind_of(obj)
            self._kinds[name] = (time.monotonic(), kind)
        return kind

    def placed(self, obj: Object, namespace: str) -> Object:
        """A copy in the namespace it goes to: its own, the destination's, or none. An unknown kind is left alone."""
        try:
            namespaced = self.kind_of(obj).namespaced
        except ApiError:
            namespaced = True
        meta = {name: value for name, value in obj["metadata"].items() if name != "namespace"}
        if namespaced:
            meta["namespace"] = obj["metadata"].get("namespace") or namespace or "default"
        return {**obj, "metadata": meta}

    def get(self, obj: Object) -> Object | None:
        """The live object of that kind and name; from the cache where its kind is followed."""
        _, _, namespace, name = tracking.key_of(obj)
        try:
            kind = self.kind_of(obj)
        except BadRequest:
            return None
        if kind.kind in self._followed and not kind.custom:
            informer = self.cache.informer(kind.kind)
            if informer.synced.is_set() and self.cache.writes.wait_seen(informer, 2.0):
                found = self.cache.get(kind.kind, namespace or None, name)
                return {"apiVersion": obj["apiVersion"], "kind": kind.kind, **found} if found else None
        with suppress(NotFound):
            return self.client.get(kind, name, namespace or None)
        return None

    def of(self, app: str, wanted: Iterable[Object], listed: Iterable[Object]) -> dict[Key, Object]:
        """What is there of the wanted objects, and of what status.resources lists and is still the app's."""
        found: dict[Key, Object] = {}
        for obj in wanted:
            live = self.get(obj) if obj["metadata"].get("name") else None
            if live is not None:
                found[tracking.key_of(obj)] = live
        for entry in listed:
            stub = _stub(entry)
            key = tracking.key_of(stub)
            if key not in found:
                live = self.get(stub)
                if live is not None and tracking.owner_of(live) == app:
                    found[key] = live
        return found

    def predict(self, wanted: Object, live: Object) -> Object:
        """What applying it would make of the live one, as the server says. Raises ValueError with its refusal."""
        uid, revision = live["metadata"].get("uid", ""), live["metadata"].get("resourceVersion", "")
        text = orjson.dumps(wanted)
        known = self._predicted.get(uid)
        if known and known[:2] == (revision, text):
            return known[2]
        try:
            outcome = self.apply(wanted, dry_run=True)
        except ApiError as error:
            raise ValueError(error.message) from None
        if len(self._predicted) >= MOST_PREDICTIONS:
            self._predicted.clear()
        self._predicted[uid] = (revision, text, outcome)
        return outcome

    def apply(self, wanted: Object, *, dry_run: bool = False) -> Object:
        """Server-side apply, taking the fields from whoever has them."""
        _, _, namespace, name = tracking.key_of(wanted)
        kind = self.kind_of(wanted)
        return self.client.patch(kind, name, wanted, namespace or None, type="apply", force=True, dry_run=dry_run)

    def replace(self, wanted: Object, live: Object | None) -> Object:
        """Create or update as a whole, for Replace=true."""
        if live is None:
            return self.client.create(wanted)
        revision = {"resourceVersion": live["metadata"]["resourceVersion"]}
        return self.client.update({**wanted, "metadata": {**wanted["metadata"], **revision}})

    def delete(self, live: Object, propagation: str = "Foreground") -> None:
        _, _, namespace, name = tracking.key_of(live)
        with suppress(NotFound):
            uid = live["metadata"].get("uid")
            self.client.delete(self.kind_of(live), name, namespace or None, propagation_policy=propagation, uid=uid)

    def ensure_namespace(self, name: str, metadata: Object) -> None:
        """For CreateNamespace=true."""
        if self.cache.get("Namespace", None, name) is None:
            wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": {**metadata, "name": name}}
            with suppress(AlreadyExists):
                self.client.create(wanted)


def _stub(entry: Object) -> Object:
    """The name of an object, from an entry of status.resources."""
    group, version = entry.get("group") or "", entry.get("version") or "v1"
    meta = {"name": entry.get("name") or ""} | ({"namespace": entry["namespace"]} if entry.get("namespace") else {})
    return {"apiVersion": f"{group}/{version}" if group else version, "kind": entry.get("kind"), "metadata": meta}
