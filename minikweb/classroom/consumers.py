"""The console's sockets: the board of a class, and the glance at one student."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from django.template.loader import render_to_string

from minikweb.classroom import fragments, roster
from minikweb.people.consumers import FragmentConsumer
from minikweb.people.middleware import administrators_only
from minikweb.people.models import SchoolClass, Student

LOOK = 2.0  # seconds: pods change without a bell, and minutes pass


@administrators_only
class BoardConsumer(FragmentConsumer):
    """?lesson=&anonymous=1&lang=. The fragment of the board."""

    tick = LOOK

    def find_class(self) -> Any:
        query = parse_qs(self.scope["query_string"].decode())
        self.lesson = query.get("lesson", [""])[-1]
        self.anonymous = query.get("anonymous", [""])[-1] == "1"
        return class_of(self.scope["url_route"]["kwargs"]["key"])

    def render(self) -> str:
        school_class = SchoolClass.objects.get(pk=self.school_class.pk)
        lesson = roster.lesson_of(school_class, self.lesson)
        return render_to_string("classroom/board.html", fragments.board_context(school_class, lesson, self.anonymous))


@administrators_only
class PeekConsumer(FragmentConsumer):
    """?lang=. The glance at a student, read-only."""

    tick = LOOK

    def find_class(self) -> Any:
        return class_of(self.scope["url_route"]["kwargs"]["key"])

    def render(self) -> str:
        account = self.scope["url_route"]["kwargs"]["account"]
        found = Student.objects.select_related("school_class")
        student = found.filter(account=account, school_class=self.school_class).first()
        return render_to_string("classroom/glance.html", fragments.peek_context(student)) if student else ""


def class_of(key: str) -> SchoolClass | None:
    """A class by its key."""
    return SchoolClass.objects.filter(namespace=f"class-{key}").first()
