"""Who is at the pages, for templates."""

from __future__ import annotations

from typing import Any

from django import template

from minikweb.people import session
from minikweb.people.actor import Actor, present
from minikweb.people.models import Student

register = template.Library()


@register.simple_tag
def who() -> Actor | None:
    """The person at this page, None for nobody."""
    return present()


@register.simple_tag(takes_context=True)
def student(context: Any) -> Student | None:
    """The row of the student at this page in the roster."""
    request = context.get("request")
    return session.student_of(request.session) if request else None


@register.filter
def theme(cookies: dict[str, str]) -> str:
    """The theme that the reader chose, "" for the system's."""
    chosen = cookies.get("minikweb-theme", "")
    return chosen if chosen in ("light", "dark") else ""
