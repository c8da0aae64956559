"""The three-way merge of the editor: what I opened, what I wrote, what the server has now. Pure.

Maps are merged key by key, lists of named things (containers, ports, variables) item by item, anything else is one
value. Where both sides changed the same value differently they collide: mine wins, unless the reader chose theirs.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from minikweb.dashboard.fieldpath import Path, item_key, text

_ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "absent"})()


@dataclass(frozen=True)
class Collision:
    """A value that both sides changed. None stands for a field that is not there."""

    path: Path
    base: Any
    mine: Any
    theirs: Any

    @property
    def name(self) -> str:
        return text(self.path)


def merged(base: Any, mine: Any, theirs: Any, theirs_at: Container[str] = (), path: Path = ()) -> Any:
    """My changes since `base` on top of `theirs`; at the paths (as text) in `theirs_at` theirs wins."""
    if mine == base or text(path) in theirs_at:
        return theirs
    if theirs == base or mine == theirs:
        return mine
    if all(isinstance(side, dict) for side in (base, mine, theirs)):
        return _maps(base, mine, theirs, theirs_at, path)
    if key := _list_key(base, mine, theirs):
        maps = [{(key, item[key]): item for item in side} for side in (base, mine, theirs)]
        return list(_maps(*maps, theirs_at, path).values())
    return mine


def _maps(base: Any, mine: Any, theirs: Any, theirs_at: Container[str], path: Path) -> dict[Any, Any]:
    result = {}
    for step in [*theirs, *(step for step in mine if step not in theirs)]:
        sides = [side.get(step, _ABSENT) for side in (base, mine, theirs)]
        value = merged(*sides, theirs_at, (*path, step))
        if value is not _ABSENT:
            result[step] = value
    return result


def collisions(base: Any, mine: Any, theirs: Any, path: Path = ()) -> Iterator[Collision]:
    """The values that both sides changed, differently, since `base`."""
    if mine in (base, theirs) or theirs == base:
        return
    key = _list_key(base, mine, theirs)
    if key:
        base, mine, theirs = [{(key, item[key]): item for item in side} for side in (base, mine, theirs)]
    if all(isinstance(side, dict) for side in (base, mine, theirs)):
        for step in [*mine, *(step for step in {**theirs, **base} if step not in mine)]:
            sides = [side.get(step, _ABSENT) for side in (base, mine, theirs)]
            yield from collisions(*sides, (*path, step))
        return
    yield Collision(path, *(None if side is _ABSENT else side for side in (base, mine, theirs)))


def changed(old: Any, new: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of the values that differ; of what came or went, the path of its top."""
    if old == new:
        return
    key = _list_key(old, new)
    if key:
        old, new = [{(key, item[key]): item for item in side} for side in (old, new)]
    if isinstance(old, dict) and isinstance(new, dict):
        for step in [*old, *(step for step in new if step not in old)]:
            yield from changed(old.get(step, _ABSENT), new.get(step, _ABSENT), (*path, step))
        return
    yield path


def _list_key(*sides: Any) -> str:
    return item_key(*sides) if all(isinstance(side, list) for side in sides) else ""
