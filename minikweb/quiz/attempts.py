"""Walking through an attempt: which question is next, in which order, and the marks so far."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from minikweb.quiz import scoring
from minikweb.quiz.bank import Option, Question
from minikweb.quiz.models import Attempt, Participant

GRACE = timedelta(seconds=5)  # for an answer that was under way when time was up


@dataclass(frozen=True)
class Graded:
    """A question with what was ticked (None = not answered yet) and what it is worth."""

    number: int
    question: Question
    ticked: frozenset[str] | None
    mark: Fraction
    verdict: str  # right, partly, wrong, or "" when not answered


def askable(chapter: str, questions: dict[str, Question]) -> list[Question]:
    """The questions of a chapter, or of all; those about one's own objects, too."""
    return [question for question in questions.values() if chapter in ("", question.chapter)]


def deadline(attempt: Attempt) -> datetime | None:
    """When an exam with a time limit ends."""
    return attempt.started_at + timedelta(minutes=attempt.minutes) if attempt.minutes else None


def is_over(attempt: Attempt, now: datetime) -> bool:
    """Whether no answer counts any more: seen to its end, or out of time."""
    end = deadline(attempt)
    return attempt.finished_at is not None or (end is not None and now > end + GRACE)


def drawn(chapter: str, size: int, questions: dict[str, Question], read: Collection[str], seed: int) -> list[str]:
    """The ids of a new series: shuffled, as many as asked for (0: all); of one's own objects those that were read."""
    chosen = [one.id for one in askable(chapter, questions) if not one.reads or one.id in read]
    random.Random(seed).shuffle(chosen)
    return chosen[: size or None]


def in_order(attempt: Attempt, questions: dict[str, Question]) -> list[Question]:
    """The questions of the series; one that has left the bank since leaves the series, too."""
    # Series of the first days were drawn anew at each look.
    ids = attempt.order or drawn(attempt.chapter, attempt.size, questions, attempt.read, attempt.seed)
    return [questions[id] for id in ids if id in questions]


def options_in_order(attempt: Attempt, question: Question) -> list[Option]:
    """The options, shuffled once for this attempt and question."""
    options = list(question.options)
    random.Random(f"{attempt.seed} {question.id}").shuffle(options)
    return options


def graded(attempt: Attempt, questions: dict[str, Question]) -> list[Graded]:
    """Every question of the attempt, in its order, with its mark under the attempt's rule."""
    given = {answer.question: frozenset(answer.ticked) for answer in attempt.answers.all()}
    return [
        _grade(number, question.filled(attempt.read.get(question.id, {})), given.get(question.id), attempt.rule)
        for number, question in enumerate(in_order(attempt, questions), start=1)
    ]


def _grade(number: int, question: Question, ticked: frozenset[str] | None, rule: str) -> Graded:
    if ticked is None:
        return Graded(number, question, None, Fraction(0), "")
    mark = scoring.score(rule, question.right, question.wrong, ticked)
    return Graded(number, question, ticked, mark, scoring.verdict(question.right, ticked))


def forget(people: Collection[str]) -> tuple[int, int]:
    """Deletes what these people answered, alone and live; returns how many quizzes and how many answers went."""
    _, alone = Attempt.objects.filter(person__in=people).delete()
    _, live = Participant.objects.filter(person__in=people).delete()
    quizzes = alone.get("quiz.Attempt", 0) + live.get("quiz.Participant", 0)
    return quizzes, alone.get("quiz.Answer", 0) + live.get("quiz.Vote", 0)
