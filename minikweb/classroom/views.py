"""The console's pages and what a teacher does there. No student may open any of them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from minikweb.classroom import departure, export, fragments, phrases, roster
from minikweb.client.client import Client
from minikweb.client.shared import shared_cache
from minikweb.people import actor, changes, cluster, qr, whereabouts
from minikweb.people.middleware import administrators_only
from minikweb.people.models import SchoolClass, Student
from minikweb.tutorial import catchup
from minikweb.tutorial.views import language, lessons


def client() -> Client:
    """What the console writes with: the pages' own rights."""
    return shared_cache().client.acting_as(cluster.FIELD_MANAGER)


def class_of(key: str) -> SchoolClass:
    """Raises Http404."""
    return get_object_or_404(SchoolClass, namespace=f"class-{key}")


def student_of(key: str, account: str) -> Student:
    """Raises Http404."""
    found = Student.objects.select_related("school_class")
    return get_object_or_404(found, account=account, school_class__namespace=f"class-{key}")


def join_address(request: HttpRequest, school_class: SchoolClass) -> str:
    """Where students go: this machine as the network knows it, though the teacher may have come by loopback."""
    found = request.build_absolute_uri(reverse("people:join_with", args=[school_class.code]))
    local = request.get_host().partition(":")[0] in ("127.0.0.1", "localhost")
    if local and settings.ADDRESSES:
        return found.replace(request.get_host(), f"{settings.ADDRESSES[0]}:{settings.HTTP_PORT}", 1)
    return found


# --- Looking -----------------------------------------------------------------------------------------


@administrators_only
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The classes, and a form for a new one."""
    found = SchoolClass.objects.order_by("-opened_at")
    rows = [{"school_class": one, "count": one.students.count()} for one in found]
    return render(request, "classroom/index.html", {"rows": rows, "reachable": settings.SIGN_IN})


@administrators_only
@require_GET
def console(request: HttpRequest, key: str) -> HttpResponse:
    """The board of a class with everything a teacher does."""
    school_class = class_of(key)
    lesson = roster.lesson_of(school_class, request.GET.get("lesson", ""))
    words = language()
    context = {
        "lessons": [(one.slug, f"{one.number} · {one.title[words]}") for one in lessons().values()],
        "steps": [(step.id, f"{number} · {step.title[words]}") for number, step in enumerate(lesson.steps, 1)],
        "reachable": settings.SIGN_IN,
        **_door(request, school_class),
    }
    return render(request, "classroom/console.html", context | fragments.board_context(school_class, lesson, False))


def _door(request: HttpRequest, school_class: SchoolClass) -> dict[str, Any]:
    address = join_address(request, school_class)
    return {"address": address, "short_address": _short(address), "qr": qr.svg(address)}


def _short(address: str) -> str:
    """An address as one types it: without the scheme and without the code, which is asked for there."""
    return address.partition("://")[2].rsplit("/", 2)[0] + "/"


@administrators_only
@require_GET
def screen(request: HttpRequest, key: str) -> HttpResponse:
    """For the projector: how to join, and the board with numbers instead of names."""
    school_class = class_of(key)
    lesson = roster.lesson_of(school_class, request.GET.get("lesson", ""))
    context = fragments.board_context(school_class, lesson, True) | _door(request, school_class)
    return render(request, "classroom/screen.html", context)


@administrators_only
@require_GET
def peek(request: HttpRequest, key: str, account: str) -> HttpResponse:
    """One student, to look at."""
    student = student_of(key, account)
    lesson = roster.lesson_of(student.school_class, request.GET.get("lesson", "") or student.lesson)
    words = language()
    context = {
        "school_class": student.school_class,
        "bring_to": lesson,
        "lessons": [(one.slug, f"{one.number} · {one.title[words]}") for one in lessons().values()],
        "steps": [(step.id, f"{number} · {step.title[words]}") for number, step in enumerate(lesson.steps, 1)],
    }
    return render(request, "classroom/peek.html", fragments.peek_context(student) | context)


@administrators_only
@require_GET
def download(request: HttpRequest, key: str) -> HttpResponse:
    """The class's progress through all lessons, for a spreadsheet."""
    school_class = class_of(key)
    response = HttpResponse(_csv(school_class), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="minikweb-{key}.csv"'
    return response


def _csv(school_class: SchoolClass) -> str:
    header = [_("Pseudonym"), _("Joined"), _("Lesson"), _("Step"), _("State"), _("Minutes")]
    rows: list[list[Any]] = []
    now = timezone.now()
    students = {student.account: student for student in school_class.students.all()}
    for lesson in lessons().values():
        found = roster.board_of(school_class, lesson, now)
        titles = {step.id: step.title[language()] for step in lesson.steps}
        for row in found.rows:
            joined = timezone.localtime(students[row.account].joined_at).strftime("%Y-%m-%d %H:%M")
            rows += [
                [row.name, joined, lesson.title[language()], titles[cell.step], phrases.state(cell.state), minutes]
                for cell in row.cells
                if cell.state
                for minutes in [None if cell.seconds is None else cell.seconds / 60]
            ]
    return export.table(header, rows)


# --- Doing -------------------------------------------------------------------------------------------


@administrators_only
@require_POST
def open_class(request: HttpRequest) -> HttpResponse:
    """A new class."""
    title = " ".join(request.POST.get("title", "").split())[:80] or _("My class")
    school_class = SchoolClass.open_new(title)
    try:
        cluster.open_class(client(), school_class)
    except Exception:
        school_class.delete()
        raise
    return redirect("classroom:console", school_class.key)


@administrators_only
@require_POST
def send(request: HttpRequest, key: str) -> HttpResponse:
    """Calls everyone to a step."""
    school_class = class_of(key)
    lesson = lessons().get(request.POST.get("lesson", ""))
    if lesson is None or lesson.step(request.POST.get("step", "")) is None:
        raise Http404
    school_class.lesson, school_class.step = lesson.slug, request.POST["step"]
    school_class.sent_at = timezone.now()
    school_class.save(update_fields=["lesson", "step", "sent_at"])
    changes.tell(school_class)
    messages.success(request, _("Everyone sees your call to this step."))
    return redirect(f"{reverse('classroom:console', args=[key])}?lesson={lesson.slug}")


@administrators_only
@require_POST
def helped(request: HttpRequest, key: str, account: str) -> HttpResponse:
    """Takes a raised hand down."""
    student = student_of(key, account)
    Student.objects.filter(pk=student.pk).update(lost_at=None)
    changes.tell(student.school_class)
    return redirect("classroom:console", key)


@administrators_only
@require_POST
def reset(request: HttpRequest, key: str, account: str) -> HttpResponse:
    """Empties a student's namespaces."""
    student = student_of(key, account)
    count = cluster.clean(client(), student)
    messages.success(request, phrases.emptied(student.pseudonym, count))
    return redirect("classroom:peek", key, account)


@administrators_only
@require_POST
def bring(request: HttpRequest, key: str, account: str) -> HttpResponse:
    """Brings a student to a step: the namespace emptied, the solutions before it typed, as the student."""
    student = student_of(key, account)
    lesson = lessons().get(request.POST.get("lesson", ""))
    step = lesson.step(request.POST.get("step", "")) if lesson else None
    if lesson is None or step is None:
        raise Http404
    cluster.welcome(client(), student)  # a namespace that the student deleted is wanted again
    with actor.acting(student.actor):
        whereabouts.at_step(lesson.slug, step.id)
        catchup.begin(lesson, step)
    return redirect("classroom:peek", key, account)


@administrators_only
@require_POST
def remove(request: HttpRequest, key: str, account: str) -> HttpResponse:
    """Deletes a person: their place, their token, what is kept about them."""
    student = student_of(key, account)
    deleted = departure.delete_student(client(), student)
    messages.success(request, phrases.deleted(student.pseudonym, deleted))
    return redirect("classroom:console", key)


@administrators_only
@require_POST
def close(request: HttpRequest, key: str) -> HttpResponse:
    """Ends a class; its results stay."""
    school_class = class_of(key)
    deleted = departure.close(client(), school_class, timezone.now())
    messages.success(request, phrases.deleted(school_class.title, deleted))
    return redirect("classroom:console", key)


@administrators_only
@require_POST
def delete(request: HttpRequest, key: str) -> HttpResponse:
    """Deletes a class and everybody in it."""
    school_class = class_of(key)
    deleted = departure.delete_class(client(), school_class)
    messages.success(request, phrases.deleted(school_class.title, deleted))
    return redirect("classroom:index")
