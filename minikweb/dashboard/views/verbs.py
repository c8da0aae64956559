"""What a verb is: see actions.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

Object = dict[str, Any]
Data = Mapping[str, str]
Context = dict[str, Any]


class Refused(Exception):
    """The form cannot be sent as it is; the message says why."""


@dataclass(frozen=True)
class Verb:
    """prepare(object, data) fills the form (also while one types); perform(object, data) acts and says what it did."""

    title: str | Promise
    kinds: tuple[str, ...]  # () for all
    template: str
    prepare: Callable[[Object, Data], Context]
    perform: Callable[[Object, Data], tuple[Object, str]]
    inverse: Callable[[Object], Inverse] | None = None  # the way back, from the object as it was before


@dataclass(frozen=True)
class Inverse:
    """The form that takes a verb back."""

    verb: str
    data: Data


def place_of(obj: Object) -> tuple[str, str]:
    """(namespace or "", name)."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
