"""The attestation: one page to print, for one person and one live quiz or exam."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from minikweb.quiz import live, results
from minikweb.quiz.library import chapters, has_lesson
from minikweb.quiz.models import LiveSession, Participant
from minikweb.quiz.phrases import decimal, language, rule
from minikweb.quiz.views import stage


def page(request: HttpRequest, session: LiveSession, participant: Participant) -> HttpResponse:
    """Name, mark, and each notion asked; the real name where it was given."""
    own = stage.own_mark(session, participant)
    facts = {
        "name": participant.real_name or participant.pseudonym,
        "title": session.title,
        "date": session.opened_at,
        "mark": decimal(own.total),
        "asked": len(own.marks),
        "exact": own.exact,
        "notions": _notions(session, participant),
    }
    return render_page(request, session.rule, facts)


def render_page(request: HttpRequest, rule_id: str, facts: dict[str, Any]) -> HttpResponse:
    """facts: name ("" for a line to write on), title, date, mark, asked, exact, notions."""
    return render(request, "quiz/attestation.html", facts | {"rule": rule(rule_id), "frame": stage.frame(request)})


def _notions(session: LiveSession, participant: Participant) -> list[dict[str, object]]:
    votes = {vote.number: frozenset(vote.ticked) for vote in participant.votes.all()}
    each = results.per_question(session.rule, live.questions(session), {participant.id: votes})
    return [notion(one) for one in results.per_notion(each)]


def notion(result: results.NotionResult) -> dict[str, object]:
    """A chapter by its title, with its mean in per cent."""
    found = chapters().get(result.chapter)
    title = found.title[language()] if found else result.chapter
    return {
        "title": title,
        "questions": result.questions,
        "percent": round(100 * result.mean),
        "slug": result.chapter,
        "lesson": has_lesson(result.chapter),
    }
