"""A cluster database of a test's own, copied from one that was migrated once: a file, or one on a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dj_database_url
from django.db import connections
from django.db.utils import ConnectionHandler

from minikweb.store.router import CLUSTER
from tests.postgresql import PostgreSQL

# MINIKWEB_TEST_DATABASE=postgresql: all tests of the store and of what is above it, on a server.
ENGINE = os.environ.get("MINIKWEB_TEST_DATABASE", "sqlite")

TABLES = ("store_object", "store_label", "store_revision", "store_counter")


class Files:
    """SQLite, as `make run` uses it."""

    def __init__(self, folder: Path):
        self._template = folder / "cluster.sqlite3"

    def template(self) -> dict[str, Any]:
        return {**connections.settings[CLUSTER], "NAME": self._template}

    def copy(self, folder: Path) -> dict[str, Any]:
        return {**connections.settings[CLUSTER], "NAME": Path(shutil.copy(self._template, folder / "cluster.sqlite3"))}

    def close(self) -> None:
        """Files go with their folder."""


class Server:
    """PostgreSQL, as DATABASE_URL asks for it: one database, emptied for each test."""

    def __init__(self, folder: Path):
        self._server = PostgreSQL().start()
        self._server.execute("CREATE DATABASE cluster")

    def template(self) -> dict[str, Any]:
        parsed = dj_database_url.parse(self._server.url("cluster"), conn_max_age=None)
        return ConnectionHandler({"default": parsed, CLUSTER: parsed}).settings[CLUSTER]

    def copy(self, folder: Path) -> dict[str, Any]:
        """Threads of earlier tests may still hold connections: they would hold the tables, too."""
        self._server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'cluster'")
        self._server.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY", "cluster")
        return self.template()

    def close(self) -> None:
        self._server.stop()


ENGINES = {"sqlite": Files, "postgresql": Server}


@contextmanager
def cluster_database(settings: dict[str, Any]) -> Iterator[None]:
    """Points Django's `cluster` database there; the connections of other threads must not outlive the block."""
    before = connections.settings[CLUSTER]
    _use(settings)
    try:
        yield
    finally:
        _use(before)


def _use(settings: dict[str, Any]) -> None:
    connections[CLUSTER].close()
    del connections[CLUSTER]
    connections.settings[CLUSTER] = settings
