"""The sockets of a live quiz: they say "changed" to who takes part, and nothing to anybody else."""

import asyncio

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from minikweb.asgi import application
from minikweb.quiz import consumers
from tests.quiz.room import Student, Teacher, opened

pytestmark = pytest.mark.django_db(databases=["default"], transaction=True)
SOON = 5.0  # seconds


class Socket(ApplicationCommunicator):
    """A browser's socket."""

    async def connect(self) -> bool:
        await self.send_input({"type": "websocket.connect"})
        return (await self.receive_output(SOON))["type"] == "websocket.accept"

    async def heard(self) -> str:
        return (await self.receive_output(SOON))["text"]

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait()


def socket(client, session):
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}" if client else ""
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"cookie", cookie.encode())]
    path = f"/ws/quiz/{session.code}/"
    return Socket(application, {"type": "websocket", "path": path, "query_string": b"", "headers": headers})


@pytest.fixture(autouse=True)
def one_memory(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def test_a_phone_hears_of_the_steps_and_the_teacher_of_the_answers_too():
    session, ada, teacher = opened(), Student(), Teacher()
    ada.join(session)
    teacher.get(f"/quiz/live/{session.id}/")

    async def story():
        phone, controller = socket(ada, session), socket(teacher, session)
        assert await phone.connect() and await controller.connect()
        for _ in range(5):
            await get_channel_layer().group_send(consumers.answers_of(session.id), {"type": "answered"})
        assert await controller.heard() == "changed"
        assert await controller.receive_nothing(), "five answers at once are one word"
        assert await phone.receive_nothing(), "no phone is woken by another's answer"
        await get_channel_layer().group_send(consumers.steps_of(session.id), {"type": "changed"})
        assert [await one.heard() for one in (phone, controller)] == ["changed", "changed"]
        for one in (phone, controller):
            await one.leave()

    asyncio.run(story())


def test_a_press_of_the_teacher_reaches_the_phone():
    session, ada, teacher = opened(), Student(), Teacher()
    ada.join(session)
    press = database_sync_to_async(teacher.press, thread_sensitive=False)

    async def story():
        phone = socket(ada, session)
        assert await phone.connect()
        await press(session, "next")
        assert await phone.heard() == "changed"
        await phone.leave()

    asyncio.run(story())


@pytest.mark.parametrize("who", ["a stranger", "one of another session", "somebody without a cookie"])
def test_nobody_else_hears_anything(who):
    session, stranger = opened(), Student()
    if who == "one of another session":
        stranger.join(opened())
    stranger.get("/quiz/")
    if settings.SESSION_COOKIE_NAME not in stranger.cookies:
        stranger.cookies[settings.SESSION_COOKIE_NAME] = "unknown"

    async def story():
        refused = socket(None if who == "somebody without a cookie" else stranger, session)
        assert not await refused.connect()

    asyncio.run(story())


def test_a_broker_that_is_away_does_not_lose_an_answer(monkeypatch):
    class Away:
        async def group_send(self, *_):
            raise ConnectionRefusedError

    session, ada, teacher = opened(), Student(), Teacher()
    ada.join(session)
    monkeypatch.setattr(consumers, "get_channel_layer", Away)
    teacher.press(session, "next")
    assert ada.answers(session, "a").status_code == 302
    assert session.participants.get().votes.count() == 1
