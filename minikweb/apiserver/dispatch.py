"""authenticate → share → authorise → route → verb.

Paths that are no resource (/readyz, /version, /api, /openapi/v3) are answered by documents.py.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery.errors import BadRequest, Unauthorized
from minikweb.apiserver import (
    activity,
    authorization,
    documents,
    metrics,
    negotiation,
    reading,
    routes,
    subresources,
    watching,
    writing,
)
from minikweb.apiserver.authentication import ANONYMOUS, ANONYMOUS_PATHS, SERVICE_ACCOUNT, User, impersonated
from minikweb.apiserver.authorization import Attributes
from minikweb.apiserver.request import Request, Response, Stream, Values
from minikweb.apiserver.routes import Route
from minikweb.apiserver.server import Server

log = logging.getLogger(__name__)

Verb = Callable[[Server, Request], Response]
WebSocket = Callable[..., Awaitable[None]]

VERBS: dict[str, Verb] = {
    "get": reading.get,
    "list": reading.list_,
    "create": writing.create,
    "update": writing.update,
    "patch": writing.patch,
    "delete": writing.delete,
    "deletecollection": writing.delete_collection,
}

MEASURED: dict[str, Verb] = {"get": metrics.get, "list": metrics.list_}


@dataclass
class Incoming:
    """A request as ASGI gives it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    groups: list[str]  # of all Impersonate-Group headers
    body: bytes = b""

    @staticmethod
    def of(scope: dict[str, Any]) -> Incoming:
        headers: dict[str, str] = {}
        groups: list[str] = []
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            if name == "impersonate-group":
                groups.append(value)
            elif name == "accept" and name in headers:
                headers[name] += "," + value
            else:
                headers[name] = value
        # The raw path keeps %2F apart from the slashes that divide it.
        path = scope["raw_path"].decode("latin-1").partition("?")[0] if scope.get("raw_path") else scope["path"]
        return Incoming(scope["method"], path, scope["query_string"].decode("latin-1"), headers, groups)


def answer(server: Server, incoming: Incoming, is_closing: Callable[[], bool]) -> Response | Stream:
    """Raises ApiError."""
    user = identify(server, incoming)
    server.shares.take(user)
    if "%00" in incoming.path + incoming.query:
        raise BadRequest("a NUL is part of no name")  # and PostgreSQL has no text with one
    log.debug("%s %s by %s", incoming.method, incoming.path, user.name)
    if incoming.path == activity.PATH:
        return activity.answer(server, user, incoming.method, Values(incoming.query))
    if not routes.is_resource(incoming.path):
        attributes = Attributes(verb=incoming.method.lower(), path=incoming.path)
        authorization.require(server.authorizer, user, attributes)
        server.custom_resources.refresh()
        return documents.answer(server, incoming.method, incoming.path, incoming.query, incoming.headers)
    request = _request(server, incoming, user)
    if request.route.verb == "watch":
        return watching.watch(server, request, is_closing)
    if request.route.subresource:
        outcome = subresources.answer(server, request)
    else:
        verbs = MEASURED if request.route.kind.group == "metrics.k8s.io" else VERBS
        outcome = verbs[request.route.verb](server, request)
    return negotiation.finish(request, outcome) if isinstance(outcome, Response) else outcome


def websocket(server: Server, incoming: Incoming) -> WebSocket:
    """What serves a WebSocket. Raises ApiError."""
    user = identify(server, incoming)
    server.shares.take(user)
    if not routes.is_resource(incoming.path):
        raise routes.unknown_path()
    request = _request(server, incoming, user)
    route = request.route
    if route.subresource in routes.STREAMS:
        # A WebSocket begins with GET; who may only read must not run commands (pkg/registry/core/pod/rest).
        attributes = Attributes("create", route.kind.group, route.resource, route.namespace, route.name)
        authorization.require(server.authorizer, user, attributes)
    return subresources.websocket(server, request)


def _request(server: Server, incoming: Incoming, user: User) -> Request:
    """Finds the route and asks whether the user may go it."""
    server.custom_resources.refresh()
    query = Values(incoming.query)
    route = routes.parse(server.registry, incoming.method, incoming.path, watch=query.flag("watch"))
    name = route.name or _name_selected(route, query)
    attributes = Attributes(route.verb, route.kind.group, route.resource, route.namespace, name)
    authorization.require(server.authorizer, user, attributes)
    return Request(incoming.method, incoming.path, query, incoming.headers, incoming.body, server.clock(), user, route)


def _name_selected(route: Route, query: Values) -> str:
    """The one name that a list or watch is limited to: who may see only this object may watch it."""
    if route.verb not in ("list", "watch", "deletecollection"):
        return ""
    for term in query.text("fieldSelector").split(","):
        path, _, name = term.replace("==", "=").partition("=")
        if path == "metadata.name":
            return name
    return ""


def identify(server: Server, incoming: Incoming) -> User:
    """Who calls, or whom the caller may speak for. Raises Unauthorized, Forbidden."""
    user = server.authenticator.authenticate(incoming.headers)
    other = impersonated(incoming.headers, incoming.groups)
    if other is None:
        if user is ANONYMOUS and not _is_open(incoming.path):
            raise Unauthorized("Unauthorized")
        return user
    for attributes in _impersonations(other, incoming.groups):
        authorization.require(server.authorizer, user, attributes)
    return other


def _impersonations(other: User, groups: list[str]) -> Iterator[Attributes]:
    """What one must be allowed to, to be this other user (pkg/endpoints/filters/impersonation.go)."""
    if other.name.startswith(SERVICE_ACCOUNT):
        _, _, namespace, name = other.name.split(":", 3)
        yield Attributes("impersonate", "", "serviceaccounts", namespace, name)
    else:
        yield Attributes("impersonate", "", "users", name=other.name)
    for group in groups:
        yield Attributes("impersonate", "", "groups", name=group)
    if other.uid:
        yield Attributes("impersonate", "authentication.k8s.io", "uids", name=other.uid)
    for key, values in other.extra.items():
        for value in values:
            yield Attributes("impersonate", "authentication.k8s.io", f"userextras/{key}", name=value)


def _is_open(path: str) -> bool:
    return f"/{path.split('/')[1]}" in ANONYMOUS_PATHS
