"""SQL on Django's connection to the cluster's database, one connection per thread.

Django's settings and migrations say where and what; statements go to the driver directly, since its cursor
wrapper costs more than SQLite itself. They are written once, with %s, for SQLite and PostgreSQL.
"""

from __future__ import annotations

import functools
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.utils import DatabaseError as DjangoDatabaseError

Row = tuple[Any, ...]


class StoreUnavailable(Exception):
    """The database does not answer or cannot be written; the message is its own."""


class Database:
    """Transactions on one of Django's databases. Writes of this process happen one at a time."""

    def __init__(self, alias: str = "cluster"):
        self.alias = alias
        self._writing = threading.RLock()
        self._local = threading.local()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot: all statements see the same revision."""
        with self._transaction("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as transaction:
            yield transaction

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """The write lock from the first statement on, committed at the end or rolled back by any exception.

        Threads queue here and not at SQLite, whose back-off costs tens of milliseconds.
        """
        with self._writing, self._transaction("BEGIN IMMEDIATE", "BEGIN") as transaction:
            yield transaction

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps writers out before and after a transaction, to publish in the order of commits."""
        with self._writing:
            yield

    @contextmanager
    def _transaction(self, begin_sqlite: str, begin_postgresql: str) -> Iterator[Transaction]:
        transaction = self._open()
        try:
            transaction.run(begin_sqlite if transaction.sqlite else begin_postgresql)
            yield transaction
            transaction.run("COMMIT")
        except transaction.errors as error:
            self._abandon(transaction)
            raise StoreUnavailable(str(error).strip() or type(error).__name__) from error
        except BaseException:
            transaction.run("ROLLBACK")
            raise

    def _open(self) -> Transaction:
        transaction = getattr(self._local, "transaction", None)
        wrapper = connections[self.alias]
        if transaction is None or wrapper.connection is not transaction.raw:
            try:
                wrapper.ensure_connection()
            except DjangoDatabaseError as error:
                raise StoreUnavailable(str(error).strip()) from error
            transaction = self._local.transaction = Transaction(wrapper)
        return transaction

    def _abandon(self, transaction: Transaction) -> None:
        """A connection that failed is not trusted again."""
        self._local.transaction = None
        try:
            transaction.run("ROLLBACK")
        except transaction.errors:
            connections[self.alias].close()

    def close(self) -> None:
        """Closes this thread's connection."""
        self._local.transaction = None
        connections[self.alias].close()


class Transaction:
    """Runs statements on a driver's connection."""

    def __init__(self, wrapper: Any):
        self.raw = wrapper.connection
        self.sqlite = wrapper.vendor == "sqlite"
        self.errors = wrapper.Database.Error
        self._cursor = sqlite3.Connection.cursor(self.raw) if self.sqlite else self.raw.cursor()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Runs a statement and returns the number of rows changed."""
        cursor = self._cursor.execute(_qmark(sql) if self.sqlite else sql, parameters)
        return (cursor or self._cursor).rowcount

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        self.run(sql, parameters)
        return self._cursor.fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        self.run(sql, parameters)
        return self._cursor.fetchone()


@functools.lru_cache(maxsize=512)
def _qmark(sql: str) -> str:
    return sql.replace("%s", "?")
