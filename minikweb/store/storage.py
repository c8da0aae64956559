"""get, list, create, update, delete and the log: every write is one transaction with its revision.

Order of commit = order of revision = order of events. Optimistic locking is a conditional UPDATE checked by its
row count. No kind is known here: a body is text, with PENDING where its metadata.resourceVersion will stand.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from minikweb.store import query
from minikweb.store.database import Database, Row, Transaction
from minikweb.store.query import Listing, Query
from minikweb.store.watch import Event, Hub

LOOKED_THROUGH = 10_000  # writes searched for those of one namespace
PENDING = "pending-" + secrets.token_hex(8)  # nobody outside can write it into a body by chance or by will


class Key(NamedTuple):
    """Where an object is; namespace is "" for what is cluster-scoped."""

    resource: str
    namespace: str
    name: str


class Stored(NamedTuple):
    """An object as the store holds it; `id` is the store's own."""

    id: int
    key: Key
    uid: str
    revision: int
    body: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What to write. `labels` is None on an update that leaves them as they are."""

    body: str
    uid: str
    owner: str = ""
    node: str = ""
    labels: dict[str, str] | None = field(default_factory=dict)
    expires: float | None = None


class Author(NamedTuple):
    """Who writes, for the log."""

    user: str = ""
    agent: str = ""
    verb: str = ""
    manager: str = ""


class Written(NamedTuple):
    """A write as the log remembers it: when (seconds since 1970), by whom, and the object before it (None at birth)."""

    revision: int
    type: str
    resource: str
    namespace: str
    name: str
    body: str
    before: str | None
    at: float
    author: Author


class AlreadyStored(Exception):
    """There is an object at this key."""


class RevisionChanged(Exception):
    """The object was written or deleted since it was read."""


class Compacted(Exception):
    """The log no longer reaches back to this revision."""


class Storage:
    """The store of one cluster. Thread-safe; the only writer of its tables."""

    def __init__(self, database: Database, hub: Hub | None = None, clock: Callable[[], float] = time.time):
        self.database = database
        self.hub = hub or Hub()
        self._clock = clock

    def open(self) -> None:
        """Reads the last revision; the tables must have been migrated."""
        with self.database.write() as transaction:
            transaction.run("INSERT INTO store_counter (name, value) VALUES ('revision', 0) ON CONFLICT DO NOTHING")
            (revision,) = transaction.row("SELECT value FROM store_counter WHERE name = 'revision'") or (0,)
        self.hub.revision = revision

    def ping(self) -> None:
        """Raises StoreUnavailable unless the database answers."""
        with self.database.read() as transaction:
            transaction.row("SELECT value FROM store_counter WHERE name = 'revision'")

    # --- reading ---------------------------------------------------------------------------------

    def get(self, key: Key) -> Stored | None:
        with self.database.read() as transaction:
            row = transaction.row(
                "SELECT id, uid, revision, body FROM store_object WHERE resource = %s AND namespace = %s AND name = %s",
                key,
            )
        return Stored(row[0], key, *row[1:]) if row else None

    def list(self, wanted: Query) -> Listing:
        """The objects wanted, in the order of namespace and name, and the revision at which they were so.

        Raises Compacted when `wanted.at` is older than the log.
        """
        with self.database.read() as transaction:
            current = self._current(transaction)
            if wanted.at is not None and wanted.at < self._floor(transaction, wanted.resource):
                raise Compacted
            return query.run(transaction, wanted, current)

    def log(self, resource: str, after: int, until: int) -> list[Event]:
        """The events with after < revision <= until. Raises Compacted when the log begins later."""
        with self.database.read() as transaction:
            if after < self._floor(transaction, resource):
                raise Compacted
            rows = transaction.rows(
                f"{_LOG} WHERE r.resource = %s AND r.revision > %s AND r.revision <= %s ORDER BY r.revision",
                (resource, after, until),
            )
        return [Event(*row) for row in rows]

    def written(self, after: int, limit: int, namespace: str = "", without: Sequence[str] = ()) -> list[Written]:
        """The last `limit` writes after a revision, oldest first: of one namespace if given, not of some resources.

        Looks through the last LOOKED_THROUGH writes at most.
        """
        marks = ", ".join(["%s"] * len(without))
        where = ["r.revision > %s", *([f"r.resource NOT IN ({marks})"] if without else [])]
        parameters: list[int | str] = [max(after, self.hub.revision - LOOKED_THROUGH), *without]
        if namespace:
            where.append("(r.namespace = %s OR (r.resource = 'namespaces' AND r.name = %s))")
            parameters += [namespace, namespace]
        with self.database.read() as transaction:
            rows = transaction.rows(
                f"{_WRITTEN} WHERE {' AND '.join(where)} ORDER BY r.revision DESC LIMIT %s", [*parameters, limit]
            )
        return [Written(*row[:8], Author(*row[8:])) for row in reversed(rows)]

    # --- writing ---------------------------------------------------------------------------------

    def create(self, key: Key, draft: Draft, author: Author = Author()) -> Stored:  # noqa: B008
        """Raises AlreadyStored."""
        with self.database.alone():
            with self.database.write() as transaction:
                revision = self._next(transaction)
                body = draft.body.replace(PENDING, str(revision), 1)
                columns = (revision, *key, draft.uid, draft.owner, draft.node, revision, draft.expires, body)
                if not transaction.run(_INSERT_OBJECT, columns):
                    raise AlreadyStored
                self._write_labels(transaction, revision, draft.labels)
                self._log(transaction, revision, "ADDED", key, body, None, author)
            self.hub.publish(Event(revision, "ADDED", *key, body, None))
        return Stored(revision, key, draft.uid, revision, body)

    def update(self, current: Stored, draft: Draft, author: Author = Author()) -> Stored:  # noqa: B008
        """Replaces what was read as `current`. Raises RevisionChanged."""
        with self.database.alone():
            with self.database.write() as transaction:
                revision = self._next(transaction)
                body = draft.body.replace(PENDING, str(revision), 1)
                columns = (draft.owner, draft.node, revision, draft.expires, body, current.id, current.revision)
                if not transaction.run(_UPDATE_OBJECT, columns):
                    raise RevisionChanged
                if draft.labels is not None:
                    transaction.run("DELETE FROM store_label WHERE object_id = %s", (current.id,))
                    self._write_labels(transaction, current.id, draft.labels)
                self._log(transaction, revision, "MODIFIED", current.key, body, current.revision, author)
            self.hub.publish(Event(revision, "MODIFIED", *current.key, body, current.body))
        return Stored(current.id, current.key, current.uid, revision, body)

    def delete(self, current: Stored, last: str, author: Author = Author()) -> Stored:  # noqa: B008
        """Removes what was read as `current`; `last` is its last state (PENDING inside). Raises RevisionChanged."""
        with self.database.alone():
            with self.database.write() as transaction:
                revision = self._next(transaction)
                body = last.replace(PENDING, str(revision), 1)
                if not transaction.run(
                    "DELETE FROM store_object WHERE id = %s AND revision = %s", (current.id, current.revision)
                ):
                    raise RevisionChanged
                transaction.run("DELETE FROM store_label WHERE object_id = %s", (current.id,))
                self._log(transaction, revision, "DELETED", current.key, body, current.revision, author)
            self.hub.publish(Event(revision, "DELETED", *current.key, body, current.body))
        return Stored(current.id, current.key, current.uid, revision, body)

    # --- inside ----------------------------------------------------------------------------------

    def _current(self, transaction: Transaction) -> int:
        row = transaction.row("SELECT value FROM store_counter WHERE name = 'revision'")
        return row[0] if row else 0

    def _floor(self, transaction: Transaction, resource: str) -> int:
        """The last revision whose state is no longer known to the log of this resource."""
        row: Row | None = transaction.row(
            "SELECT MAX(value) FROM store_counter WHERE name IN ('compacted', %s)", (f"compacted/{resource}",)
        )
        return row[0] or 0 if row else 0

    def _next(self, transaction: Transaction) -> int:
        revision = self.hub.revision + 1
        sql = "UPDATE store_counter SET value = %s WHERE name = 'revision' AND value = %s"
        if transaction.run(sql, (revision, revision - 1)):
            return revision
        transaction.run("UPDATE store_counter SET value = value + 1 WHERE name = 'revision'")
        revision = self._current(transaction)
        self._catch_up(transaction, revision - 1)
        return revision

    def _catch_up(self, transaction: Transaction, revision: int) -> None:
        """Publishes what is in the log and not in the hub.

        It was written by a transaction whose end we did not hear of when the database went away, or by somebody else.
        """
        rows = transaction.rows(f"{_LOG} WHERE r.revision > %s ORDER BY r.revision", (self.hub.revision,))
        if len(rows) != revision - self.hub.revision:
            self.hub.cut_all()
        for row in rows:
            self.hub.publish(Event(*row))
        self.hub.revision = revision

    def _write_labels(self, transaction: Transaction, object_id: int, labels: dict[str, str] | None) -> None:
        if labels:
            values = [part for key, value in labels.items() for part in (object_id, key, value)]
            marks = ", ".join(["(%s, %s, %s)"] * len(labels))
            transaction.run(f"INSERT INTO store_label (object_id, key, value) VALUES {marks}", values)

    def _log(
        self,
        transaction: Transaction,
        revision: int,
        type: str,
        key: Key,
        body: str,
        previous: int | None,
        author: Author,
    ) -> None:
        transaction.run(_INSERT_REVISION, (revision, *key, type, body, previous, self._clock(), *author))


_LOG = (
    "SELECT r.revision, r.type, r.resource, r.namespace, r.name, r.body, p.body FROM store_revision r"
    " LEFT JOIN store_revision p ON p.revision = r.previous"
)
_WRITTEN = (
    "SELECT r.revision, r.type, r.resource, r.namespace, r.name, r.body, p.body,"
    ' r.at, r."user", r.agent, r.verb, r.manager FROM store_revision r'
    " LEFT JOIN store_revision p ON p.revision = r.previous"
)
_INSERT_OBJECT = (
    "INSERT INTO store_object (id, resource, namespace, name, uid, owner, node, revision, expires, body)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (resource, namespace, name) DO NOTHING"
)
_UPDATE_OBJECT = (
    "UPDATE store_object SET owner = %s, node = %s, revision = %s, expires = %s, body = %s"
    " WHERE id = %s AND revision = %s"
)
_INSERT_REVISION = (
    'INSERT INTO store_revision (revision, resource, namespace, name, type, body, previous, at, "user", agent, verb,'
    " manager) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
