"""The log of a simulated container."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from minikweb.runtime.protocol import LogOptions
from minikweb.runtime.simulated.fate import Container, end_of, instant


class Lines:
    """The log of a simulated container: its start, a line now and then, its end (see protocol.LogStream)."""

    EVERY = 5.0  # seconds between two lines of a running container
    KEPT = 200  # lines of its past that are told

    def __init__(
        self, container: Container, options: LogOptions, *, clock: Callable[[], float], is_here: Callable[[], bool]
    ):
        """is_here tells whether the container still exists: a followed log ends with it."""
        self._container, self._options, self._clock, self._is_here = container, options, clock, is_here
        self._closed = threading.Event()
        self._items = self._limited(self._lines())

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._items)

    def close(self) -> None:
        self._closed.set()

    def _lines(self) -> Iterator[bytes]:
        told = self._clock()
        past = [line for line in self._told(0.0, told) if self._options.since is None or self._is_recent(line[0])]
        tail = self._options.tail
        yield from (
            self._rendered(line) for line in (past if tail is None else past[len(past) - min(tail, len(past)) :])
        )
        while self._options.follow and not self._ended(told):
            if self._closed.wait(min(1.0, self.EVERY)):
                return
            now = self._clock()
            yield from (self._rendered(line) for line in self._told(told, now))
            told = now

    def _told(self, after: float, until: float) -> list[tuple[float, str]]:
        """The lines written in that span, as (instant, text)."""
        box = self._container
        if box.started is None:
            return []
        end = end_of(box)
        last = min(until, end[0]) if end else until
        first = max(0, int((last - box.started) / self.EVERY) - self.KEPT)
        beats = range(first + 1, int((last - box.started) / self.EVERY) + 1)
        lines = [
            (box.started, f"simulated container {box.name} of image {box.image} started: no process runs behind it")
        ]
        lines += [(box.started + n * self.EVERY, f"simulated: alive for {int(n * self.EVERY)} s") for n in beats]
        if end and end[0] <= until:
            lines.append((end[0], f"simulated: ended with exit code {end[1]}"))
        return [line for line in lines if after < line[0] <= until]

    def _ended(self, now: float) -> bool:
        end = end_of(self._container)
        return (end is not None and end[0] <= now) or not self._is_here()

    def _is_recent(self, instant: float) -> bool:
        return self._options.since is not None and instant >= self._options.since.timestamp()

    def _rendered(self, line: tuple[float, str]) -> bytes:
        stamp = instant(line[0]).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return (f"{stamp} {line[1]}\n" if self._options.timestamps else f"{line[1]}\n").encode()

    def _limited(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        left = self._options.limit_bytes
        for line in lines:
            if left is not None:
                line = line[:left]
                left -= len(line)
            if line:
                yield line
            if left == 0:
                return
