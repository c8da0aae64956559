"""Field selectors: `status.phase!=Running,spec.nodeName=node-1`.

Source: k8s.io/apimachinery/pkg/fields/selector.go. Which paths a kind knows is the kind's (`Kind.selectable`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from minikweb.apimachinery.errors import BadRequest

Requirement = tuple[str, str, str]  # path, "=" or "!=", value

_TERM = re.compile(r"((?:\\.|[^\\,])+)(?:,|$)")
_OPERATOR = re.compile(r"^((?:\\.|[^\\=!])+?)(==|!=|=)(.*)$", re.DOTALL)
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


def parse_selector(text: str) -> list[Requirement]:
    """The requirements of a query; "" has none. A backslash escapes `,`, `=` and itself. BadRequest if bad."""
    requirements = []
    for term in _TERM.findall(text):
        found = _OPERATOR.match(term)
        if not found:
            raise BadRequest(f"invalid selector: '{term}'; can't understand '{term}'")
        path, operator, value = found.groups()
        requirements.append((path.strip(), "!=" if operator == "!=" else "=", _unescape(value, term)))
    return requirements


def _unescape(value: str, term: str) -> str:
    def replace(found: re.Match[str]) -> str:
        if found[1] not in ("\\", ",", "="):
            raise BadRequest(f"invalid field selector: invalid escape sequence: {found[0]} in '{term}'")
        return found[1]

    return _ESCAPE.sub(replace, value)


def matches(requirements: list[Requirement], fields: Mapping[str, str] | Callable[[str], str]) -> bool:
    """Whether the values of an object fulfil all requirements; `fields` maps or gives path → value ("" if unset)."""
    value_of = fields if callable(fields) else lambda path: fields.get(path, "")
    return all((value_of(path) == value) == (operator == "=") for path, operator, value in requirements)
