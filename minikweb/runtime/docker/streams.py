"""Docker's multiplexed streams (Engine API, "Attach to a container", stream format), and the logs that come so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Any

import docker
import requests
import urllib3

from minikweb.runtime.docker.connection import TIMEOUT
from minikweb.runtime.protocol import LogOptions

HEADER = 8  # bytes: stream, three zeros, length of the payload as a big-endian 32-bit number
CHUNK = 65536
STAMP = 30  # bytes: nanoseconds always have nine digits here


class Frames:
    """Cuts a byte stream into Docker's frames; a terminal's stream has none and is all stdout."""

    def __init__(self, *, tty: bool):
        self.tty = tty
        self.rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The (stream, payload) pairs that are complete now; each is a line, or a piece of a very long one."""
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
        return found


def joined(frames: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Neighbours of one stream as one."""
    runs: list[tuple[int, list[bytes]]] = []
    for stream, payload in frames:
        if runs and runs[-1][0] == stream:
            runs[-1][1].append(payload)
        else:
            runs.append((stream, [payload]))
    return [(stream, b"".join(payloads)) for stream, payloads in runs]


class Logs:
    """A container's log; iterate it. Both outputs are merged in the order they were written.

    Docker may cut a followed log short when its container ends while much is written (seen with 20.10, its own
    command too). So it is asked for stamps, and what came after the last one is read once more.
    """

    def __init__(self, api: docker.APIClient, container_id: str, options: LogOptions):
        self._api, self._options, self._left = api, options, options.limit_bytes
        self._tty = bool(api.inspect_container(container_id)["Config"]["Tty"])
        self._url = f"{api.base_url}/v{api.api_version}/containers/{container_id}/logs"
        self._completes = options.follow and not self._tty
        self._last, self._with_last = b"", 0  # the last stamp seen, and how many frames had it
        self._closed = False
        self._response = self._open(log_parameters(options, stamps=self._completes))
        self._items = self._read()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._items)

    def close(self) -> None:
        self._closed = True
        with suppress(OSError, ValueError):
            self._response.raw.shutdown()

    def _open(self, parameters: dict[str, Any]) -> requests.Response:
        response = self._api.get(self._url, params=parameters, stream=True, timeout=(TIMEOUT, None))
        self._api._raise_for_status(response)
        return response

    def _read(self) -> Iterator[bytes]:
        yield from self._within_limit(self._texts())
        if self._completes and not self._closed and self._left != 0:
            with suppress(docker.errors.APIError, requests.RequestException):  # the container is gone by now
                self._response = self._open(self._rest())
                yield from self._within_limit(self._texts(skip=self._with_last))

    def _rest(self) -> dict[str, Any]:
        """The query for what came with the last stamp and after it."""
        parameters = log_parameters(replace(self._options, follow=False), stamps=True)
        return parameters | {"tail": "all", "since": _epoch(self._last)} if self._last else parameters

    def _texts(self, skip: int = 0) -> Iterator[bytes]:
        """What arrives, without the first `skip` frames that have the last stamp seen."""
        frames = Frames(tty=self._tty)
        try:
            for chunk in self._response.raw.stream(CHUNK):
                payloads = [payload for _, payload in frames.feed(chunk)]
                while skip and payloads and payloads[0].startswith(self._last):
                    payloads.pop(0)
                    skip -= 1
                if payloads:
                    yield self._text(payloads)
        except (urllib3.exceptions.HTTPError, requests.RequestException, OSError, ValueError):
            return  # closed, by us or by the daemon: the log ends here
        finally:
            self._response.close()

    def _text(self, payloads: list[bytes]) -> bytes:
        if not self._completes:
            return b"".join(payloads)
        last = payloads[-1][:STAMP]
        same = sum(1 for _ in takewhile(lambda payload: payload.startswith(last), reversed(payloads)))
        self._with_last = same + (self._with_last if last == self._last and same == len(payloads) else 0)
        self._last = last
        return b"".join(payloads if self._options.timestamps else [payload[STAMP + 1 :] for payload in payloads])

    def _within_limit(self, texts: Iterator[bytes]) -> Iterator[bytes]:
        for data in texts:
            if self._left is not None:
                data = data[: self._left]
                self._left -= len(data)
            if data:
                yield data
            if self._left == 0:
                return


def _epoch(stamp: bytes) -> str:
    """Docker's stamp, such as 2026-11-23T12:00:00.123456789Z, as its `since` wants it: seconds.nanoseconds."""
    whole, _, fraction = stamp.decode().rstrip("Z").partition(".")
    return f"{int(datetime.fromisoformat(whole + '+00:00').timestamp())}.{fraction}"


def log_parameters(options: LogOptions, *, stamps: bool = False) -> dict[str, Any]:
    """The query of GET /containers/<id>/logs."""
    return {
        "stdout": 1,
        "stderr": 1,
        "follow": int(options.follow),
        "timestamps": int(options.timestamps or stamps),
        "tail": "all" if options.tail is None else options.tail,
        **({"since": f"{options.since.timestamp():.9f}"} if options.since else {}),
    }
