"""`spec.template.data`: texts in which `{{ .password }}` stands for an unsealed value.

The original fills them with Go's templates and sprig. Here: fields, `index`, literals, and the functions below in
pipes; anything else is refused by name, never left in the text. Source: sealed-secrets' docs, sprig's strings.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from minikweb.sealing.hybrid import CannotUnseal

_ACTION = re.compile(r"(\s*)\{\{(-\s)?(.*?)(\s-)?\}\}(\s*)", re.DOTALL)
_TOKEN = re.compile(r'\s*(?:(\|)|("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?\d+)|(\$?\.[\w-]*)|([A-Za-z]\w*)|(\S+))')


def filled(text: str, values: Mapping[str, bytes]) -> bytes:
    """The text with its actions carried out. Raises CannotUnseal, naming what is not known here."""
    data = {name: value.decode("utf-8", "surrogateescape") for name, value in values.items()}

    def act(match: re.Match[str]) -> str:
        before, trim_left, action, trim_right, after = match.groups()
        left, right = "" if trim_left else before, "" if trim_right else after
        if action.strip().startswith("/*"):
            return left + right
        return left + _shown(_pipeline(action, data)) + right

    return _ACTION.sub(act, text).encode("utf-8", "surrogateescape")


def _pipeline(action: str, data: Mapping[str, str]) -> Any:
    """What an action comes to: each command's result is the last argument of the next."""
    commands: list[list[Any]] = [[]]
    for pipe, quoted, raw, number, field, name, other in _TOKEN.findall(action.strip()):
        if other:
            raise CannotUnseal(f"the template uses {other!r}: only fields, index and pipes are known here")
        if pipe:
            commands.append([])
        elif name:
            commands[-1].append(_function(name))
        else:
            commands[-1].append(_operand(quoted, raw, number, field, data))
    result: list[Any] = []
    for command in commands:
        if not command:
            raise CannotUnseal("missing value for command in the template")
        first, *arguments = [*command, *result]
        if callable(first):
            result = [_called(first, arguments)]
        elif arguments:
            raise CannotUnseal("the template gives arguments to what is no function")
        else:
            result = [first]
    return result[0]


def _operand(quoted: str, raw: str, number: str, field: str, data: Mapping[str, str]) -> Any:
    if quoted:
        return json.loads(quoted)
    if number:
        return int(number)
    if field:
        name = field.removeprefix("$").removeprefix(".")
        return data.get(name, "<no value>") if name else data
    return raw


def _function(name: str) -> Callable[..., Any]:
    if name not in FUNCTIONS:
        raise CannotUnseal(f'function "{name}" not defined')
    return FUNCTIONS[name]


def _called(function: Callable[..., Any], arguments: list[Any]) -> Any:
    try:
        return function(*arguments)
    except (TypeError, ValueError, AttributeError, LookupError, binascii.Error) as error:
        raise CannotUnseal(f"the template cannot be filled: {error}") from None


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(dict(value) if isinstance(value, Mapping) else value)


def _encoded(value: str) -> str:
    return base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()


def _decoded(value: str) -> str:
    return base64.b64decode(value).decode("utf-8", "surrogateescape")


def _indented(width: int, value: str) -> str:
    return " " * width + value.replace("\n", "\n" + " " * width)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "index": lambda data, name: data.get(name, ""),
    "default": lambda otherwise, value="": otherwise if value in ("", "<no value>") else value,
    "b64enc": _encoded,
    "b64dec": _decoded,
    "quote": lambda value: json.dumps(value, ensure_ascii=False),
    "squote": lambda value: f"'{value}'",
    "toJson": lambda value: json.dumps(value, ensure_ascii=False),
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "trim": str.strip,
    "trimSuffix": lambda suffix, value: value.removesuffix(suffix),
    "trimPrefix": lambda prefix, value: value.removeprefix(prefix),
    "replace": lambda old, new, value: value.replace(old, new),
    "indent": _indented,
    "nindent": lambda width, value: "\n" + _indented(width, value),
    "printf": lambda form, *values: form.replace("%v", "%s") % values,
    "toString": str,
}
