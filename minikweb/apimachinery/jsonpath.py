r"""The simple JSONPath of Kubernetes' printer columns: `.spec.replicas`, `.status.list[?(@.type=="Ready")].status`.

Names may be escaped (`.metadata.labels.app\.kubernetes\.io/name`) or quoted (`['a.b']`); `[0]`, `[-1]` and `[*]` go
into lists. Source: k8s.io/client-go/util/jsonpath.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_STEP = re.compile(
    r"""\.?\[\?\(\s*@(?P<field>[^=!]+?)\s*(?P<operator>==|!=)\s*(?P<value>"[^"]*"|'[^']*'|[^)]+?)\s*\)\]
      | \.?\[(?P<index>-?\d+)\]
      | \.?\[\*\]|\.\*(?P<all>)
      | \.?\[(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\]
      | \.(?P<name>(?:\\.|[^.\[\]\\])+)""",
    re.VERBOSE,
)


class Path:
    """A parsed path. Raises ValueError when it is none, or uses what printer columns cannot."""

    def __init__(self, text: str):
        self.text = text
        self._steps = list(_parse(text.strip().removeprefix("{").removesuffix("}")))

    def find(self, obj: Any) -> list[Any]:
        """All values the path leads to; none where something on the way is missing."""
        found = [obj]
        for step in self._steps:
            found = [value for each in found for value in step(each)]
        return found

    def first(self, obj: Any) -> Any:
        """The first value, None if there is none."""
        return next(iter(self.find(obj)), None)


def _parse(text: str) -> Iterator[Step]:
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is not a simple JSONPath: cannot read it from {text[position:]!r} on")
        yield _step(match)
        position = match.end()


def _step(match: re.Match[str]) -> Step:
    if match["name"] is not None:
        return _named(re.sub(r"\\(.)", r"\1", match["name"]))
    if match["quoted"] is not None:
        return _named(match["quoted"])
    if match["index"] is not None:
        return _indexed(int(match["index"]))
    if match["field"] is not None:
        return _filtered(Path(match["field"]), match["operator"] == "==", _literal(match["value"]))
    return _each


def _named(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _indexed(index: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return step


def _filtered(path: Path, equal: bool, wanted: Any) -> Step:
    def step(value: Any) -> Iterator[Any]:
        for item in value if isinstance(value, list) else ():
            found = path.find(item)
            if found and (found[0] == wanted) is equal:
                yield item

    return step


def _each(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()


def _literal(text: str) -> Any:
    if text[:1] in ("'", '"'):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        return text
