"""A live quiz on the server: how it moves on, who joins, what counts as an answer.

    lobby ─next→ question ─votes→ votes ─solution→ solution ─next→ question … ─next→ over
                    ↑──reopen──────┘└──────────next──────────────↑
Only an open question takes answers. The votes show what was ticked, and only the solution what was right. A press on
a button says which state it saw: one that comes late, or twice, changes nothing.
"""

from __future__ import annotations

import random
import secrets
import string
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from minikweb.people import actor, codes
from minikweb.quiz import access, bank
from minikweb.quiz.bank import Option, Question
from minikweb.quiz.models import LiveSession, Participant, Vote

CODE_LENGTH = 6  # as a class's code: 30^6
LARGEST = 200  # participants of one session
LONGEST_NAME = 24  # letters of a pseudonym
EVENING = timedelta(hours=12)  # after which nobody is invited any more
PRESENT = timedelta(seconds=45)  # since a phone was last heard of
ACTIONS = ("next", "votes", "reopen", "solution", "end")

NOBODY = {"namespace": actor.LOCAL.namespace}  # what a text says of the learner's place: a phone has none

State = tuple[str, int]  # stage, number


def moved(state: State, action: str, total: int) -> State | None:
    """Where an action leads from here; None where it means nothing. A question ended while open is not counted."""
    stage, number = state
    if action == "end" and stage != "over":
        return "over", number - 1 if stage == "question" else number
    if action == "next" and stage in ("lobby", "votes", "solution"):
        return ("question", number + 1) if number < total else ("over", number)
    ways = {("question", "votes"): "votes", ("votes", "reopen"): "question", ("votes", "solution"): "solution"}
    return (ways[stage, action], number) if (stage, action) in ways else None


def closed(session: LiveSession) -> int:
    """How many questions have been asked and closed: those that are marked."""
    return session.number - 1 if session.stage == "question" else session.number


def open_session(
    teacher: str, questions: Sequence[Question], *, title: str, rule: str, shows_names: bool, podium: bool
) -> LiveSession:
    """A session in its lobby, with a code that no other has."""
    return LiveSession.objects.create(
        code=_free_code(),
        teacher=teacher,
        control=access.new_key(),
        title=title,
        rule=rule,
        shows_names=shows_names,
        podium=podium,
        seed=secrets.randbelow(2**31),
        questions=[bank.as_data(question.filled(NOBODY)) for question in questions],
    )


def _free_code() -> str:
    while True:
        code = codes.new(CODE_LENGTH)
        if not LiveSession.objects.filter(code=code).exists():
            return code


def find(code: str) -> LiveSession | None:
    """The session of a code, while it can be joined or looked back at."""
    return LiveSession.objects.filter(code=codes.read(code)).first()


def under_way(now: datetime) -> list[LiveSession]:
    """The sessions that can be joined, the latest first; one that was left open yesterday is no invitation."""
    return list(LiveSession.objects.filter(opened_at__gt=now - EVENING).exclude(stage="over").order_by("-opened_at"))


def advance(session_id: int, action: str, seen: State, now: datetime) -> bool:
    """Moves a session on from the state that was seen; False when it is elsewhere already."""
    session = LiveSession.objects.filter(pk=session_id, stage=seen[0], number=seen[1]).first()
    target = moved(seen, action, len(session.questions)) if session else None
    if target is None:
        return False
    changes = {"stage": target[0], "number": target[1], "ended_at": now if target[0] == "over" else None}
    same = LiveSession.objects.filter(pk=session_id, stage=seen[0], number=seen[1])
    return bool(same.update(**changes))


def current(session: LiveSession) -> Question | None:
    """The question that is shown now."""
    if session.stage in ("lobby", "over"):
        return None
    return question(session, session.number)


def question(session: LiveSession, number: int) -> Question:
    return bank.from_data(session.questions[number - 1])


def questions(session: LiveSession) -> list[Question]:
    """Those that have been closed, in their order."""
    return [question(session, number) for number in range(1, closed(session) + 1)]


@dataclass(frozen=True)
class Lettered:
    """An option with its letter, the same on the projector and on every phone."""

    letter: str
    option: Option


def options(session: LiveSession, asked: Question) -> list[Lettered]:
    """The options in the session's order."""
    shuffled = list(asked.options)
    random.Random(f"{session.seed} {asked.id}").shuffle(shuffled)
    return [Lettered(letter, option) for letter, option in zip(string.ascii_uppercase, shuffled, strict=False)]


class Refused(Exception):
    """Why somebody cannot join, or an answer does not count: one word, put into a sentence by views/player.py."""


def join(session: LiveSession, pseudonym: str, real_name: str = "", person: str = "") -> Participant:
    """A new participant. Raises Refused: over, full, nameless or taken."""
    shown = clean_name(pseudonym, LONGEST_NAME)
    if session.stage == "over":
        raise Refused("over")
    if not any(letter.isalnum() for letter in shown):
        raise Refused("nameless")
    if session.participants.count() >= LARGEST:
        raise Refused("full")
    try:
        with transaction.atomic():
            return Participant.objects.create(
                session=session,
                person=person,
                pseudonym=shown,
                folded=shown.casefold(),
                real_name=clean_name(real_name, 80),
            )
    except IntegrityError:
        raise Refused("taken") from None  # the error would quote the name


def clean_name(text: str, longest: int) -> str:
    """A name on one line, without letters that cannot be seen or that turn the line around."""
    visible = "".join(
        " " if letter.isspace() else letter
        for letter in unicodedata.normalize("NFKC", text)
        if letter.isspace() or unicodedata.category(letter)[0] != "C"
    )
    return " ".join(visible.split())[:longest].strip()


def vote(participant: Participant, number: int, ticked: Collection[str]) -> None:
    """Keeps an answer, in place of the one before. Raises Refused: late or unknown."""
    with transaction.atomic():
        session = LiveSession.objects.select_for_update().get(pk=participant.session_id)
        if (session.stage, session.number) != ("question", number):
            raise Refused("late")
        asked = question(session, number)
        if not acceptable(asked, ticked):
            raise Refused("unknown")
        Vote.objects.update_or_create(participant=participant, number=number, defaults={"ticked": sorted(set(ticked))})


def acceptable(asked: Question, ticked: Collection[str]) -> bool:
    """Whether these ticks are an answer: options of the question, one where one is asked for, never none."""
    known = asked.right | asked.wrong
    return bool(ticked) and set(ticked) <= known and (asked.several or len(set(ticked)) == 1)


def seen(participant: Participant, now: datetime) -> None:
    """Notes that a phone was heard of; seldom enough to cost nothing."""
    if now - participant.seen_at > PRESENT / 4:
        Participant.objects.filter(pk=participant.pk).update(seen_at=now)


def is_present(participant: Participant, now: datetime) -> bool:
    """Whether the phone was heard of lately: not locked, not out of reach."""
    return now - participant.seen_at < PRESENT


@dataclass(frozen=True)
class Count:
    """ "18/24 have answered": those who did, among those who did or are here."""

    answered: int
    present: int
    joined: int


def count(session: LiveSession, now: datetime) -> Count:
    """How far the class is with the question shown."""
    answered = set(
        Vote.objects.filter(participant__session=session, number=session.number).values_list("participant", flat=True)
    )
    joined = dict(session.participants.values_list("id", "seen_at"))
    present = {id for id, seen_at in joined.items() if now - seen_at < PRESENT} | answered
    return Count(len(answered), len(present), len(joined))


def typed_number(text: str) -> int:
    """A number of a form; -1 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
