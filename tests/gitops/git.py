"""A git repository of a test's own, filled without a work tree."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"), ("DATE", "2026-11-23T12:00:00Z"))
}


class Repository:
    """`commit({"path": "text"}, message)` replaces all files of a branch; returns the commit."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.url = f"file://{folder}"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
        self.git("-C", str(folder), "config", "uploadpack.allowAnySHA1InWant", "true")

    def git(self, *words: str, stdin: str = "", **environment: str) -> str:
        known = {"PATH": os.environ["PATH"], "HOME": str(self.folder.parent), "GIT_CONFIG_NOSYSTEM": "1", **WHO}
        done = subprocess.run(
            ["git", *words], input=stdin, env=known | environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str], message: str = "change", branch: str = "main") -> str:
        index = {"GIT_INDEX_FILE": str(self.folder / "index.tmp"), "GIT_DIR": str(self.folder)}
        (self.folder / "index.tmp").unlink(missing_ok=True)
        for path, text in files.items():
            blob = self.git("hash-object", "-w", "--stdin", stdin=text, **index)
            self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
        tree = self.git("write-tree", **index)
        parent = self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}", **index)
        made = self.git("commit-tree", tree, "-m", message, *(["-p", parent] if parent else []), **index)
        self.git("update-ref", f"refs/heads/{branch}", made, **index)
        return made

    def tag(self, name: str, commit: str) -> None:
        self.git("-C", str(self.folder), "tag", "-a", name, commit, "-m", name)
