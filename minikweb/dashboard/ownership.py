"""metadata.managedFields as people read it: who wrote which field of an object, how and when. Pure.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from minikweb.dashboard.fieldpath import Path, Step, at, text

Object = dict[str, Any]


@dataclass(frozen=True)
class Owner:
    """A field manager: `operation` is Apply (it says what it wants, the rest is others') or Update (it wrote)."""

    manager: str
    operation: str
    subresource: str = ""
    time: str = ""  # RFC 3339, of its last write


@dataclass
class Field:
    """One field with its owners, and the fields below it. `value` is "" for what has fields below."""

    step: Step
    path: Path
    level: int
    owners: list[Owner] = field(default_factory=list)
    value: str = ""
    below: dict[Step, Field] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return f"{self.step[0]}: {self.step[1]}" if isinstance(self.step, tuple) else self.step

    @property
    def name(self) -> str:
        return text(self.path)


def owners(obj: Object) -> list[Owner]:
    """Who owns something of an object, the last writer first."""
    found = [_owner(entry) for entry in obj["metadata"].get("managedFields") or ()]
    return sorted(found, key=lambda owner: owner.time, reverse=True)


def _owner(entry: Object) -> Owner:
    names = ("manager", "operation", "subresource", "time")
    return Owner(**{name: entry.get(name) or "" for name in names})


def fields(obj: Object, longest: int = 60) -> list[Field]:
    """Every owned field, top to bottom, parents before their children; values are cut after `longest` characters."""
    root = Field("", (), 0)
    for entry in obj["metadata"].get("managedFields") or ():
        _add(root, entry.get("fieldsV1") or {}, _owner(entry))
    found = list(_flat(root))
    for each in found:
        if not each.below:
            value = at(obj, each.path)
            shown = "" if value is None else value if isinstance(value, str) else json.dumps(value)
            each.value = shown if len(shown) <= longest else shown[:longest] + "…"
    return found


def _add(parent: Field, node: dict[str, Any], owner: Owner) -> None:
    for key, below in node.items():
        if key == ".":
            parent.owners.append(owner)
            continue
        step = _step(key)
        child = parent.below.setdefault(step, Field(step, (*parent.path, step), parent.level + 1))
        if below:
            _add(child, below, owner)
        else:
            child.owners.append(owner)


def _step(key: str) -> Step:
    """`f:spec` → spec; `k:{"name":"web"}` → (name, web); `v:"x"` → x."""
    mark, _, rest = key.partition(":")
    if mark == "k":
        name, value = next(iter(sorted(json.loads(rest).items(), key=lambda pair: pair[0] == "protocol")))
        return name, value
    return rest.strip('"') if mark == "v" else rest


def _flat(parent: Field) -> Iterator[Field]:
    for child in parent.below.values():
        yield child
        yield from _flat(child)


def owner_of(obj: Object, path: Path) -> list[Owner]:
    """Who owns the value at a path: of the field itself, else of the nearest one above that has owners."""
    root = Field("", (), 0)
    for entry in obj["metadata"].get("managedFields") or ():
        _add(root, entry.get("fieldsV1") or {}, _owner(entry))
    found, here = list[Owner](), root
    for step in path:
        below = here.below.get(step) or here.below.get(str(step))
        if below is None:
            break
        here = below
        found = here.owners or found
    if here.below and len(here.path) == len(path):  # a map: everybody who owns something in it
        found = list(dict.fromkeys(owner for child in [here, *_flat(here)] for owner in child.owners))
    return found
