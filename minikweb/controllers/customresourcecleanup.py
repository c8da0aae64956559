"""How a CustomResourceDefinition ends: its objects first, then itself.

Source: k8s.io/apiextensions-apiserver/pkg/controller/finalizer/crd_finalizer.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import NotFound
from minikweb.client.controller import Controller, key_of
from minikweb.kinds.customresourcedefinitions import FINALIZER
from minikweb.kinds.customresources import kinds_of
from minikweb.kinds.registry import Kind

Object = dict[str, Any]
LOOK_AGAIN = 0.5  # seconds, while finalizers hold some of its objects


class CustomResourceCleanupController(Controller):
    """Deletes the objects of definitions that are being deleted."""

    name = "customresourcecleanup"
    kind = "CustomResourceDefinition"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if new and meta.is_being_deleted(new) and meta.has_finalizer(new, FINALIZER):
            yield key_of(new)

    def sync(self, _: str, name: str) -> float | None:
        definition = self.cache.get(self.kind, None, name)
        if definition is None or not meta.is_being_deleted(definition) or not meta.has_finalizer(definition, FINALIZER):
            return None
        if any(self.delete_objects(kind) for kind in kinds_of(definition)[:1]):
            return LOOK_AGAIN
        self.let_go(definition)
        return None

    def delete_objects(self, kind: Kind) -> list[Object]:
        """Asks all objects of a kind to end; returns those that are left."""
        with suppress(NotFound):
            for obj in self.client.list(kind)["items"]:
                metadata = obj["metadata"]
                if not meta.is_being_deleted(obj):
                    with suppress(NotFound):
                        self.client.delete(kind, metadata["name"], metadata.get("namespace"), uid=metadata["uid"])
            return self.client.list(kind)["items"]
        return []

    def let_go(self, definition: Object) -> None:
        metadata = definition["metadata"]
        kept = [finalizer for finalizer in metadata["finalizers"] if finalizer != FINALIZER]
        identity = {key: metadata[key] for key in ("uid", "resourceVersion")}
        with suppress(NotFound):
            self.client.patch(self.kind, metadata["name"], {"metadata": {**identity, "finalizers": kept or None}})
