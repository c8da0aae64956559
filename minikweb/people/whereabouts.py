"""Where the students of a class are: each tells it by opening a step."""

from __future__ import annotations

from contextlib import suppress

from django.utils import timezone

from minikweb.apimachinery.errors import ApiError
from minikweb.client.shared import shared_cache
from minikweb.people import actor, changes, cluster
from minikweb.people.models import Student


def at_step(lesson: str, step: str) -> None:
    """Whoever acts looks at this step; for an administrator nothing is kept."""
    key = actor.current().student
    student = Student.objects.select_related("school_class").filter(pk=key).first() if key else None
    if student and (student.lesson, student.step) != (lesson, step):
        student.look_at(lesson, step, timezone.now())
        changes.tell(student.school_class)
        _mend(student)


def _mend(student: Student) -> None:
    """Makes again the namespace that a lesson has them delete: the next one may need it, and they may not make it."""
    informer = shared_cache().informer("Namespace")
    if informer.synced.is_set() and any(informer.get(None, name) is None for name in student.namespaces):
        with suppress(ApiError):
            cluster.welcome(shared_cache().client.acting_as(cluster.FIELD_MANAGER), student)
