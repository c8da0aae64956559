"""The sockets of a live quiz carry one word, "changed": what changed is asked for over HTTP, by who may see it.

A phone hears of the steps of the session; the teacher's pages hear of each answer too.
"""

from __future__ import annotations

import asyncio
import logging

from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from redis import RedisError

from minikweb.people.middleware import open_to_all
from minikweb.quiz import access, live

log = logging.getLogger(__name__)
_ANSWERS = "-answers"
CALM = 0.2  # seconds in which the answers of a whole class become one word


def steps_of(session_id: int) -> str:
    """The group of all who follow a session."""
    return f"quiz-{session_id}"


def answers_of(session_id: int) -> str:
    """The group of those who also count its answers."""
    return f"quiz-{session_id}{_ANSWERS}"


def announce(group: str) -> None:
    """Says "changed". A lost word costs a few seconds: every page also asks by itself."""
    type_ = "answered" if group.endswith(_ANSWERS) else "changed"
    try:
        async_to_sync(get_channel_layer().group_send)(group, {"type": type_})
    except (OSError, RedisError) as error:
        log.warning("a live quiz could not be announced: %s", error)


@open_to_all
class LiveQuizConsumer(AsyncWebsocketConsumer):
    """One browser that follows a session: a phone, the projector or the controller."""

    async def connect(self) -> None:
        groups = await database_sync_to_async(self._groups_allowed, thread_sensitive=False)()
        if not groups:
            await self.close()
            return
        self.joined: list[str] = groups
        self.telling: asyncio.Task | None = None
        for group in groups:
            await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()

    def _groups_allowed(self) -> list[str]:
        """What this browser may follow, by its session; nothing for who has not joined."""
        session = live.find(self.scope["url_route"]["kwargs"]["code"])
        browser = dict(self.scope["session"].items())
        if session is None:
            return []
        if session.id in browser.get(access.CONTROLS, []):
            return [steps_of(session.id), answers_of(session.id)]
        return [steps_of(session.id)] if access.participant_id(browser, session) else []

    async def disconnect(self, code: int) -> None:
        if getattr(self, "telling", None):
            self.telling.cancel()
        for group in getattr(self, "joined", []):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def changed(self, event: dict[str, str]) -> None:
        await self.send(text_data="changed")

    async def answered(self, event: dict[str, str]) -> None:
        if self.telling is None:
            self.telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        await asyncio.sleep(CALM)
        self.telling = None
        await self.send(text_data="changed")
