"""update: read → change → admit → prepare → validate → store, again when somebody was faster.

Source: k8s.io/apiserver/pkg/registry/rest/update.go (BeforeUpdate), registry/generic/registry/store.go (Update).
"""

from __future__ import annotations

from collections.abc import Callable

from minikweb.apimachinery import errors
from minikweb.apimachinery.errors import BadRequest
from minikweb.apiserver import addresses, admission, conversion, managedfields, objects
from minikweb.apiserver.create import check
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds import ephemeralcontainers
from minikweb.kinds.registry import Kind, Object
from minikweb.store.storage import RevisionChanged, Stored

ATTEMPTS = 20
EPHEMERAL = "ephemeralcontainers"
CONDITIONAL_ONLY = ("leases.coordination.k8s.io",)  # AllowUnconditionalUpdate is false
KEPT = ("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "uid")

Change = Callable[[Object], Object]


def update(
    server: Server,
    call: Call,
    kind: Kind,
    namespace: str,
    name: str,
    change: Change,
    *,
    subresource: str = "",
    track: bool = True,
) -> str:
    """Replaces an object by `change(object)`, which gets a copy of its own, and returns the new one as JSON.

    A resourceVersion in what `change` returns must be the current one (Conflict); without one the change is made
    again on whatever is there. Raises NotFound, Conflict, Invalid, BadRequest.
    """
    for _ in range(ATTEMPTS):
        current = objects.read(server, kind, namespace, name)
        new = change(conversion.live(kind, objects.parse(current)))
        try:
            return write(server, call, kind, current, new, subresource=subresource, track=track)
        except RevisionChanged:
            continue
    raise errors.conflict(kind.group, kind.plural, name)


def write(
    server: Server,
    call: Call,
    kind: Kind,
    current: Stored,
    new: Object,
    *,
    subresource: str = "",
    track: bool = True,
) -> str:
    """Stores `new` in the place of `current`. Raises RevisionChanged: then a caller that named one will conflict."""
    old = conversion.live(kind, objects.parse(current))
    _check_identity(kind, current, new)
    for key in KEPT:
        _keep(new["metadata"], old["metadata"], key)
    kind.default(new)
    with addresses.exclusive(kind):
        admission.updating(server, call, kind, new, old, subresource)
        _prepare(kind, new, old, subresource)
        if track:
            managedfields.track(server, call, kind, old, new, subresource)
        if subresource == EPHEMERAL:
            _check_ephemeral(kind, new, old)
        elif subresource != "binding":  # the one way in which the node of a pod may change
            check(kind, new, old)
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
        if _ends_deletion(kind, new, old):
            return _delete(server, call, kind, current, new)
        if new == old:
            return objects.to_text(new)
        with admission.judging(server, call, kind, new, old, subresource):
            if call.dry_run:
                return objects.to_text(new)
            return server.storage.update(current, objects.draft(kind, new, call, old), call.author).body


def _check_identity(kind: Kind, current: Stored, new: Object) -> None:
    """Checks name, namespace, uid and resourceVersion."""
    metadata, key = new["metadata"], current.key
    if metadata.setdefault("name", key.name) != key.name:
        raise BadRequest(f"the name of the object ({metadata['name']}) does not match the name on the URL ({key.name})")
    if kind.namespaced:
        metadata["namespace"] = metadata.get("namespace") or key.namespace
        if metadata["namespace"] != key.namespace:
            raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    if metadata.get("uid") not in (None, "", current.uid):
        why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {current.uid}"
        raise errors.conflict(kind.group, kind.plural, key.name, why)
    wanted = metadata.get("resourceVersion") or "0"
    if wanted == "0":
        if kind.storage_key in CONDITIONAL_ONLY:
            fault = errors.invalid_value("metadata.resourceVersion", 0, "must be specified for an update")
            raise errors.invalid(kind.group, kind.kind, key.name, [fault])
    elif wanted != str(current.revision):
        raise errors.conflict(kind.group, kind.plural, key.name)


def _keep(new: Object, old: Object, key: str) -> None:
    if key in old:
        new[key] = old[key]
    else:
        new.pop(key, None)


def _prepare(kind: Kind, new: Object, old: Object, subresource: str) -> None:
    if subresource == "status":
        kind.prepare_for_status_update(new, old)
    elif subresource == "finalize":
        finalizers = (new.get("spec") or {}).get("finalizers") or []
        new.clear()
        new.update({**old, "spec": {**(old.get("spec") or {}), "finalizers": finalizers}})
    elif subresource == EPHEMERAL:
        ephemeralcontainers.prepare(new, old)
    elif subresource != "binding":
        kind.prepare_for_update(new, old)


def _check_ephemeral(kind: Kind, new: Object, old: Object) -> None:
    """Raises Invalid."""
    if causes := ephemeralcontainers.validate(new, old):
        raise errors.invalid(kind.group, kind.kind, new["metadata"]["name"], causes)


def _ends_deletion(kind: Kind, new: Object, old: Object) -> bool:
    """Whether this write takes away the last thing a deletion waited for."""
    metadata = new["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    if kind.kind == "Namespace" and (new.get("spec") or {}).get("finalizers"):
        return False
    return not metadata.get("deletionGracePeriodSeconds")


def _delete(server: Server, call: Call, kind: Kind, current: Stored, new: Object) -> str:
    if call.dry_run:
        return objects.to_text(new)
    return server.storage.delete(current, objects.draft(kind, new, call).body, call.author).body
