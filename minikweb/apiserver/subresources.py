"""What is below an object: status and finalize are writes of it, scale is a view, the others have their own files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from minikweb.apiserver import kubelet, pods, proxy, reading, scale, serviceaccounts, writing
from minikweb.apiserver.request import Request, Response, Stream
from minikweb.apiserver.routes import method_not_allowed
from minikweb.apiserver.server import Server

Answer = Callable[[Server, Request], Response | Stream]
WebSocket = Callable[..., Awaitable[None]]

_OWN: dict[str, Answer] = {"get": reading.get, "update": writing.update, "patch": writing.patch}

_ANSWERS: dict[tuple[str, str], Answer] = {
    ("scale", "get"): scale.get,
    ("scale", "update"): scale.update,
    ("scale", "patch"): scale.patch,
    ("binding", "create"): pods.bind,
    ("eviction", "create"): pods.evict,
    ("log", "get"): kubelet.log,
    ("exec", "get"): kubelet.exec_refused,
    ("exec", "create"): kubelet.exec_refused,
    ("attach", "get"): kubelet.attach_refused,
    ("attach", "create"): kubelet.attach_refused,
    ("portforward", "get"): kubelet.port_forward_refused,
    ("portforward", "create"): kubelet.port_forward_refused,
    **{("proxy", verb): proxy.answer for verb in ("get", "create", "update", "patch", "delete")},
    ("token", "create"): serviceaccounts.issue,
    **{(own, verb): answer for own in ("status", "finalize", "ephemeralcontainers") for verb, answer in _OWN.items()},
}

_WEBSOCKETS: dict[str, Callable[[Server, Request], WebSocket]] = {
    "attach": kubelet.attach,
    "exec": kubelet.exec_,
    "portforward": kubelet.port_forward,
}


def answer(server: Server, request: Request) -> Response | Stream:
    """Raises MethodNotAllowed and what the verbs raise."""
    found = _ANSWERS.get((request.route.subresource, request.route.verb))
    if found is None:
        raise method_not_allowed()
    return found(server, request)


def websocket(server: Server, request: Request) -> WebSocket:
    """What serves a WebSocket below an object. Raises MethodNotAllowed where none is."""
    found = _WEBSOCKETS.get(request.route.subresource)
    if found is None:
        raise method_not_allowed()
    return found(server, request)
