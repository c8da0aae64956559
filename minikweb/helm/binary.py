"""The official helm binary as a subprocess: found where there is one, limited in time, memory and output.

It gets folders of its own for its configuration, so that a user's repositories and plugins play no part, and none of
this process' environment.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NAME = "helm"
RENDER_SECONDS = 10.0
MEMORY = 3 << 30  # bytes of address space: a Go program reserves more than it uses
MOST_OUTPUT = 4 << 20


class NoHelm(Exception):
    """There is no helm binary."""


@dataclass(frozen=True)
class Outcome:
    """What helm said; `code` is -1 when it was stopped, and `error` then says why."""

    code: int
    output: str
    error: str

    @property
    def is_good(self) -> bool:
        return self.code == 0


@dataclass(frozen=True)
class Identity:
    """For whom helm speaks to the API: a kubeconfig, and whom it is to be there."""

    kubeconfig: Path
    user: str = ""
    groups: tuple[str, ...] = ()
    namespace: str = ""

    def words(self) -> list[str]:
        found = ["--kubeconfig", str(self.kubeconfig)] + (["--namespace", self.namespace] if self.namespace else [])
        found += ["--kube-as-user", self.user] if self.user else []
        for group in self.groups:
            found += ["--kube-as-group", group]
        return found


@dataclass
class _Reader:
    """Reads a pipe to its end and keeps so many bytes of it."""

    kept: bytearray = field(default_factory=bytearray)
    is_over: bool = False

    def read(self, pipe) -> None:
        while chunk := pipe.read1(65536):
            room = MOST_OUTPUT - len(self.kept)
            self.kept += chunk[:room]
            self.is_over = self.is_over or len(chunk) > room

    def text(self) -> str:
        return self.kept.decode("utf-8", "replace")


def find(wanted: str, cache: Path) -> Path:
    """The binary: the one wanted, that in PATH, or the one in a cache folder. Raises NoHelm."""
    if wanted and not os.access(wanted, os.X_OK):
        raise NoHelm(f"MINIKWEB_HELM names {wanted}, which cannot be run")
    for place in (wanted, shutil.which(NAME), shutil.which(NAME, path=str(cache))):
        if place:
            return Path(place)
    raise NoHelm("there is no helm in PATH: install it (https://helm.sh/docs/intro/install) and try again")


def program(wanted: str, cache: Path) -> Callable[[Sequence[str]], tuple[int, str, str]] | None:
    """What runs helm without a cluster: words → (code, output, error). None where there is no binary."""
    try:
        found = find(wanted, cache)
    except NoHelm:
        return None

    def run_words(words: Sequence[str]) -> tuple[int, str, str]:
        outcome = run(found, words)
        return outcome.code, outcome.output, outcome.error

    return run_words


def run(
    binary: Path,
    words: Sequence[str],
    *,
    identity: Identity | None = None,
    stdin: str = "",
    seconds: float = RENDER_SECONDS,
) -> Outcome:
    """Runs helm to its end, or to the end of its time."""
    command = [str(binary), *words, *(identity.words() if identity else [])]
    with tempfile.TemporaryDirectory(prefix="minikweb-helm-") as home:
        environment = {"HOME": home, "PATH": os.defpath, "HELM_NO_PLUGINS": "1", "GOMAXPROCS": "2"}
        for part in ("CACHE", "CONFIG", "DATA"):
            environment[f"HELM_{part}_HOME"] = f"{home}/{part.lower()}"
        if identity is None:
            environment["KUBECONFIG"] = os.devnull
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, cwd=home, env=environment, process_group=0, **pipes)
        return _followed(process, stdin.encode(), seconds)


def _followed(process: subprocess.Popen, stdin: bytes, seconds: float) -> Outcome:
    _limit(process.pid)
    out, err = _Reader(), _Reader()
    readers = [
        threading.Thread(target=reader.read, args=(pipe,), daemon=True)
        for reader, pipe in ((out, process.stdout), (err, process.stderr))
    ]
    for reader in readers:
        reader.start()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(stdin)
        process.stdin.close()
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        return Outcome(-1, "", f"helm was stopped: it took more than {seconds:g} s. Does a template loop?")
    for reader in readers:
        reader.join(5)
    if out.is_over:
        return Outcome(-1, "", f"helm wrote more than {MOST_OUTPUT >> 20} MiB. Does a template loop?")
    said = err.text()
    if code < 0 or "out of memory" in said or "cannot allocate memory" in said:
        return Outcome(-1, "", "helm was stopped: it used too much memory. Does a template loop?")
    return Outcome(code, out.text(), said)


def _limit(pid: int) -> None:
    """Where the system can limit another process, its memory is."""
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))


def _kill(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
