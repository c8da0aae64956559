"""A blocking session with a container, spoken to from coroutines: one thread reads, one writes, neither far ahead."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from minikweb.runtime.protocol import ExecSession, RuntimeFailure

LIMIT = 1 << 20  # bytes: who writes further ahead than that waits
_AHEAD = 8  # chunks read and not yet taken

Order = bytes | tuple[int, int] | None  # input, the size of the terminal, or the end of the input
Item = tuple[int, bytes]  # the stream, 1 = stdout or 2 = stderr, and what it said


class Conversation:
    """Opens its session in a thread; what is written before it is open is not lost. Threads of its own, since those of
    the loop's executor are few and a container may be silent, or deaf, for hours."""

    def __init__(self, open_session: Callable[[], ExecSession]):
        self.failure: RuntimeFailure | None = None  # why the session could not be opened
        self._open = open_session
        self._loop = asyncio.get_running_loop()
        self._session: ExecSession | None = None
        self._incoming: asyncio.Queue[Item | None] = asyncio.Queue(_AHEAD)
        self._changed = threading.Condition()
        self._outgoing: deque[Order] = deque()
        self._size = 0
        self._room = asyncio.Event()
        self._closed = False
        threading.Thread(target=self._write, name="stream-in", daemon=True).start()

    # --- for coroutines ------------------------------------------------------------------------------
    async def read(self) -> Item | None:
        """What came next; None at the end."""
        item = await self._incoming.get()
        if item is None:
            self._incoming.put_nowait(None)  # for who asks again
        return item

    async def write(self, data: bytes) -> None:
        """Waits while too much is unwritten."""
        self.put(data)
        while self._size > LIMIT and not self._closed:
            self._room.clear()
            if self._size > LIMIT:
                await self._room.wait()

    def close_stdin(self) -> None:
        self.put(None)

    async def exit_code(self) -> int:
        """After read() gave None and there was no failure."""
        assert self._session
        return await asyncio.to_thread(self._session.exit_code)

    def resize(self, width: int, height: int) -> None:
        """Of the terminal, once there is one."""
        self.put((width, height))

    def close(self) -> None:
        """Ends it, whoever waits for what. Idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._room.set()
        while not self._incoming.empty():
            self._incoming.get_nowait()  # the reading thread may wait for room
        self._incoming.put_nowait(None)
        if self._session:
            self._session.close()

    def put(self, order: Order) -> None:
        """Without waiting."""
        with self._changed:
            self._outgoing.append(order)
            self._size += len(order) if isinstance(order, bytes) else 0
            self._changed.notify()

    # --- the threads ---------------------------------------------------------------------------------
    def _write(self) -> None:
        """Opens the session, then hands it what is written."""
        try:
            session = self._open()
        except RuntimeFailure as failure:
            self.failure = failure
            self._pass_on(None)
            return
        self._session = session
        threading.Thread(target=self._read, args=(session,), name="stream-out", daemon=True).start()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._outgoing or self._closed)
                if self._closed:
                    break
                order = self._outgoing.popleft()
            if order is None:
                session.close_stdin()
            elif isinstance(order, tuple):
                session.resize(*order)
            else:
                session.write(order)
                with self._changed:
                    self._size -= len(order)
                if self._size <= LIMIT:
                    self._tell(self._room.set)
        session.close()

    def _read(self, session: ExecSession) -> None:
        item: Item | None = (1, b"")
        while item is not None and not self._closed:
            item = session.read()
            self._pass_on(item)

    def _pass_on(self, item: Item | None) -> None:
        with suppress(RuntimeError):  # the loop has ended
            asyncio.run_coroutine_threadsafe(self._take(item), self._loop).result()

    async def _take(self, item: Item | None) -> None:
        if not self._closed:
            await self._incoming.put(item)

    def _tell(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call)
