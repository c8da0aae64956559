"""Helm for the pages: releases read from the cluster, charts from their folders, the binary run for the reader."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from minikweb.apimachinery.errors import NotFound
from minikweb.dashboard import cluster, reading
from minikweb.helm import binary, chart, problems, release, repository, values
from minikweb.helm.binary import Identity, Outcome
from minikweb.helm.problems import Problem
from minikweb.helm.release import Release
from minikweb.helm.repository import Entry
from minikweb.people import actor

Object = dict[str, Any]

GIVES_UP = 60  # seconds helm waits for hooks
REPOSITORY = "minikweb"  # what the commands call it: helm repo add minikweb …


class Failed(Exception):
    """Helm refused; carries its problems."""

    def __init__(self, found: list[Problem]):
        super().__init__("; ".join(problem.message for problem in found))
        self.problems = found


def program() -> Path:
    """Raises NoHelm."""
    return binary.find(settings.HELM, settings.CACHE_DIR)


def missing() -> str:
    """Why there is no helm here; empty if there is."""
    try:
        program()
    except binary.NoHelm as error:
        return str(error)
    return ""


def identity(namespace: str = "") -> Identity:
    """The reader's: the administrator's kubeconfig, as whom the reader is."""
    path = Path(settings.KUBECONFIG).expanduser() if settings.KUBECONFIG else settings.DATA_DIR / "kubeconfig"
    return Identity(path, actor.current().user, (), namespace)


# --- Releases ------------------------------------------------------------------------------------------------


def releases(namespace: str = "") -> list[Release]:
    """The last revision of each release that the reader may see. Raises ApiError.

    From the cache where it follows Secrets: the list refreshes itself, and releases weigh much.
    """
    if cluster.cache().informer("Secret").synced.is_set():
        secrets = cluster.cache().list("Secret", namespace or None)
    else:
        secrets = reading.seen("Secret", namespace, label_selector=release.SELECTOR)
    return release.latest(secret for secret in secrets if secret.get("type") == release.TYPE)


def history(namespace: str, name: str) -> list[Release]:
    """All revisions of a release, the latest first. Raises NotFound."""
    selector = f"{release.SELECTOR},name={name}"
    found = cluster.client().list("Secret", namespace, label_selector=selector)["items"]
    revisions = release.revisions(found)
    if not revisions:
        raise NotFound(f'there is no release "{name}" in the namespace "{namespace}"')
    return revisions


def rollback(namespace: str, name: str, revision: int) -> Outcome:
    return _acted(["rollback", name, str(revision)], namespace)


def uninstall(namespace: str, name: str, keep_history: bool) -> Outcome:
    return _acted(["uninstall", name] + (["--keep-history"] if keep_history else []), namespace)


def _acted(words: Sequence[str], namespace: str, chart_name: str = "", stdin: str = "") -> Outcome:
    """Runs helm for the reader. Raises Failed and NoHelm.

    Helm gives up before it would be stopped, so that no release is left half way.
    """
    limited = [*words, "--timeout", f"{GIVES_UP}s"]
    found = binary.run(
        program(), limited, identity=identity(namespace), stdin=stdin, seconds=GIVES_UP + binary.RENDER_SECONDS * 3
    )
    if not found.is_good:
        raise Failed(problems.read(found.error or found.output, chart_name))
    return found


# --- Charts --------------------------------------------------------------------------------------------------


def own_folder() -> Path:
    """Where the reader's own charts are."""
    return folder_of(actor.current().person)


def folder_of(person: str) -> Path:
    """Where somebody's own charts are."""
    readable = re.sub(r"[^a-z0-9-]", "", person.lower())[:20]
    return settings.OWN_CHARTS_DIR / f"{readable}-{hashlib.sha256(person.encode()).hexdigest()[:8]}"


def charts() -> list[Entry]:
    """The charts that come along, and the reader's own."""
    return repository.entries([settings.CHARTS_DIR, own_folder()])


def public_charts() -> list[Entry]:
    """Those that anybody may fetch: what comes along, and on a laptop also what its one user wrote."""
    own = [] if settings.SIGN_IN else [own_folder()]
    return repository.entries([settings.CHARTS_DIR, *own])


def upgrade_words(entry: Entry, name: str, namespace: str) -> list[str]:
    """A namespace that is there is not created: who may only use it would be refused."""
    there = cluster.cache().get("Namespace", None, namespace) is not None
    create = [] if there else ["--create-namespace"]
    return ["upgrade", "--install", name, str(entry.folder), "--reset-values", "--values", "-", *create]


def rehearsed(entry: Entry, name: str, namespace: str, given: Object) -> Release:
    """What an installation or an upgrade would make, checked by the API server. Raises Failed and NoHelm."""
    words = [*upgrade_words(entry, name, namespace), "--dry-run=server", "--output", "json"]
    found = _acted(words, namespace, entry.about.name, release.values_text(given) or "{}")
    return release.of_json(orjson.loads(found.output), namespace)


def install(entry: Entry, name: str, namespace: str, given: Object) -> Outcome:
    """Installs or upgrades; does not wait for the pods. Raises Failed and NoHelm."""
    words = upgrade_words(entry, name, namespace)
    return _acted(words, namespace, entry.about.name, release.values_text(given) or "{}")


def command(entry: Entry, name: str, namespace: str, given: Object) -> str:
    """What does the same in a terminal."""
    with_values = " -f values.yaml" if given else ""
    return (
        f"helm upgrade --install {name} {REPOSITORY}/{entry.about.name} --version {entry.about.version} "
        f"-n {namespace} --create-namespace{with_values}"
    )


def defaults(files: chart.Files) -> Object:
    """The chart's values.yaml; {} if it has none or it cannot be read."""
    try:
        return values.read(files.get("values.yaml", b"").decode("utf-8", "replace"))
    except values.NotValues:
        return {}
