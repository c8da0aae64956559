"""What the console knows of a class: from the roster, the progress and the cluster, ready for the board."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from minikweb.classroom.board import Board, Sitting, board, troubles
from minikweb.dashboard import cluster
from minikweb.people.models import SchoolClass, Student, Visit
from minikweb.tutorial.lesson import Lesson
from minikweb.tutorial.models import Progress
from minikweb.tutorial.views import lessons


def lesson_of(school_class: SchoolClass, wanted: str = "") -> Lesson:
    """The lesson to show: the one asked for, where the teacher sent everyone, where most are, or the first."""
    known = lessons()
    where = Counter(school_class.students.exclude(lesson="").values_list("lesson", flat=True)).most_common(1)
    for slug in (wanted, school_class.lesson, *(slug for slug, _ in where)):
        if slug in known:
            return known[slug]
    return next(iter(known.values()))


def board_of(school_class: SchoolClass, lesson: Lesson, now: datetime, anonymous: bool = False) -> Board:
    """The board of a class as it is now. Anonymous: numbers instead of names."""
    students = list(school_class.students.order_by("joined_at", "pk"))
    owners = {namespace: student.account for student in students for namespace in student.namespaces}
    ailing = troubles(cluster.cache().list("Pod"), owners) if owners else {}
    sittings = _sittings(students, lesson, anonymous)
    return board([step.id for step in lesson.steps], sittings, ailing, now)


def _sittings(students: list[Student], lesson: Lesson, anonymous: bool) -> list[Sitting]:
    accounts = [student.account for student in students]
    done: dict[str, dict[str, datetime]] = defaultdict(dict)
    shown: dict[str, set[str]] = defaultdict(set)
    for progress in Progress.objects.filter(person__in=accounts, lesson=lesson.slug):
        if progress.done_at:
            done[progress.person][progress.step] = progress.done_at
        if progress.solution_seen:
            shown[progress.person].add(progress.step)
    seen: dict[str, dict[str, datetime]] = defaultdict(dict)
    for visit in Visit.objects.filter(student__in=students, lesson=lesson.slug).select_related("student"):
        seen[visit.student.account][visit.step] = visit.first_at
    return [
        Sitting(
            account=student.account,
            name=str(number) if anonymous else student.pseudonym,
            joined_at=student.joined_at,
            seen_at=student.seen_at,
            lost_at=student.lost_at,
            step=student.step if student.lesson == lesson.slug else "",
            step_since=student.step_since,
            elsewhere=student.lesson if student.lesson != lesson.slug else "",
            done=done[student.account],
            seen=seen[student.account],
            shown=frozenset(shown[student.account]),
        )
        for number, student in enumerate(students, 1)
    ]
