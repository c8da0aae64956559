"""What single values must look like. Each check takes the field's path and its value and gives the causes.

Source: k8s.io/apimachinery/pkg/util/validation/validation.go.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minikweb.apimachinery import labels, meta, quantity
from minikweb.apimachinery.errors import cause, duplicate, forbidden_value, invalid_value, not_supported, required
from minikweb.kinds.registry import Cause

_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_PORT_NAME = re.compile(r"[-a-z0-9]+")
_PERCENT = re.compile(r"[0-9]+%")
_PRINTABLE = re.compile(r"[ -<>-~]*")  # ASCII without "="

_CONFIG_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_PERCENT_RULE = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)
_VARIABLE_RULE = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_PORT_RANGE = "must be between 1 and 65535, inclusive"


def _each(path: str, value: Any, problems: Iterable[str]) -> list[Cause]:
    return [invalid_value(path, value, problem) for problem in problems]


def named(path: str, value: str | None, rule: Callable[[str], list[str]]) -> list[Cause]:
    """A name that must be there and fulfil a rule of apimachinery.meta or of labels."""
    return _each(path, value, rule(value)) if value else [required(path)]


def dns_label(path: str, value: str | None) -> list[Cause]:
    """Required; containers, volumes, Namespaces."""
    return named(path, value, meta.validate_dns_label)


def dns_subdomain(path: str, value: str | None) -> list[Cause]:
    """Required; the names of most objects."""
    return named(path, value, meta.validate_dns_subdomain)


def reference(path: str, value: str | None) -> list[Cause]:
    """The name of a ConfigMap or Secret; an empty one is a wrong one."""
    return _each(path, value or "", meta.validate_dns_subdomain(value or ""))


def qualified_name(path: str, value: str | None) -> list[Cause]:
    """`name` or `example.com/name`, as a label's key; an empty one is a wrong one."""
    return _each(path, value or "", labels.validate_key(value or ""))


def label_map(path: str, value: dict[str, str] | None) -> list[Cause]:
    """Labels: keys and values."""
    causes = []
    for key, text in (value or {}).items():
        causes += _each(path, key, labels.validate_key(key)) + _each(path, text, labels.validate_value(text))
    return causes


def config_key(path: str, key: str) -> list[Cause]:
    """The key of an entry of a ConfigMap or Secret; it becomes a file name."""
    problems = [] if len(key) <= 253 else ["must be no more than 253 characters"]
    if not _CONFIG_KEY.fullmatch(key):
        problems.append(_CONFIG_KEY_RULE)
    if key in (".", ".."):
        problems.append(f"must not be '{key}'")
    elif key.startswith(".."):
        problems.append("must not start with '..'")
    return _each(path, key, problems)


def variable_name(path: str, name: str | None) -> list[Cause]:
    """Required; the name of an environment variable, with the relaxed rule of Kubernetes 1.34."""
    if not name:
        return [required(path)]
    return [] if _PRINTABLE.fullmatch(name) else [invalid_value(path, name, _VARIABLE_RULE)]


def port(path: str, value: int | None) -> list[Cause]:
    """A port number that is there."""
    return [] if value and 1 <= value <= 65535 else [invalid_value(path, value or 0, _PORT_RANGE)]


def port_name(path: str, name: str) -> list[Cause]:
    """The name of a port (IANA_SVC_NAME)."""
    problems = [] if len(name) <= 15 else ["must be no more than 15 characters"]
    if not _PORT_NAME.fullmatch(name):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", name):
        problems.append("must contain at least one letter (a-z)")
    if "--" in name:
        problems.append("must not contain consecutive hyphens")
    if name.startswith("-") or name.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return _each(path, name, problems)


def port_or_name(path: str, value: int | str | None) -> list[Cause]:
    """A port by its number or by its name."""
    return port_name(path, value) if isinstance(value, str) else port(path, value)


def nonnegative(path: str, value: int | None) -> list[Cause]:
    """Absent or not below 0."""
    return [invalid_value(path, value, "must be greater than or equal to 0")] if (value or 0) < 0 else []


def integer_or_percent(path: str, value: int | str | None) -> list[Cause]:
    """Not below 0, or `25%`."""
    if isinstance(value, str):
        return [] if _PERCENT.fullmatch(value) else [invalid_value(path, value, _PERCENT_RULE)]
    return nonnegative(path, value)


def one_of(path: str, value: Any, supported: Sequence[str]) -> list[Cause]:
    """Required, and one of a fixed set of words."""
    if not value:
        return [required(path)]
    return [] if value in supported else [not_supported(path, value, supported)]


def ip_address(path: str, value: str) -> list[Cause]:
    """An address of either family."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return [invalid_value(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    return []


def identity(path: str, value: int | None) -> list[Cause]:
    """Absent, or the number of a user or group."""
    if value is None or 0 <= value <= 2147483647:
        return []
    return [invalid_value(path, value, "must be between 0 and 2147483647, inclusive")]


def resource_amount(path: str, value: str | int | float) -> list[Cause]:
    """A quantity that is not below 0."""
    try:
        amount = quantity.parse(value)
    except ValueError as problem:
        return [invalid_value(path, value, str(problem))]
    return [invalid_value(path, str(value), "must be greater than or equal to 0")] if amount < 0 else []


def immutable(path: str, new: Any, old: Any) -> list[Cause]:
    """Unchanged; an empty value and an absent one are the same."""
    return [] if (new or None) == (old or None) else [invalid_value(path, new, "field is immutable")]


def descending_path(path: str, where: str) -> list[Cause]:
    """A relative path that stays below where it starts."""
    if where.startswith("/"):
        return [invalid_value(path, where, "must be a relative path")]
    if ".." in where.split("/"):
        return [invalid_value(path, where, "must not contain '..'")]
    return []


def unique(values: Iterable[tuple[str, Any]]) -> list[Cause]:
    """Pairs of a path and a value, of which no value may come twice; empty ones may."""
    seen, causes = set(), []
    for path, value in values:
        if value and value in seen:
            causes.append(duplicate(path, value))
        seen.add(value)
    return causes


def not_found(path: str, value: Any) -> Cause:
    """field.NotFound: the value names something that is not there."""
    return cause("FieldValueNotFound", path, f'Not found: "{value}"')


def too_long(path: str, limit: int) -> Cause:
    """field.TooLong."""
    return cause("FieldValueTooLong", path, f"Too long: may not be more than {limit} bytes")


def at_most_one(path: str, source: dict[str, Any], kinds: Sequence[str], what: str) -> list[Cause]:
    """Of several alternatives of a union the second and further ones are forbidden."""
    present = [kind for kind in kinds if source.get(kind) is not None]
    return [forbidden_value(f"{path}.{kind}", f"may not specify more than 1 {what}") for kind in present[1:]]
