"""One resource, two forms: Events of two groups are stored in the core group's form and served in the form asked for;
custom resources of several versions differ in the version's name alone.

The functions of their kinds (columns, selectable fields) all read the stored form.
"""

from __future__ import annotations

import orjson

from minikweb.kinds import events
from minikweb.kinds.registry import Kind, Object, Registry


def is_converted(kind: Kind) -> bool:
    """Whether objects of this kind are stored as another one."""
    return kind.group == "events.k8s.io" or (kind.custom is not None and kind.custom.is_converted)


def to_storage(registry: Registry, kind: Kind, obj: Object) -> tuple[Kind, Object]:
    """The kind and the form an object is stored in."""
    if kind.custom or not is_converted(kind):
        return kind, obj
    stored = registry.of("v1", "Event")
    assert stored
    return stored, events.to_core(obj)


def to_served(kind: Kind, body: str) -> str:
    """The stored text as objects of `kind` are served."""
    if not is_converted(kind):
        return body
    obj = orjson.loads(body)
    if kind.custom is None:
        obj = events.from_core(obj)
    elif obj["apiVersion"] == kind.api_version:
        return body
    return orjson.dumps(live(kind, obj)).decode()


def live(kind: Kind, obj: Object) -> Object:
    """A stored object as a write of this kind finds it; changes it in place."""
    if kind.custom:
        obj["apiVersion"] = kind.api_version
    return obj
