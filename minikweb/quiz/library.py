"""The bank of this installation: our questions and the teacher's, without those that cannot be read."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from minikweb.quiz import bank


def questions() -> dict[str, bank.Question]:
    """Every question that can be read, by id."""
    return bank.load_all(tuple(settings.LESSONS_DIRS), [])


def chapters() -> dict[str, bank.Chapter]:
    """The same by chapter, in the order of the files."""
    return bank.chapters(tuple(settings.LESSONS_DIRS), [])


def faults() -> list[str]:
    """What was left out, and why: one sentence each, with its file and question."""
    problems: list[str] = []
    bank.load_all(tuple(settings.LESSONS_DIRS), problems)
    return problems


def has_lesson(chapter: str) -> bool:
    """Whether the lesson of a chapter is there to be opened."""
    return any(next(Path(folder).glob(f"[0-9][0-9]-{chapter}"), None) for folder in settings.LESSONS_DIRS)
