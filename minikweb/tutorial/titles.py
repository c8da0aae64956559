"""The titles of lessons and steps, for whoever offers them elsewhere: the palette of the pages asks by URL."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from minikweb.tutorial.views import language, lessons


@require_GET
def titles(request: HttpRequest) -> JsonResponse:
    """{"items": [{group, title, detail, url, icon}]}: each lesson, then its steps."""
    items = []
    for lesson in lessons().values():
        title = lesson.title[language()]
        items.append(_item(title, str(lesson.number), reverse("tutorial:lesson", args=[lesson.slug])))
        for step in lesson.steps:
            url = reverse("tutorial:step", args=[lesson.slug, step.id])
            items.append(_item(step.title[language()], title, url))
    return JsonResponse({"items": items})


def _item(title: str, detail: str, url: str) -> dict[str, str]:
    return {"group": _("Lessons"), "title": title, "detail": detail, "url": url, "icon": "lessons"}
