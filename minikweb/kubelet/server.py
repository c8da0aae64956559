"""The kubelet's HTTP server, on a unix socket that only this user opens: the API server relays to it.

  GET /containerLogs/<namespace>/<pod>/<container>
      ?follow&tailLines&sinceSeconds&sinceTime&timestamps&previous&limitBytes
  WebSocket /exec/<namespace>/<pod>/<container>?command=…&input=1&output=1&error=1&tty=1     see exec.py
  WebSocket /attach/<namespace>/<pod>/<container>?input=1&output=1&error=1&tty=1
  WebSocket /portForward/<namespace>/<pod>?ports=…     see portforward.py
  WebSocket /connect/<namespace>/<pod>/<port>     one connection, for the proxy subresources
  GET /stats/summary    what the pods of this node use, see metrics.py
  GET /containers    what `docker ps -a` shows of this node, as JSON
  GET /connections   which endpoint of which Service got how many connections through this node, as JSON
  GET /healthz

Source: pkg/kubelet/server/server.go.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson
import uvicorn

from minikweb.apimachinery import clock, errors, httpstream
from minikweb.apimachinery.errors import ApiError, BadRequest, NotFound, NotImplemented_, ServiceUnavailable
from minikweb.client.informer import Cache
from minikweb.kubelet import exec, portforward
from minikweb.kubelet.metrics import Sampler
from minikweb.kubelet.pipe import Pipe
from minikweb.kubelet.pods import containers_of, specs
from minikweb.runtime.protocol import (
    ContainerNotFound,
    ContainerStatus,
    ExecSession,
    LogOptions,
    LogStream,
    NotSupported,
    Runtime,
    RuntimeFailure,
    RuntimeUnavailable,
)

Object = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Query = dict[str, list[str]]

log = logging.getLogger(__name__)

START_SECONDS = 10.0


class Server:
    """The server of one node, in a thread with its own event loop."""

    def __init__(
        self, cache: Cache, runtime: Runtime, socket: Path, connections: Callable[[], list[Object]] | None = None
    ):
        """connections: asks the node's network, where it has one."""
        self.cache, self.runtime, self.socket, self.connections = cache, runtime, socket, connections
        self.sampler = Sampler(socket.stem, runtime)  # a node's socket has its name
        config = uvicorn.Config(
            self,
            uds=str(socket),
            log_config=None,
            access_log=False,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=1,
            ws=httpstream.WebSocketProtocol,
            ws_ping_interval=None,  # the API server is on this machine and may hold back what its client does not read
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="kubelet-server", daemon=True)

    def start(self) -> None:
        """Returns when it listens."""
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        self.sampler.start()
        deadline = threading.Event()
        for _ in range(int(START_SECONDS / 0.01)):
            if self._server.started or not self._thread.is_alive():
                return
            deadline.wait(0.01)

    def stop(self) -> None:
        self.sampler.stop()
        self._server.should_exit = True
        self._thread.join(timeout=2)
        self.socket.unlink(missing_ok=True)

    def _run(self) -> None:
        try:
            self._server.run()
        except BaseException:
            log.exception("the kubelet's server on %s ended", self.socket)

    # --- ASGI -----------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
        path = [unquote(part) for part in scope["path"].strip("/").split("/")]
        try:
            if scope["type"] == "websocket":
                await self._websocket(path, query, scope["subprotocols"], receive, send)
            else:
                await self._get(path, query, receive, send)
        except ApiError as error:
            await refuse(scope["type"], error, receive, send)

    async def _get(self, path: list[str], query: Query, receive: Receive, send: Send) -> None:
        match path:
            case ["healthz"]:
                await answer(send, b"ok", "text/plain")
            case ["stats", "summary"]:
                if self.runtime.name == "simulated" and not self.sampler.measures:
                    raise NotImplemented_("they need Docker, and the containers of this node are simulated")
                await answer(send, orjson.dumps(self.sampler.summary()), "application/json")
            case ["containers"]:
                found = await asyncio.to_thread(self._containers)
                await answer(send, orjson.dumps(found), "application/json")
            case ["connections"]:
                if self.connections is None:
                    raise NotImplemented_("they need Docker, and the containers of this node are simulated")
                found = await asyncio.to_thread(translated, self.connections)
                await answer(send, orjson.dumps(found), "application/json")
            case ["containerLogs", namespace, pod, container]:
                stream = await asyncio.to_thread(self._log, namespace, pod, container, query)
                await relay(stream, receive, send)
            # kubectl asks again in an older way what was refused to its WebSocket: it gets the same answer.
            case ["exec" | "attach" as what, namespace, pod, container]:
                await asyncio.to_thread(self._running, namespace, pod, container, what)
                raise BadRequest(f"Upgrade request required: {what} is served over WebSocket ({exec.PROTOCOLS[0]})")
            case ["portForward", namespace, pod]:
                await asyncio.to_thread(self._place, namespace, pod)
                protocol = portforward.PROTOCOLS[0]
                raise BadRequest(f"Upgrade request required: port-forward is served over WebSocket ({protocol})")
            case _:
                raise NotFound(f"the kubelet has no path /{'/'.join(path)}")

    async def _websocket(
        self, path: list[str], query: Query, protocols: list[str], receive: Receive, send: Send
    ) -> None:
        match path:
            case ["exec" | "attach" as what, namespace, pod, container]:
                container_id = await asyncio.to_thread(self._running, namespace, pod, container, what)
                protocol = chosen(protocols, exec.PROTOCOLS)
                open_session = self._exec if what == "exec" else self._attach
                await exec.serve(lambda: open_session(container_id, query), query, protocol, receive, send)
            case ["portForward", namespace, pod]:
                place = await asyncio.to_thread(self._place, namespace, pod)
                protocol = chosen(protocols, portforward.PROTOCOLS)
                await portforward.serve(place, ports_of(query), protocol, receive, send)
            case ["connect", namespace, pod, port]:
                place = await asyncio.to_thread(self._place, namespace, pod)
                await portforward.connect(place, ports_of({"ports": [port]})[0], receive, send)
            case _:
                raise NotFound(f"the kubelet has no path /{'/'.join(path)}")

    # --- what is asked --------------------------------------------------------------------------

    def _containers(self) -> list[Object]:
        return [
            {
                "id": one.id,
                "image": one.image,
                "command": one.command,
                "created": clock.format(one.created_at),
                "status": one.status,
                "name": one.name,
                "labels": dict(one.labels),
            }
            for one in translated(self.runtime.processes)
        ]

    def _log(self, namespace: str, pod: str, container: str, query: Query) -> LogStream:
        obj, runs = self._runs(namespace, pod, container)
        options = log_options(query, datetime.now(UTC))
        container_id = choose(obj, container, runs, previous=flag(query, "previous"))
        return translated(lambda: self.runtime.logs(container_id, options))

    def _exec(self, container_id: str, query: Query) -> ExecSession:
        tty, stdin = exec.wants(query, "tty"), exec.wants(query, "input")
        return self.runtime.exec(container_id, query.get("command", []), tty=tty, stdin=stdin)

    def _attach(self, container_id: str, query: Query) -> ExecSession:
        return self.runtime.attach(container_id, stdin=exec.wants(query, "input"))

    def _place(self, namespace: str, name: str) -> portforward.Place:
        """Where port-forward connects. Raises BadRequest, NotFound, NotImplemented_."""
        self._needs_docker("port-forward", name)
        pod = self._pod(namespace, name)
        uid = pod["metadata"]["uid"]
        observed = next(iter(translated(lambda: self.runtime.pods(uid))), None)
        ready = [one.id for one in observed.sandboxes if one.state == "ready"] if observed else []
        if not ready:
            raise BadRequest(f'pod "{name}" is not running')
        return portforward.Place(name, uid, lambda: self.runtime.port_forward(ready[0]))

    def _needs_docker(self, what: str, pod: str) -> None:
        if self.runtime.name == "simulated":
            raise NotImplemented_(f'{what} needs Docker: the containers of pod "{pod}" are simulated')

    def _running(self, namespace: str, pod: str, container: str, what: str) -> str:
        """The id of a running container. Raises BadRequest, NotFound, NotImplemented_."""
        self._needs_docker(what, pod)
        _, runs = self._runs(namespace, pod, container)
        if not runs or runs[0].state != "running":
            raise BadRequest(f'container "{container}" of pod "{pod}" is not running')
        return runs[0].id

    def _runs(self, namespace: str, name: str, container: str) -> tuple[Object, list[ContainerStatus]]:
        """The pod, and the container's runs, newest first. Raises NotFound."""
        pod = self._pod(namespace, name)
        declared = [c["name"] for c in (*specs(pod), *(pod["spec"].get("ephemeralContainers") or ()))]
        if container not in declared:
            raise NotFound(f'container "{container}" not found in pod "{name}"')
        observed = next(iter(translated(lambda: self.runtime.pods(pod["metadata"]["uid"]))), None)
        return pod, [run for run in containers_of(observed) if run.name == container]

    def _pod(self, namespace: str, name: str) -> Object:
        pod = self.cache.get("Pod", namespace, name)
        if pod is None:
            raise NotFound(f'pod "{name}" not found on this node')
        return pod


def chosen(offered: list[str], served: Sequence[str]) -> str:
    """The first protocol that both speak. Raises BadRequest."""
    for protocol in served:
        if protocol in offered:
            return protocol
    raise BadRequest(f"the subprotocols served here are {', '.join(served)}")


def ports_of(query: Query) -> list[int]:
    """The ports that clients without SPDY name, as `ports=80,443` or repeated. Raises BadRequest."""
    texts = [text for value in query.get("ports", []) for text in value.split(",")]
    ports = [int(text) for text in texts if text.isascii() and text.isdigit()]
    if len(ports) != len(texts) or not all(0 < port <= portforward.MAX_PORTS for port in ports):
        raise BadRequest(f"ports must be numbers between 1 and {portforward.MAX_PORTS}")
    return ports


def choose(pod: Object, container: str, runs: list[ContainerStatus], *, previous: bool) -> str:
    """The id of the run whose log is meant. Raises BadRequest."""
    begun = [run for run in runs if run.state != "created"]
    name = pod["metadata"]["name"]
    statuses = [
        one
        for key in ("containerStatuses", "initContainerStatuses")
        for one in (pod.get("status") or {}).get(key) or ()
        if one["name"] == container
    ]
    waiting = statuses[0]["state"].get("waiting") if statuses else {"reason": "ContainerCreating"}
    if previous:
        # While it waits to be started again, what ended last is the previous one.
        before = begun if waiting and begun and begun[0].state == "exited" else begun[1:]
        if not before:
            raise BadRequest(f'previous terminated container "{container}" in pod "{name}" not found')
        return before[0].id
    if not begun:
        reason = (waiting or {}).get("reason", "ContainerCreating")
        raise BadRequest(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
    return begun[0].id


def log_options(query: Query, now: datetime) -> LogOptions:
    """What part of a log is asked for. Raises BadRequest."""

    def number(name: str) -> int | None:
        text = query.get(name, [""])[0]
        if text and not text.isdigit():
            raise BadRequest(f"{name} must be a number, not {text!r}")
        return int(text) if text else None

    seconds, since = number("sinceSeconds"), query.get("sinceTime", [""])[0]
    try:
        instant = clock.parse(since) if since else None
    except ValueError as error:
        raise BadRequest(f"sinceTime: {error}") from error
    return LogOptions(
        follow=flag(query, "follow"),
        tail=number("tailLines"),
        since=now - timedelta(seconds=seconds) if seconds is not None else instant,
        timestamps=flag(query, "timestamps"),
        limit_bytes=number("limitBytes"),
    )


def flag(query: Query, name: str) -> bool:
    return query.get(name, [""])[0] in ("true", "1", "True")


def translated(call: Callable[[], Any]) -> Any:
    """The runtime's failures as errors of the API."""
    try:
        return call()
    except NotSupported as failure:
        raise NotImplemented_(failure.message) from failure
    except ContainerNotFound as failure:
        raise NotFound(failure.message) from failure
    except RuntimeUnavailable as failure:
        raise ServiceUnavailable(failure.message) from failure
    except RuntimeFailure as failure:
        raise errors.InternalError(failure.message) from failure


async def answer(send: Send, body: bytes, content_type: str, status: int = 200) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(protocol: str, error: ApiError, receive: Receive, send: Send) -> None:
    """A Status, over HTTP, also to who wanted a WebSocket."""
    body = orjson.dumps(error.to_status())
    if protocol == "http":
        await answer(send, body, "application/json", error.code)
        return
    await receive()  # websocket.connect
    headers = [(b"content-type", b"application/json")]
    await send({"type": "websocket.http.response.start", "status": error.code, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def relay(stream: LogStream, receive: Receive, send: Send) -> None:
    """Sends a log as it comes, until it ends or the client goes."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
    pipe = Pipe(asyncio.get_running_loop())
    threading.Thread(target=pipe.fill, args=(stream,), name="log", daemon=True).start()
    gone = asyncio.create_task(_gone(receive))
    try:
        while True:
            chunk = asyncio.create_task(pipe.get())
            await asyncio.wait({chunk, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() or not (data := await chunk):
                chunk.cancel()
                break
            await send({"type": "http.response.body", "body": data, "more_body": True})
    finally:
        gone.cancel()
        pipe.close()
        stream.close()
    with suppress(Exception):
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
