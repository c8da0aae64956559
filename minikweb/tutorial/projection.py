"""A demonstration on a page: the browser types a command at the reader's pace, then asks for it to be run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.http import Http404

from minikweb.apimachinery import errors
from minikweb.people import actor
from minikweb.people.consumers import in_thread, language_of
from minikweb.tutorial import catchup, cluster, film, progress, shell, views
from minikweb.tutorial.film import Event
from minikweb.tutorial.lesson import Lesson, Step


class FilmConsumer(AsyncJsonWebsocketConsumer):
    """Each `{"go": true}` of the browser runs what it has typed, up to the next command to type.

    With a step in the address that step alone is typed, on what is there; without one the whole lesson, in a namespace
    that is emptied first. Closing the socket ends the shell.
    """

    async def connect(self) -> None:
        arguments = self.scope["url_route"]["kwargs"]
        try:
            self.lesson, self.steps = await in_thread(_asked)(arguments["slug"], arguments.get("step_id"))
        except Http404:
            await self.close()
            return
        self.whole = "step_id" not in arguments
        self.language = language_of(self.scope)
        self.stack = contextlib.ExitStack()
        self.events: Iterator[Event] | None = None
        self.busy = False
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "stack"):
            await in_thread(self.stack.close)()

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        if self.busy or not isinstance(content, dict) or not content.get("go"):
            return
        self.busy = True
        try:
            await self._advance()
        except errors.ApiError as error:
            await self._tell(Event("problem", error.message))
        except (BrokenPipeError, ValueError):  # the shell was closed while it ran
            await self._tell(Event("problem", "the shell has ended"))
        finally:
            self.busy = False

    async def _advance(self) -> None:
        if self.events is None:
            problem = await in_thread(self._begin)()
            if problem:
                await self._tell(Event("problem", problem))
                return
        assert self.events is not None
        while event := await in_thread(next)(self.events, None):
            await self._tell(event)
            if event.kind == "command":
                return
        await self._tell(Event("end", ""))

    async def _tell(self, event: Event) -> None:
        await self.send_json({"kind": event.kind, "text": event.text})

    def _begin(self) -> str:
        """Opens the shell; returns what went wrong."""
        if shell.kubectl() is None:
            return "kubectl is not on the PATH of this machine"
        problem = catchup.empty(self.lesson) if self.whole else ""
        if not problem:
            terminal = shell.Shell(self.stack.enter_context(shell.kubeconfig()), film.folder(self.lesson))
            self.stack.callback(terminal.close)
            self.events = self._marking(terminal)
        return problem

    def _marking(self, terminal: shell.Shell) -> Iterator[Event]:
        reader = cluster.NamespaceReader(cluster.cache(), cluster.namespace())
        for event in film.play(self.lesson, self.steps, reader, terminal, self.language):
            if event.kind == "done" and not self.whole:  # who has watched a whole lesson has not done it
                step = self.lesson.step(event.text)
                assert step is not None
                progress.mark_shown(actor.current().person, self.lesson, step)
            yield event


def _asked(slug: str, step_id: str | None) -> tuple[Lesson, tuple[Step, ...]]:
    """The lesson, and which of its steps are typed. Raises Http404."""
    if step_id is not None:
        lesson, step = views.find(slug, step_id)
        return lesson, (step,)
    lesson = views.lessons().get(slug)
    if lesson is None:
        raise Http404
    return lesson, lesson.steps
