"""From a thread that reads to a coroutine that sends: what comes together is sent together, and nothing piles up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable

LIMIT = 1 << 20  # bytes: a reader that is that far ahead waits for the sender


class Pipe:
    """One thread calls `fill`, one coroutine calls `get`."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop = loop
        self._changed = threading.Condition()
        self._chunks: list[bytes] = []
        self._size = 0
        self._over = False
        self._filled = asyncio.Event()

    def fill(self, source: Iterable[bytes]) -> None:
        """Reads the source to its end, or until the pipe is closed."""
        try:
            for chunk in source:
                if not self._put(chunk):
                    return
        finally:
            with self._changed:
                self._over = True
            self._signal()

    def _put(self, chunk: bytes) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._size < LIMIT or self._over)
            if self._over:
                return False
            self._chunks.append(chunk)
            self._size += len(chunk)
            first = len(self._chunks) == 1
        if first:
            self._signal()
        return True

    def _signal(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._filled.set)
        except RuntimeError:  # the loop has ended
            self.close()

    async def get(self) -> bytes:
        """All that has come since; b"" at the end."""
        while True:
            with self._changed:
                self._filled.clear()
                chunks, self._chunks, self._size = self._chunks, [], 0
                self._changed.notify_all()
                over = self._over
            if chunks or over:
                return b"".join(chunks)
            await self._filled.wait()

    def close(self) -> None:
        """Nobody sends any more."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
