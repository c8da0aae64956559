"""Says for each request and each socket who acts (actor.py), and turns away who may not.

What nobody may open without a name is everything, but for the views and consumers marked with `open_to_all`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.security.websocket import WebsocketDenier
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import urlencode

from minikweb.people import actor, session

STILL_THERE = 5.0  # seconds between two looks whether the person behind a socket may still be there
GONE = 4401  # the code of a socket closed because its person left the class
SOCKETS = 24  # that one student may have open
Application = Callable[[Any, Any, Any], Awaitable[None]]
Marked = TypeVar("Marked")


def open_to_all(view: Marked) -> Marked:
    """Marks a view or a consumer that needs no name: signing in, joining, a quiz on a phone."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def administrators_only(view: Marked) -> Marked:
    """Marks a view or a consumer that no student may open."""
    view.administrators_only = True  # type: ignore[attr-defined]
    return view


class ActorMiddleware(MiddlewareMixin):
    """For pages. Must come after the session's."""

    def __call__(self, request: HttpRequest) -> Any:
        if self.async_mode:  # type: ignore[attr-defined]
            return self.__acall__(request)
        with actor.acting(session.actor_of(request.session)):
            return super().__call__(request)

    async def __acall__(self, request: HttpRequest) -> Any:
        with actor.acting(await sync_to_async(session.actor_of)(request.session)):
            return await super().__acall__(request)  # type: ignore[misc]

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        who = actor.present()
        if getattr(view, "administrators_only", False) and who is not None and not who.is_administrator:
            return render(request, "people/forbidden.html", status=403)
        if who is not None or getattr(view, "open_to_all", False) or _is_djangos(view):
            return None
        return _sign_in_first(request)


def _is_djangos(view: Any) -> bool:
    """Static files and the choice of the language."""
    return view.__module__ in ("django.contrib.staticfiles.views", "django.views.i18n", "django.views.static")


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    target = reverse("people:sign_in") + "?" + urlencode({"next": request.get_full_path()})
    if request.session.get(session.STUDENT):  # whose class is over, or who was removed
        target = reverse("people:over")
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=401, headers={"HX-Redirect": target})
    return redirect(target) if request.method in ("GET", "HEAD") else HttpResponseForbidden()


class ActorSockets:
    """For sockets: says who acts, and ends the socket of whom the class has ended for. Within the session's."""

    def __init__(self, application: Application, routes: list[Any]):
        self.application = application
        self.routes = routes
        self._open: dict[str, int] = {}  # person → sockets

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        look = database_sync_to_async(lambda: session.actor_of(session.read_again(scope["session"])), False)
        who = await look()
        if not self._may_enter(scope, who):
            return await WebsocketDenier()(scope, receive, send)
        scope["actor"] = who
        person = who.person if who else ""
        self._open[person] = self._open.get(person, 0) + 1
        try:
            with actor.acting(who):
                await self._until_gone(scope, receive, send, who, look)
        finally:
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]

    def _may_enter(self, scope: dict[str, Any], who: actor.Actor | None) -> bool:
        consumer = self._consumer(scope["path"])
        if who is None:
            return getattr(consumer, "open_to_all", False)
        if who.is_administrator:
            return True
        return not getattr(consumer, "administrators_only", False) and self._open.get(who.person, 0) < SOCKETS

    def _consumer(self, path: str) -> Any:
        for route in self.routes:
            if route.pattern.match(path.lstrip("/")):
                return getattr(route.callback, "consumer_class", None)
        return None

    async def _until_gone(self, scope: Any, receive: Any, send: Any, who: actor.Actor | None, look: Any) -> None:
        """Runs the consumer; for who may no longer be there, or left, it is as if the browser had gone."""
        if who is None or who == actor.LOCAL:
            return await self.application(scope, receive, send)
        gone = asyncio.Event()
        watching = asyncio.create_task(_watch(look, who, gone, send))
        try:
            await self.application(scope, _until(receive, gone), send)
        finally:
            watching.cancel()


async def _watch(look: Callable[[], Awaitable[Any]], who: actor.Actor, gone: asyncio.Event, send: Any) -> None:
    """Closes the socket once its person is another, or nobody."""
    while await look() == who:
        await asyncio.sleep(STILL_THERE)
    gone.set()
    with contextlib.suppress(RuntimeError):  # closed already
        await send({"type": "websocket.close", "code": GONE})


def _until(receive: Callable[[], Awaitable[Any]], gone: asyncio.Event) -> Callable[[], Awaitable[Any]]:
    """`receive`, that hears a disconnection when `gone` is set."""

    async def hear() -> Any:
        hearing, leaving = asyncio.ensure_future(receive()), asyncio.ensure_future(gone.wait())
        try:
            await asyncio.wait({hearing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            return hearing.result() if hearing.done() else {"type": "websocket.disconnect", "code": GONE}
        finally:
            hearing.cancel()
            leaving.cancel()

    return hear
