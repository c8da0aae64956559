"""A series of questions for oneself: choose, answer, see why, see the result."""

from __future__ import annotations

import random
from fractions import Fraction

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minikweb.quiz import access, attempts, cluster, library, live, results, scoring
from minikweb.quiz.library import chapters, faults, questions
from minikweb.quiz.models import MODES, Answer, Attempt
from minikweb.quiz.phrases import decimal, language, rule, rules
from minikweb.quiz.views import certificate

MINUTES = (0, 10, 20, 30, 60)  # of an exam; 0: no limit
SIZES = (10, 20, 0)  # questions in a series; 0: all of them


def title_of(own: Attempt) -> str:
    """The chapter's title, or its slug when the file is gone."""
    if not own.chapter:
        return _("All chapters")
    found = chapters().get(own.chapter)
    return found.title[language()] if found else own.chapter


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The chapters with their number of questions, and the attempts not yet finished."""
    own = Attempt.objects.filter(person=access.person())
    context = {
        "chapters": [(one.slug, one.title[language()], len(one.questions)) for one in chapters().values()],
        "chosen": request.GET.get("chapter", ""),
        "count": len(questions()),
        "sizes": SIZES,
        "minutes": MINUTES,
        "wanted": _wanted(),
        "rules": rules(),
        "teaches": access.is_teacher(),
        "invited": live.under_way(timezone.now()) if access.student() else [],
        "faults": faults() if access.is_teacher() else [],
        "unfinished": [(one, title_of(one)) for one in own.filter(finished_at=None).order_by("-started_at")[:3]],
        "finished": [(one, title_of(one)) for one in own.exclude(finished_at=None).order_by("-finished_at")[:5]],
    }
    return render(request, "quiz/index.html", context)


def _wanted() -> list[str]:
    """What the learner would need to have for the questions about one's own objects that cannot be asked now."""
    own = [question for question in questions().values() if question.reads]
    ready = cluster.values(own)
    words = [dict(one.reads.an_object)[language()] for one in own if one.reads and one.id not in ready]
    return list(dict.fromkeys(words))


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Opens an attempt and goes to its first question."""
    chapter, marking = request.POST.get("chapter", ""), request.POST.get("rule", "")
    mode, size = request.POST.get("mode", MODES[0]), request.POST.get("size", "0")
    minutes = request.POST.get("minutes", "0") if mode == "exam" else "0"
    known = chapter in ("", *chapters()) and marking in scoring.RULES and mode in MODES and size in map(str, SIZES)
    if not known or minutes not in map(str, MINUTES):
        return HttpResponseBadRequest(_("Choose a chapter, a grading rule and a mode of the list."))
    bank, seed = questions(), random.randrange(2**31)
    read = cluster.values(attempts.askable(chapter, bank))
    created = Attempt.objects.create(
        person=access.person(),
        chapter=chapter,
        size=int(size),
        rule=marking,
        mode=mode,
        seed=seed,
        minutes=int(minutes),
        read=read,
        order=attempts.drawn(chapter, int(size), bank, read, seed),
    )
    return redirect("quiz:attempt", created.id)


def _own(attempt_id: int) -> Attempt:
    return get_object_or_404(Attempt, pk=attempt_id, person=access.person())


@require_GET
def attempt(request: HttpRequest, attempt_id: int) -> HttpResponse:
    """The way back: to the first question without an answer, or to the result."""
    own = _own(attempt_id)
    waiting = next((one for one in attempts.graded(own, questions()) if one.ticked is None), None)
    if waiting is None or attempts.is_over(own, timezone.now()):
        return redirect("quiz:result", own.id)
    return redirect("quiz:question", own.id, waiting.number)


@require_http_methods(["GET", "POST"])
def question(request: HttpRequest, attempt_id: int, number: int) -> HttpResponse:
    """One question; after its answer, in training, why each option is right or wrong."""
    own = _own(attempt_id)
    series = attempts.graded(own, questions())
    if not 1 <= number <= len(series):
        raise Http404
    current = series[number - 1]
    if request.method == "POST":
        return _answer(request, own, current)
    return _question_page(request, own, series, current)


def _question_page(
    request: HttpRequest, own: Attempt, series: list[attempts.Graded], current: attempts.Graded, problem: str = ""
) -> HttpResponse:
    over, end = attempts.is_over(own, timezone.now()), attempts.deadline(own)
    context = {
        "attempt": own,
        "current": current,
        "total": len(series),
        "answered": sum(one.ticked is not None for one in series),
        "chapter": chapters()[current.question.chapter].title[language()],
        "stem": current.question.stem[language()],
        "options": _options(own, current),
        "explained": own.finished_at is not None or (current.ticked is not None and own.mode == "training"),
        "locked": current.ticked is not None or over,
        "place": cluster.place(current.question, own.read.get(current.question.id)),
        "lesson": library.has_lesson(current.question.chapter),
        "ends": end.isoformat() if end else "",
        "over": over,
        "next": next((one.number for one in series if one.ticked is None and one.number != current.number), None),
        "problem": problem,
        "mark": str(current.mark),
        "rule": rule(own.rule),
    }
    return render(request, "quiz/question.html", context, status=422 if problem else 200)


def _options(own: Attempt, current: attempts.Graded) -> list[dict[str, object]]:
    return [
        {
            "id": option.id,
            "text": option.text[language()],
            "why": option.why[language()],
            "right": option.right,
            "ticked": current.ticked is not None and option.id in current.ticked,
        }
        for option in attempts.options_in_order(own, current.question)
    ]


def _answer(request: HttpRequest, own: Attempt, current: attempts.Graded) -> HttpResponse:
    ticked = set(request.POST.getlist("option"))
    allowed = {option.id for option in current.question.options}
    series = attempts.graded(own, questions())
    if attempts.is_over(own, timezone.now()):
        return redirect("quiz:result", own.id)
    if not ticked or not ticked <= allowed or (not current.question.several and len(ticked) != 1):
        return _question_page(request, own, series, current, _("Tick an answer first."))
    Answer.objects.get_or_create(attempt=own, question=current.question.id, defaults={"ticked": sorted(ticked)})
    if own.mode == "training":
        return redirect("quiz:question", own.id, current.number)
    return redirect("quiz:attempt", own.id)


@require_GET
def result(request: HttpRequest, attempt_id: int) -> HttpResponse:
    """The mark under the chosen rule, and each question with its verdict."""
    own = _own(attempt_id)
    series = attempts.graded(own, questions())
    if any(one.ticked is None for one in series) and not attempts.is_over(own, timezone.now()):
        return redirect("quiz:attempt", own.id)
    if own.finished_at is None:
        own.finished_at = timezone.now()
        own.save(update_fields=["finished_at"])
    context = {
        "attempt": own,
        "series": [{"graded": one, "stem": one.question.stem[language()].split("\n")[0]} for one in series],
        "mark": decimal(sum((one.mark for one in series), Fraction(0))),
        "total": len(series),
        "exact": sum(one.verdict == "right" for one in series),
        "rule": rule(own.rule),
        "notions": _notions(own, series),
    }
    return render(request, "quiz/result.html", context)


def _notions(own: Attempt, series: list[attempts.Graded]) -> list[dict[str, object]]:
    """How well each chapter went; nothing where there is one alone."""
    given = {one.number: one.ticked for one in series if one.ticked is not None}
    each = results.per_question(own.rule, [one.question for one in series], {0: given})
    notions = [certificate.notion(one) for one in results.per_notion(each)]
    return notions if len(notions) > 1 else []


@require_GET
def attestation(request: HttpRequest, attempt_id: int) -> HttpResponse:
    """Of an exam that is over, to print. Who has no name here finds a line to write it on."""
    own = _own(attempt_id)
    if own.mode != "exam" or own.finished_at is None:
        raise Http404
    series = attempts.graded(own, questions())
    facts = {
        "name": access.name(),
        "title": title_of(own),
        "date": own.finished_at,
        "mark": decimal(sum((one.mark for one in series), Fraction(0))),
        "asked": len(series),
        "exact": sum(one.verdict == "right" for one in series),
        "notions": _notions(own, series),
    }
    return certificate.render_page(request, own.rule, facts)
