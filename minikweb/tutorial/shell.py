"""A shell with kubectl at the learner's cluster: it types what the lessons say, as the learner would."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from django.conf import settings

from minikweb.apimachinery import errors
from minikweb.client.shared import shared_cache
from minikweb.people import actor
from minikweb.people import cluster as places
from minikweb.people.models import Student

TYPING_SECONDS = 120.0  # for the commands of one step
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")


def kubectl(path: str | None = None) -> str | None:
    """The kubectl of the PATH, else the one beside Python; None where there is none."""
    beside = Path(sys.executable).with_name("kubectl")
    return shutil.which("kubectl", path=path) or (str(beside) if beside.exists() else None)


def server() -> str:
    """Where the pages of this installation are, for what a lesson fetches from them."""
    host = "127.0.0.1" if settings.BIND in ("0.0.0.0", "::") else settings.BIND
    return f"http://{host}:{settings.HTTP_PORT}"


def environment(kubeconfig: Path, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a shell needs to be at the cluster of a kubeconfig; what lies beside Python and in our cache comes last."""
    cache = Path(base.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minikweb"  # where helm is kept, too
    path = os.pathsep.join(filter(None, (base.get("PATH"), str(Path(sys.executable).parent), str(cache))))
    return dict(base) | {"KUBECONFIG": str(kubeconfig), "PATH": path}


def typed(script: str, kubeconfig: Path, folder: Path | None = None) -> str:
    """Runs a script in a folder to its end, or to its first command that fails; returns what went wrong."""
    process = subprocess.Popen(
        ["sh", "-c", "set -e\n" + script],
        env=environment(kubeconfig),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        printed, complained = process.communicate(timeout=TYPING_SECONDS)
    except subprocess.TimeoutExpired:
        _end(process)
        return f"its solution does not end within {TYPING_SECONDS:g} s"
    except BaseException:  # Ctrl-C reaches us alone: it has a session of its own
        _end(process)
        raise
    return "" if process.returncode == 0 else f"its solution fails: {(complained or printed).strip()}"


def _end(process: subprocess.Popen) -> None:
    """Ends a shell with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            pipe.close()
    process.wait()


@contextlib.contextmanager
def kubeconfig() -> Iterator[Path]:
    """That of the person at the page: this installation's for an administrator, a student's with a token of theirs."""
    own = Path(settings.KUBECONFIG or settings.DATA_DIR / "kubeconfig")
    student = Student.objects.select_related("school_class").filter(pk=actor.current().student).first()
    if actor.current().is_administrator:
        yield own
        return
    if student is None:
        raise errors.Unauthorized("this place in the class is gone")
    server = yaml.safe_load(own.read_text())["clusters"][0]["cluster"]["server"]
    with tempfile.NamedTemporaryFile("w", prefix="kubeconfig-", suffix=".yaml") as file:
        file.write(places.kubeconfig(shared_cache().client, student, server))
        file.flush()
        yield Path(file.name)


def commands(script: str) -> list[str]:
    """The script as it would be typed: one command after another, a loop or a here-document in one piece."""
    found: list[str] = []
    pending: list[str] = []
    for line in script.strip().split("\n"):
        pending.append(line)
        if _is_whole("\n".join(pending)):
            found.append("\n".join(pending))
            pending = []
    found += ["\n".join(pending)] if pending else []
    return [command for command in found if command.strip()]


def _is_whole(text: str) -> bool:
    """Whether a shell would start to run this, and not wait for more."""
    lines = text.split("\n")
    if lines[-1].endswith("\\"):
        return False
    ends = [match[1] for line in lines for match in _HEREDOC.finditer(line)]
    if any(end not in lines[1:] for end in ends):
        return False
    return subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True).returncode == 0


class Shell:
    """One shell that stays: what a command sets, the next one knows. `close` ends all that it started."""

    def __init__(self, kubeconfig: Path, folder: Path):
        self._process = subprocess.Popen(
            ["sh"],
            cwd=folder,
            env=environment(kubeconfig),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.code = 0  # of the last command

    def run(self, command: str) -> Iterator[str]:
        """Runs one command and gives what it prints as it comes; then `code` is its code.

        Raises BrokenPipeError once the shell has ended.
        """
        assert self._process.stdin and self._process.stdout
        end = secrets.token_hex(8)
        self._process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n%s %s\\n' {end} $?\n".encode())
        self._process.stdin.flush()
        held = ""  # from the last line break on: it may be the one before the end
        while chunk := os.read(self._process.stdout.fileno(), 65536):
            held += chunk.decode(errors="replace")
            found = re.search(rf"\n{end} (\d+)\n", held)
            cut = found.start() if found else max(held.rfind("\n"), 0)
            if held[:cut]:
                yield held[:cut]
            if found:
                self.code = int(found[1])
                return
            held = held[cut:]
        raise BrokenPipeError("the shell has ended")

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
