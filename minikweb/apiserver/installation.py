"""Puts an API server together from a data folder: tables, store, keys, kinds."""

from __future__ import annotations

import time
from pathlib import Path

import orjson
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from minikweb.apiserver import bootstrap, credentials
from minikweb.apiserver.app import Application
from minikweb.apiserver.authentication import Authenticator
from minikweb.apiserver.server import utc_now
from minikweb.kinds import registry
from minikweb.store.database import Database
from minikweb.store.router import APP, CLUSTER
from minikweb.store.storage import Key, Storage


class NewerData(Exception):
    """The database was written by a newer version of the program."""


def prepare_database() -> None:
    """Makes or updates the cluster's tables. Raises NewerData."""
    executor = MigrationExecutor(connections[CLUSTER])
    unknown = [
        name
        for app, name in executor.loader.applied_migrations
        if app == APP and (app, name) not in executor.loader.graph.nodes
    ]
    if unknown:
        raise NewerData(f"the cluster's database was made by a newer version (it has {', '.join(sorted(unknown))})")
    if executor.migration_plan([node for node in executor.loader.graph.leaf_nodes() if node[0] == APP]):
        call_command("migrate", APP, database=CLUSTER, verbosity=0, interactive=False)


def make_application(data_dir: Path) -> Application:
    """The API server of an installation, its first objects made; after prepare_database and install_credentials."""
    storage = Storage(Database(CLUSTER))
    storage.open()
    authenticator = Authenticator(
        credentials.issuer_of(data_dir), lambda ns, name: account_uid(storage, ns, name), time.time
    )
    application = Application(storage, registry.builtin(), authenticator)
    bootstrap.bootstrap(application.server, utc_now())
    return application


def account_uid(storage: Storage, namespace: str, name: str) -> str | None:
    """The uid of a ServiceAccount, None if there is none."""
    stored = storage.get(Key("serviceaccounts", namespace, name))
    return orjson.loads(stored.body)["metadata"]["uid"] if stored else None
