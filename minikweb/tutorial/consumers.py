"""The step that turns green by itself: on each change of the cluster the checks are looked at again."""

from __future__ import annotations

import asyncio
import threading

from channels.generic.websocket import AsyncWebsocketConsumer
from django.http import Http404
from django.template.loader import render_to_string
from django.utils import translation

from minikweb.apimachinery import errors
from minikweb.people.consumers import in_thread, language_of
from minikweb.tutorial import cluster, views
from minikweb.tutorial.lesson import Lesson

CALM = 0.05  # seconds in which several changes become one look
TICK = 2.0  # a look without a change: a namespace deleted, a cluster back


class StepConsumer(AsyncWebsocketConsumer):
    """Sends the fragment of the checks whenever it differs from the last one sent."""

    async def connect(self) -> None:
        arguments = self.scope["url_route"]["kwargs"]
        try:
            self.lesson, self.step = await in_thread(views.find)(arguments["slug"], arguments["step_id"])
        except Http404:
            await self.close()
            return
        self.language = language_of(self.scope)
        self.changed = asyncio.Event()
        self.unsubscribe = await in_thread(_subscribe)(self.lesson, asyncio.get_running_loop(), self.changed)
        await self.accept()
        self.following = asyncio.create_task(self._follow())

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "following"):
            self.following.cancel()
            self.unsubscribe()

    async def _follow(self) -> None:
        last = ""
        while True:
            fragment = await in_thread(self._render)()
            if fragment != last:
                await self.send(text_data=fragment)
                last = fragment
            try:
                await asyncio.wait_for(self.changed.wait(), TICK)
            except TimeoutError:
                continue
            await asyncio.sleep(CALM)
            self.changed.clear()

    def _render(self) -> str:
        with translation.override(self.language):
            try:
                return render_to_string("tutorial/checks.html", views.checks_context(self.lesson, self.step))
            except errors.ApiError as error:
                return render_to_string("tutorial/checks.html", {"error": error})


def _subscribe(lesson: Lesson, loop: asyncio.AbstractEventLoop, changed: asyncio.Event):
    """Sets `changed` after each change that the lesson's checks may be about, until the returned function is called."""
    alive = threading.Event()
    alive.set()
    places = cluster.places_of(lesson, cluster.namespace())

    def handler(old: dict | None, new: dict | None) -> None:
        namespace = (new or old or {}).get("metadata", {}).get("namespace")
        if alive.is_set() and (namespace is None or namespace in places):
            loop.call_soon_threadsafe(changed.set)

    cache = cluster.cache()
    kinds = [cluster.kind_named(cache.client, kind) for kind in sorted(cluster.kinds_of(lesson))]
    informers = [cache.informer(kind) for kind in kinds if kind]
    for informer in informers:
        informer.add_handler(handler)

    def unsubscribe() -> None:
        alive.clear()
        for informer in informers:
            informer.remove_handler(handler)

    return unsubscribe
