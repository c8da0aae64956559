"""Logs and exec: Docker's multiplexed streams (Engine API, "Attach to a container", stream format)."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import docker
import requests
import urllib3

from minikweb.runtime.docker.connection import TIMEOUT
from minikweb.runtime.protocol import LogOptions

HEADER = 8  # bytes: stream, three zeros, length of the payload as a big-endian 32-bit number
CHUNK = 65536
EXIT_CODE_PATIENCE = 5.0  # seconds between the end of an exec's output and the daemon knowing its exit code


class Frames:
    """Cuts a byte stream into Docker's frames; a terminal's stream has none and is all stdout."""

    def __init__(self, *, tty: bool):
        self.tty = tty
        self.rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The (stream, payload) pairs that are complete now; neighbours of one stream are joined."""
        if self.tty:
            return [(1, data)] if data else []
        data, found, at = self.rest + data, [], 0
        while at + HEADER <= len(data):
            end = at + HEADER + int.from_bytes(data[at + 4 : at + HEADER], "big")
            if end > len(data):
                break
            found.append((data[at], data[at + HEADER : end]))
            at = end
        self.rest = data[at:]
        return _joined(found)


def _joined(frames: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    runs: list[tuple[int, list[bytes]]] = []
    for stream, payload in frames:
        if runs and runs[-1][0] == stream:
            runs[-1][1].append(payload)
        else:
            runs.append((stream, [payload]))
    return [(stream, b"".join(payloads)) for stream, payloads in runs]


class Logs:
    """A container's log; iterate it. Both outputs are merged in the order they were written."""

    def __init__(self, api: docker.APIClient, container_id: str, options: LogOptions):
        self._left = options.limit_bytes
        self._frames = Frames(tty=bool(api.inspect_container(container_id)["Config"]["Tty"]))
        url = f"{api.base_url}/v{api.api_version}/containers/{container_id}/logs"
        self._response = api.get(url, params=log_parameters(options), stream=True, timeout=(TIMEOUT, None))
        api._raise_for_status(self._response)
        self._items = self._read()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._items)

    def _read(self) -> Iterator[bytes]:
        try:
            for chunk in self._response.raw.stream(CHUNK):
                data = self._within_limit(b"".join(payload for _, payload in self._frames.feed(chunk)))
                if data:
                    yield data
                if self._left == 0:
                    return
        except (urllib3.exceptions.HTTPError, requests.RequestException, OSError, ValueError):
            return  # closed, by us or by the daemon: the log ends here
        finally:
            self._response.close()

    def _within_limit(self, data: bytes) -> bytes:
        if self._left is None:
            return data
        data = data[: self._left]
        self._left -= len(data)
        return data

    def close(self) -> None:
        with suppress(OSError, ValueError):
            self._response.raw.shutdown()


def log_parameters(options: LogOptions) -> dict[str, Any]:
    """The query of GET /containers/<id>/logs."""
    return {
        "stdout": 1,
        "stderr": 1,
        "follow": int(options.follow),
        "timestamps": int(options.timestamps),
        "tail": "all" if options.tail is None else options.tail,
        **({"since": f"{options.since.timestamp():.9f}"} if options.since else {}),
    }


class Exec:
    """A command running in a container (see protocol.ExecSession)."""

    def __init__(self, api: docker.APIClient, container_id: str, command: list[str], *, tty: bool, stdin: bool):
        self._api = api
        self.id = api.exec_create(container_id, command, stdin=stdin, tty=tty)["Id"]
        self._frames = Frames(tty=tty)
        self._ready: list[tuple[int, bytes]] = []
        url = f"{api.base_url}/v{api.api_version}/exec/{self.id}/start"
        headers = {"Connection": "Upgrade", "Upgrade": "tcp"}
        body = {"Detach": False, "Tty": tty}
        self._response = api.post(url, json=body, headers=headers, stream=True, timeout=TIMEOUT)
        api._raise_for_status(self._response)
        # After the 101 the connection is ours. Read through http.client's buffer: the first output may be in it.
        self._incoming = self._response.raw._fp.fp
        self._socket: socket.socket = self._incoming.raw._sock
        self._socket.settimeout(None)

    def read(self) -> tuple[int, bytes] | None:
        while not self._ready:
            try:
                data = self._incoming.read1(CHUNK)
            except (OSError, ValueError):
                return None
            if not data:
                return None
            self._ready = self._frames.feed(data)
        return self._ready.pop(0)

    def write(self, data: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # the command ended without reading it all
            self._socket.sendall(data)

    def close_stdin(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def resize(self, width: int, height: int) -> None:
        with suppress(docker.errors.APIError):  # it has just ended
            self._api.exec_resize(self.id, height=height, width=width)

    def exit_code(self) -> int:
        deadline = time.monotonic() + EXIT_CODE_PATIENCE
        while True:
            code = self._api.exec_inspect(self.id)["ExitCode"]
            if code is not None or time.monotonic() > deadline:
                return 137 if code is None else code
            time.sleep(0.01)

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._response.close()
