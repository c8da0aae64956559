"""One resource, two groups: Events are stored in the core group's form and served in the form asked for.

The functions of their kinds (columns, selectable fields) all read the stored form.
"""

from __future__ import annotations

import orjson

from minikweb.kinds import events
from minikweb.kinds.registry import Kind, Object, Registry


def is_converted(kind: Kind) -> bool:
    """Whether objects of this kind are stored as another one."""
    return kind.group == "events.k8s.io"


def to_storage(registry: Registry, kind: Kind, obj: Object) -> tuple[Kind, Object]:
    """The kind and the form an object is stored in."""
    if not is_converted(kind):
        return kind, obj
    stored = registry.of("v1", "Event")
    assert stored
    return stored, events.to_core(obj)


def to_served(kind: Kind, body: str) -> str:
    """The stored text as objects of `kind` are served."""
    if not is_converted(kind):
        return body
    return orjson.dumps(events.from_core(orjson.loads(body))).decode()
