"""The parts of a strategy that many kinds share: who may write the status, and what counts as a new generation.

Source: pkg/registry/*/strategy.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikweb.kinds.registry import Object


def keep_status(new: Object, old: Object) -> None:
    """A write of the main resource leaves the status as it was."""
    restore(new, old, "status")


def keep_spec(new: Object, old: Object) -> None:
    """A write of /status leaves the spec as it was."""
    restore(new, old, "spec")


def restore(new: Object, old: Object, *keys: str) -> None:
    """Gives `new` the values of `old` at these keys, absence included."""
    for key in keys:
        if key in old:
            new[key] = old[key]
        else:
            new.pop(key, None)


def first_generation(obj: Object) -> None:
    obj["metadata"]["generation"] = 1


def next_generation(new: Object, old: Object, asked: Callable[[Object], Any]) -> None:
    """Counts one generation more if what is `asked` of the system changed; clients do not set it themselves."""
    generation = old["metadata"].get("generation", 0)
    new["metadata"]["generation"] = generation + (asked(new) != asked(old))


def spec_of(obj: Object) -> Any:
    return obj.get("spec")


def path(*keys: str) -> Callable[[Object], str]:
    """A selectable field: the text at a path, "" where it is missing, true and false for booleans."""

    def read(obj: Object) -> str:
        value: Any = obj
        for key in keys:
            value = (value or {}).get(key)
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)

    return read


def number(*keys: str) -> Callable[[Object], str]:
    """A selectable field that is a number, 0 where it is missing."""
    read = path(*keys)
    return lambda obj: read(obj) or "0"


def boolean(*keys: str) -> Callable[[Object], str]:
    """A selectable field that is a boolean, false where it is missing."""
    read = path(*keys)
    return lambda obj: read(obj) or "false"
