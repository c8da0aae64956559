"""The questions as data: reading `lessons/qcm/NN-chapter.yaml`, with an error that names the file and the question.

chapter: deployment                    the slug of the lesson they belong to, also of one that is yet to come
title: {fr: …, en: …}
see: Deployment                        a kind to look at in one's own cluster; for all questions; may be left out
questions:
- id: deployment-old-replicaset        unique over all files
  step: new-version                    the lesson's step that answers it; left out where there is none
  see: ReplicaSet                      the same for this question alone
  reads: {kind: …, values: …}          a question about an object of the learner's own: see objects.py
  answers: one | several               radio or checkbox, said in words
  stem: {fr: …, en: …}                 Markdown
  options:                             two or more; each explains itself, right or wrong
    - {id: kept, right: true, text: {fr, en}, why: {fr, en}}

An option without id is called by its place: a, b, c … A text that is one `code` is the same in both languages.
A question that cannot be read is left out and named; the others of its file stay.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from minikweb.apimachinery import errors, serializer
from minikweb.quiz import objects
from minikweb.quiz.objects import Reads

LANGUAGES = ("fr", "en")
SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")  # as an address and as a key of answers


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
    see: str = ""  # a kind
    reads: Reads | None = None

    def filled(self, values: Mapping[str, str]) -> Question:
        """The same about the object that the values are of."""
        options = tuple(
            replace(option, text=_filled(option.text, values), why=_filled(option.why, values))
            for option in self.options
        )
        return replace(self, stem=_filled(self.stem, values), options=options)

    @property
    def right(self) -> frozenset[str]:
        return frozenset(option.id for option in self.options if option.right)

    @property
    def wrong(self) -> frozenset[str]:
        return frozenset(option.id for option in self.options if not option.right)


@dataclass(frozen=True)
class Chapter:
    """One file: the questions of one lesson, and what is wrong with those that were left out."""

    slug: str
    title: dict[str, str]
    questions: tuple[Question, ...]
    faults: tuple[str, ...] = ()


def chapters(folders: tuple[Path, ...], problems: list[str] | None = None) -> dict[str, Chapter]:
    """Every chapter of the files below the folders' `qcm/`, by slug; a teacher's file may add to a chapter.

    Raises BankError at the first fault; with a list of problems the faulty is left out, and named there.
    """
    found: dict[str, Chapter] = {}
    known: set[str] = set()
    for path in (path for folder in folders for path in sorted((folder / "qcm").glob("*.yaml"))):
        try:
            chapter = load(path)
        except BankError as error:
            _tell(str(error), problems)
            continue
        for fault in chapter.faults:
            _tell(fault, problems)
        fresh = [question for question in chapter.questions if question.id not in known]
        for question in chapter.questions:
            if question not in fresh:
                _tell(f"qcm/{path.name}: two questions have the id {question.id}", problems)
        known |= {question.id for question in fresh}
        before = found.get(chapter.slug)
        title, questions = (before.title, before.questions) if before else (chapter.title, ())
        found[chapter.slug] = Chapter(chapter.slug, title, (*questions, *fresh))
    return found


def load_all(folders: tuple[Path, ...], problems: list[str] | None = None) -> dict[str, Question]:
    """Every question of every chapter, by id. Raises BankError as `chapters` does."""
    return {question.id: question for chapter in chapters(folders, problems).values() for question in chapter.questions}


def _tell(fault: str, problems: list[str] | None) -> None:
    if problems is None:
        raise BankError(fault)
    problems.append(fault)


def load(path: Path) -> Chapter:
    """One file as it is now. Raises BankError when no question of it can be read."""
    try:
        state = path.stat()
    except OSError as error:
        raise BankError(f"qcm/{path.name}: {error.strerror}") from error
    return _load(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _load(path: Path, _modified: int, _size: int) -> Chapter:
    where = f"qcm/{path.name}"
    try:
        documents = serializer.load_yaml(path.read_bytes())
    except (OSError, errors.ApiError) as error:
        raise BankError(f"{where}: {error}") from error
    data = documents[0] if len(documents) == 1 and isinstance(documents[0], dict) else {}
    if set(data) - {"see"} != {"chapter", "title", "questions"} or not isinstance(data["questions"], list):
        raise BankError(f"{where}: one mapping with chapter, title and a list `questions` is expected")
    if not isinstance(data["chapter"], str) or not SLUG.fullmatch(data["chapter"]):
        raise BankError(f"{where}: chapter is the slug of a lesson: small letters, digits and hyphens")
    questions, faults = [], []
    for entry in data["questions"]:
        try:
            questions.append(_question(_seeing(entry, data.get("see", "")), data["chapter"], where))
        except BankError as error:
            faults.append(str(error))
    return Chapter(data["chapter"], _both(data["title"], f"{where}: title"), tuple(questions), tuple(faults))


def _seeing(entry: Any, kind: Any) -> Any:
    """A question that has no `see` of its own takes the chapter's."""
    return {"see": kind, **entry} if isinstance(entry, dict) and kind else entry


def from_data(data: dict[str, Any]) -> Question:
    """A question kept with a live session (`as_data`)."""
    return _question({key: data[key] for key in data if key != "chapter"}, data["chapter"], "live")


def as_data(question: Question) -> dict[str, Any]:
    """A question as JSON: what was asked stays readable when its file has changed since."""
    options = [
        {"id": option.id, "right": option.right, "text": option.text, "why": option.why} for option in question.options
    ]
    return {
        "id": question.id,
        "chapter": question.chapter,
        "step": question.step,
        "answers": "several" if question.several else "one",
        "stem": question.stem,
        "options": options,
        "see": question.see,
    }


def _filled(texts: dict[str, str], values: Mapping[str, str]) -> dict[str, str]:
    return {language: objects.filled(text, values) for language, text in texts.items()}


def _question(raw: Any, chapter: str, where: str) -> Question:
    where = f"{where}: {raw.get('id') if isinstance(raw, dict) else raw}"
    if not isinstance(raw, dict) or {"id", "answers", "stem", "options"} != set(raw) - {"step", "see", "reads"}:
        raise BankError(f"{where}: a question has id, answers, stem, options and, where they apply, step, see, reads")
    _refuse_odd(raw, where)
    options = tuple(
        _option(option, where, letter) for option, letter in zip(raw["options"], string.ascii_lowercase, strict=False)
    )
    question = Question(
        id=raw["id"],
        chapter=chapter,
        step=raw.get("step", ""),
        several=raw["answers"] == "several",
        stem=_both(raw["stem"], where),
        options=options,
        see=raw.get("see", ""),
        reads=_reads(raw, where),
    )
    _refuse_unfair(question, where)
    return question


def _refuse_odd(raw: dict[str, Any], where: str) -> None:
    if not isinstance(raw["id"], str) or not SLUG.fullmatch(raw["id"]):
        raise BankError(f"{where}: an id is made of small letters, digits and hyphens, 64 at most")
    if not isinstance(raw.get("step", ""), str) or (raw.get("step") and not SLUG.fullmatch(raw["step"])):
        raise BankError(f"{where}: step is the id of a step of the lesson")
    if not isinstance(raw.get("see", ""), str):
        raise BankError(f"{where}: see is a kind of object")
    if not isinstance(raw["options"], list) or len(raw["options"]) > len(string.ascii_lowercase):
        raise BankError(f"{where}: options is a list of 2 to {len(string.ascii_lowercase)}")
    if raw["answers"] not in ("one", "several"):
        raise BankError(f"{where}: answers is `one` or `several`")


def _reads(raw: dict[str, Any], where: str) -> Reads | None:
    try:
        return objects.parse(raw["reads"], LANGUAGES) if "reads" in raw else None
    except ValueError as error:
        raise BankError(f"{where}: {error}") from error


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
