"""What the live pages show of a session: one dictionary for phones, projector and controller, by what each may see.

Nothing of what is right leaves the server before the solution, and no count of ticks before the votes.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from minikweb.quiz import live, results, scoring
from minikweb.quiz.bank import Question
from minikweb.quiz.library import chapters
from minikweb.quiz.models import LiveSession, Participant, Vote
from minikweb.quiz.phrases import decimal, language, rule


def frame(request: HttpRequest) -> dict[str, str]:
    """The reader's wishes, for the frame of the live pages."""
    return {
        "theme": request.COOKIES.get("minikweb-theme", ""),
        "size": request.COOKIES.get("minikweb-size", ""),
    }


def answer_page(request: HttpRequest, page: str, fragment: str, context: dict[str, Any], status: int = 200):
    """The page; for a script that asks again, its moving part alone, or 204 when it has that already."""
    if not request.headers.get("X-Live") and not request.htmx:
        return render(request, page, context | {"fragment": fragment, "frame": frame(request)}, status=status)
    if request.method == "GET" and request.GET.get("seen") == context["token"]:
        return HttpResponse(status=204)
    return render(request, fragment, context, status=status)


def asked(session: LiveSession, ticked: frozenset[str] | None = None) -> dict[str, Any]:
    """The question that is shown: text, options, and what the stage lets everybody see of them."""
    question = live.current(session)
    facts: dict[str, Any] = {
        "session": session,
        "rule": rule(session.rule),
        "total": len(session.questions),
        "question": question,
    }
    if question is None:
        return facts
    solved = session.stage == "solution"
    counted = _ticks(session) if session.stage != "question" else None
    found = chapters().get(question.chapter)
    return facts | {
        "stem": question.stem[language()],
        "chapter": found.title[language()] if found else question.chapter,
        "several": question.several,
        "options": [_option(one, solved, counted, ticked) for one in live.options(session, question)],
        "solved": solved,
        "counted": counted is not None,
    }


def _ticks(session: LiveSession) -> tuple[Counter[str], int]:
    """How often each option of the question shown was ticked, and by how many people in all."""
    votes = Vote.objects.filter(participant__session=session, number=session.number).values_list("ticked", flat=True)
    return Counter(option for ticked in votes for option in ticked), len(votes)


def _option(
    lettered: live.Lettered, solved: bool, counted: tuple[Counter[str], int] | None, ticked: frozenset[str] | None
) -> dict[str, Any]:
    option, facts = lettered.option, {"letter": lettered.letter, "id": lettered.option.id}
    facts |= {"text": option.text[language()], "ticked": ticked is not None and option.id in ticked}
    if solved:
        facts |= {"right": option.right, "why": option.why[language()]}
    if counted is not None:
        ticks, people = counted
        facts |= {"count": ticks[option.id], "share": round(100 * ticks[option.id] / people) if people else 0}
    return facts


def ballots(session: LiveSession) -> dict[int, dict[int, frozenset[str]]]:
    """What each participant ticked, by question: results.Ballots."""
    given: dict[int, dict[int, frozenset[str]]] = {id: {} for id in session.participants.values_list("id", flat=True)}
    votes = Vote.objects.filter(participant__session=session)
    for participant, number, ticked in votes.values_list("participant", "number", "ticked"):
        given[participant][number] = frozenset(ticked)
    return given


def people(session: LiveSession) -> list[results.PersonResult]:
    """The marks of all, on the questions closed so far."""
    return results.per_person(session.rule, live.questions(session), ballots(session))


def podium(session: LiveSession) -> list[dict[str, Any]]:
    """The three best marks, with pseudonyms where the session shows them."""
    names = dict(session.participants.values_list("id", "pseudonym"))
    return [
        {
            "place": step.place,
            "mark": decimal(step.total),
            "names": [names[id] for id in step.ids] if session.shows_names else [],
            "count": len(step.ids),
        }
        for step in results.podium(people(session))
    ]


def own_mark(session: LiveSession, participant: Participant) -> results.PersonResult:
    """One participant's marks, without counting the others'."""
    votes = {vote.number: frozenset(vote.ticked) for vote in participant.votes.all()}
    return results.per_person(session.rule, live.questions(session), {participant.id: votes})[0]


def verdict(question: Question, ticked: frozenset[str] | None) -> str:
    """right, partly, wrong, or none where there was no answer."""
    return "none" if ticked is None else scoring.verdict(question.right, ticked)


def counts(session: LiveSession) -> live.Count:
    return live.count(session, timezone.now())
