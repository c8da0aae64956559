"""Paths of fields, as people read them: spec.template.spec.containers[name=web].image. Pure.

A step is a key of a map, or (key, value) of the list item that has that value: ("name", "web").
"""

from __future__ import annotations

import re
from typing import Any

Step = str | tuple[str, Any]
Path = tuple[Step, ...]

# What tells the items of Kubernetes' lists apart, the most telling first.
KEYS = ("name", "containerPort", "port", "mountPath", "devicePath", "key", "uid", "ip", "type")
_STEP = re.compile(r'\[("[^"]*"|[^\[\]]*?"[^"]*"|[^\[\]]*)\]|([^.\[\]]+)')


def text(path: Path) -> str:
    """`spec.ports[port=80]`; a key with a dot in it stands in brackets: metadata.annotations["a.b/c"]."""
    found = ""
    for step in path:
        if isinstance(step, tuple):
            found += f"[{step[0]}={step[1]}]"
        elif re.search(r"[.\[\]/]", step):
            found += f'["{step}"]'
        else:
            found += f".{step}" if found else step
    return found


def parse(path: str) -> list[Step | int]:
    """The steps of a path as we or the API server write it: `.a.b[0].c[name="web"].d`, `a["b.c"]`; `[0]` is an int."""
    steps: list[Step | int] = []
    for inside, key in _STEP.findall(path):
        if key:
            steps.append(key)
        elif inside.isdigit():
            steps.append(int(inside))
        elif inside.startswith('"'):
            steps.append(inside.strip('"'))
        elif "=" in inside:
            name, _, value = inside.partition(",")[0].partition("=")
            steps.append((name, value.strip('"')))
    return steps


def item_key(*lists: Any) -> str:
    """The key that tells the items of all these lists apart; "" when there is none, so that a list is one value."""
    items = [list(each) for each in lists if isinstance(each, list)]
    if not any(items) or not all(isinstance(item, dict) for each in items for item in each):
        return ""
    for key in KEYS:
        values = [[item.get(key) for item in each] for each in items]
        plain = all(isinstance(value, str | int) for each in values for value in each)
        if plain and all(len(set(each)) == len(each) for each in values):
            return key
    return ""


def at(obj: Any, path: Path) -> Any:
    """The value at a path; None where it does not lead anywhere."""
    for step in path:
        if isinstance(step, tuple) and isinstance(obj, list):
            key, value = step
            obj = next((item for item in obj if isinstance(item, dict) and item.get(key) == value), None)
        else:
            obj = obj.get(step) if isinstance(obj, dict) else None
    return obj
