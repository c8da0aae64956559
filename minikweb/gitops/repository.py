"""The door to git: which commit a revision is, and the files of a commit. Limited in time, depth and size.

Each repository has a bare folder of its own with the commits that were asked for, without their past. Credentials go
to git in its environment, never in its arguments, and are in no message.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

RESOLVED_FOR = 2.0  # seconds a list of branches is believed: many Applications share a repository
SECONDS = 60.0  # for one command
MOST_BYTES = 100 << 20  # of what a repository sends, and of one commit's files
PROTOCOLS = ("http", "https", "ssh", "git")  # a local path or file:// would read the files of this machine
SHA = re.compile(r"[0-9a-f]{40}")


class GitError(Exception):
    """Why a repository or a revision cannot be had, in one sentence."""


@dataclass(frozen=True)
class Credentials:
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "Credentials(…)"


@dataclass(frozen=True)
class Commit:
    """What `git log` tells of a commit; `date` is RFC 3339."""

    sha: str
    author: str
    date: str
    message: str


class Repositories:
    """The repositories of one process, below a folder."""

    def __init__(self, folder: Path, protocols: Sequence[str] = PROTOCOLS):
        self._folder = folder
        self._protocols = tuple(protocols)
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._refs: dict[str, tuple[float, dict[str, str]]] = {}

    def resolve(
        self, url: str, revision: str = "HEAD", credentials: Credentials | None = None, since: float = 0.0
    ) -> str:
        """The commit a branch, a tag, HEAD or a commit's own name stands for. Raises GitError.

        An answer of git's that is older than `since` (time.monotonic) is not believed: somebody may have pushed.
        """
        if SHA.fullmatch(revision):
            return revision
        refs = self._list(url, credentials, since)
        for name in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}^{{}}", f"refs/tags/{revision}"):
            if name in refs:
                return refs[name]
        found = newest(revision, [name.removeprefix("refs/tags/") for name in refs if name.startswith("refs/tags/")])
        if found:
            return refs.get(f"refs/tags/{found}^{{}}", refs[f"refs/tags/{found}"])
        raise GitError(f"unable to resolve '{revision}' to a commit SHA")

    def files(self, url: str, sha: str, credentials: Credentials | None = None) -> dict[str, bytes]:
        """The regular files of a commit by their path; links and submodules are left out. Raises GitError."""
        with self._locked(url):
            folder = self._fetched(url, sha, credentials)
            packed = folder / f"{sha}.tar"
            try:
                self._git("archive", "--format=tar", f"--output={packed}", sha, folder=folder)
                with tarfile.open(packed) as archive:
                    return {one.name: archive.extractfile(one).read() for one in archive if one.isreg()}  # type: ignore[union-attr]
            finally:
                packed.unlink(missing_ok=True)

    def commit(self, url: str, sha: str, credentials: Credentials | None = None) -> Commit:
        """Who made a commit, when and why. Raises GitError."""
        with self._locked(url):
            folder = self._fetched(url, sha, credentials)
            said = self._git("log", "-1", "--format=%an%x00%aI%x00%B", sha, folder=folder)
        author, date, message = said.split("\0", 2)
        return Commit(sha, author, date, message.strip())

    def _list(self, url: str, credentials: Credentials | None, since: float) -> dict[str, str]:
        with self._locked(url):
            at, refs = self._refs.get(url, (0.0, {}))
            now = time.monotonic()
            if not refs or at < max(since, now - RESOLVED_FOR):
                self._refs.pop(url, None)  # whatever comes now, the old answer is not believed any more
                said = self._git("ls-remote", "--quiet", "--", url, credentials=credentials, url=url)
                refs = {name: sha for sha, _, name in (line.partition("\t") for line in said.splitlines())}
                if not refs:
                    raise GitError(f"the repository {_shown(url)} is empty")
                self._refs[url] = (now, refs)
            return refs

    def _fetched(self, url: str, sha: str, credentials: Credentials | None) -> Path:
        """The folder of the repository, with that commit in it."""
        folder = self._folder / hashlib.sha256(url.encode()).hexdigest()[:16]
        if not (folder / "HEAD").exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._git("init", "--quiet", "--bare", str(folder))
        with contextlib.suppress(GitError):
            self._git("cat-file", "-e", f"{sha}^{{commit}}", folder=folder)
            return folder
        try:
            words = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", url, sha)
            self._git(*words, folder=folder, credentials=credentials, url=url)
        except GitError:
            shutil.rmtree(folder, ignore_errors=True)  # what was fetched half is not kept
            raise
        return folder

    @contextlib.contextmanager
    def _locked(self, url: str):
        with self._lock:
            lock = self._locks.setdefault(url, threading.Lock())
        with lock:
            yield

    # --- git itself ----------------------------------------------------------------------------------

    def _git(
        self, *words: str, folder: Path | None = None, credentials: Credentials | None = None, url: str = ""
    ) -> str:
        environment = self._environment(credentials, url)
        command = ["git", *(("-C", str(folder)) if folder else ()), *words]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        try:
            process = subprocess.Popen(command, env=environment, text=True, errors="replace", **pipes)  # type: ignore[call-overload]
        except FileNotFoundError:
            raise GitError("there is no git on this machine: install it") from None
        _limit(process.pid)
        try:
            said, complained = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise GitError(f"{_shown(url)} did not answer within {SECONDS:g} s") from None
        if process.returncode:
            raise GitError(_why(complained, url))
        return said

    def _environment(self, credentials: Credentials | None, url: str) -> dict[str, str]:
        """Nothing of the user's own configuration, no question at a terminal, no other protocol."""
        found = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
            "GIT_ALLOW_PROTOCOL": ":".join(self._protocols),
            "GIT_CONFIG_COUNT": "0",
        }
        if credentials and credentials.password:
            pair = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
            found |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.{url}.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {pair}",
            }
        return found


def _limit(pid: int) -> None:
    """Where the system can limit another process, the size of the files it writes is."""
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))


def _shown(url: str) -> str:
    """A URL without the name and password it may hold."""
    return re.sub(r"//[^/@]*@", "//", url)


def _why(complained: str, url: str) -> str:
    """What git said, in one line, without secrets."""
    lines = [re.sub(r"^(fatal|error|remote): *", "", line).strip() for line in complained.splitlines() if line.strip()]
    said = _shown(lines[0] if lines else "git failed")
    if "File too large" in complained or "index-pack died" in complained or "signal 25" in complained:
        return f"the repository {_shown(url)} is larger than {MOST_BYTES >> 20} MiB"
    return f"{said} ({_shown(url)})" if url and _shown(url) not in said else said


def newest(constraint: str, tags: Sequence[str]) -> str:
    """The highest of the tags that are versions and fit `1.*`, `1.2.x`, `~1.2`, `^1.2` or `>=1.2`; "" if none does.

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/
    """
    match = re.fullmatch(r"(>=|\^|~)?v?(\d+(?:\.\d+)*)(?:\.[*xX])*|[*]", constraint.strip())
    if not match:
        return ""
    versions = {tag: found for tag in tags if (found := _version(tag))}
    fitting = [tag for tag, version in versions.items() if _fits(version, match[1] or "", match[2] or "", constraint)]
    return max(fitting, key=lambda tag: versions[tag], default="")


def _version(tag: str) -> tuple[int, ...]:
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", tag)
    return tuple(map(int, match.groups())) if match else ()


def _fits(version: tuple[int, ...], sign: str, wanted: str, constraint: str) -> bool:
    bound = tuple(map(int, wanted.split("."))) if wanted else ()
    if sign == ">=":
        return version >= bound
    if sign == "^":
        return version >= bound and version[0] == bound[0]
    if sign == "~":
        return version >= bound and version[: min(2, len(bound))] == bound[:2]
    return constraint.rstrip()[-1] in "*xX" and version[: len(bound)] == bound
