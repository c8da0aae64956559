"""After a live quiz: per person, question and notion; as CSV; an attestation; and its end, with all its data."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from minikweb.people.middleware import administrators_only
from minikweb.quiz import access, consumers, live, results
from minikweb.quiz.models import LiveSession, Vote
from minikweb.quiz.phrases import decimal, language, rule
from minikweb.quiz.views import certificate, stage

_FORMULA = re.compile(r"^[=+\-@\t\r]")  # what a spreadsheet would run


def _owned(session_id: int) -> LiveSession:
    """A session of the teacher who acts. Raises Http404 for all others."""
    session = get_object_or_404(LiveSession, pk=session_id)
    if not access.owns(session):
        raise Http404
    return session


@administrators_only
@require_GET
@never_cache
def session_results(request: HttpRequest, session_id: int) -> HttpResponse:
    """Everything about a session, for the teacher alone."""
    session = _owned(session_id)
    asked, ballots = live.questions(session), stage.ballots(session)
    each = results.per_question(session.rule, asked, ballots)
    context = {
        "session": session,
        "rule": rule(session.rule),
        "people": _people(session, ballots),
        "questions": [_question(session, one) for one in each],
        "notions": [certificate.notion(one) for one in results.per_notion(each)],
        "asked": len(asked),
    }
    return render(request, "quiz/results.html", context)


def _people(session: LiveSession, ballots: results.Ballots) -> list[dict[str, Any]]:
    """The participants with their marks, best first."""
    known = {one.id: one for one in session.participants.all()}
    marked = results.per_person(session.rule, live.questions(session), ballots)
    rows = [
        {
            "participant": known[one.id],
            "mark": decimal(one.total),
            "exact": one.exact,
            "answered": sum(mark is not None for mark in one.marks),
            "order": (-one.total, known[one.id].folded),
        }
        for one in marked
    ]
    return sorted(rows, key=lambda row: row["order"])


def _question(session: LiveSession, one: results.QuestionResult) -> dict[str, Any]:
    """A question with its verdicts, and each option with how often it was ticked."""
    words = language()
    options = [
        {"letter": lettered.letter, "text": lettered.option.text[words], "right": lettered.option.right,
         "count": one.ticks[lettered.option.id]}
        for lettered in live.options(session, one.question)
    ]  # fmt: skip
    return {
        "number": one.number,
        "question": one.question,
        "stem": one.question.stem[words],
        "options": options,
        "percent": round(100 * one.mean),
        "exact": one.verdicts["right"],
        "partly": one.verdicts["partly"],
        "wrong": one.verdicts["wrong"],
        "none": one.verdicts["none"],
    }


@administrators_only
@require_GET
@never_cache
def download(request: HttpRequest, session_id: int) -> HttpResponse:
    """One line a person, one column a question. A French Excel opens it: semicolons, decimal commas, a BOM."""
    session = _owned(session_id)
    content = io.StringIO()
    writer = csv.writer(content, delimiter="," if language() == "en" else ";", lineterminator="\r\n")
    writer.writerows([_cell(value) for value in row] for row in _lines(session))
    response = HttpResponse("\ufeff" + content.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="qcm-{session.opened_at:%Y-%m-%d}-{session.id}.csv"'
    return response


def _lines(session: LiveSession) -> Iterator[Iterable[str]]:
    asked = live.questions(session)
    numbers = [f"{number}. {question.id}" for number, question in enumerate(asked, start=1)]
    yield [_("Pseudonym"), _("Name"), _("Mark"), _("Out of"), _("Exactly right"), *numbers]
    known = {one.id: one for one in session.participants.all()}
    for one in results.per_person(session.rule, asked, stage.ballots(session)):
        person = known[one.id]
        marks = [decimal(mark) for mark in one.marks]
        yield [person.pseudonym, person.real_name, decimal(one.total), str(len(asked)), str(one.exact), *marks]


def _cell(text: str) -> str:
    """Text, for a spreadsheet: what would be run as a formula is quoted."""
    return "'" + text if _FORMULA.match(text) else text


@administrators_only
@require_GET
@never_cache
def attestation(request: HttpRequest, session_id: int, participant_id: int) -> HttpResponse:
    """Somebody's attestation, for the teacher to print."""
    session = _owned(session_id)
    return certificate.page(request, session, get_object_or_404(session.participants, pk=participant_id))


@administrators_only
@require_POST
def delete(request: HttpRequest, session_id: int) -> HttpResponse:
    """Removes a session with all that it knows of its participants, and says what that was."""
    session = _owned(session_id)
    people = session.participants.count()
    answers = Vote.objects.filter(participant__session=session).count()
    session.delete()
    consumers.announce(consumers.steps_of(session_id))
    gone = [
        ngettext("%(count)d participant", "%(count)d participants", people) % {"count": people},
        ngettext("%(count)d answer", "%(count)d answers", answers) % {"count": answers},
    ]
    request.session["quiz-deleted"] = {"title": session.title, "gone": gone}
    return redirect("quiz:live")
