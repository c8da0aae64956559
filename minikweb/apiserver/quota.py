"""ResourceQuota: whether a namespace can still afford what is asked for.

What is used is counted afresh from the store for each object that a quota looks at, so nobody can slip through between
a deletion and its counting; the status of a quota is its controller's to keep.

Source: k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go (CheckRequest).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

import orjson

from minikweb.apimachinery import quantity
from minikweb.apimachinery.errors import forbidden
from minikweb.apiserver.server import Server
from minikweb.kinds import quotausage
from minikweb.kinds.podresources import Amounts
from minikweb.kinds.registry import Kind, Object
from minikweb.store.query import Query

CHARGED_ON_UPDATE = ("services", "persistentvolumeclaims")

_counting = threading.RLock()  # one process writes, so a lock in it is enough


@contextmanager
def charging(server: Server, kind: Kind, new: Object, old: Object | None, now: datetime) -> Iterator[None]:
    """Holds what a new or changed object takes until it is stored. Raises Forbidden when it is too much."""
    quotas = _looking_at(server, kind, new, old)
    if not quotas:
        yield
        return
    with _counting:
        for quota, names in quotas:
            _check(server, kind, new, old, quota, names, now)
        yield


def _looking_at(server: Server, kind: Kind, new: Object, old: Object | None) -> list[tuple[Object, list[str]]]:
    """The quotas that count the object, and what of it."""
    if not kind.namespaced or (old is not None and kind.resource not in CHARGED_ON_UPDATE):
        return []
    found = []
    for quota in server.lister.list("resourcequotas", new["metadata"].get("namespace", "")):
        hard = (quota.get("spec") or {}).get("hard") or {}
        names = [name for name in hard if quotausage.resource_of(name) == kind.resource]
        if names and quotausage.in_scope(quota, kind.resource, new):
            found.append((quota, names))
    return found


def _check(
    server: Server, kind: Kind, new: Object, old: Object | None, quota: Object, names: list[str], now: datetime
) -> None:
    name = new["metadata"].get("name", "")
    title = quota["metadata"]["name"]
    if kind.resource == "pods" and (lacking := quotausage.unnamed(names, new)):
        raise forbidden(kind.group, kind.plural, name, f"failed quota: {title}: must specify {lacking}")
    asked = _more(kind.resource, new, old, names, now)
    if not asked:
        return
    used = _used(server, kind.resource, quota, now)
    hard = quota["spec"]["hard"]
    over = sorted(key for key, amount in asked.items() if used[key] + amount > quantity.parse(hard[key]))
    if over:
        requested, in_use = ({key: quotausage.written(key, found[key]) for key in over} for found in (asked, used))
        why = (
            f"exceeded quota: {title}, requested: {_listed(requested)}, used: {_listed(in_use)}, "
            f"limited: {_listed({key: hard[key] for key in over})}"
        )
        raise forbidden(kind.group, kind.plural, name, why)


def _more(resource: str, new: Object, old: Object | None, names: list[str], now: datetime) -> Amounts:
    """What the write takes in addition, without what does not grow."""
    wanted = quotausage.usage(resource, new, now)
    before = quotausage.usage(resource, old, now) if old is not None else {}
    grown = {name: wanted[name] - before.get(name, Decimal(0)) for name in names if name in wanted}
    return {name: amount for name, amount in grown.items() if amount > 0}


def _used(server: Server, resource: str, quota: Object, now: datetime) -> Amounts:
    bodies = server.storage.list(Query(resource, quota["metadata"]["namespace"])).bodies
    return quotausage.used(quota, {resource: map(orjson.loads, bodies)}, now)


def _listed(texts: dict[str, str]) -> str:
    return ",".join(f"{name}={texts[name]}" for name in sorted(texts))
