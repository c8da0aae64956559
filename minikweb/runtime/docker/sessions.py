"""Sessions with a container: exec, attach, and connections to a pod's ports."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import docker

from minikweb.runtime.docker.connection import TIMEOUT
from minikweb.runtime.docker.streams import CHUNK, Frames, joined
from minikweb.runtime.protocol import CommandTimeout

RESIZES = 10
NOBODY = "65534:65534"
EXIT_CODE_PATIENCE = 5.0  # seconds between the end of an exec's output and the daemon knowing its exit code


class Session:
    """A connection that Docker hands over after its 101 (see protocol.ExecSession)."""

    def __init__(self, api: docker.APIClient, path: str, *, tty: bool, body: Any = None, **query: Any):
        self._api = api
        self._frames = Frames(tty=tty)
        self._ready: list[tuple[int, bytes]] = []
        url = f"{api.base_url}/v{api.api_version}{path}"
        headers = {"Connection": "Upgrade", "Upgrade": "tcp"}
        self._response = api.post(url, json=body, params=query, headers=headers, stream=True, timeout=TIMEOUT)
        api._raise_for_status(self._response)
        # Read through http.client's buffer: the first output may be in it.
        self._incoming = self._response.raw._fp.fp
        self._socket: socket.socket = self._incoming.raw._sock
        self._socket.settimeout(None)

    def read(self, timeout: float | None = None) -> tuple[int, bytes] | None:
        """Raises TimeoutError when nothing came within so many seconds."""
        while not self._ready:
            try:
                self._socket.settimeout(timeout)  # also None: what came before may have been in a hurry
                data = self._incoming.read1(CHUNK)
            except TimeoutError:
                raise
            except (OSError, ValueError):
                return None
            if not data:
                return None
            self._ready = joined(self._frames.feed(data))
        return self._ready.pop(0)

    def write(self, data: bytes) -> None:
        with suppress(OSError):  # the command ended without reading it all
            self._socket.sendall(data)

    def close_stdin(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def resize(self, width: int, height: int) -> None:
        """Of a terminal."""

    def exit_code(self) -> int:
        return 0

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._response.close()


def persist(resize: Callable[[], None]) -> None:
    """Docker cannot resize what is about to start: tries for half a second, after that it has ended."""
    for _ in range(RESIZES):
        try:
            return resize()
        except docker.errors.APIError:
            time.sleep(0.05)


class Exec(Session):
    """A command running in a container."""

    def __init__(
        self,
        api: docker.APIClient,
        container_id: str,
        command: list[str],
        *,
        tty: bool = False,
        stdin: bool = True,
        user: str = "",
    ):
        self.id = api.exec_create(container_id, command, stdin=stdin, tty=tty, user=user)["Id"]
        super().__init__(api, f"/exec/{self.id}/start", tty=tty, body={"Detach": False, "Tty": tty})

    def resize(self, width: int, height: int) -> None:
        persist(lambda: self._api.exec_resize(self.id, height=height, width=width))

    def exit_code(self) -> int:
        deadline = time.monotonic() + EXIT_CODE_PATIENCE
        while True:
            code = self._api.exec_inspect(self.id)["ExitCode"]
            if code is not None or time.monotonic() > deadline:
                return 137 if code is None else code
            time.sleep(0.01)


class Attached(Session):
    """A container's main process; what it said before is in its log."""

    def __init__(self, api: docker.APIClient, container_id: str, *, stdin: bool):
        self.id = container_id
        config = api.inspect_container(container_id)["Config"]
        self._ends_with_us = bool(config["StdinOnce"])
        path = f"/containers/{container_id}/attach"
        super().__init__(api, path, tty=bool(config["Tty"]), stream=1, stdin=int(stdin), stdout=1, stderr=1)

    def close_stdin(self) -> None:
        """Only where the process is to see it; else Docker would take it for our end, and say no more."""
        if self._ends_with_us:
            super().close_stdin()

    def resize(self, width: int, height: int) -> None:
        persist(lambda: self._api.resize(self.id, height=height, width=width))


class PortForward(Exec):
    """One connection to a port of a pod, made by images/pause/connect.c within the pod. The first write is the port."""

    def __init__(self, api: docker.APIClient, sandbox_id: str):
        super().__init__(api, sandbox_id, ["/pause", "connect"], user=NOBODY)

    def write(self, data: bytes) -> None:
        super().write(len(data).to_bytes(4, "big") + data)

    def close_stdin(self) -> None:
        super().write(bytes(4))


def exec_sync(api: docker.APIClient, container_id: str, command: list[str], timeout: float) -> tuple[int, bytes]:
    """(exit code, both outputs) of a command. Raises CommandTimeout; Docker cannot end the command, it runs on."""
    session, deadline = Exec(api, container_id, command, stdin=False), time.monotonic() + timeout
    output = []
    try:
        while (item := session.read(max(deadline - time.monotonic(), 0.001))) is not None:
            output.append(item[1])
        return session.exit_code(), b"".join(output)
    except TimeoutError as error:
        raise CommandTimeout(f"took longer than {timeout:g}s", "ExecError") from error
    finally:
        session.close()
