"""What git says now: the revision of each source and its objects, remembered while nothing moves."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from minikweb.gitops import manifests
from minikweb.gitops.application import Source
from minikweb.gitops.repository import Credentials, GitError, Repositories

Object = dict[str, Any]

MOST = 256  # rendered sources kept


class CannotRender(Exception):
    """Why there is nothing to compare with, in one sentence."""


@dataclass(frozen=True)
class Desired:
    """`revisions`: one commit per source; `kinds`: Directory, Helm or Kustomize."""

    objects: tuple[Object, ...]
    revisions: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def revision(self) -> str:
        return self.revisions[0]


class Desire:
    """Asks git for many Applications."""

    def __init__(
        self,
        repositories: Repositories,
        credentials: Callable[[str], Credentials | None],
        helm: Callable[[], manifests.Helm | None],
    ):
        self.repositories, self._credentials, self._helm = repositories, credentials, helm
        self._rendered: OrderedDict[str, tuple[list[Object], str]] = OrderedDict()
        self._resolved: dict[str, tuple[float, tuple[str, ...], str]] = {}
        self._lock = threading.Lock()

    def revisions(self, app: str, sources: list[Source], since: float) -> tuple[str, ...]:
        """The commits the sources stand for; those of the last look if it was after `since` (time.monotonic)."""
        asked = repr([(one.repo_url, one.revision) for one in sources])
        at, found, same = self._resolved.get(app, (0.0, (), ""))
        if same != asked or at < since:
            now = time.monotonic()
            found = tuple(self._resolve(one, since) for one in sources)
            self._resolved[app] = (now, found, asked)
        return found

    def pinned(self, sources: list[Source], revisions: tuple[str, ...]) -> tuple[str, ...]:
        """The commits that revisions somebody has asked for stand for. Raises CannotRender."""
        asked = [replace(one, revision=revision) for one, revision in zip(sources, revisions, strict=True)]
        return tuple(self._resolve(one) for one in asked)

    def looked_at(self, app: str) -> float:
        """When git was last asked for it, on the monotonic clock; 0.0 for never."""
        return self._resolved.get(app, (0.0,))[0]

    def forget(self, app: str) -> None:
        self._resolved.pop(app, None)

    def objects(self, app: str, namespace: str, sources: list[Source], revisions: tuple[str, ...]) -> Desired:
        """Raises CannotRender."""
        found: list[Object] = []
        kinds: list[str] = []
        for source, revision in zip(sources, revisions, strict=True):
            rendered, kind = self._render(app, namespace, source, revision)
            found += rendered
            kinds.append(kind)
        return Desired(tuple(found), revisions, tuple(kinds))

    def _resolve(self, source: Source, since: float = 0.0) -> str:
        if source.chart:
            raise CannotRender(f"{source.repo_url}: charts come from git here: give a path instead of chart")
        try:
            credentials = self._credentials(source.repo_url)
            return self.repositories.resolve(source.repo_url, source.revision, credentials, since)
        except GitError as error:
            raise CannotRender(str(error)) from None

    def _render(self, app: str, namespace: str, source: Source, revision: str) -> tuple[list[Object], str]:
        if source.ref and source.path == ".":
            return [], "Directory"  # only there for its files to be named by others
        options = json.dumps([source.helm, source.directory, source.kustomize], sort_keys=True)
        key = "\0".join((app, namespace, source.repo_url, source.path, revision, options))
        with self._lock:
            if key in self._rendered:
                self._rendered.move_to_end(key)
                return self._rendered[key]
        try:
            files = self.repositories.files(source.repo_url, revision, self._credentials(source.repo_url))
            kind = manifests.kind_of(files, source)
            helm = self._helm() if kind == "Helm" else None
            rendered = manifests.objects(files, source, app, namespace, helm)
        except (GitError, manifests.ManifestError) as error:
            raise CannotRender(str(error)) from None
        with self._lock:
            self._rendered[key] = (rendered, kind)
            while len(self._rendered) > MOST:
                self._rendered.popitem(last=False)
        return rendered, kind
