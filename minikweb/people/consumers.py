"""Sockets that send a fragment of HTML whenever it differs from the one sent last."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from minikweb.people import changes, session

CALM = 0.1  # seconds in which several changes become one look
TICK = 30.0  # seconds: a look without a change


class FragmentConsumer(ABC, AsyncWebsocketConsumer):
    """Rings come by the group of the class; `find_class` and `render` are the subclass' own, both in a thread."""

    tick = TICK

    @abstractmethod
    def find_class(self) -> Any:
        """The class whose bell to listen to, None to refuse the socket."""

    @abstractmethod
    def render(self) -> str:
        """The fragment as it is now."""

    async def connect(self) -> None:
        self.school_class = await in_thread(self.find_class)()
        if self.school_class is None:
            await self.close()
            return
        self.language = language_of(self.scope)
        self.changed = asyncio.Event()
        self.group = changes.group(self.school_class)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        self.following = asyncio.create_task(self._follow())

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "following"):
            self.following.cancel()
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def class_changed(self, message: dict[str, Any]) -> None:
        """The bell."""
        self.changed.set()

    async def _follow(self) -> None:
        last = None
        while True:
            fragment = await in_thread(self._rendered)()
            if fragment != last:
                await self.send(text_data=fragment)
                last = fragment
            try:
                await asyncio.wait_for(self.changed.wait(), self.tick)
            except TimeoutError:
                continue
            await asyncio.sleep(CALM)
            self.changed.clear()

    def _rendered(self) -> str:
        with translation.override(self.language):
            return self.render()


class HandConsumer(FragmentConsumer):
    """A student's raised hand, and the teacher's call to a step."""

    def find_class(self) -> Any:
        student = session.student_of(self.scope["session"])
        return student.school_class if student else None

    def render(self) -> str:
        student = session.student_of(self.scope["session"])
        return render_to_string("people/hand.html", {"student": student}) if student else ""


def language_of(scope: dict[str, Any]) -> str:
    """The language of the page that opened the socket: it says so in the address."""
    wanted = parse_qs(scope.get("query_string", b"").decode()).get("lang", [""])[0]
    return wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def in_thread(function: Any) -> Any:
    """Each look in a thread of its own: the default would queue all sockets on one."""
    return database_sync_to_async(function, thread_sensitive=False)
