"""What a process of the cluster does first: its own group, its name, its log, and dying with `up`."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
M_ARENA_MAX = -8
PARENT_POLL = 1.0  # seconds between two looks for the parent, where the kernel does not tell


def fork(name: str, command: Sequence[str], log: Path) -> int:
    """Forks a child that runs a command of manage.py and never returns here; returns its pid."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        detach()
        if os.getppid() != parent:
            os._exit(1)  # it died before it could be asked to take us along
        _forget_signals()
        _write_to(log)
        code = run(name, command)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def detach() -> None:
    """Out of the terminal's process group (Ctrl-C is for `up` alone); on Linux the kernel ends us with `up`."""
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(name: str, command: Sequence[str]) -> int:
    """Runs the command under its name; returns the exit code."""
    from django.core.management import call_command
    from django.utils import translation
    from setproctitle import setproctitle

    setproctitle(f"minikweb: {name}")
    sys.argv = ["manage.py", *command]
    translation.deactivate()
    try:
        call_command(*command)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _forget_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def _write_to(log: Path) -> None:
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(output)
    os.close(nothing)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)


def _die_with(parent: int) -> None:
    """Where the kernel cannot do it: look who the parent is, once a second."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL)
    os._exit(1)


def save_memory() -> None:
    """Before forking: nothing that exists is collected again (its pages stay shared); few malloc arenas per process."""
    gc.collect()
    gc.freeze()
    with contextlib.suppress(AttributeError):  # not glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def main() -> None:
    """`python -m minikweb.management.child NAME COMMAND…`: a process that was not forked."""
    if sys.platform != "linux":
        threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "minikweb.settings")
    import django

    django.setup()
    sys.exit(run(sys.argv[1], sys.argv[2:]))


if __name__ == "__main__":
    main()
