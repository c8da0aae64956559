"""A lesson cut into slides for the projector: pure, from its Markdown to pieces that fit on a screen of big letters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from minikweb.tutorial.lesson import Lesson, Step

ROOM = 14.0  # lines of a slide below its title
TITLE_ROOM = 5.0  # lines of the introduction that fit below the lesson's title
LARGER = 1.25  # by how much the letters of what is to be remembered are larger
WIDTH = 72  # characters of a line
DENSE = 13  # lines of a manifest from which it is set in two columns of smaller letters
_FENCE = re.compile(r"^```")
_MANIFEST = re.compile(r"^```manifest\n(.+?)\n```", re.DOTALL)


@dataclass(frozen=True)
class Slide:
    """`kind` is title, text, turn (what the learner is to reach) or remember; `step` is 0 outside the steps."""

    kind: str
    step: int
    markdown: str
    dense: bool = False
    continued: bool = False


def of(lesson: Lesson, language: str) -> list[Slide]:
    """All slides of a lesson, in order."""
    introduction = lesson.introduction[language]
    found = [Slide("title", 0, introduction if _fits_the_title(introduction, lesson) else "")]
    if not found[0].markdown:
        found += _cut("text", 0, introduction, lesson)
    for number, step in enumerate(lesson.steps, start=1):
        found += _cut("text", number, step.text[language], lesson)
        found.append(Slide("turn", number, _turn(step, language)))
    return [*found, *_cut("remember", 0, lesson.remember[language], lesson)]


def _cut(kind: str, step: int, markdown: str, lesson: Lesson) -> Iterator[Slide]:
    scale = LARGER if kind == "remember" else 1.0
    for number, piece in enumerate(pieces(markdown, lambda block: weight(block, lesson) * scale)):
        dense = any(_lines(block, lesson) >= DENSE for block in blocks(piece))
        yield Slide(kind, step, piece, dense, continued=number > 0)


def _turn(step: Step, language: str) -> str:
    """What the checks of a step wait for, as a list."""
    return "\n".join(f"- {dict(check.says)[language]}" for check in step.checks)


def _fits_the_title(markdown: str, lesson: Lesson) -> bool:
    return sum(weight(block, lesson) for block in blocks(markdown)) <= TITLE_ROOM


def pieces(markdown: str, weigh: Callable[[str], float]) -> list[str]:
    """The text in pieces that fit; what ends with a colon stays with what it announces."""
    found: list[list[str]] = []
    used = 0.0
    for group in _together(blocks(markdown)):
        needed = sum(map(weigh, group))
        if found and used + needed <= ROOM:
            found[-1] += group
            used += needed
        else:
            found.append(list(group))
            used = needed
    return ["\n\n".join(piece) for piece in found]


def _together(found: list[str]) -> Iterator[list[str]]:
    group: list[str] = []
    for block in found:
        group.append(block)
        if not block.rstrip().endswith(":"):
            yield group
            group = []
    if group:
        yield group


def blocks(markdown: str) -> list[str]:
    """Paragraphs, lists, tables and fences: what blank lines part, but within a fence."""
    inside, numbered, number = False, [], 0
    for line in markdown.split("\n"):
        fence = bool(_FENCE.match(line))
        if not line.strip() and not inside:
            number += 1
            continue
        inside = inside != fence
        numbered.append((number, line))
    return ["\n".join(line for _, line in lines) for _, lines in groupby(numbered, key=lambda pair: pair[0])]


def weight(block: str, lesson: Lesson) -> float:
    """How many lines of a slide a block takes."""
    if count := _lines(block, lesson):
        return (count * 0.45 if count >= DENSE else count * 0.95) + 2
    lines = block.split("\n")
    if _FENCE.match(block):
        return len(lines) - 2 + 1 + sum(len(line) // WIDTH for line in lines)
    if block.startswith("|"):
        return (len(lines) - 1) * 1.4 + sum(len(line) // 100 for line in lines)
    return sum(-(-len(line) // WIDTH) for line in lines) + 0.6


def _lines(block: str, lesson: Lesson) -> int:
    """How many lines the manifest has that a block shows; 0 for another block."""
    match = _MANIFEST.match(block)
    return len((lesson.manifest(match[1]) or "").strip().split("\n")) if match else 0
