"""Who may do what in a live quiz: the teacher, a phone that the teacher made a remote control, a participant.

A participant and a remote control are known by the browser's session alone: no account, and nothing in an address.
"""

from __future__ import annotations

import secrets

from django.db.models import Q
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from minikweb.people import actor
from minikweb.quiz.models import LiveSession, Participant

CONTROLS, PLAYS = "quiz-controls", "quiz-plays"  # keys of the browser's session


def is_teacher() -> bool:
    """Whether who acts is a teacher, or on loopback the one local administrator."""
    who = actor.present()
    return who is not None and who.is_administrator


def person() -> str:
    """The key of what is kept about who acts. Raises Unauthorized."""
    return actor.current().person


def name() -> str:
    """What who acts is called; "" for the local administrator."""
    return actor.current().name


def owns(session: LiveSession) -> bool:
    """Whether who acts opened the session. Who sits at the machine itself sees all: the database is theirs."""
    return is_teacher() and person() in (session.teacher, actor.LOCAL.person)


def may_drive(request: HttpRequest, session: LiveSession) -> bool:
    """Its teacher, or a phone that was made a remote control of this session."""
    return session.id in request.session.get(CONTROLS, []) or owns(session)


def grant(request: HttpRequest, session: LiveSession) -> None:
    """This browser drives the session from now on; its socket knows it by that."""
    if session.id not in request.session.get(CONTROLS, []):
        request.session[CONTROLS] = [*request.session.get(CONTROLS, []), session.id]


def take_control(request: HttpRequest, session: LiveSession, key: str) -> bool:
    """Makes this browser a remote control, if the key is the current one; a key serves once."""
    if not constant_time_compare(key, session.control):
        return False
    taken = LiveSession.objects.filter(pk=session.pk, control=session.control).update(control=new_key())
    if taken:
        grant(request, session)
    return bool(taken)


def new_key() -> str:
    return secrets.token_urlsafe(16)


def remember(request: HttpRequest, participant: Participant) -> None:
    """This browser is that participant from now on."""
    request.session[PLAYS] = {**request.session.get(PLAYS, {}), str(participant.session_id): participant.id}


def participant_id(browser: dict, session: LiveSession) -> int | None:
    """Who this browser (request.session, or scope["session"]) is in a live session."""
    return (browser.get(PLAYS) or {}).get(str(session.id))


def participant(request: HttpRequest, session: LiveSession) -> Participant | None:
    """The same as a row; None also for one who was removed. A student of a class is known on every device."""
    mine = Q(pk=participant_id(request.session, session))
    if student():
        mine |= Q(person=student())
    found = Participant.objects.filter(mine, session=session).first()
    if found and found.id != participant_id(request.session, session):
        remember(request, found)
    return found


def student() -> str:
    """The key of the student of a class who acts; "" for everybody else."""
    who = actor.present()
    return who.person if who and who.student else ""
