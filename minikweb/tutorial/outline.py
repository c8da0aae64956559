"""The order of the talk: every chapter, also those that have no lesson yet. Read from `outline.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from minikweb.tutorial.lesson import Lesson, LessonError, bilingual, read_yaml


@dataclass(frozen=True)
class Chapter:
    """One chapter of the talk."""

    number: int
    slug: str
    title: dict[str, str]


@lru_cache(maxsize=8)
def load(path: Path) -> tuple[Chapter, ...]:
    """The chapters in their order. Raises LessonError."""
    entries = read_yaml(path).get("chapters")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LessonError(f"{path.name}: a list `chapters` is expected")
    return tuple(
        Chapter(number, str(entry.get("slug") or ""), bilingual(entry.get("title"), f"{path.name}: chapter {number}"))
        for number, entry in enumerate(entries, start=1)
    )


def coming(chapters: tuple[Chapter, ...], lessons: dict[str, Lesson]) -> list[Chapter]:
    """The chapters that have no lesson yet."""
    return [chapter for chapter in chapters if chapter.slug not in lessons]


def neighbours(lessons: dict[str, Lesson], lesson: Lesson) -> tuple[Lesson | None, Lesson | None]:
    """The lessons before and after one, in the order of their numbers."""
    ordered = list(lessons.values())
    position = ordered.index(lesson)
    before = ordered[position - 1] if position else None
    return before, ordered[position + 1] if position + 1 < len(ordered) else None
