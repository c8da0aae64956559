"""A classroom for tests: a session of two questions, its teacher, students with a browser each."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.test import Client

from minikweb.quiz import bank, live
from minikweb.quiz.models import LiveSession, Participant

STUDENTS_ADDRESS = "192.0.2.30"


def question(name: str, *, right: str = "ab", wrong: str = "cd", chapter: str = "pod", several: bool = True):
    """A question with options of one letter: "a" is said as "option a of <name>", explained as "because a"."""
    options = tuple(
        bank.Option(
            letter,
            letter in right,
            dict.fromkeys(bank.LANGUAGES, f"option {letter} of {name}"),
            dict.fromkeys(bank.LANGUAGES, f"because {letter}"),
        )
        for letter in right + wrong
    )
    return bank.Question(name, chapter, "", several, dict.fromkeys(bank.LANGUAGES, f"stem of {name}"), options)


def opened(*questions: bank.Question, rule: str = "all-or-nothing", **choices: Any) -> LiveSession:
    asked = questions or (question("first"), question("second", right="c", wrong="ab", several=False))
    choices = {"title": "Friday", "shows_names": True, "podium": True} | choices
    return live.open_session("local", asked, rule=rule, **choices)


class Teacher(Client):
    """Who sits at the machine."""

    def press(self, session: LiveSession, action: str) -> LiveSession:
        """Presses a button of the controller as it is now shown."""
        session.refresh_from_db()
        data = {"action": action, "stage": session.stage, "number": session.number}
        assert self.post(f"/quiz/live/{session.id}/do", data).status_code == 302
        session.refresh_from_db()
        return session


class Student(Client):
    """A phone in the room, where a sign-in is required of teachers."""

    def __init__(self) -> None:
        super().__init__(REMOTE_ADDR=STUDENTS_ADDRESS)

    def join(self, session: LiveSession, pseudonym: str = "Ada", real_name: str = "") -> Participant:
        data = {"pseudonym": pseudonym, "real_name": real_name}
        answer = self.post(f"/quiz/join/{session.code}/", data)
        assert answer.status_code == 302, answer.content.decode()
        return session.participants.get(folded=pseudonym.casefold())

    def sees(self, session: LiveSession) -> str:
        answer = self.get(f"/quiz/play/{session.code}/")
        assert answer.status_code == 200
        return answer.content.decode()

    def answers(self, session: LiveSession, ticked: str, number: int | None = None, **headers: str):
        session.refresh_from_db()
        data = {"number": session.number if number is None else number, "option": list(ticked)}
        return self.post(f"/quiz/play/{session.code}/answer", data, **headers)


def signed_in_only() -> dict[str, Any]:
    """Settings under which nobody is the teacher without signing in."""
    return {"SIGN_IN": True, "BIND": "192.0.2.1", "ALLOWED_HOSTS": ["testserver", *settings.ALLOWED_HOSTS]}
