"""The tree as it was: what is there now, wound back along the log of writes. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from minikweb.dashboard.activity import Change
from minikweb.dashboard.tree import CONFIG_KINDS, OWN_KINDS, TREE_KINDS, Entry, Tree, entry
from minikweb.kinds import registry
from minikweb.kinds.registry import Health

Object = dict[str, Any]

KINDS = (*TREE_KINDS, *CONFIG_KINDS)


@dataclass(frozen=True, slots=True)
class Moment:
    """A write that changed the tree. `before` is None at a birth, `after` at an end; `at` in seconds since 1970."""

    at: float
    id: str
    before: Entry | None
    after: Entry | None
    change: Change

    @property
    def entry(self) -> Entry:
        found = self.after or self.before
        assert found is not None
        return found


def is_shown(kind: str) -> bool:
    """Whether the tree has entries of a kind: custom resources, too, but of the built-in kinds only some."""
    return kind in KINDS or (kind not in OWN_KINDS and kind not in _builtin())


@lru_cache(maxsize=1)
def _builtin() -> frozenset[str]:
    return frozenset(kind.kind for kind in registry.builtin().all())


def moment_of(item: Object, health: Callable[[Object], Health] | None, change: Change | None) -> Moment | None:
    """The moment of an item of /activity; None for what no tree shows."""
    obj, old = item["object"], item["old"]
    if health is None or change is None or not is_shown(obj.get("kind", "")):
        return None
    before = entry(old, health) if old else None
    after = None if item["type"] == "DELETED" else entry(obj, health)
    if before is None and after is None:
        before = entry(obj, health)  # the write before its end is forgotten
    return Moment(item["at"], change.id, before, after, change) if before != after else None


def rewound(present: Iterable[Entry], moments: Sequence[Moment], when: float) -> Tree:
    """The tree right after the last moment that is not later than `when`."""
    entries = {found.id: found for found in present if is_shown(found.kind) and found.created}
    for moment in reversed(moments):
        if moment.at <= when:
            break
        if moment.before is None:
            entries.pop(moment.id, None)
        else:
            entries[moment.id] = moment.before
    return Tree(entries.values())


@dataclass(frozen=True)
class Place:
    """Where one is on the way: the moment that made what is shown, and its neighbours (None at the ends)."""

    current: Moment | None
    previous: Moment | None
    next: Moment | None


def place_of(moments: Sequence[Moment], when: float) -> Place:
    """The moments must be in their order."""
    times = [moment.at for moment in moments]
    after = bisect_right(times, when)
    current = moments[after - 1] if after else None
    before = bisect_left(times, current.at) if current else 0
    return Place(current, moments[before - 1] if before else None, moments[after] if after < len(moments) else None)
