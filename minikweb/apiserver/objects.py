"""Between objects and the store's text: keys, drafts, reads, and the form an object is served in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import orjson

from minikweb.apimachinery import errors, meta
from minikweb.apiserver.authentication import User
from minikweb.apiserver.request import Request
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object
from minikweb.store.storage import PENDING, Author, Draft, Key, Stored

EVENT_TTL = 3600.0  # seconds, kube-apiserver's --event-ttl
EVENTS = "events"


@dataclass
class Call:
    """On whose behalf a write happens. The server's own writes have a Call, too, but no identity to be checked."""

    user: str
    now: datetime
    agent: str = ""
    verb: str = ""
    manager: str = ""
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)
    identity: User | None = None

    @property
    def author(self) -> Author:
        return Author(self.user, self.agent, self.verb, self.manager)


def call_of(request: Request) -> Call:
    return Call(
        user=request.user.name,
        now=request.now,
        agent=request.agent,
        verb=request.route.verb,
        manager=request.field_manager,
        dry_run=request.dry_run,
        warnings=request.warnings,
        identity=request.user,
    )


def key_of(kind: Kind, namespace: str, name: str) -> Key:
    return Key(kind.storage_key, namespace, name)


def find(server: Server, kind: Kind, namespace: str, name: str) -> Stored | None:
    return server.storage.get(key_of(kind, namespace, name))


def read(server: Server, kind: Kind, namespace: str, name: str) -> Stored:
    """Raises NotFound."""
    stored = find(server, kind, namespace, name)
    if stored is None:
        raise errors.not_found(kind.group, kind.plural, name)
    return stored


def parse(stored: Stored) -> Object:
    return orjson.loads(stored.body)


def to_text(obj: Object) -> str:
    return orjson.dumps(obj).decode()


def draft(kind: Kind, obj: Object, call: Call, old: Object | None = None) -> Draft:
    """What to store; sets the object's resourceVersion to the one still to come."""
    metadata = obj["metadata"]
    metadata["resourceVersion"] = PENDING
    controller = meta.controller_of(obj)
    labels = metadata.get("labels") or {}
    unchanged = old is not None and labels == (old["metadata"].get("labels") or {})
    return Draft(
        body=to_text(obj),
        uid=metadata["uid"],
        owner=controller["uid"] if controller else "",
        node=(obj.get("spec") or {}).get("nodeName") or "" if kind.kind == "Pod" else "",
        labels=None if unchanged else labels,
        expires=call.now.timestamp() + EVENT_TTL if kind.storage_key == EVENTS else None,
    )
