"""Two texts side by side, line by line. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal


@dataclass(frozen=True)
class Line:
    """One line of a diff: kind is "same", "removed", "added" or "gap" (lines left out, `text` says how many)."""

    kind: Literal["same", "removed", "added", "gap"]
    text: str
    old: int | None = None  # line numbers, from 1
    new: int | None = None


def lines(old: str, new: str, context: int = 3) -> list[Line]:
    """A unified diff; [] when the texts are equal."""
    before, after = old.splitlines(), new.splitlines()
    matcher = SequenceMatcher(autojunk=False)
    matcher.opcodes = _opcodes(before, after)
    found: list[Line] = []
    seen = 0
    for group in matcher.get_grouped_opcodes(context) if before != after else ():
        if group[0][1] > seen:
            found.append(Line("gap", str(group[0][1] - seen)))
        for tag, i1, i2, j1, j2 in group:
            found += _block(tag, before, after, i1, i2, j1, j2)
        seen = group[-1][2]
    if found and seen < len(before):
        found.append(Line("gap", str(len(before) - seen)))
    return found if len(found) <= MOST else [*found[:MOST], Line("gap", str(len(found) - MOST))]


MOST = 4_000  # lines of a difference that are shown
LONG = 2_000  # lines: beyond, lines that occur often are no landmarks, or equal ones would be compared for ever


def _opcodes(before: list[str], after: list[str]) -> list[tuple[str, int, int, int, int]]:
    """difflib's opcodes; what is equal at both ends is not compared, since a megabyte is seldom changed all over."""
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    tail = next((i for i in range(shorter - head) if before[-1 - i] != after[-1 - i]), shorter - head)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    matcher = SequenceMatcher(a=old, b=new, autojunk=max(len(old), len(new)) > LONG)
    middle = [(tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in matcher.get_opcodes()]
    ends = ("equal", len(before) - tail, len(before), len(after) - tail, len(after))
    return [("equal", 0, head, 0, head)] * bool(head) + middle + [ends] * bool(tail)


def _block(tag: str, before: list[str], after: list[str], i1: int, i2: int, j1: int, j2: int) -> list[Line]:
    if tag == "equal":
        return [Line("same", before[i], i + 1, j1 + i - i1 + 1) for i in range(i1, i2)]
    removed = [Line("removed", before[i], i + 1, None) for i in range(i1, i2)]
    return removed + [Line("added", after[j], None, j + 1) for j in range(j1, j2)]
