"""The cells that several kinds print alike.

Source: pkg/printers/internalversion/printers.go. A column of kubectl's `-o wide` has priority 1.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from minikweb.apimachinery import clock
from minikweb.apimachinery.labels import Selector, from_label_selector
from minikweb.kinds.registry import Column, Object

NONE = "<none>"
UNKNOWN = "<unknown>"


def since(moment: str | None, now: datetime) -> str:
    """How long ago an RFC 3339 time was, as kubectl says it: `45s`, `3m20s`, `5d`."""
    if not moment:
        return UNKNOWN
    return clock.human_duration(now - clock.parse(moment))


def name(obj: Object, now: datetime) -> str:
    return obj["metadata"]["name"]


def age(obj: Object, now: datetime) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


NAME = Column("Name", name, format="name", description="The name, unique among the objects of its kind and namespace.")
AGE = Column("Age", age, description="How long ago the object was created.")


def integer(obj: Object, now: datetime, *, path: tuple[str, str]) -> int:
    section, key = path
    return (obj.get(section) or {}).get(key) or 0


def count(title: str, section: str, key: str, description: str, type: str = "integer") -> Column:
    """A column of a number such as status.readyReplicas; 0 where it is missing."""
    return Column(title, partial(integer, path=(section, key)), type=type, description=description)


def containers(obj: Object, now: datetime) -> str:
    return ",".join(container.get("name", "") for container in _containers_of_template(obj))


def images(obj: Object, now: datetime) -> str:
    return ",".join(container.get("image", "") for container in _containers_of_template(obj))


def _containers_of_template(obj: Object) -> list[dict[str, Any]]:
    return obj["spec"]["template"].get("spec", {}).get("containers") or []


def label_selector(obj: Object, now: datetime) -> str:
    found = from_label_selector(obj["spec"].get("selector"))
    return str(Selector(tuple(sorted(found.requirements)))) or NONE


TEMPLATE = (
    Column("Containers", containers, priority=1, description="The names of the template's containers."),
    Column("Images", images, priority=1, description="The images of the template's containers."),
    Column("Selector", label_selector, priority=1, description="Which pods count."),
)


def labels(pairs: dict[str, str] | None) -> str:
    """Labels as `a=1,b=2`, sorted, or <none>."""
    return ",".join(f"{key}={value}" for key, value in sorted((pairs or {}).items())) or NONE
