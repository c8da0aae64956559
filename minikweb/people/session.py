"""Who a browser is: what its session says, asked anew for each page and every few seconds for an open socket."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from minikweb.people.actor import LOCAL, Actor
from minikweb.people.models import Student

STUDENT = "student"  # the session's key: the row in the roster
SEEN = timedelta(seconds=20)  # how exactly we know when a student was last here


def student_of(session: Any) -> Student | None:
    """The student of a session; None when there is none, or no longer: removed, or the class is closed."""
    if not (key := session.get(STUDENT)):
        return None
    found = Student.objects.select_related("school_class").filter(pk=key, school_class__closed_at=None).first()
    now = timezone.now()
    if found and now - found.seen_at > SEEN:
        Student.objects.filter(pk=found.pk).update(seen_at=now)
    return found


def actor_of(session: Any) -> Actor | None:
    """As whom a session acts; None for nobody."""
    if session.get(STUDENT):
        student = student_of(session)
        return student.actor if student else None
    teacher = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]  # it only reads the session
    if teacher.is_authenticated:
        return Actor(f"teacher-{teacher.pk}", teacher.get_username(), f"learn-t{teacher.pk}")
    return None if settings.SIGN_IN else LOCAL


def read_again(session: Any) -> Any:
    """The session as it is stored now: somebody may have left it since it was read."""
    return SessionStore(session.session_key)


def enter(session: Any, student: Student) -> None:
    """Makes a session that of a student. Whatever it was before, a teacher's even, is forgotten."""
    session.flush()
    session[STUDENT] = student.pk
