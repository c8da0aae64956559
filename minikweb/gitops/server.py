"""A git server in the box: small bare repositories in a folder, served by git's own HTTP program.

A repository is made of a folder of examples the first time it is asked for: one folder per branch. Branches can be
pushed, not rewritten; those named `protected` in the folder's `.protected` are neither moved nor deleted by a push.
Source: https://git-scm.com/docs/git-http-backend
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?")
SECONDS = 60.0
MOST_BYTES = 50 << 20  # of one push
MARK = b"{{git}}"  # in an example: where this server is
AUTHOR = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Minikweb"), ("EMAIL", "minikweb@localhost"))
}
_UPDATE = """#!/bin/sh
# Called by git for each branch of a push: its name, what it was, what it would be.
for name in $(cat "$GIT_DIR/protected" 2>/dev/null); do
    if [ "$1" = "refs/heads/$name" ]; then
        echo "$name is protected: push a branch of your own, then have it merged." >&2
        exit 1
    fi
done
"""


class NoSuchRepository(Exception):
    """There is neither a repository nor an example of that name."""


@dataclass(frozen=True)
class Answer:
    """What git's program said: a status, headers, and a body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Request:
    """`path` begins after the name: `/info/refs`, `/git-upload-pack`, `/git-receive-pack`."""

    method: str
    path: str
    query: str = ""
    content_type: str = ""
    encoding: str = ""
    protocol: str = ""
    body: bytes = b""


def is_push(path: str, query: str) -> bool:
    """Whether a request writes, or asks how to."""
    return "git-receive-pack" in path or "git-receive-pack" in query


def names(folder: Path, examples: Path) -> list[str]:
    """The repositories there are, and those that would be made when asked for."""
    made = {path.name.removesuffix(".git") for path in folder.glob("*.git")} if folder.exists() else set()
    offered = {path.name for path in examples.iterdir() if path.is_dir()} if examples.exists() else set()
    return sorted(name for name in made | offered if NAME.fullmatch(name))


def ensure(folder: Path, examples: Path, name: str, url: str) -> Path:
    """The bare repository of that name, made from its example if need be. Raises NoSuchRepository."""
    path = folder / f"{name}.git"
    if not NAME.fullmatch(name):
        raise NoSuchRepository(name)
    if path.exists():
        return path
    example = examples / name
    if not example.is_dir():
        raise NoSuchRepository(name)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as fresh:
        _fill(Path(fresh) / "made", example, url)
        try:
            (Path(fresh) / "made").rename(path)
        except OSError:  # somebody asked at the same moment
            if not path.exists():
                raise
    return path


def _fill(path: Path, example: Path, url: str) -> None:
    branches = sorted(one for one in example.iterdir() if one.is_dir())
    first = next((one.name for one in branches if one.name in ("main", "master")), branches[0].name)
    _git("init", "--quiet", "--bare", f"--initial-branch={first}", str(path))
    for setting in ("http.receivepack=true", "receive.denyNonFastForwards=true", "uploadpack.allowAnySHA1InWant=true"):
        _git("-C", str(path), "config", *setting.split("="))
    # The long-lived branch first: the others begin where it is, as after a `git branch`.
    for branch in sorted(branches, key=lambda one: one.name != first):
        _commit(path, branch, url, parent=None if branch.name == first else first)
    protected = example / ".protected"
    if protected.exists():
        shutil.copyfile(protected, path / "protected")
    hook = path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_UPDATE)
    hook.chmod(0o755)


def _commit(path: Path, branch: Path, url: str, parent: str | None) -> None:
    """All files of a folder as one commit of a branch of its name."""
    with tempfile.TemporaryDirectory() as tree:
        for source in sorted(one for one in branch.rglob("*") if one.is_file()):
            target = Path(tree) / source.relative_to(branch)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes().replace(MARK, url.encode()))
        place = {"GIT_DIR": str(path), "GIT_WORK_TREE": tree, "GIT_INDEX_FILE": f"{tree}.index"}
        try:
            _git("add", "--all", ".", cwd=tree, **place)
            written = _git("write-tree", **place)
        finally:
            Path(f"{tree}.index").unlink(missing_ok=True)
        ahead = ["-p", f"refs/heads/{parent}"] if parent else []
        made = _git("commit-tree", written, "-m", f"Begin {branch.name}", *ahead, **place)
        _git("update-ref", f"refs/heads/{branch.name}", made, **place)


def _git(*words: str, cwd: str | None = None, **environment: str) -> str:
    known = {"PATH": os.environ.get("PATH", os.defpath), "HOME": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    done = subprocess.run(
        ["git", *words],
        cwd=cwd,
        env={**known, **AUTHOR, **environment},
        capture_output=True,
        check=True,
        timeout=SECONDS,
    )
    return done.stdout.decode().strip()


def serve(repository: Path, request: Request, user: str = "") -> Answer:
    """Asks git's HTTP program. A push needs a `user`, whose name git keeps."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_PROJECT_ROOT": str(repository.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.name}{request.path}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.content_type,
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.encoding,
        "GIT_PROTOCOL": request.protocol,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        **({"REMOTE_USER": user} if user else {}),
    }
    done = subprocess.run(
        ["git", "http-backend"], input=request.body, env=environment, capture_output=True, timeout=SECONDS
    )
    return _read(done.stdout)


def _read(said: bytes) -> Answer:
    """A CGI program's answer: headers, an empty line, the body."""
    head, _, body = said.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = headers.pop("Status", "200 OK" if headers else "500")
    return Answer(int(status.split()[0]), headers, body)
