"""The questions as data: reading `lessons/qcm/NN-chapter.yaml`, with an error that names the file and the question.

chapter: deployment                    the slug of the lesson they belong to, also of one that is yet to come
title: {fr: …, en: …}
questions:
- id: deployment-old-replicaset        unique over all files
  step: new-version                    the lesson's step that answers it; left out where there is none
  answers: one | several               radio or checkbox, said in words
  stem: {fr: …, en: …}                 Markdown
  options:                             two or more; each explains itself, right or wrong
    - {id: kept, right: true, text: {fr, en}, why: {fr, en}}

An option without id is called by its place: a, b, c … A text that is one `code` is the same in both languages.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from minikweb.apimachinery import errors, serializer

LANGUAGES = ("fr", "en")


class BankError(Exception):
    """A question that cannot be read; the message names the file, the question and what is expected there."""


@dataclass(frozen=True)
class Option:
    id: str
    right: bool
    text: dict[str, str]
    why: dict[str, str]


@dataclass(frozen=True)
class Question:
    id: str
    chapter: str
    step: str  # "" where no lesson answers it yet
    several: bool
    stem: dict[str, str]
    options: tuple[Option, ...]

    @property
    def right(self) -> frozenset[str]:
        return frozenset(option.id for option in self.options if option.right)

    @property
    def wrong(self) -> frozenset[str]:
        return frozenset(option.id for option in self.options if not option.right)


def chapters(folders: tuple[Path, ...]) -> dict[str, Chapter]:
    """Every file below the folders' `qcm/`, by the slug of its chapter. Raises BankError."""
    found = [load(path) for folder in folders for path in sorted((folder / "qcm").glob("*.yaml"))]
    return {chapter.slug: chapter for chapter in found}


def load_all(folders: tuple[Path, ...]) -> dict[str, Question]:
    """Every question of every chapter, by id. Raises BankError."""
    questions: dict[str, Question] = {}
    for chapter in chapters(folders).values():
        for question in chapter.questions:
            if question.id in questions:
                raise BankError(f"qcm: two questions have the id {question.id}")
            questions[question.id] = question
    return questions


@dataclass(frozen=True)
class Chapter:
    """One file: the questions of one lesson."""

    slug: str
    title: dict[str, str]
    questions: tuple[Question, ...]


@lru_cache(maxsize=256)
def load(path: Path) -> Chapter:
    """The questions of one file. Raises BankError."""
    where = f"qcm/{path.name}"
    try:
        documents = serializer.load_yaml(path.read_bytes())
    except (OSError, errors.ApiError) as error:
        raise BankError(f"{where}: {error}") from error
    data = documents[0] if len(documents) == 1 and isinstance(documents[0], dict) else {}
    if set(data) != {"chapter", "title", "questions"} or not isinstance(data["questions"], list):
        raise BankError(f"{where}: one mapping with chapter, title and a list `questions` is expected")
    questions = tuple(_question(entry, data["chapter"], where) for entry in data["questions"])
    return Chapter(data["chapter"], _both(data["title"], f"{where}: title"), questions)


def _question(raw: Any, chapter: str, where: str) -> Question:
    where = f"{where}: {raw.get('id') if isinstance(raw, dict) else raw}"
    if not isinstance(raw, dict) or {"id", "answers", "stem", "options"} != set(raw) - {"step"}:
        raise BankError(f"{where}: a question has id, answers, stem, options, and step where a lesson answers it")
    if raw["answers"] not in ("one", "several"):
        raise BankError(f"{where}: answers is `one` or `several`")
    options = tuple(
        _option(option, where, letter) for option, letter in zip(raw["options"], string.ascii_lowercase, strict=False)
    )
    question = Question(
        raw["id"], chapter, raw.get("step", ""), raw["answers"] == "several", _both(raw["stem"], where), options
    )
    _refuse_unfair(question, where)
    return question


def _option(raw: Any, where: str, letter: str) -> Option:
    if not isinstance(raw, dict) or not {"text", "why"} <= set(raw) <= {"id", "text", "why", "right"}:
        raise BankError(f"{where}: an option has text, why and, for a right one, `right: true`")
    name = str(raw.get("id", letter))
    here = f"{where}: option {name}"
    return Option(name, raw.get("right") is True, _both(raw["text"], here), _both(raw["why"], here))


def _refuse_unfair(question: Question, where: str) -> None:
    if len({option.id for option in question.options}) != len(question.options) or len(question.options) < 2:
        raise BankError(f"{where}: two or more options with different ids are expected")
    if not question.right or not question.wrong:
        raise BankError(f"{where}: at least one right and one wrong option are expected")
    if not question.several and len(question.right) != 1:
        raise BankError(f"{where}: `answers: one` has exactly one right option")


def _both(value: Any, where: str) -> dict[str, str]:
    if isinstance(value, str) and re.fullmatch(r"`[^`]+`", value):
        return dict.fromkeys(LANGUAGES, value)
    if not isinstance(value, dict) or any(not str(value.get(language) or "").strip() for language in LANGUAGES):
        raise BankError(f"{where}: the text must be given in {' and '.join(LANGUAGES)}")
    return {language: str(value[language]).strip() for language in LANGUAGES}
