"""What was written, by whom and from which client: the API server's log of writes as people read it. Pure.

A `Change` keeps of the objects before and after only what a page says: the fields that differ, cut short, and of a
Secret only their names. Where the cluster has no such log (any but ours), `of_managed_fields` tells what is left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from minikweb.apimachinery import clock
from minikweb.dashboard import merge, ownership
from minikweb.dashboard.fieldpath import Path, at, text
from minikweb.dashboard.tree import Entry, entry, short_id
from minikweb.kinds.registry import Health

Object = dict[str, Any]

MOST_FIELDS = 6
LONGEST = 60  # characters of a value
UNTOLD = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")  # of metadata
DASHBOARD = "minikweb-dashboard"


@dataclass(frozen=True, slots=True)
class Field:
    """A field that differs; "" for a value that was not or is no longer there."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """One write. `at` in seconds since 1970; `id` and `owner` as in the tree; `was` and `now` the status around it."""

    revision: int
    at: float
    type: str  # ADDED, MODIFIED, DELETED
    user: str
    agent: str
    verb: str
    manager: str
    kind: str
    namespace: str
    name: str
    id: str
    owner: str = ""
    fields: tuple[Field, ...] = ()
    more: int = 0  # fields that are not listed
    was: str = ""
    now: str = ""
    node: str = ""  # of a Pod
    targets: frozenset[str] = field(default_factory=frozenset)  # ids of the Pods that an EndpointSlice now reaches
    only_status: bool = False
    deleting: bool = False  # a deletion that was asked for with this write

    @property
    def path(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"

    def value(self, path: str) -> Field | None:
        """The field at a path, if it differs."""
        return next((each for each in self.fields if each.path == path), None)


def of_item(item: Object, health: Callable[[Object], Health] | None = None) -> Change | None:
    """The change of an item of /activity; None when it changed nothing that a page would tell (a heartbeat)."""
    obj, old = item["object"], item["old"]
    meta = obj["metadata"]
    kind = obj.get("kind") or (old or {}).get("kind", "")
    owner = next((ref for ref in meta.get("ownerReferences") or () if ref.get("controller")), None)
    made = Change(
        **{key: item[key] for key in ("revision", "at", "type", "user", "agent", "verb", "manager")},
        kind=kind,
        namespace="" if kind == "Namespace" else meta.get("namespace", ""),
        name=meta["name"],
        id=short_id(meta["uid"]),
        owner=short_id(owner["uid"]) if owner else "",
        node=(obj.get("spec") or {}).get("nodeName", "") if kind == "Pod" else "",
        targets=_targets(obj, kind) - _targets(old, kind),
    )
    if item["type"] != "MODIFIED" or old is None:
        return made
    return _modified(made, old, obj, health)


def _modified(made: Change, old: Object, obj: Object, health: Callable[[Object], Health] | None) -> Change | None:
    paths = list(merge.changed(_told(old), _told(obj)))
    was, now = (_status(each, health) for each in (old, obj))
    deleting = "deletionTimestamp" in obj["metadata"] and "deletionTimestamp" not in old["metadata"]
    if not paths and was == now and not deleting and not made.targets:
        return None
    fields = tuple(_field(path, old, obj, secret=made.kind == "Secret") for path in paths[:MOST_FIELDS])
    return replace(
        made,
        fields=fields,
        more=max(len(paths) - MOST_FIELDS, 0),
        was=was if was != now else "",
        now=now if was != now else "",
        only_status=not paths and not deleting,
        deleting=deleting,
    )


def _told(obj: Object) -> Object:
    """An object without its status and what the server counts for itself."""
    meta = {key: value for key, value in obj["metadata"].items() if key not in UNTOLD}
    return {key: value for key, value in obj.items() if key != "status"} | {"metadata": meta}


def _status(obj: Object, health: Callable[[Object], Health] | None) -> str:
    """`Running 1/1`, as the tree shows it."""
    if health is None:
        return ""
    found: Entry = entry(obj, health)
    ready = f"{found.ready[0]}/{found.ready[1]}" if found.ready else ""
    return f"{found.word} {ready}".strip()


def _field(path: Path, old: Object, new: Object, *, secret: bool) -> Field:
    hidden = secret and path[:1] in (("data",), ("stringData",))
    values = ("", "") if hidden else (_short(at(old, path)), _short(at(new, path)))
    return Field(text(path), *values)


def _short(value: Any) -> str:
    shown = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + "…"


def _targets(obj: Object | None, kind: str) -> frozenset[str]:
    if obj is None or kind != "EndpointSlice":
        return frozenset()
    ready = [each for each in obj.get("endpoints") or () if (each.get("conditions") or {}).get("ready", True)]
    return frozenset(short_id(each["targetRef"]["uid"]) for each in ready if (each.get("targetRef") or {}).get("uid"))


# --- Who ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Actor:
    """Who wrote: `kind` is person, dashboard, tool, controller, scheduler, kubelet or server."""

    kind: str
    name: str  # of the client: kubectl, helm, deployment, node-1 …
    user: str = ""
    source: str = ""  # the file that does it, in our own tree

    @property
    def is_system(self) -> bool:
        return self.kind in ("controller", "scheduler", "kubelet", "server")


def actor_of(change: Change) -> Actor:
    """The author of a change, by its user and user agent."""
    client = change.manager or change.agent.partition("/")[0] or "?"
    if change.user.startswith("system:node:"):
        return Actor("kubelet", change.user.removeprefix("system:node:"), change.user, SOURCES["kubelet"])
    if change.user == "system:kube-scheduler":
        return Actor("scheduler", "scheduler", change.user, SOURCES["scheduler"])
    if change.user in ("system:kube-controller-manager", "system:network"):
        return Actor("controller", client, change.user, SOURCES.get(client, ""))
    if change.user == "system:apiserver":
        return Actor("server", "kube-apiserver", change.user, "minikweb/apiserver/")
    if client == DASHBOARD:
        return Actor("dashboard", client, change.user)
    return Actor("tool", client, change.user)


_CONTROLLERS = "minikweb/controllers"
SOURCES = {
    "kubelet": "minikweb/kubelet/kubelet.py",
    "scheduler": "minikweb/scheduler/scheduler.py",
    "deployment": f"{_CONTROLLERS}/deployment/",
    "daemonset": f"{_CONTROLLERS}/daemonset/",
    "job": f"{_CONTROLLERS}/job/",
    "statefulset": f"{_CONTROLLERS}/statefulset/",
    **{
        name: f"{_CONTROLLERS}/{name}.py"
        for name in (
            "replicaset", "cronjob", "endpoints", "endpointslice", "garbagecollector", "namespace", "nodelifecycle",
            "podgc", "resourcequota", "serviceaccount", "tainteviction",
        )
    },
}  # fmt: skip


# --- Without a log ---------------------------------------------------------------------------------------


def of_managed_fields(objects: Iterable[Object]) -> list[Change]:
    """The last write of each field manager of each object, latest last: no user, no former value, no deletion."""
    found = []
    for obj in objects:
        meta = obj["metadata"]
        for owner in ownership.owners(obj):
            if not owner.time:
                continue
            moment = clock.parse(owner.time).timestamp()
            created = owner.time == meta.get("creationTimestamp")
            found.append(_remembered(obj, owner, moment, "ADDED" if created else "MODIFIED"))
    return sorted(found, key=lambda change: change.at)


def _remembered(obj: Object, owner: ownership.Owner, moment: float, type: str) -> Change:
    meta = obj["metadata"]
    return Change(
        revision=0,
        at=moment,
        type=type,
        user="",
        agent="",
        verb=owner.operation.lower(),
        manager=owner.manager,
        kind=obj["kind"],
        namespace="" if obj["kind"] == "Namespace" else meta.get("namespace", ""),
        name=meta["name"],
        id=short_id(meta["uid"]),
        only_status=owner.subresource == "status",
    )
