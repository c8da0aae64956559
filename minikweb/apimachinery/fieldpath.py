"""Where a value is in an object, as people write it: `spec.template.spec.containers.0.image`.

A dot in a key is written `\\.`, as in kubectl's JSONPath.
"""

from __future__ import annotations

import re
from typing import Any


def parse(text: str) -> tuple[str, ...]:
    return tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", text))


def at(obj: Any, path: tuple[str, ...]) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        if isinstance(obj, list) and part.isdigit() and int(part) < len(obj):
            obj = obj[int(part)]
        elif isinstance(obj, dict) and part in obj:
            obj = obj[part]
        else:
            return None
    return obj
