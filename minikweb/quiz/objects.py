"""Questions about the learner's own objects: which object a question speaks of, and what of it is in the texts. Pure.

    reads:
      kind: Deployment
      where: [{path: spec.replicas, at-least: 2}]      one that fits, the newest; also equals, exists, contains
      values: {name: metadata.name, n: spec.replicas}  name → path; a dot in a key is written `\\.`
      an-object: {fr: un Deployment d'au moins deux répliques, en: a Deployment of two replicas or more}

In the texts `{name}` is the value, `{n-1}` and `{n+1}` are reckoned; so the right answer is that of this very object.
The values are read when the series starts, and kept with it. Without such an object the question is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery import fieldpath

Object = dict[str, Any]
Values = dict[str, str]

LONGEST = 120  # letters of a value
_HIDDEN = {"Secret"}  # whose values no page shows
_PLACE = re.compile(r"\{([a-z]+)(?:([+-])(\d{1,3}))?\}")


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")  # no comparison with it holds


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda found, wanted: found == wanted,
    "at-least": lambda found, wanted: _number(found) >= _number(wanted),
    "exists": lambda found, wanted: (found is not None) == wanted,
    "contains": lambda found, wanted: isinstance(found, str) and str(wanted) in found,
}


@dataclass(frozen=True)
class Condition:
    path: tuple[str, ...]
    operator: str
    wanted: Any


@dataclass(frozen=True)
class Reads:
    """What a question reads in the learner's namespace."""

    kind: str
    where: tuple[Condition, ...]
    values: tuple[tuple[str, tuple[str, ...]], ...]
    an_object: tuple[tuple[str, str], ...]  # (language, words)


def parse(raw: Any, languages: tuple[str, ...]) -> Reads:
    """The declaration of a question. Raises ValueError with what is expected."""
    if not isinstance(raw, dict) or {"kind", "values", "an-object"} != set(raw) - {"where"}:
        raise ValueError("reads has kind, values, an-object and, where need be, where")
    if not isinstance(raw["kind"], str) or raw["kind"] in _HIDDEN:
        raise ValueError("reads: kind is a kind of object, and not Secret")
    words = raw["an-object"]
    if not isinstance(words, dict) or any(not isinstance(words.get(language), str) for language in languages):
        raise ValueError(f"reads: an-object says in {' and '.join(languages)} what the learner needs to have")
    values = raw["values"]
    if not isinstance(values, dict) or not all(re.fullmatch("[a-z]+", str(name)) for name in values):
        raise ValueError("reads: values is a mapping of names in small letters to paths")
    conditions = tuple(_condition(one) for one in raw.get("where") or ())
    paths = tuple((name, _path(path)) for name, path in values.items())
    return Reads(raw["kind"], conditions, paths, tuple((language, words[language]) for language in languages))


def _condition(raw: Any) -> Condition:
    if not isinstance(raw, dict) or len(raw) != 2 or "path" not in raw or not set(raw) - {"path"} <= set(OPERATORS):
        raise ValueError(f"reads: a condition has a path and one of {', '.join(OPERATORS)}")
    operator = next(key for key in raw if key != "path")
    return Condition(_path(raw["path"]), operator, raw[operator])


def _path(text: Any) -> tuple[str, ...]:
    if not isinstance(text, str) or not text:
        raise ValueError("reads: a path is like spec.template.spec.containers.0.image")
    return fieldpath.parse(text)


def read(reads: Reads, objects: list[Object]) -> Values | None:
    """The values of the newest object that fits and has them all, and where it is: KIND, NAMESPACE, NAME."""
    staying = [obj for obj in objects if not obj["metadata"].get("deletionTimestamp")]
    for obj in sorted(staying, key=lambda one: one["metadata"].get("creationTimestamp", ""), reverse=True):
        found = {name: fieldpath.at(obj, path) for name, path in reads.values}
        fits = all(OPERATORS[one.operator](fieldpath.at(obj, one.path), one.wanted) for one in reads.where)
        if fits and all(isinstance(value, str | int | bool) for value in found.values()):
            place = {"KIND": reads.kind, "NAMESPACE": obj["metadata"].get("namespace", "")}
            place["NAME"] = obj["metadata"]["name"]
            return {name: _plain(value) for name, value in found.items()} | place
    return None


def _plain(value: Any) -> str:
    """One line without what Markdown would take for its own."""
    return re.sub(r"[`\s]+", " ", str(value))[:LONGEST]


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its values; a place that has none stays as it is."""

    def value(match: re.Match[str]) -> str:
        name, sign, number = match.groups()
        if name not in values:
            return match[0]
        if not sign:
            return values[name]
        found = _number(values[name])
        return str(int(found) + int(sign + number)) if found == found else match[0]

    return _PLACE.sub(value, text)
