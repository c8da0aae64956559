"""The teacher's pages of a live quiz: choose the questions, drive from a phone or a laptop, show on the projector."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minikweb.people import codes, qr
from minikweb.people.middleware import administrators_only, open_to_all
from minikweb.quiz import access, consumers, joining, live, scoring
from minikweb.quiz.bank import Question
from minikweb.quiz.library import chapters, faults, questions
from minikweb.quiz.models import LiveSession, Vote
from minikweb.quiz.phrases import language, rules
from minikweb.quiz.views import stage

SIZES = (5, 10, 20, 0)  # questions drawn from those chosen; 0: all of them


@administrators_only
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The form that opens a session, and the sessions that are kept."""
    return _index(request)


def _index(request: HttpRequest, problem: str = "", chosen: Any = None) -> HttpResponse:
    words = language()
    context = {
        "chapters": [
            {"slug": one.slug, "title": one.title[words], "questions": _choices(one.questions, words)}
            for one in chapters().values()
        ],
        "rules": rules(),
        "sizes": SIZES,
        "sessions": [one for one in LiveSession.objects.order_by("-opened_at") if access.owns(one)][:50],
        "faults": faults(),
        "deleted": request.session.pop("quiz-deleted", None),
        "problem": problem,
        "chosen": chosen or {"chapter": [request.GET.get("chapter", "")], "question": []},
    }
    return render(request, "quiz/live.html", context, status=422 if problem else 200)


def _choices(found: Iterable[Question], words: str) -> list[dict[str, str]]:
    """The questions to choose from: the beginning of each stem, without its code."""
    return [{"id": one.id, "stem": one.stem[words].split("\n")[0]} for one in found if not one.reads]


@administrators_only
@require_POST
def open_session(request: HttpRequest) -> HttpResponse:
    """Opens the lobby and goes to the controller."""
    chosen = _chosen(request)
    rule, size = request.POST.get("rule", ""), request.POST.get("size", "0")
    if not chosen or rule not in scoring.RULES or size not in map(str, SIZES):
        picked = {name: request.POST.getlist(name) for name in ("chapter", "question")}
        return _index(request, _("Choose at least one chapter or question, and a grading rule."), picked)
    session = live.open_session(
        access.person(),
        _drawn(chosen, int(size), "shuffle" in request.POST),
        title=live.clean_name(request.POST.get("title", ""), 120) or _("Live quiz"),
        rule=rule,
        shows_names="shows_names" in request.POST,
        podium="podium" in request.POST,
    )
    access.grant(request, session)
    return redirect("quiz:control", session.id)


def _chosen(request: HttpRequest) -> list[Question]:
    """The questions of the chapters ticked, and those ticked one by one, in the order of the bank.

    A question about one's own objects is for oneself: a class has thirty clusters.
    """
    whole, single = set(request.POST.getlist("chapter")), set(request.POST.getlist("question"))
    askable = [question for question in questions().values() if not question.reads]
    return [question for question in askable if question.chapter in whole or question.id in single]


def _drawn(chosen: list[Question], size: int, shuffled: bool) -> list[Question]:
    """As many as wanted, drawn at random; in the order of the bank unless it is to be shuffled."""
    drawn = random.sample(chosen, min(size or len(chosen), len(chosen)))
    return drawn if shuffled else [question for question in chosen if question in drawn]


def driven(request: HttpRequest, session_id: int) -> LiveSession:
    """The session, for who drives it. Raises Http404 for all others: they learn nothing of it."""
    session = get_object_or_404(LiveSession, pk=session_id)
    if not access.may_drive(request, session):
        raise Http404
    access.grant(request, session)
    return session


@open_to_all
@require_GET
@never_cache
def control(request: HttpRequest, session_id: int) -> HttpResponse:
    """The controller: one big button for what comes next, and who is there."""
    return _control(request, driven(request, session_id))


def _control(request: HttpRequest, session: LiveSession) -> HttpResponse:
    people = _people(session)
    context = _shared(request, session) | {"people": people, "owns": access.owns(session)}
    context["token"] += f"-{sum(one['away'] for one in people)}-{session.control[:4]}"  # a used link is a new one
    remote = reverse("quiz:remote", args=[session.id, session.control])
    context["remote"] = qr.svg(joining.address(request, remote))
    context["following"] = live.moved((session.stage, session.number), "next", len(session.questions))
    return stage.answer_page(request, "quiz/control.html", "quiz/control_stage.html", context)


def _shared(request: HttpRequest, session: LiveSession) -> dict[str, Any]:
    """What controller and projector both show."""
    counted = stage.counts(session)
    url = joining.address(request, reverse("quiz:join", args=[session.code]))
    return stage.asked(session) | {
        "count": counted,
        "token": f"{session.stage}-{session.number}-{counted.answered}-{counted.present}-{counted.joined}",
        "join_url": url,
        "short_url": joining.address(request, reverse("quiz:join-by-code")).partition("//")[2],
        "qr": qr.svg(url),
        "code": codes.shown(session.code),
        "within_reach": joining.is_within_reach(url),
        "podium": stage.podium(session) if session.podium and session.stage == "over" else [],
    }


def _people(session: LiveSession) -> list[dict[str, Any]]:
    """Who joined, in that order; whether they answered, not what. No real name: a laptop's screen may be projected."""
    now = timezone.now()
    answered = set(
        Vote.objects.filter(participant__session=session, number=session.number).values_list("participant", flat=True)
    )
    return [
        {
            "id": one.id,
            "pseudonym": one.pseudonym,
            "answered": one.id in answered,
            "away": one.id not in answered and not live.is_present(one, now),
        }
        for one in session.participants.order_by("id")
    ]


@open_to_all
@require_GET
@never_cache
def screen(request: HttpRequest, session_id: int) -> HttpResponse:
    """The projector: what the whole class may see, and nothing to press."""
    session = driven(request, session_id)
    context = _shared(request, session)
    if session.stage == "lobby" and session.shows_names:
        context["names"] = list(session.participants.order_by("id").values_list("pseudonym", flat=True))
    return stage.answer_page(request, "quiz/screen.html", "quiz/screen_stage.html", context)


@open_to_all
@require_POST
def do(request: HttpRequest, session_id: int) -> HttpResponse:
    """One press on the controller; it names the state it saw, so that two presses are one."""
    session = driven(request, session_id)
    seen = (request.POST.get("stage", ""), live.typed_number(request.POST.get("number", "")))
    if live.advance(session.id, request.POST.get("action", ""), seen, timezone.now()):
        consumers.announce(consumers.steps_of(session.id))
    session.refresh_from_db()
    return _control(request, session) if request.htmx else redirect("quiz:control", session.id)


@open_to_all
@require_POST
def remove(request: HttpRequest, session_id: int) -> HttpResponse:
    """Takes somebody out, with the answers: a pseudonym that is no good, or one who was there twice."""
    session = driven(request, session_id)
    session.participants.filter(pk=live.typed_number(request.POST.get("participant", ""))).delete()
    consumers.announce(consumers.steps_of(session.id))
    return _control(request, session) if request.htmx else redirect("quiz:control", session.id)


@open_to_all
@require_http_methods(["GET", "POST"])
@never_cache
def remote(request: HttpRequest, session_id: int, key: str) -> HttpResponse:
    """Makes the phone that opened this address the remote control. A look alone takes nothing: previews open links."""
    session = get_object_or_404(LiveSession, pk=session_id)
    if request.method == "POST" and access.take_control(request, session, key):
        consumers.announce(consumers.answers_of(session.id))
        return redirect("quiz:control", session.id)
    context = {"refused": request.method == "POST", "frame": stage.frame(request)}
    return render(request, "quiz/remote.html", context, status=403 if context["refused"] else 200)
