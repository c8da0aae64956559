"""/activity: the log of writes with their authors, for those who may list what was written.

Kubernetes tells who wrote only in audit logs, which no API shows. Our log knows the author of each write (the store
needs it for watches anyway), so one read-only path gives it out: `kubectl get --raw '/activity?namespace=demo'`.

{"kind": "Activity", "revision": 1069, "items": [{"revision", "at" (seconds since 1970), "type" (ADDED, MODIFIED,
DELETED), "user", "agent", "verb", "manager", "apiVersion", "resource", "object", "old" (null at its birth)}]}

Query: after=<revision> (only what came later), namespace=<name>, limit=<1 … 1000> (of the last writes; 200). Oldest
first. Leases and Events are left out. What the user may not list in its namespace is left out, too.
"""

from __future__ import annotations

import orjson

from minikweb.apimachinery.errors import BadRequest
from minikweb.apiserver.authentication import User
from minikweb.apiserver.authorization import Attributes
from minikweb.apiserver.request import Response, Values
from minikweb.apiserver.routes import method_not_allowed
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind
from minikweb.store.storage import Written

PATH = "/activity"
USUAL, MOST = 200, 1000
QUIET = ("leases.coordination.k8s.io", "events")  # what changes all the time and says nothing here


def answer(server: Server, user: User, method: str, query: Values) -> Response:
    """Raises BadRequest, MethodNotAllowed."""
    if method not in ("GET", "HEAD"):
        raise method_not_allowed()
    limit = query.number("limit") or USUAL
    after = query.number("after") or 0
    if not 1 <= limit <= MOST or after < 0:
        raise BadRequest(f"limit must be between 1 and {MOST}, and after must not be negative")
    server.custom_resources.refresh()
    kinds = {kind.storage_key: kind for kind in reversed(server.registry.all())}
    written = server.storage.written(after, limit, query.text("namespace"), QUIET)
    allowed: dict[tuple[str, str], bool] = {}
    items = [_item(each, kinds[each.resource]) for each in written if _may_see(server, user, kinds, each, allowed)]
    last = written[-1].revision if written else max(after, 0)
    head = b'{"kind":"Activity","revision":%d,"items":[' % last
    return Response(head + b",".join(items) + b"]}")


def _may_see(
    server: Server, user: User, kinds: dict[str, Kind], written: Written, known: dict[tuple[str, str], bool]
) -> bool:
    kind = kinds.get(written.resource)
    if kind is None:  # of a CustomResourceDefinition that is gone
        return False
    key = written.resource, written.namespace
    if key not in known:
        attributes = Attributes("list", kind.group, kind.plural, written.namespace)
        known[key] = server.authorizer.authorize(user, attributes).allowed
    return known[key]


def _item(written: Written, kind: Kind) -> bytes:
    """The bodies are text already: only what stands around them is made here."""
    author = {
        "revision": written.revision,
        "at": written.at,
        "type": written.type,
        **written.author._asdict(),
        "apiVersion": kind.api_version,
        "resource": kind.plural,
    }
    old = written.before.encode() if written.before is not None else b"null"
    return b'%b,"object":%b,"old":%b}' % (orjson.dumps(author)[:-1], written.body.encode(), old)
