"""A step as one person sees it now: what its checks say, and whether it is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from minikweb.tutorial import checks, diagnosis
from minikweb.tutorial.lesson import Lesson, Step
from minikweb.tutorial.models import Progress


@dataclass(frozen=True)
class StepState:
    """`results` are those of now; `done` stays true once the step has been green."""

    results: tuple[diagnosis.Result, ...]
    done: bool

    @property
    def green(self) -> bool:
        return all(result.passed for result in self.results)


def look(lesson: Lesson, step: Step, person: str, reader: checks.Reader) -> StepState:
    """Evaluates the checks and remembers a step that is green for the first time."""
    results = tuple(diagnosis.examine(check, reader) for check in step.checks)
    progress = of_step(person, lesson, step)
    if progress.done_at is None and all(result.passed for result in results):
        progress.done_at = timezone.now()
        progress.save(update_fields=["done_at"])
    return StepState(results, progress.done_at is not None)


def of_step(person: str, lesson: Lesson, step: Step) -> Progress:
    """The stored progress of one step, made when first asked for."""
    return Progress.objects.get_or_create(person=person, lesson=lesson.slug, step=step.id)[0]


def mark_shown(person: str, lesson: Lesson, step: Step) -> None:
    """A step that was typed for somebody: done, and shown where they had not done it themselves."""
    mine = of_step(person, lesson, step)
    if mine.done_at is None:
        mine.done_at, mine.solution_seen = timezone.now(), True
        mine.save(update_fields=["done_at", "solution_seen"])


def first_open(lesson: Lesson, person: str) -> Step:
    """Where a person goes on: the first step not done, else the last one."""
    known = Progress.of(person, lesson.slug)
    undone = (step for step in lesson.steps if step.id not in known or known[step.id].done_at is None)
    return next(undone, lesson.steps[-1])
