"""What the log forgets, and Events past their time.

A revision at or below the floor answers 410. A row below it stays while a younger row needs it as its "before".
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from minikweb.store.database import Transaction
from minikweb.store.storage import PENDING, Author, Key, RevisionChanged, Storage, Stored

STEP = 1_000  # revisions forgotten in one transaction

EXPIRY = Author(user="system:apiserver", verb="delete")


@dataclass(frozen=True)
class Retention:
    """What the log keeps: a write as long as it is young or among the last ones, and never more than `most` rows."""

    seconds: float = 900
    least: int = 1_000
    most: int = 50_000


KEEP = Retention()
# What changes all the time and nobody asks about later.
KEEP_LITTLE = {
    "leases.coordination.k8s.io": Retention(seconds=60, least=50, most=1_000),
    "events": Retention(seconds=120, least=200, most=5_000),
}


def compact(storage: Storage, now: float) -> int:
    """Forgets old revisions, some at a time so that no writer waits long; returns the number of rows removed."""
    with storage.database.read() as transaction:
        floors = [("compacted", "", _floor(transaction, "", KEEP, now))]
        for resource, retention in KEEP_LITTLE.items():
            floors.append((f"compacted/{resource}", resource, _floor(transaction, resource, retention, now)))
        steps = [(counter, resource, _steps(transaction, counter, floor)) for counter, resource, floor in floors]
    removed = 0
    for counter, resource, revisions in steps:
        for revision in revisions:
            with storage.database.write() as transaction:
                removed += _forget(transaction, counter, resource, revision)
    return removed


def _floor(transaction: Transaction, resource: str, keep: Retention, now: float) -> int:
    """The last revision that may go."""
    old = transaction.row(
        "SELECT revision FROM store_revision WHERE at < %s ORDER BY at DESC LIMIT 1", (now - keep.seconds,)
    )
    return max(
        min(old[0] if old else 0, _nth_last(transaction, resource, keep.least)),
        _nth_last(transaction, resource, keep.most),
    )


def _nth_last(transaction: Transaction, resource: str, count: int) -> int:
    of_resource, parameters = ("WHERE resource = %s", [resource]) if resource else ("", [])
    row = transaction.row(
        f"SELECT revision FROM store_revision {of_resource} ORDER BY revision DESC LIMIT 1 OFFSET {count}", parameters
    )
    return row[0] if row else 0


def _steps(transaction: Transaction, counter: str, floor: int) -> list[int]:
    """The revisions up to which the log is cut, one after the other; empty when there is nothing to do."""
    row = transaction.row("SELECT value FROM store_counter WHERE name = %s", (counter,))
    first = transaction.row("SELECT MIN(revision) FROM store_revision")
    begin = max(row[0] if row else 0, (first[0] or 1) - 1 if first else 0)
    return [*range(begin + STEP, floor, STEP), floor] if floor > begin else []


def _forget(transaction: Transaction, counter: str, resource: str, floor: int) -> int:
    transaction.run(
        "INSERT INTO store_counter (name, value) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE store_counter.value < excluded.value",
        (counter, floor),
    )
    of_resource, parameters = (" AND resource = %s", [resource]) if resource else ("", [])
    return transaction.run(
        f"DELETE FROM store_revision WHERE revision <= %s{of_resource} AND NOT EXISTS"
        " (SELECT 1 FROM store_revision y WHERE y.previous = store_revision.revision AND y.revision > %s)",
        [floor, *parameters, floor],
    )


def expire(storage: Storage, now: float) -> int:
    """Deletes the objects past their time, each with its event; returns their number."""
    with storage.database.read() as transaction:
        rows = transaction.rows(
            "SELECT id, resource, namespace, name, uid, revision, body FROM store_object WHERE expires < %s", (now,)
        )
    expired = 0
    for id, resource, namespace, name, uid, revision, body in rows:
        last = orjson.loads(body)
        last["metadata"]["resourceVersion"] = PENDING
        current = Stored(id, Key(resource, namespace, name), uid, revision, body)
        try:
            storage.delete(current, orjson.dumps(last).decode(), EXPIRY)
            expired += 1
        except RevisionChanged:
            continue  # written again since: it lives on
    return expired
