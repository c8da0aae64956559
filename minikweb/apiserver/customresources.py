"""Custom resources join the kinds that are served, and leave them, as their definitions come, change and go.

Source: k8s.io/apiextensions-apiserver/pkg/{apiserver/customresource_handler.go,controller/status}.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from minikweb.apimachinery import errors, meta
from minikweb.apiserver.following import Following
from minikweb.kinds.customresourcedefinitions import CUSTOM_RESOURCE_DEFINITION, FINALIZER
from minikweb.kinds.customresources import kinds_of
from minikweb.kinds.registry import Kind, Object, Registry
from minikweb.store.storage import Key, Storage

if TYPE_CHECKING:
    from minikweb.apiserver.objects import Call

log = logging.getLogger(__name__)

RULES = "x-kubernetes-validations"


class CustomResources:
    """Keeps a registry in step with the stored definitions."""

    def __init__(self, storage: Storage, registry: Registry):
        self._registry = registry
        self._kinds: dict[Key, list[Kind]] = {}
        self._following = Following(storage, (CUSTOM_RESOURCE_DEFINITION.storage_key,), self._put)

    def refresh(self) -> None:
        """To be called before the registry is asked."""
        self._following.refresh()

    def _put(self, key: Key, definition: Object | None) -> None:
        for kind in self._kinds.pop(key, ()):
            self._registry.remove(kind)
        try:
            kinds = kinds_of(definition) if definition else []
        except (KeyError, TypeError, ValueError):  # stored by a version that knew other rules
            log.exception("the definition %s cannot be served", key.name)
            return
        for kind in kinds:
            self._registry.add(kind)
        self._kinds[key] = kinds


def admit(registry: Registry, call: Call, definition: Object) -> None:
    """Refuses names that another kind of the group has, and says what is stored but not done."""
    spec = definition.get("spec") or {}
    names, group, plural = spec.get("names") or {}, spec.get("group"), (spec.get("names") or {}).get("plural")
    taken = {
        name: kind.resource
        for kind in registry.all()
        if kind.group == group and kind.plural != plural
        for name in (kind.kind, kind.plural, kind.singular or kind.kind.lower(), *kind.short_names)
    }
    causes = [
        errors.invalid_value(f"spec.names.{key}", name, f'"{name}" is already in use by {taken[name]}')
        for key, name in _named(names)
        if name in taken
    ]
    if causes:
        kind = CUSTOM_RESOURCE_DEFINITION
        raise errors.invalid(kind.group, kind.kind, definition["metadata"].get("name", ""), causes)
    call.warnings += _not_done(spec)


def _named(names: Object) -> Iterator[tuple[str, str]]:
    for key in ("plural", "singular", "kind"):
        if names.get(key):
            yield key, names[key]
    yield from (("shortNames", name) for name in names.get("shortNames") or ())


def _not_done(spec: Object) -> Iterator[str]:
    if (spec.get("conversion") or {}).get("strategy") == "Webhook":
        yield "conversion webhooks are not called here: versions differ in their name alone"
    versions = spec.get("versions") or ()
    if any(_says(version.get("schema"), RULES) for version in versions):
        yield f"{RULES} (CEL rules) are stored, but not evaluated here"


def _says(schema: object, key: str) -> bool:
    """Whether a key stands anywhere in a schema."""
    if isinstance(schema, dict):
        return key in schema or any(_says(below, key) for below in schema.values())
    return isinstance(schema, list) and any(_says(below, key) for below in schema)


def begin_deletion(definition: Object, call: Call) -> None:
    """Its objects go first: a finalizer holds the definition until a controller has deleted them."""
    meta.add_finalizer(definition, FINALIZER)
    conditions = definition.setdefault("status", {}).setdefault("conditions", [])
    message = "CustomResource deletion is pending"
    meta.set_condition(conditions, "Terminating", "True", "InstanceDeletionPending", message, call.now)
