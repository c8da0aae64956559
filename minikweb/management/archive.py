"""A data folder as one file: the databases as of one moment each, the keys, the cluster's identity.

A .tar.gz with `cluster.json`, `secret-key`, `pki/…`, `cluster.sqlite3`, `web.sqlite3`. Tokens, the kubeconfig, logs and
the queue are made anew by the next start. What is in the containers and volumes of Docker is not in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from pathlib import Path

from django.utils.translation import gettext as _

from minikweb.management.datafolder import DATA_VERSION, DataFolder, Refusal

DATABASES = ("cluster.sqlite3", "web.sqlite3")
FILES = ("cluster.json", "secret-key", "pki/ca.crt", "pki/ca.key", "pki/sa.key")


def write(folder: DataFolder, target: Path) -> int:
    """Writes the archive, readable by this user alone, whole or not at all; returns its bytes. Raises Refusal.

    The cluster may run: each database is copied as of one moment, the pages' first, so that no progress in a lesson is
    newer than the cluster it speaks of.
    """
    if not folder.exists():
        raise Refusal(_("There is no cluster in %(folder)s.") % {"folder": folder.path})
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with (
            tempfile.TemporaryDirectory() as copies,
            open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz") as archive,
        ):
            for name in reversed(DATABASES):
                _copy_database(folder.path / name, Path(copies) / name)
                archive.add(Path(copies) / name, name)
            for name in FILES:
                archive.add(folder.path / name, name)
        fresh.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise Refusal(_("The backup could not be written: %(why)s") % {"why": error}) from error
    finally:
        fresh.unlink(missing_ok=True)
    return target.stat().st_size


def _copy_database(source: Path, copy: Path) -> None:
    """SQLite's own online backup: writers go on meanwhile."""
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as original,
        contextlib.closing(sqlite3.connect(copy)) as made,
    ):
        original.backup(made)


def read(source: Path, folder: DataFolder) -> dict[str, object]:
    """Makes the data folder from an archive, whole or not at all; returns its cluster.json. Raises Refusal."""
    if folder.path.exists() and any(folder.path.iterdir()):
        raise Refusal(_("%(folder)s is in use: `make reset` first, or set MINIKWEB_DATA.") % {"folder": folder.path})
    fresh = folder.path.with_name(f".{folder.path.name}.{os.getpid()}")
    try:
        _unpack(source, fresh)
        cluster = _check(fresh)
        folder.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            folder.path.rmdir()
        fresh.rename(folder.path)
    except (OSError, EOFError, tarfile.TarError, KeyError, ValueError, sqlite3.Error) as error:
        raise Refusal(_("%(file)s cannot be restored: %(why)s") % {"file": source, "why": error}) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return cluster


def _unpack(source: Path, folder: Path) -> None:
    """Only the files we know, whatever else an archive holds and wherever it says they go."""
    folder.mkdir(mode=0o700, parents=True)
    (folder / "pki").mkdir(mode=0o700)
    with tarfile.open(source) as archive:
        for name in (*DATABASES, *FILES):
            member = archive.extractfile(name)
            if member is None:
                raise ValueError(f"{name} is not a file")
            with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                shutil.copyfileobj(member, file)


def _check(folder: Path) -> dict[str, object]:
    cluster = dict(json.loads((folder / "cluster.json").read_text()))
    if cluster.get("version", 0) > DATA_VERSION:
        raise ValueError(_("a newer Minikweb wrote it"))
    for name in DATABASES:
        with contextlib.closing(sqlite3.connect(folder / name)) as database:
            verdict = database.execute("PRAGMA quick_check").fetchone()[0]
        if verdict != "ok":
            raise ValueError(f"{name}: {verdict}")
    return cluster
