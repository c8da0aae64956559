"""What a step waits for, and what to say while it is not there. Pure over reads of the cluster.

A check is one mapping of `lesson.yaml`:

    kind: Deployment        whose objects are looked at
    name: web               one object; or `selector: app=web` for all that match
    absent: true            … it must not exist
    fields:                 what must hold for the object (or for each counted one)
      - {path: spec.replicas, equals: 3}       also: at-least, contains, exists
    healthy: true           its health is Healthy (kinds' health, the vocabulary of Argo CD)
    count: {equals: 3}      with a selector: how many match; also at-least
    says: {fr: …, en: …}    the expectation in words
    causes:                 probable causes, tried in order on what is really there
      - {when: <check>, fr: …, en: …}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from minikweb.apimachinery import errors, labels
from minikweb.kinds import registry

Object = dict[str, Any]


class Reader(Protocol):
    """Reads of the live cluster, in the learner's namespace. get raises errors.NotFound."""

    def get(self, kind: str, name: str) -> Object: ...

    def list(self, kind: str) -> list[Object]: ...


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda seen, wanted: seen == wanted or str(seen) == str(wanted),
    "at-least": lambda seen, wanted: _number(seen) >= wanted,
    "contains": lambda seen, wanted: str(wanted) in ("" if seen is None else str(seen)),
    "exists": lambda seen, wanted: (seen is not None) == wanted,
}


@dataclass(frozen=True)
class Field:
    path: tuple[str, ...]
    operator: str
    value: Any

    @property
    def dotted(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Check:
    kind: str
    name: str = ""
    selector: str = ""
    absent: bool = False
    healthy: bool = False
    fields: tuple[Field, ...] = ()
    count: tuple[str, int] | None = None
    says: tuple[tuple[str, str], ...] = ()
    causes: tuple[tuple[Check, tuple[tuple[str, str], ...]], ...] = ()


@dataclass(frozen=True)
class Result:
    """`says` and `cause` are texts by language (cause may be empty); `observed` is what the cluster has."""

    passed: bool
    says: dict[str, str]
    observed: str
    cause: dict[str, str]


@lru_cache(maxsize=1)
def _vocabulary() -> registry.Registry:
    return registry.builtin()


_KEYS = {"kind", "name", "selector", "absent", "healthy", "fields", "count", "says", "causes"}


def parse(raw: Any, *, nested: bool = False) -> Check:
    """A check from its mapping. Raises ValueError with a sentence on what is wrong."""
    if not isinstance(raw, dict) or not raw.get("kind"):
        raise ValueError("a check is a mapping with at least `kind`")
    unknown = set(raw) - _KEYS
    if unknown:
        raise ValueError(f"a check has no {sorted(unknown)}; it may have {sorted(_KEYS)}")
    if not _vocabulary().named(raw["kind"]):
        raise ValueError(f"no kind is named {raw['kind']}")
    if bool(raw.get("name")) == bool(raw.get("selector")):
        raise ValueError("a check has either `name` or `selector`")
    if not nested and set(raw.get("says") or {}) < {"fr", "en"}:
        raise ValueError("a check says in fr and en what it waits for (`says`)")
    return Check(
        kind=raw["kind"],
        name=raw.get("name", ""),
        selector=raw.get("selector", ""),
        absent=bool(raw.get("absent")),
        healthy=bool(raw.get("healthy")),
        fields=tuple(_field(field) for field in raw.get("fields") or ()),
        count=_count(raw.get("count")),
        says=tuple((raw.get("says") or {}).items()),
        causes=tuple(_cause(cause) for cause in raw.get("causes") or ()),
    )


def _field(raw: dict[str, Any]) -> Field:
    operators = [key for key in raw if key in OPERATORS]
    if "path" not in raw or len(operators) != 1 or len(raw) != 2:
        raise ValueError(f"a field has a path and one of {sorted(OPERATORS)}, not {raw}")
    return Field(parse_path(raw["path"]), operators[0], raw[operators[0]])


def _count(raw: dict[str, Any] | None) -> tuple[str, int] | None:
    if raw is None:
        return None
    if not isinstance(raw, dict) or len(raw) != 1 or next(iter(raw)) not in ("equals", "at-least"):
        raise ValueError("count is {equals: n} or {at-least: n}")
    return next(iter(raw.items()))


def _cause(raw: dict[str, Any]) -> tuple[Check, tuple[tuple[str, str], ...]]:
    if set(raw) != {"when", "fr", "en"}:
        raise ValueError("a cause has exactly `when`, `fr` and `en`")
    return parse(raw["when"], nested=True), (("fr", raw["fr"]), ("en", raw["en"]))


def parse_path(text: str) -> tuple[str, ...]:
    """`spec.template.spec.containers.0.image`; a dot in a key is written `\\.` as in kubectl's JSONPath."""
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", text))


def at(obj: Any, path: tuple[str, ...]) -> Any:
    """The value at a path, or None."""
    for part in path:
        if isinstance(obj, list) and part.isdigit() and int(part) < len(obj):
            obj = obj[int(part)]
        elif isinstance(obj, dict) and part in obj:
            obj = obj[part]
        else:
            return None
    return obj


def evaluate(check: Check, reader: Reader) -> Result:
    """Whether a check holds now; if not, the first probable cause that fits what is there."""
    passed, observed = _look(check, reader)
    cause: dict[str, str] = {}
    if not passed:
        cause = next((dict(text) for when, text in check.causes if _look(when, reader)[0]), {})
    return Result(passed, dict(check.says), observed, cause)


def _look(check: Check, reader: Reader) -> tuple[bool, str]:
    return _look_at_many(check, reader) if check.selector else _look_at_one(check, reader)


def _look_at_one(check: Check, reader: Reader) -> tuple[bool, str]:
    try:
        obj = reader.get(check.kind, check.name)
    except errors.NotFound:
        return check.absent, f"{check.kind} {check.name}: ∅"
    if check.absent:
        return False, f"{check.kind} {check.name}"
    wrong = [field for field in check.fields if not _holds(field, obj)]
    if wrong:
        return False, ", ".join(f"{field.dotted} = {_shown(at(obj, field.path))}" for field in wrong)
    return _look_at_health(check, obj)


def _look_at_health(check: Check, obj: Object) -> tuple[bool, str]:
    health = _health(check.kind, obj)
    seen = " ".join(part for part in (health.status, health.word) if part)
    return (not check.healthy or health.status == "Healthy"), f"{check.kind} {obj['metadata']['name']}: {seen}"


def _look_at_many(check: Check, reader: Reader) -> tuple[bool, str]:
    selector = labels.parse_selector(check.selector)
    matching = [
        obj
        for obj in reader.list(check.kind)
        if selector.matches(obj["metadata"].get("labels") or {}) and _all_hold(check, obj)
    ]
    operator, wanted = check.count or ("at-least", 1)
    return OPERATORS[operator](len(matching), wanted), f"{check.kind} × {len(matching)}"


def _all_hold(check: Check, obj: Object) -> bool:
    healthy = not check.healthy or _health(check.kind, obj).status == "Healthy"
    return healthy and all(_holds(field, obj) for field in check.fields)


def _holds(field: Field, obj: Object) -> bool:
    return OPERATORS[field.operator](at(obj, field.path), field.value)


def _health(kind: str, obj: Object) -> registry.Health:
    declared = _vocabulary().named(kind)
    assert declared is not None  # parse() refused unknown kinds
    return declared.health(obj)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("-inf")


def _shown(value: Any) -> str:
    return "∅" if value is None else str(value)
