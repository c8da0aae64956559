"""Starts the processes, restarts those that die, stops them in order. One thread, so that it may fork at any time.

A command is forked from this process, which has imported everything already (their memory is then shared);
macOS forbids that after its frameworks are loaded, so there each command starts afresh.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from minikweb.management import child

FORKS = sys.platform != "darwin"
FIRST_DELAY = 0.1  # seconds before the first restart; doubled each time
LONGEST_DELAY = 30.0
GOOD_LIFE = 20.0  # seconds after which a process counts as healthy and its delay starts over
LOG_BYTES = 10 * 1024 * 1024  # a log longer than this is kept once as <name>.log.1 and begun again


class StopAsked(Exception):
    """Ctrl-C or SIGTERM came while the start was waiting for something."""


@dataclass(frozen=True)
class Program:
    """What to keep running: a command of manage.py (`command`), or another executable (`argv`)."""

    name: str
    command: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    grace: float = 5.0  # seconds from SIGTERM to SIGKILL
    once: bool = False  # it is done when it ends with 0; another end is tried again like any death


@dataclass
class Process:
    """One program's life: running (pid), or waiting for its restart (due)."""

    program: Program
    pid: int | None = None
    started: float = 0.0
    due: float = 0.0
    failures: int = 0
    wanted: bool = True
    killed_at: float = field(default=float("inf"))  # when SIGKILL follows the SIGTERM


class Supervisor:
    """`add` and `remove` programs, call `step` for ever, `stop` at the end."""

    def __init__(self, logs: Path, say: Callable[[str], None], *, forks: bool = FORKS):
        self.logs = logs
        self.say = say
        self.forks = forks
        self.processes: dict[str, Process] = {}
        self.stop_asked = False
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        self.watch(self._wake_read, self._drain)

    # --- Signals and sockets wake `step` ---------------------------------------------------------------
    def install_signals(self) -> None:
        """Ctrl-C and SIGTERM ask for the stop, a second one insists; a child's death wakes `step`."""
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, number: int, frame: object) -> None:
        if self.stop_asked:
            self._signal_all(signal.SIGKILL)
        self.stop_asked = True

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake_read.recv(4096):
                pass

    def watch(self, readable: socket.socket, call: Callable[[], None]) -> None:
        """`step` calls `call` whenever the socket has something to read."""
        self._selector.register(readable, selectors.EVENT_READ, call)

    def unwatch(self, readable: socket.socket) -> None:
        self._selector.unregister(readable)

    # --- Programs --------------------------------------------------------------------------------------
    def add(self, program: Program) -> None:
        """Starts a program, and keeps it running from now on. One that is still ending is started again after that."""
        process = self.processes.setdefault(program.name, Process(program))
        process.program, process.wanted = program, True
        if process.pid is None:
            self._start(process)

    def remove(self, name: str) -> None:
        """Ends a program for good: SIGTERM, then SIGKILL after its grace, both without waiting here."""
        process = self.processes.get(name)
        if process is None or not process.wanted:
            return
        process.wanted = False
        if process.pid is None:
            del self.processes[name]
        else:
            self._terminate(process)

    def kill(self, name: str) -> None:
        """Ends a program for good and at once: SIGKILL, as when the plug is pulled."""
        process = self.processes.get(name)
        if process is not None and process.pid is not None:
            process.wanted = False
            _send(process.pid, signal.SIGKILL)
        else:
            self.remove(name)

    def is_running(self, name: str) -> bool:
        return name in self.processes and self.processes[name].pid is not None

    def step(self, timeout: float = 1.0) -> None:
        """Waits for the next thing to happen, at most `timeout` seconds, and does what follows from it."""
        for key, _mask in self._selector.select(max(0.0, min(timeout, self._next_due() - time.monotonic()))):
            key.data()
        self._reap()
        now = time.monotonic()
        for process in list(self.processes.values()):
            if process.pid is not None and process.killed_at <= now:
                _send(process.pid, signal.SIGKILL)
                process.killed_at = float("inf")
            elif process.pid is None and process.due <= now and not self.stop_asked:
                self._start(process)

    def run_until(self, condition: Callable[[], bool], timeout: float, every: float = 0.02) -> bool:
        """Steps until the condition holds (True) or the time is over (False). Raises StopAsked."""
        deadline = time.monotonic() + timeout
        while not condition():
            if self.stop_asked:
                raise StopAsked
            if time.monotonic() > deadline:
                return False
            self.step(every)
        return True

    def stop(self, names: Iterable[str] | None = None) -> None:
        """Ends these programs (all by default) and returns when they are gone."""
        chosen = [self.processes[name] for name in (names or list(self.processes)) if name in self.processes]
        for process in chosen:
            self.remove(process.program.name)
        while any(process.pid is not None for process in chosen):
            self.step(0.1)

    # --- Lives -----------------------------------------------------------------------------------------
    def _start(self, process: Process) -> None:
        log = self._log(process.program.name)
        try:
            if process.program.command and self.forks:
                process.pid = child.fork(process.program.name, process.program.command, log)
            else:
                process.pid = _spawn(process.program, log)
        except OSError as error:
            self._ended(process, _("cannot start: %(why)s") % {"why": error.strerror})
        else:
            process.started, process.killed_at = time.monotonic(), float("inf")

    def _log(self, name: str) -> Path:
        log = self.logs / f"{name}.log"
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        return log

    def _reap(self) -> None:
        """Looks at our own children only: others (a git, a docker build) are waited for by who started them."""
        for process in list(self.processes.values()):
            if process.pid is None:
                continue
            pid, status = os.waitpid(process.pid, os.WNOHANG)
            if pid:
                process.pid = None
                process.wanted = process.wanted and not (process.program.once and status == 0)
                self._ended(process, describe_end(status))

    def _ended(self, process: Process, how: str) -> None:
        name, now = process.program.name, time.monotonic()
        if not process.wanted:
            del self.processes[name]
            return
        process.failures = 0 if process.started and now - process.started > GOOD_LIFE else process.failures
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2**process.failures)
        process.failures += 1
        process.due = now + delay
        if not self.stop_asked:
            self.say(
                _("%(name)s ended (%(how)s): starts again in %(seconds)g s; see %(log)s")
                % {"name": name, "how": how, "seconds": delay, "log": self.logs / f"{name}.log"}
            )

    def _terminate(self, process: Process) -> None:
        assert process.pid is not None
        process.killed_at = time.monotonic() + process.program.grace
        _send(process.pid, signal.SIGTERM)

    def _signal_all(self, number: int) -> None:
        for process in self.processes.values():
            if process.pid is not None:
                _send(process.pid, number)

    def _next_due(self) -> float:
        """When `step` has to wake by itself: the next restart or the next SIGKILL, on the monotonic clock."""
        times = [process.due if process.pid is None else process.killed_at for process in self.processes.values()]
        return min(times, default=float("inf"))


def _spawn(program: Program, log: Path) -> int:
    """Starts an executable, or a command of manage.py as a fresh process; returns its pid."""
    argv = program.argv or (sys.executable, "-m", "minikweb.management.child", program.name, *program.command)
    with open(log, "ab") as output:
        # Not kept: the supervisor waits for the pid itself.
        started = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=child.detach, close_fds=True
        )
    started.returncode = 0  # so that its destructor neither waits nor warns
    return started.pid


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def describe_end(status: int) -> str:
    """A wait status in words: `exit code 1`, `SIGKILL`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return _("exit code %(code)d") % {"code": code}
    try:
        return signal.Signals(-code).name
    except ValueError:
        return _("signal %(number)d") % {"number": -code}
