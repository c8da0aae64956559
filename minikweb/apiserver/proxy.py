"""proxy: HTTP to a pod or to a pod behind a Service, carried by the pod's kubelet; read-only to a node's kubelet.

The name is [scheme:]name[:port]. For a Service without a selector a process of this machine may answer, at a socket in
the run folder, where nobody else can make one. Source: pkg/registry/core/pod/strategy.go and
pkg/registry/core/service/storage (ResourceLocation), apimachinery/pkg/util/proxy.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Awaitable, Callable, Iterator

import httptools
import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from minikweb import settings
from minikweb.apimachinery import errors
from minikweb.apimachinery.errors import BadRequest, ServiceUnavailable
from minikweb.apiserver import kubelet, objects, streams
from minikweb.apiserver.request import Request, Response, Stream
from minikweb.apiserver.routes import method_not_allowed
from minikweb.apiserver.server import Server
from minikweb.kinds.discovery import SERVICE_NAME
from minikweb.kinds.registry import Object
from minikweb.store.query import Query

_ITSELF = re.compile(r"/*(?:[^/]*/){6}[^/]+")  # api/v1/namespaces/NAMESPACE/pods/NAME/proxy
_HOP_BY_HOP = ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
_NOT_SENT = (*_HOP_BY_HOP, "authorization", "content-length", "host", "cookie")
_NOT_ANSWERED = (*_HOP_BY_HOP, "content-length", "content-type")


class Tunnel:
    """A connection to a port of a pod: binary messages of a WebSocket of its kubelet; a text says why there is none."""

    def __init__(self, socket: ClientConnection):
        self._socket = socket

    async def write(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionClosed):  # what it said before is still to be read
            await self._socket.send(data)

    async def read(self) -> bytes:
        try:
            message = await self._socket.recv()
        except ConnectionClosed:
            return b""
        if isinstance(message, str):
            raise ConnectionRefusedError(message)
        return message

    def close(self) -> None:
        self._socket.transport.abort()


def answer(server: Server, request: Request) -> Stream | Response:
    """Raises NotFound, BadRequest, ServiceUnavailable, MethodNotAllowed."""
    kind = request.route.kind.kind
    if kind == "Node":
        if request.route.verb != "get":
            raise method_not_allowed()
        return kubelet.proxy(server, request)
    if request.path == _cut(request.path):
        return Response(b"", 301, headers=[("location", request.path + "/")])
    if kind == "Service" and (path := _socket_of(server, request)):
        return _relay(request, lambda: streams.connect(path), "localhost")
    pod, port = _of_service(server, request) if kind == "Service" else _of_pod(server, request)
    return _relay_to_pod(server, request, pod, port)


def _relay_to_pod(server: Server, request: Request, pod: Object, port: int) -> Stream:
    path, place = kubelet.endpoint(server, pod["spec"]["nodeName"]), kubelet.place(pod)
    address = pod.get("status", {}).get("podIP") or pod["metadata"]["name"]

    async def connect() -> streams.Connection:
        return Tunnel(await streams.dial(path, f"/connect/{place}/{port}"))

    return _relay(request, connect, f"{address}:{port}")


def _relay(request: Request, connect: Callable[[], Awaitable[streams.Connection]], host: str) -> Stream:
    relay = streams.HttpRelay(connect, _head(request, host) + request.body)

    async def begin(stream: Stream) -> None:
        try:
            stream.status, headers = await relay.ask()
        except InvalidStatus as error:
            raise streams.failure_of(error.response.status_code, bytes(error.response.body or b"")) from error
        except (OSError, TimeoutError, InvalidHandshake, httptools.HttpParserError) as error:
            why = str(error) or type(error).__name__
            raise ServiceUnavailable(f"error trying to reach service: {why}") from error
        stream.content_type = dict(headers).get("content-type", "")
        stream.headers = [header for header in _answered(request, headers) if header[0] not in _NOT_ANSWERED]

    return Stream(relay.chunks, discard=relay.close, prepare=begin)


def _cut(path: str) -> str:
    """The path of the proxy itself, without the slash behind it; a namespace or a pod may be called proxy, too."""
    found = _ITSELF.match(path)
    assert found  # what routes.py takes for a proxy has as many parts
    return found[0]


def _head(request: Request, host: str) -> bytes:
    """The request line and headers for who answers."""
    target = request.path[len(_cut(request.path)) :]
    lines = [
        f"{request.method} {target}{'?' + request.query.raw if request.query.raw else ''} HTTP/1.1",
        f"host: {host}",
    ]
    lines += [f"{name}: {value}" for name, value in request.headers.items() if name not in _NOT_SENT]
    lines += [f"x-forwarded-uri: {_cut(request.path)}", "connection: close"]
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        lines.append(f"content-length: {len(request.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _answered(request: Request, headers: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The pod's headers; where it sends one elsewhere on itself, the way is through the proxy again."""
    for name, value in headers:
        if name == "location" and value.startswith("/") and not value.startswith("//"):
            value = _cut(request.path) + value
        yield name, value


def split_name(name: str) -> tuple[str, str, str]:
    """Scheme, name and port of [scheme:]name[:port]. Raises BadRequest."""
    parts = name.split(":")
    if len(parts) == 3 and parts[0] in ("", "http", "https"):
        return parts[0] or "http", parts[1], parts[2]
    if len(parts) > 2:
        raise BadRequest(f'invalid service or pod request "{name}"')
    return "http", parts[0], parts[1] if len(parts) == 2 else ""


def _of_pod(server: Server, request: Request) -> tuple[Object, int]:
    scheme, name, port = split_name(request.route.name)
    _only_http(scheme)
    pod = objects.parse(objects.read(server, request.route.kind, request.route.namespace, name))
    kubelet.host(pod)
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise BadRequest(f'"{port}" is no port')
    return pod, int(port) if port else _first_port(pod)


def _first_port(pod: Object) -> int:
    ports = (port["containerPort"] for container in pod["spec"]["containers"] for port in container.get("ports") or ())
    return next(ports, 80)


def _of_service(server: Server, request: Request) -> tuple[Object, int]:
    """A ready pod of the Service, by chance, and the port there."""
    route = request.route
    scheme, name, wanted = split_name(route.name)
    _only_http(scheme)
    service = objects.parse(objects.read(server, route.kind, route.namespace, name))
    ports = service["spec"].get("ports") or []
    chosen = [one for one in ports if wanted in (one.get("name"), str(one["port"])) or (not wanted and len(ports) == 1)]
    if not chosen:
        raise ServiceUnavailable(f'no service port "{wanted}" found for service "{name}"')
    found = list(_endpoints(server, route.namespace, name, chosen[0].get("name") or ""))
    random.shuffle(found)
    pods = server.registry.of("v1", "Pod")
    assert pods
    for pod_name, port in found:
        stored = objects.find(server, pods, route.namespace, pod_name)
        if stored and objects.parse(stored)["spec"].get("nodeName"):
            return objects.parse(stored), port
    raise ServiceUnavailable(f'no endpoints available for service "{route.name}"')


def _socket_of(server: Server, request: Request) -> str:
    """The socket of a process that answers for the Service; empty if there is none."""
    scheme, name, _ = split_name(request.route.name)
    path = settings.service_socket(request.route.namespace, name)
    if not path.exists():
        return ""
    service = objects.parse(objects.read(server, request.route.kind, request.route.namespace, name))
    _only_http(scheme)
    return "" if service["spec"].get("selector") else str(path)


def _endpoints(server: Server, namespace: str, service: str, port_name: str) -> Iterator[tuple[str, int]]:
    """(pod, port) of the ready endpoints."""
    slices = server.registry.of("discovery.k8s.io/v1", "EndpointSlice")
    assert slices
    wanted = Query(slices.storage_key, namespace, labels=[(SERVICE_NAME, "In", [service])])
    for text in server.storage.list(wanted).bodies:
        found = orjson.loads(text)
        numbers = [port["port"] for port in found.get("ports") or () if (port.get("name") or "") == port_name]
        for endpoint in found.get("endpoints") or ():
            target, conditions = endpoint.get("targetRef") or {}, endpoint.get("conditions") or {}
            if numbers and target.get("kind") == "Pod" and conditions.get("ready") is not False:
                yield target["name"], numbers[0]


def _only_http(scheme: str) -> None:
    if scheme != "http":
        raise errors.NotImplemented_("proxy speaks plain HTTP to pods: port-forward carries TLS")
