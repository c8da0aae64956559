"""A cluster database of a test's own: a file, as in life, copied from one that was migrated once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections

from minikweb.store.router import CLUSTER


@contextmanager
def cluster_database(path: Path) -> Iterator[None]:
    """Points Django's `cluster` database at a file; the connections of other threads must not outlive the block."""
    before = connections.settings[CLUSTER]["NAME"]
    _use(path)
    try:
        yield
    finally:
        _use(before)


def _use(path: Path) -> None:
    connections[CLUSTER].close()
    del connections[CLUSTER]
    connections.settings[CLUSTER]["NAME"] = path


def copy_of(template: Path, folder: Path) -> Path:
    return Path(shutil.copy(template, folder / "cluster.sqlite3"))
