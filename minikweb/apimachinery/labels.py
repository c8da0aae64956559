"""Labels and the selectors over them.

Source: k8s.io/apimachinery/pkg/labels/selector.go, pkg/util/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery.errors import BadRequest

IN, NOT_IN, EXISTS, DOES_NOT_EXIST, GREATER_THAN, LESS_THAN = "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"

Requirement = tuple[str, str, tuple[str, ...]]  # key, one of the operators above, values

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

_NAME_RULE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_PREFIX_RULE = (
    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
    "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def validate_key(key: str) -> list[str]:
    """What is wrong with a label's key (a "qualified name": `app` or `example.com/app`); empty when nothing is."""
    prefix, slash, name = key.rpartition("/")
    problems = []
    if slash:
        if not prefix:
            problems.append("prefix part must be non-empty")
        elif len(prefix) > 253:
            problems.append("prefix part must be no more than 253 bytes")
        if prefix and not _SUBDOMAIN.fullmatch(prefix):
            problems.append(_PREFIX_RULE)
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > 63:
        problems.append("name part must be no more than 63 bytes")
    if not _NAME.fullmatch(name):
        problems.append(_NAME_RULE)
    return problems


def validate_value(value: str) -> list[str]:
    """What is wrong with a label's value; empty when nothing is."""
    problems = []
    if len(value) > 63:
        problems.append("must be no more than 63 bytes")
    if value and not _NAME.fullmatch(value):
        problems.append(_VALUE_RULE)
    return problems


@dataclass(frozen=True)
class Selector:
    """A conjunction of requirements. Without any it matches everything, unless it is NOTHING."""

    requirements: tuple[Requirement, ...] = ()
    matches_nothing: bool = False

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether labels (None counts as none) fulfil every requirement."""
        if self.matches_nothing:
            return False
        labels = labels or {}
        return all(_fulfils(labels.get(key), operator, values) for key, operator, values in self.requirements)

    def __bool__(self) -> bool:
        """Whether it leaves anything out."""
        return self.matches_nothing or bool(self.requirements)

    def __str__(self) -> str:
        """The selector in the query's syntax; `parse_selector` reads it back."""
        return ",".join(_written(*requirement) for requirement in self.requirements)


EVERYTHING = Selector()
NOTHING = Selector(matches_nothing=True)


def _fulfils(value: str | None, operator: str, values: tuple[str, ...]) -> bool:
    if operator == IN:
        return value in values
    if operator == NOT_IN:
        return value not in values  # a missing label is in no list, as in Kubernetes
    if operator == EXISTS:
        return value is not None
    if operator == DOES_NOT_EXIST:
        return value is None
    try:
        number, bound = int(value or ""), int(values[0])
    except ValueError:
        return False
    return number > bound if operator == GREATER_THAN else number < bound


def _written(key: str, operator: str, values: tuple[str, ...]) -> str:
    if operator == EXISTS:
        return key
    if operator == DOES_NOT_EXIST:
        return f"!{key}"
    if operator in (GREATER_THAN, LESS_THAN):
        return f"{key}{'>' if operator == GREATER_THAN else '<'}{values[0]}"
    if len(values) == 1:
        return f"{key}{'=' if operator == IN else '!='}{values[0]}"
    return f"{key} {'in' if operator == IN else 'notin'} ({','.join(values)})"


# --- The query's syntax: a=b, a==b, a!=b, a in (b,c), a notin (b,c), a, !a, a>1, a<1 -------------------
_REQUIREMENT = re.compile(
    r"""\s*(?:
        !\s*(?P<absent>[^\s!=<>,()]+)
      | (?P<key>[^\s!=<>,()]+)\s*(?:
            (?P<compare>==|=|!=|>|<)\s*(?P<value>[^\s!=<>,()]*)
          | (?P<set>in|notin)\s*\((?P<values>[^()]*)\)
        )?
    )\s*(?P<end>,|$)""",
    re.VERBOSE,
)
_COMPARE = {"=": IN, "==": IN, "!=": NOT_IN, ">": GREATER_THAN, "<": LESS_THAN}


def parse_selector(text: str) -> Selector:
    """The selector of a query such as `app=web,tier in (a,b),!canary`; "" selects everything. BadRequest if bad."""
    if not text.strip():
        return EVERYTHING
    requirements, position = [], 0
    while True:
        found = _REQUIREMENT.match(text, position)
        if not found:
            raise _unparsable(f"found '{text[position:].strip()}', expected: a label such as app=web")
        requirements.append(_requirement(found))
        if not found["end"]:
            return Selector(tuple(requirements))
        position = found.end()


def _requirement(found: re.Match[str]) -> Requirement:
    if found["absent"]:
        return _checked(found["absent"], DOES_NOT_EXIST, ())
    if found["compare"]:
        return _checked(found["key"], _COMPARE[found["compare"]], (found["value"],))
    if found["set"]:
        values = sorted({value.strip() for value in found["values"].split(",")})
        return _checked(found["key"], IN if found["set"] == "in" else NOT_IN, values)
    return _checked(found["key"], EXISTS, ())


def _checked(key: str, operator: str, values: Iterable[str]) -> Requirement:
    for problem in validate_key(key):
        raise _unparsable(f'key: Invalid value: "{key}": {problem}')
    values = tuple(values)
    if operator in (GREATER_THAN, LESS_THAN):
        if not re.fullmatch(r"[+-]?[0-9]+", values[0]):
            raise _unparsable(f"for 'Gt', 'Lt' operators, the value must be an integer: \"{values[0]}\"")
        return key, operator, values
    for value in values:
        for problem in validate_value(value):
            raise _unparsable(f'values[0][{key}]: Invalid value: "{value}": {problem}')
    return key, operator, values


def _unparsable(why: str) -> BadRequest:
    return BadRequest(f"unable to parse requirement: {why}")


def from_label_selector(selector: Mapping[str, Any] | None) -> Selector:
    """The selector of a metav1.LabelSelector ({matchLabels, matchExpressions}): {} selects all, None nothing."""
    if selector is None:
        return NOTHING
    requirements: list[Requirement] = [(k, IN, (v,)) for k, v in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        operator, values = expression.get("operator", ""), expression.get("values") or []
        if operator not in (IN, NOT_IN, EXISTS, DOES_NOT_EXIST):
            raise BadRequest(f'"{operator}" is not a valid label selector operator')
        if (operator in (IN, NOT_IN)) != bool(values):
            need = "must be non-empty" if operator in (IN, NOT_IN) else "must be empty"
            raise BadRequest(f"for '{operator}' operator, values set {need}")
        requirements.append((expression["key"], operator, tuple(values)))
    return Selector(tuple(requirements))


def from_labels(labels: Mapping[str, str] | None) -> Selector:
    """The selector that asks for each of these labels, as a Service's: none of them selects everything."""
    return Selector(tuple((key, IN, (value,)) for key, value in (labels or {}).items()))
