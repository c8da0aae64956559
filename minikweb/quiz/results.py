"""What a live quiz gave, per person, question and notion. Pure: ballots in, marks out.

A ballot is what each participant ticked: {participant id: {question number: option ids}}.
A question that was asked and not answered is worth 0, also for those who came late.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from minikweb.quiz import scoring
from minikweb.quiz.bank import Question

Ballots = Mapping[int, Mapping[int, frozenset[str]]]


@dataclass(frozen=True)
class PersonResult:
    """One participant: a mark for each question asked, None where there was no answer."""

    id: int
    marks: tuple[Fraction | None, ...]
    exact: int

    @property
    def total(self) -> Fraction:
        return sum((mark for mark in self.marks if mark is not None), Fraction(0))


@dataclass(frozen=True)
class QuestionResult:
    """One question: how many were exactly right, partly, wrong, or silent, and how often each option was ticked."""

    number: int
    question: Question
    verdicts: Counter[str]  # right, partly, wrong, none
    ticks: Counter[str]  # option id → how many
    mean: Fraction  # of the marks of all participants, 0 to 1


@dataclass(frozen=True)
class NotionResult:
    """One chapter: the mean mark over its questions and all participants."""

    chapter: str
    questions: int
    mean: Fraction


def per_person(rule: str, questions: Sequence[Question], ballots: Ballots) -> list[PersonResult]:
    """The participants' marks, in the order of the ballots."""
    return [_person(id, rule, questions, given) for id, given in ballots.items()]


def _person(id: int, rule: str, questions: Sequence[Question], given: Mapping[int, frozenset[str]]) -> PersonResult:
    marks = tuple(_mark(rule, question, given.get(number)) for number, question in enumerate(questions, start=1))
    exact = sum(given.get(number) == question.right for number, question in enumerate(questions, start=1))
    return PersonResult(id, marks, exact)


def _mark(rule: str, question: Question, ticked: frozenset[str] | None) -> Fraction | None:
    return None if ticked is None else scoring.score(rule, question.right, question.wrong, ticked)


def per_question(rule: str, questions: Sequence[Question], ballots: Ballots) -> list[QuestionResult]:
    """How each question went."""
    return [_question(number, rule, question, ballots) for number, question in enumerate(questions, start=1)]


def _question(number: int, rule: str, question: Question, ballots: Ballots) -> QuestionResult:
    given = [ticked[number] for ticked in ballots.values() if number in ticked]
    verdicts = Counter(scoring.verdict(question.right, ticked) for ticked in given)
    verdicts["none"] = len(ballots) - len(given)
    marks = [scoring.score(rule, question.right, question.wrong, ticked) for ticked in given]
    mean = sum(marks, Fraction(0)) / len(ballots) if ballots else Fraction(0)
    return QuestionResult(number, question, verdicts, Counter(id for ticked in given for id in ticked), mean)


def per_notion(results: Sequence[QuestionResult]) -> list[NotionResult]:
    """The chapters in the order they were asked."""
    chapters: dict[str, list[Fraction]] = {}
    for one in results:
        chapters.setdefault(one.question.chapter, []).append(one.mean)
    return [
        NotionResult(chapter, len(means), sum(means, Fraction(0)) / len(means)) for chapter, means in chapters.items()
    ]


@dataclass(frozen=True)
class Step:
    """A place on the podium, shared by all who have the same mark."""

    place: int
    total: Fraction
    ids: tuple[int, ...]


def podium(people: Sequence[PersonResult]) -> list[Step]:
    """The three best marks above 0. How fast an answer came counts for nothing."""
    steps: list[Step] = []
    for total in sorted({person.total for person in people if person.total}, reverse=True):
        place = 1 + sum(len(step.ids) for step in steps)
        if place > 3:
            break
        steps.append(Step(place, total, tuple(person.id for person in people if person.total == total)))
    return steps
