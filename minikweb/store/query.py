"""Lists: a Query becomes one SELECT; a list at an older revision is put together with the log."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from minikweb.store.database import Row, Transaction

Requirement = tuple[str, str, Sequence[str]]  # label key, operator of a label selector, values
Where = tuple[str, list[Any]]


@dataclass(frozen=True)
class Query:
    """What to list.

    labels   all must hold; operators In NotIn Exists DoesNotExist Gt Lt
    matches  the same on a body; asked only for a list at an older revision
    after    (namespace, name) of the last object of the page before
    at       the revision to show, None for now
    """

    resource: str
    namespace: str = ""
    name: str = ""
    node: str = ""
    owner: str = ""
    labels: Sequence[Requirement] = ()
    matches: Callable[[str], bool] = lambda body: True
    limit: int = 0
    after: tuple[str, str] | None = None
    at: int | None = None


class Listing(NamedTuple):
    """bodies, the revision they show, the key of the last one if there are more, how many more (None: not known)."""

    bodies: list[str]
    revision: int
    last: tuple[str, str] | None
    remaining: int | None


def run(transaction: Transaction, query: Query, current: int) -> Listing:
    """Answers the query in a snapshot whose revision is `current`."""
    where, parameters = _where(transaction, query)
    if query.at is None or query.at >= current or not _changed_since(transaction, query):
        rows = _page(transaction, where, parameters, query.limit)
    else:
        rows = _at(transaction, query, where, parameters)
    revision = current if query.at is None else query.at
    if not query.limit or len(rows) <= query.limit:
        return Listing([row[0] for row in rows], revision, None, None)
    rows = rows[: query.limit]
    last = (rows[-1][1], rows[-1][2])
    return Listing([row[0] for row in rows], revision, last, _remaining(transaction, query, last))


def _page(transaction: Transaction, where: str, parameters: list[Any], limit: int) -> list[Row]:
    sql = f"SELECT body, namespace, name FROM store_object WHERE {where} ORDER BY namespace, name"
    return transaction.rows(sql + (f" LIMIT {limit + 1}" if limit else ""), parameters)


def _remaining(transaction: Transaction, query: Query, last: tuple[str, str]) -> int | None:
    """How many follow; as in Kubernetes not told with a selector, where it would have to be guessed."""
    if query.labels or query.node or query.name or query.owner:
        return None
    where, parameters = _where(transaction, Query(query.resource, query.namespace, after=last))
    row = transaction.row(f"SELECT COUNT(*) FROM store_object WHERE {where}", parameters)
    return row[0] if row else None


def _where(transaction: Transaction, query: Query) -> Where:
    clauses, parameters = ["resource = %s"], [query.resource]
    for column in ("namespace", "name", "node", "owner"):
        if value := getattr(query, column):
            clauses.append(f"{column} = %s")
            parameters.append(value)
    if query.after is not None:
        clauses.append("(namespace, name) > (%s, %s)")
        parameters += query.after
    for requirement in query.labels:
        clause, values = _label_clause(transaction, requirement)
        clauses.append(clause)
        parameters += values
    return " AND ".join(clauses), parameters


def _label_clause(transaction: Transaction, requirement: Requirement) -> Where:
    key, operator, values = requirement
    if operator in ("Gt", "Lt"):
        return _compare(transaction, key, operator, int(values[0]))
    negation = "NOT " if operator in ("NotIn", "DoesNotExist") else ""
    subquery = "SELECT object_id FROM store_label WHERE key = %s"
    if operator in ("In", "NotIn"):
        subquery += f" AND value IN ({', '.join(['%s'] * len(values))})"
        return f"id {negation}IN ({subquery})", [key, *values]
    return f"id {negation}IN ({subquery})", [key]


def _compare(transaction: Transaction, key: str, operator: str, bound: int) -> Where:
    """Labels are text, and what is no integer is neither greater nor less: so compared here, not in SQL."""
    found = transaction.rows("SELECT object_id, value FROM store_label WHERE key = %s", (key,))
    numbers = [(id, int(value)) for id, value in found if re.fullmatch(r"[+-]?\d+", value)]
    ids = [str(id) for id, number in numbers if (number > bound if operator == "Gt" else number < bound)]
    return f"id IN ({', '.join(ids) or 'NULL'})", []


def _changed_since(transaction: Transaction, query: Query) -> bool:
    sql = "SELECT 1 FROM store_revision WHERE resource = %s AND revision > %s LIMIT 1"
    return transaction.row(sql, (query.resource, query.at)) is not None


def _at(transaction: Transaction, query: Query, where: str, parameters: list[Any]) -> list[Row]:
    """The state at an older revision: what has not changed since, and of the rest the state before its first change."""
    unchanged = _page(transaction, f"{where} AND revision <= %s", [*parameters, query.at], query.limit)
    sql = (
        "SELECT p.body, p.namespace, p.name FROM (SELECT MIN(revision) AS first FROM store_revision"
        " WHERE resource = %s AND revision > %s GROUP BY namespace, name) f"
        " JOIN store_revision r ON r.revision = f.first JOIN store_revision p ON p.revision = r.previous"
        " WHERE p.type <> 'DELETED'"
    )
    changed = [
        row
        for row in transaction.rows(sql, (query.resource, query.at))
        if (not query.namespace or row[1] == query.namespace)
        and (query.after is None or (row[1], row[2]) > query.after)
        and query.matches(row[0])
    ]
    rows = sorted(unchanged + changed, key=lambda row: (row[1], row[2]))
    return rows[: query.limit + 1] if query.limit else rows
