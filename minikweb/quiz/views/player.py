"""The phones: join with a pseudonym, answer, see what was right once it is shown. No account, no cluster."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from minikweb.people import actor, codes, throttle
from minikweb.people.middleware import open_to_all
from minikweb.quiz import access, consumers, live
from minikweb.quiz.library import has_lesson
from minikweb.quiz.models import LiveSession, Participant
from minikweb.quiz.phrases import decimal, language, rule
from minikweb.quiz.views import certificate, stage


def _why(word: str) -> str:
    """What live.Refused tells, in a sentence."""
    return {
        "over": _("This quiz is over."),
        "full": _("This quiz is full: ask the teacher."),
        "nameless": _("Choose a pseudonym with at least one letter or digit."),
        "taken": _("Somebody has this pseudonym already: choose another."),
        "late": _("The question was closed before this answer came: it does not count."),
        "unknown": _("Tick an answer first."),
        "crowded": _("Many are coming in at once: try again in a few seconds."),
    }[word]


@open_to_all
@require_http_methods(["GET", "POST"])
@never_cache
def join_by_code(request: HttpRequest) -> HttpResponse:
    """Asks for the code that the projector shows."""
    if request.method == "GET":
        return _ask_for_code(request)
    session, problem = _looked_up(request, request.POST.get("code", ""))
    return redirect("quiz:join", session.code) if session else _ask_for_code(request, problem)


def _ask_for_code(request: HttpRequest, problem: str = "") -> HttpResponse:
    context = {"problem": problem, "frame": stage.frame(request)}
    return render(request, "quiz/join_by_code.html", context, status=_status(problem))


def _status(problem: str) -> int:
    return 422 if problem else 200


def _looked_up(request: HttpRequest, code: str) -> tuple[LiveSession | None, str]:
    """The session of a code, or why there is none for this address now."""
    address = request.META.get("REMOTE_ADDR") or "?"
    if throttle.GUESSES.wait(address) or throttle.ALL_GUESSES.wait("all"):
        return None, _("Too many wrong codes: wait a minute, then look at the projector again.")
    session = live.find(code)
    if session is None:
        throttle.GUESSES.count(address)
        throttle.ALL_GUESSES.count("all")
        return None, _("No quiz has this code: look at the projector again.")
    return session, ""


@open_to_all
@require_http_methods(["GET", "POST"])
@never_cache
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Asks for a pseudonym; who has joined already goes back to the question."""
    session, problem = _looked_up(request, code)
    if session is None:
        return _ask_for_code(request, problem)
    if access.participant(request, session):
        return redirect("quiz:play", session.code)
    known = actor.present()  # a student of a class has a pseudonym already
    pseudonym = request.POST.get("pseudonym", known.name if known and known.student else "")
    real_name = request.POST.get("real_name", "")
    if request.method == "POST":
        try:
            _take_a_seat(session)
            access.remember(request, live.join(session, pseudonym, real_name, access.student()))
        except live.Refused as refused:
            problem = _why(str(refused))
        else:
            consumers.announce(consumers.answers_of(session.id))
            return redirect("quiz:play", session.code)
    context = {"session": session, "problem": problem, "pseudonym": pseudonym, "real_name": real_name}
    context |= {"longest": live.LONGEST_NAME, "rule": rule(session.rule), "frame": stage.frame(request)}
    return render(request, "quiz/join.html", context, status=_status(problem))


def _take_a_seat(session: LiveSession) -> None:
    """A class comes in at once, a script that fills the room does not. Raises live.Refused."""
    key = f"quiz-{session.id}"
    if throttle.SEATS.wait(key):
        raise live.Refused("crowded")
    throttle.SEATS.count(key)


@open_to_all
@require_GET
@never_cache
def play(request: HttpRequest, code: str) -> HttpResponse:
    """The question of this moment, or what became of the last answer."""
    session = live.find(code)
    participant = access.participant(request, session) if session else None
    if session is None or participant is None:
        return redirect("quiz:join", codes.read(code) or "-")  # which tells a wrong code, and counts it
    live.seen(participant, timezone.now())
    return _show(request, session, participant)


def _show(request: HttpRequest, session: LiveSession, participant: Participant, problem: str = "") -> HttpResponse:
    context = context_of(session, participant) | {"problem": problem}
    return stage.answer_page(request, "quiz/play.html", "quiz/play_stage.html", context, _status(problem))


def context_of(session: LiveSession, participant: Participant) -> dict[str, Any]:
    """What one phone shows: never more of the others than the projector, never what is right before its time."""
    vote = participant.votes.filter(number=session.number).first()
    ticked = frozenset(vote.ticked) if vote else None
    context = stage.asked(session, ticked)
    context |= {"participant": participant, "answered": vote is not None, "token": f"{session.stage}-{session.number}"}
    if session.stage == "solution":
        context["verdict"] = stage.verdict(context["question"], ticked)
        context["mark"] = decimal(stage.own_mark(session, participant).marks[-1] or None) or "0"
    if session.stage == "over":
        own = stage.own_mark(session, participant)
        context |= {"mark": decimal(own.total), "asked": len(own.marks), "exact": own.exact}
        context["review"] = _review(session, participant)
    return context


def _review(session: LiveSession, participant: Participant) -> list[dict[str, Any]]:
    """The questions asked, with what became of one's answers."""
    given = {vote.number: frozenset(vote.ticked) for vote in participant.votes.all()}
    return [
        {
            "stem": question.stem[language()],
            "verdict": stage.verdict(question, given.get(number)),
            "question": question,
            "lesson": actor.present() is not None and has_lesson(question.chapter),
        }
        for number, question in enumerate(live.questions(session), start=1)
    ]


@open_to_all
@require_POST
def answer(request: HttpRequest, code: str) -> HttpResponse:
    """Keeps an answer; a second one replaces it while the question is open."""
    session = live.find(code)
    participant = access.participant(request, session) if session else None
    if session is None or participant is None:
        raise Http404
    problem = ""
    try:
        live.vote(participant, live.typed_number(request.POST.get("number", "")), request.POST.getlist("option"))
    except live.Refused as refused:
        problem = _why(str(refused))
    else:
        live.seen(participant, timezone.now())
        consumers.announce(consumers.answers_of(session.id))
    if not request.htmx and not problem:
        return redirect("quiz:play", session.code)
    session.refresh_from_db(fields=["stage", "number"])
    return _show(request, session, participant, problem)


@open_to_all
@require_GET
@never_cache
def attestation(request: HttpRequest, code: str) -> HttpResponse:
    """One's own, to print, once the quiz is over."""
    session = live.find(code)
    participant = access.participant(request, session) if session else None
    if session is None or participant is None or session.stage != "over":
        raise Http404
    return certificate.page(request, session, participant)
