"""Pages that do something in the learner's cluster: they say what first, and then how far they are."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from minikweb.apimachinery import errors
from minikweb.people import whereabouts
from minikweb.tutorial import catchup, cluster, shell, views
from minikweb.tutorial.lesson import Lesson, Step


@require_http_methods(["GET", "POST"])
def prepare(request: HttpRequest, slug: str, step_id: str) -> HttpResponse:
    """GET says what bringing the cluster to a step will do; POST does it."""
    found, current = views.find(slug, step_id)
    if request.method == "POST":
        whereabouts.at_step(slug, step_id)
        catchup.begin(found, current)
        return redirect("tutorial:preparing", slug, step_id)
    try:
        leftovers = views.leftovers()
        before = [_planned(found, step, number) for number, step in enumerate(_before(found, current), start=1)]
    except errors.ApiError as error:
        return views.unwell(request, error)
    context = _titles(found, current) | {
        "before": before,
        "leftovers": leftovers,
        "namespace": cluster.namespace(),
        "kubectl": shell.kubectl(),
    }
    return render(request, "tutorial/prepare.html", context)


@require_GET
def preparing(request: HttpRequest, slug: str, step_id: str) -> HttpResponse:
    """How far the cluster is on its way to a step; `?part` gives the moving part of the page alone."""
    found, current = views.find(slug, step_id)
    under_way = catchup.of(views.person())
    if under_way is None or (under_way.lesson.slug, under_way.step.id) != (slug, step_id):
        return redirect("tutorial:prepare", slug, step_id)
    words = views.language()
    steps = [
        {"title": step.title[words], "number": number + 1, "state": _state(under_way, number)}
        for number, step in enumerate(under_way.before)
    ]
    context = _titles(found, current) | {"under_way": under_way, "steps": steps, "namespace": cluster.namespace()}
    template = "tutorial/preparing_part.html" if "part" in request.GET else "tutorial/preparing.html"
    return render(request, template, context)


@require_GET
def demonstration(request: HttpRequest, slug: str) -> HttpResponse:
    """The lesson typed live, at the reader's pace; nothing is typed before the button is pressed."""
    found = views.lessons().get(slug)
    if found is None:
        raise Http404
    words = views.language()
    try:
        leftovers = views.leftovers()
    except errors.ApiError as error:
        return views.unwell(request, error)
    context = {
        "lesson": found,
        "title": found.title[words],
        "steps": [step.title[words] for step in found.steps],
        "leftovers": leftovers,
        "namespace": cluster.namespace(),
        "kubectl": shell.kubectl(),
    }
    return render(request, "tutorial/demonstration.html", context)


def _before(found: Lesson, current: Step) -> tuple[Step, ...]:
    return found.steps[: found.steps.index(current)]


def _titles(found: Lesson, current: Step) -> dict[str, object]:
    words = views.language()
    return {
        "lesson": found,
        "step": current,
        "title": found.title[words],
        "step_title": current.title[words],
        "number": found.steps.index(current) + 1,
    }


def _planned(found: Lesson, step: Step, number: int) -> dict[str, object]:
    """One step that will be typed, or left out for what this cluster lacks."""
    return {
        "number": number,
        "title": step.title[views.language()],
        "solution": views.text.Place(found).filled(step.solution).replace("{manifests}/", "").strip(),
        "lacks": cluster.lacks(cluster.cache(), found.needs + step.needs),
    }


def _state(under_way: catchup.CatchUp, number: int) -> str:
    if number < under_way.reached:
        return "done"
    now = under_way.emptied and number == under_way.reached
    return ("failed" if under_way.problem else "now") if now else "later"
