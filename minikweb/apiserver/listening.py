"""Two listeners in one loop: HTTPS for users and pods, a unix socket for the processes of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from minikweb.apimachinery import httpstream
from minikweb.apiserver.app import Application
from minikweb.store import compaction
from minikweb.store.database import StoreUnavailable

log = logging.getLogger(__name__)

COMPACTION_SECONDS = 60.0
SWITCH_SECONDS = 0.001  # a thread back from SQLite waits this long for the GIL, not Python's 5 ms
GRACE_SECONDS = 1  # for requests under way at the end; an idle TLS client may keep its connection open that long


class CannotListen(Exception):
    """A socket could not be opened; the message is one sentence for the user."""


class _Server(uvicorn.Server):
    """Leaves signals to us, and takes sockets that are open already."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def open_unix(path: Path) -> socket.socket:
    """A listening unix socket that only its owner can use. Raises CannotListen."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        raise CannotListen(f"cannot listen on {path}: {error.strerror or error}") from error
    finally:
        os.umask(mask)
    return listener


def open_tcp(host: str, port: int) -> socket.socket:
    """A listening TCP socket. Raises CannotListen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise CannotListen(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another port with MINIKWEB_API_PORT"
        ) from error
    return listener


def serve(application: Application, *, tcp: list[socket.socket], unix: socket.socket, pki: Path) -> None:
    """Serves until SIGTERM or SIGINT. Open watches end at once, other requests may finish."""
    secure = _Server(
        _config(application, ssl_certfile=str(pki / "apiserver.crt"), ssl_keyfile=str(pki / "apiserver.key"))
    )
    local = _Server(_config(application))
    sys.setswitchinterval(SWITCH_SECONDS)
    stopping = threading.Event()
    compactor = threading.Thread(target=_compact, args=(application, stopping), name="compaction", daemon=True)
    compactor.start()
    try:
        with asyncio.Runner(loop_factory=secure.config.get_loop_factory()) as runner:
            runner.run(_serve(application, [(secure, tcp), (local, [unix])]))
    finally:
        stopping.set()
        compactor.join(5)


def _config(application: Application, **tls: str) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws=httpstream.WebSocketProtocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=512,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws_max_size=16 * 1024 * 1024,
        ws_ping_timeout=None,  # a client that is stopped (Ctrl-Z, a debugger) keeps its stream; TCP finds the dead
        **tls,  # type: ignore[arg-type]
    )


async def _serve(application: Application, servers: list[tuple[_Server, list[socket.socket]]]) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        application.close()
        for server, _ in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await asyncio.gather(*(server.serve(sockets=listeners) for server, listeners in servers))


def _compact(application: Application, stopping: threading.Event) -> None:
    storage = application.server.storage
    while not stopping.wait(COMPACTION_SECONDS):
        try:
            compaction.expire(storage, time.time())
            compaction.compact(storage, time.time())
        except StoreUnavailable as error:
            log.warning("compaction has to wait: %s", error)
    storage.database.close()
