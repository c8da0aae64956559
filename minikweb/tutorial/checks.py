"""What a step waits for, and what to say while it is not there. Pure over reads of the cluster.

A check is one mapping of `lesson.yaml`:

    kind: Deployment        whose objects are looked at
    name: web               one object; or `selector: app=web` for all that match; without both: all of the kind
    namespace: kube-system  elsewhere than in the learner's namespace
    absent: true            … it must not exist
    fields:                 what must hold for the object (or for each counted one)
      - {path: spec.replicas, equals: 3}       see OPERATORS for the others
      - {path: data.node, equals: {from: {kind: Pod, name: hello, path: spec.nodeName}}}     as another object has it
      - {path: data.nodes, equals: {number-of: {kind: Node}}}                                as many as there are
    owner: ReplicaSet/web   its controller; also a kind alone, or `none`
    healthy: true           its health is Healthy (kinds' health, the vocabulary of Argo CD)
    count: {equals: 3}      how many match; also at-least, at-most (without count: at least one)
    says: {fr: …, en: …}    the expectation in words
    causes:                 probable causes, tried in order on what is really there
      - {when: <check>, fr: …, en: …}

`{namespace}` in names and values is the learner's namespace. Where no cause fits, `diagnosis.py` looks for one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from minikweb.apimachinery import errors, fieldpath, labels, meta
from minikweb.kinds import registry
from minikweb.tutorial import wording
from minikweb.tutorial.wording import Words

Object = dict[str, Any]


class Reader(Protocol):
    """Reads of the live cluster; without a namespace, in the learner's. get raises errors.NotFound."""

    namespace: str

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object: ...

    def list(self, kind: str, namespace: str | None = None) -> list[Object]: ...

    def elsewhere(self, kind: str, name: str) -> list[str]:
        """The other namespaces that have an object of this name."""
        ...


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")  # no comparison with it holds


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda seen, wanted: seen == wanted or (seen is not None and str(seen).strip() == str(wanted)),
    "differs": lambda seen, wanted: str(seen) != str(wanted),
    "at-least": lambda seen, wanted: _number(seen) >= wanted,
    "at-most": lambda seen, wanted: _number(seen) <= wanted,
    "contains": lambda seen, wanted: str(wanted) in ("" if seen is None else str(seen)),
    "decodes-to": lambda seen, wanted: seen is not None and _decoded(seen).strip() == str(wanted),
    "exists": lambda seen, wanted: (seen is not None) == wanted,
}
COUNTS = ("equals", "at-least", "at-most")


@dataclass(frozen=True)
class Other:
    """A value that another object has: `path` of it, or how many there are."""

    check: Check
    path: tuple[str, ...] | None


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
    namespace: str = ""
    absent: bool = False
    healthy: bool = False
    owner: str = ""
    fields: tuple[Field, ...] = ()
    count: tuple[str, int] | None = None
    says: tuple[tuple[str, str], ...] = ()
    causes: tuple[tuple[Check, tuple[tuple[str, str], ...]], ...] = ()


@dataclass(frozen=True)
class Seen:
    """What one look at the cluster found; `troubled` are the objects that were in the way."""

    passed: bool
    observed: Words
    troubled: tuple[Object, ...] = ()


@lru_cache(maxsize=1)
def vocabulary() -> registry.Registry:
    return registry.builtin()


# The namespaced kinds of the operators that come along. A cluster may do without them: then there is none of them.
CUSTOM = {"SealedSecret": "bitnami.com/v1alpha1", "Application": "argoproj.io/v1alpha1"}

_KEYS = {"kind", "name", "selector", "namespace", "absent", "healthy", "owner", "fields", "count", "says", "causes"}


def parse(raw: Any, *, nested: bool = False) -> Check:
    """A check from its mapping. Raises ValueError with a sentence on what is wrong."""
    if not isinstance(raw, dict) or not raw.get("kind"):
        raise ValueError("a check is a mapping with at least `kind`")
    unknown = set(raw) - _KEYS
    if unknown:
        raise ValueError(f"a check has no {sorted(unknown)}; it may have {sorted(_KEYS)}")
    if not vocabulary().named(raw["kind"]) and raw["kind"] not in CUSTOM:
        raise ValueError(f"no kind is named {raw['kind']}")
    if raw.get("healthy") and raw["kind"] in CUSTOM:
        raise ValueError(f"the health of a {raw['kind']} is a field of its status: ask for that")
    if raw.get("name") and (raw.get("selector") or raw.get("count")):
        raise ValueError("a check has `name`, or it counts (`selector`, `count`), not both")
    if not nested and set(raw.get("says") or {}) != {"fr", "en"}:
        raise ValueError("a check says in fr and en what it waits for (`says`)")
    return Check(
        kind=raw["kind"],
        name=raw.get("name", ""),
        selector=_selector(raw.get("selector", "")),
        namespace=raw.get("namespace", ""),
        absent=bool(raw.get("absent")),
        healthy=bool(raw.get("healthy")),
        owner=raw.get("owner", ""),
        fields=tuple(_field(field) for field in raw.get("fields") or ()),
        count=_count(raw.get("count")),
        says=tuple((raw.get("says") or {}).items()),
        causes=tuple(_cause(cause) for cause in raw.get("causes") or ()),
    )


def _selector(text: str) -> str:
    try:
        labels.parse_selector(text)
    except errors.ApiError as error:
        raise ValueError(f"selector {text!r}: {error.message}") from error
    return text


def _field(raw: dict[str, Any]) -> Field:
    operators = [key for key in raw if key in OPERATORS]
    if "path" not in raw or len(operators) != 1 or len(raw) != 2:
        raise ValueError(f"a field has a path and one of {sorted(OPERATORS)}, not {raw}")
    return Field(fieldpath.parse(raw["path"]), operators[0], _value(raw[operators[0]]))


def _value(raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    if set(raw) == {"from"} and isinstance(raw["from"], dict) and raw["from"].get("path"):
        where = dict(raw["from"])
        path = fieldpath.parse(where.pop("path"))
        return Other(parse(where, nested=True), path)
    if set(raw) == {"number-of"}:
        return Other(parse(raw["number-of"], nested=True), None)
    raise ValueError(f"a value is plain, or {{from: {{kind, name, path}}}}, or {{number-of: {{kind}}}}, not {raw}")


def _count(raw: dict[str, Any] | None) -> tuple[str, int] | None:
    if raw is None:
        return None
    if not isinstance(raw, dict) or len(raw) != 1 or next(iter(raw)) not in COUNTS:
        raise ValueError("count is {equals: n}, {at-least: n} or {at-most: n}")
    return next(iter(raw.items()))


def _cause(raw: dict[str, Any]) -> tuple[Check, tuple[tuple[str, str], ...]]:
    if set(raw) != {"when", "fr", "en"}:
        raise ValueError("a cause has exactly `when`, `fr` and `en`")
    return parse(raw["when"], nested=True), (("fr", raw["fr"]), ("en", raw["en"]))


def look(check: Check, reader: Reader) -> Seen:
    """Whether a check holds now, and what is seen of it."""
    return _look_at_one(check, reader) if check.name else _look_at_many(check, reader)


def _look_at_one(check: Check, reader: Reader) -> Seen:
    name, namespace = filled(check.name, reader), filled(check.namespace, reader)
    try:
        obj = reader.get(check.kind, name, namespace or None)
    except errors.NotFound:
        return Seen(check.absent, wording.absent(check.kind, name, namespace or _place(check.kind, reader)))
    if check.absent:
        return Seen(False, wording.present(check.kind, name))
    wrong = [field for field in check.fields if not _holds(field, obj, reader)]
    if wrong:
        return Seen(
            False, wording.together([wording.field(f.dotted, fieldpath.at(obj, f.path)) for f in wrong]), (obj,)
        )
    if not _is_owned(check, obj):
        return Seen(False, wording.owner(check.kind, name, _owner_of(obj)), (obj,))
    health = _health(check.kind, obj)
    word = " ".join(part for part in (health.status, health.word) if part)
    return Seen(not check.healthy or health.status == "Healthy", wording.health(check.kind, name, word), (obj,))


def _look_at_many(check: Check, reader: Reader) -> Seen:
    selector = labels.parse_selector(filled(check.selector, reader))
    selected = [
        obj
        for obj in reader.list(check.kind, filled(check.namespace, reader) or None)
        if selector.matches(obj["metadata"].get("labels") or {}) and _is_owned(check, obj)
    ]
    fitting = [obj for obj in selected if _fits(check, obj, reader)]
    operator, wanted = check.count or ("at-least", 1)
    passed = OPERATORS[operator](len(fitting), wanted)
    others = tuple(obj for obj in selected if obj not in fitting)
    return Seen(passed, wording.number(check.kind, len(fitting)), others)


def _fits(check: Check, obj: Object, reader: Reader) -> bool:
    healthy = not check.healthy or _health(check.kind, obj).status == "Healthy"
    return healthy and all(_holds(field, obj, reader) for field in check.fields)


def _holds(field: Field, obj: Object, reader: Reader) -> bool:
    wanted = field.value
    if isinstance(wanted, Other):
        wanted = _of_another(wanted, reader)
        if wanted is None:
            return False
    if isinstance(wanted, str):
        wanted = filled(wanted, reader)
    return OPERATORS[field.operator](fieldpath.at(obj, field.path), wanted)


def _of_another(other: Other, reader: Reader) -> Any:
    """The value that the other object has now; None where it is not there."""
    if other.path is None:
        matching = labels.parse_selector(filled(other.check.selector, reader))
        listed = reader.list(other.check.kind, filled(other.check.namespace, reader) or None)
        return sum(
            matching.matches(obj["metadata"].get("labels") or {}) and _fits(other.check, obj, reader) for obj in listed
        )
    try:
        found = reader.get(
            other.check.kind, filled(other.check.name, reader), filled(other.check.namespace, reader) or None
        )
    except errors.NotFound:
        return None
    return fieldpath.at(found, other.path)


def filled(text: str, reader: Reader) -> str:
    """A name or value of a lesson, for this learner."""
    return text.replace("{namespace}", reader.namespace)


def _place(kind: str, reader: Reader) -> str | None:
    declared = vocabulary().named(kind)
    return reader.namespace if kind in CUSTOM or (declared and declared.namespaced) else None


def _owner_of(obj: Object) -> str:
    owner = meta.controller_of(obj)
    return f"{owner['kind']}/{owner['name']}" if owner else ""


def _is_owned(check: Check, obj: Object) -> bool:
    owner = _owner_of(obj)
    if check.owner in ("", "none"):
        return not check.owner or not owner
    return owner == check.owner or owner.split("/")[0] == check.owner


def _health(kind: str, obj: Object) -> registry.Health:
    declared = vocabulary().named(kind)
    return declared.health(obj) if declared else registry.Health("Healthy")  # CUSTOM: parse() lets nobody ask
