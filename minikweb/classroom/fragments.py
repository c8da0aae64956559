"""The parts of the console that move: the same words for a page's first load and for its socket."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from minikweb.apimachinery import errors
from minikweb.classroom import roster
from minikweb.classroom.board import ailment
from minikweb.dashboard import cluster
from minikweb.kinds.podstatus import summary
from minikweb.people import actor
from minikweb.people.models import SchoolClass, Student
from minikweb.tutorial import catchup, diagnosis
from minikweb.tutorial import cluster as lesson_cluster
from minikweb.tutorial.lesson import Lesson, Step
from minikweb.tutorial.models import Progress
from minikweb.tutorial.views import language, lessons

EVENTS = 8  # shown of a student


def board_context(school_class: SchoolClass, lesson: Lesson, anonymous: bool) -> dict[str, Any]:
    """What `classroom/board.html` shows."""
    found = roster.board_of(school_class, lesson, timezone.now(), anonymous)
    titles = {step.id: step.title[language()] for step in lesson.steps}
    columns = [
        {"number": number, "column": column, "title": titles[column.step]}
        for number, column in enumerate(found.columns, 1)
    ]
    return {
        "school_class": school_class,
        "lesson": lesson,
        "board": found,
        "columns": columns,
        "titles": titles,
        "anonymous": anonymous,
        "count": len(found.rows),
        "present": sum(not row.away for row in found.rows),
    }


def peek_context(student: Student) -> dict[str, Any]:
    """What `classroom/glance.html` shows of a student: the step they look at, their pods, the last events."""
    lesson = lessons().get(student.lesson)
    step = lesson.step(student.step) if lesson else None
    pods, events = [], []
    for namespace in student.namespaces:
        pods += cluster.cache().list("Pod", namespace)
        events += cluster.cache().list("Event", namespace)
    return {
        "student": student,
        "lesson": lesson,
        "lesson_title": lesson.title[language()] if lesson else "",
        "step": step,
        "step_title": step.title[language()] if step else "",
        "checks": _checks(student, step) if step else [],
        "progress": _progress(student, lesson, step) if lesson and step else None,
        "pods": [_pod(pod) for pod in sorted(pods, key=lambda pod: pod["metadata"]["name"])],
        "events": cluster.latest_first(events)[:EVENTS],
        "catch_up": catchup.of(student.person),
    }


def _checks(student: Student, step: Step) -> list[dict[str, Any]]:
    """The step's checks as the student's page has them, without a mark in their progress."""
    words = language()
    with actor.acting(student.actor):
        reader = lesson_cluster.NamespaceReader(lesson_cluster.cache(), student.account)
        try:
            results = [diagnosis.examine(check, reader) for check in step.checks]
        except errors.ApiError:
            return []
    return [
        {"passed": result.passed, "says": result.says[words], "observed": result.observed[words]} for result in results
    ]


def _progress(student: Student, lesson: Lesson, step: Step) -> Progress | None:
    return Progress.of(student.person, lesson.slug).get(step.id)


def _pod(pod: dict[str, Any]) -> dict[str, Any]:
    found = summary(pod)
    return {
        "name": pod["metadata"]["name"],
        "namespace": pod["metadata"]["namespace"],
        "word": found.word,
        "ready": f"{found.ready}/{found.total}",
        "restarts": found.restarts,
        "created": pod["metadata"].get("creationTimestamp", ""),
        "ailing": bool(ailment(pod)),
        "images": sorted({container.get("image", "") for container in pod["spec"]["containers"]}),
    }
