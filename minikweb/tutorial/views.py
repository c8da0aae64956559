"""The lessons' pages. They work without JavaScript; the checks then tell their state at each load."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from minikweb.apimachinery import errors
from minikweb.people import actor, whereabouts
from minikweb.people.middleware import open_to_all
from minikweb.tutorial import cluster, outline, progress, shell, slides, text
from minikweb.tutorial.lesson import Lesson, Step, load_all
from minikweb.tutorial.models import Progress

OUTLINE = settings.BASE_DIR / "lessons" / "outline.yaml"


def person() -> str:
    """The key of what is kept about the person at the page."""
    return actor.current().person


def lessons() -> dict[str, Lesson]:
    """All lessons that can be read, by slug."""
    return load_all(tuple(settings.LESSONS_DIRS), [])


def find(slug: str, step_id: str) -> tuple[Lesson, Step]:
    """A lesson and one of its steps. Raises Http404."""
    found = lessons().get(slug)
    step = found.step(step_id) if found else None
    if found is None or step is None:
        raise Http404
    return found, step


def language() -> str:
    """The reader's language among those the content has."""
    return "en" if (get_language() or "fr").startswith("en") else "fr"


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """All chapters, with how far one is."""
    rows = []
    for lesson in lessons().values():
        known = Progress.of(person(), lesson.slug)
        done = sum(1 for step in lesson.steps if step.id in known and known[step.id].done_at)
        rows.append(
            _chapter(lesson.number, lesson.title) | {"lesson": lesson, "done": done, "total": len(lesson.steps)}
        )
    problems: list[str] = []
    load_all(tuple(settings.LESSONS_DIRS), problems)
    coming = outline.coming(outline.load(OUTLINE), lessons())
    rows += [_chapter(chapter.number, chapter.title) for chapter in coming]
    context = {
        "rows": sorted(rows, key=lambda row: row["number"]),
        "continued": next((row for row in rows if "lesson" in row and row["done"] < row["total"]), None),
        "problems": problems,
        "minutes": sum(row["lesson"].minutes for row in rows if "lesson" in row),
    }
    return render(request, "tutorial/index.html", context)


def _chapter(number: int, title: dict[str, str]) -> dict[str, object]:
    """A title of the form "Topic: what one does" in its two parts."""
    topic, _, rest = title[language()].partition(":")
    return {"number": number, "topic": topic.strip(), "rest": rest.strip()}


@require_GET
def lesson(request: HttpRequest, slug: str) -> HttpResponse:
    """The way back: to the first step that is not done."""
    found = lessons().get(slug)
    if found is None:
        raise Http404
    return redirect("tutorial:step", slug, progress.first_open(found, person()).id)


@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Makes the learner's namespace and goes to the first open step."""
    if slug not in lessons():
        raise Http404
    try:
        cluster.ensure_namespace(cluster.client(), cluster.namespace())
    except errors.ApiError as error:
        return unwell(request, error)
    return redirect("tutorial:lesson", slug)


@require_POST
def reset(request: HttpRequest, slug: str) -> HttpResponse:
    """Cleans the learner's namespace and forgets the lesson's progress."""
    found = lessons().get(slug)
    if found is None:
        raise Http404
    try:
        cluster.clean(cluster.client(), cluster.namespace(), found)
    except errors.ApiError as error:
        return unwell(request, error)
    Progress.objects.filter(person=person(), lesson=slug).delete()
    return redirect("tutorial:step", slug, found.steps[0].id)


@require_GET
def step(request: HttpRequest, slug: str, step_id: str) -> HttpResponse:
    """One step: text, checks as they are now, hints asked for so far."""
    found, current = find(slug, step_id)
    whereabouts.at_step(slug, step_id)
    try:
        context = checks_context(found, current) | _page_context(request, found, current)
    except errors.ApiError as error:
        return unwell(request, error)
    return render(request, "tutorial/step.html", context)


def checks_context(found: Lesson, current: Step) -> dict[str, object]:
    """What the fragment `tutorial/checks.html` shows."""
    reader = cluster.NamespaceReader(cluster.cache(), cluster.namespace())
    state = progress.look(found, current, person(), reader)
    words = language()
    shown = [
        {
            "passed": result.passed,
            "says": result.says[words],
            "observed": result.observed[words],
            "cause": result.cause.get(words, ""),
        }
        for result in state.results
    ]
    position = found.steps.index(current)
    following = found.steps[position + 1] if position + 1 < len(found.steps) else None
    after = None if following else outline.neighbours(lessons(), found)[1]
    return {
        "lesson": found,
        "step": current,
        "state": state,
        "checks": shown,
        "next": following,
        "next_lesson": after and {"slug": after.slug, "title": after.title[words]},
        "lacks": cluster.lacks(cluster.cache(), found.needs + current.needs),
    }


def _page_context(request: HttpRequest, found: Lesson, current: Step) -> dict[str, object]:
    words = language()
    place = text.Place(found, request)
    known = Progress.of(person(), found.slug)
    mine = known.get(current.id)
    position = found.steps.index(current)
    seen = mine.hints_seen if mine else 0
    return {
        "title": found.title[words],
        "step_title": current.title[words],
        "text": text.render(current.text[words], place),
        "introduction": text.render(found.introduction[words], place) if position == 0 else "",
        "remember": text.render(found.remember[words], place) if position == len(found.steps) - 1 else "",
        "number": position + 1,
        "steps": [
            {
                "step": one,
                "title": one.title[words],
                "done": one.id in known and known[one.id].done_at is not None,
                "shown": one.id in known and known[one.id].solution_seen,
            }
            for one in found.steps
        ],
        "before": found.steps[position - 1] if position else None,
        "hints": [text.render_inline(hint[words], place) for hint in current.hints[:seen]],
        "hints_left": len(current.hints) - seen,
        "solution": place.filled(current.solution).strip() if mine and mine.solution_seen else "",
        "leftovers": [] if any(one.done_at for one in known.values()) or position else leftovers(),
        "kubectl": shell.kubectl(),
        "namespace": cluster.namespace(),
        "namespace_exists": cluster.exists(cluster.cache(), cluster.namespace()),
    } | _further(found)


def leftovers() -> list[str]:
    """What other lessons left in the namespace, as "3 Pods": it would be counted by this one."""
    found = cluster.leftovers(cluster.cache(), cluster.namespace())
    return [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in found]


def _further(found: Lesson) -> dict[str, object]:
    """Where the lesson leads: the lessons beside it, the code that does what it tells, Kubernetes' own pages."""
    before, after = outline.neighbours(lessons(), found)
    return {
        "lesson_before": before and {"slug": before.slug, "title": before.title[language()]},
        "lesson_after": after and {"slug": after.slug, "title": after.title[language()]},
        "source": found.source,
        "read": [{"url": page.url, "title": page.title[language()]} for page in found.read],
    }


@require_GET
def whole(request: HttpRequest, slug: str) -> HttpResponse:
    """The lesson on one page: to print, or to read without a cluster."""
    found = lessons().get(slug)
    if found is None:
        raise Http404
    words, place = language(), text.Place(found, request)
    context = {
        "lesson": found,
        "title": found.title[words],
        "introduction": text.render(found.introduction[words], place),
        "steps": [{"title": one.title[words], "text": text.render(one.text[words], place)} for one in found.steps],
        "remember": text.render(found.remember[words], place),
    }
    return render(request, "tutorial/whole.html", context | _further(found))


@require_GET
def as_slides(request: HttpRequest, slug: str) -> HttpResponse:
    """The lesson for the projector, one screen after another."""
    found = lessons().get(slug)
    if found is None:
        raise Http404
    words, place = language(), text.Place(found, request)
    shown = [
        {
            "kind": slide.kind,
            "step": slide.step,
            "title": found.steps[slide.step - 1].title[words] if slide.step else "",
            "text": text.render(slide.markdown, place),
            "dense": slide.dense,
            "continued": slide.continued,
        }
        for slide in slides.of(found, words)
    ]
    return render(request, "tutorial/slides.html", {"lesson": found, "title": found.title[words], "slides": shown})


@open_to_all  # kubectl fetches it, without a session
@require_GET
def manifest(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """A file of the lesson's manifests/, for `kubectl apply -f`."""
    found = lessons().get(slug)
    content = found.manifest(name) if found else None
    if content is None:
        raise Http404
    return HttpResponse(content, content_type="text/plain; charset=utf-8")


@require_GET
def source(request: HttpRequest, path: str) -> HttpResponse:
    """A file of this project that a lesson speaks of, to read; no other file is shown."""
    speaking = [one for one in lessons().values() if path in one.source]
    if not speaking:
        raise Http404
    try:
        lines = (settings.BASE_DIR / path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise Http404 from error
    context = {"path": path, "lines": lines, "lesson": speaking[0], "title": speaking[0].title[language()]}
    return render(request, "tutorial/source.html", context)


@require_POST
def hint(request: HttpRequest, slug: str, step_id: str) -> HttpResponse:
    """Shows one hint more."""
    found, current = find(slug, step_id)
    mine = progress.of_step(person(), found, current)
    if mine.hints_seen < len(current.hints):
        mine.hints_seen += 1
        mine.save(update_fields=["hints_seen"])
    return redirect(request.build_absolute_uri("./") + "#hints")


@require_POST
def solution(request: HttpRequest, slug: str, step_id: str) -> HttpResponse:
    """Shows the solution, and marks that it was shown."""
    found, current = find(slug, step_id)
    mine = progress.of_step(person(), found, current)
    mine.solution_seen = True
    mine.save(update_fields=["solution_seen"])
    return redirect(request.build_absolute_uri("./") + "#hints")


def unwell(request: HttpRequest, error: errors.ApiError) -> HttpResponse:
    context = {"error": error, "now": timezone.now()}
    return render(request, "tutorial/unwell.html", context, status=503 if error.code >= 500 else error.code)
