"""create: names → admit → prepare → validate → store.

Source: k8s.io/apiserver/pkg/registry/rest/create.go (BeforeCreate), registry/generic/registry/store.go (Create).
"""

from __future__ import annotations

from minikweb.apimachinery import clock, errors, meta
from minikweb.apimachinery.errors import BadRequest
from minikweb.apiserver import admission, conversion, managedfields, objects
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Cause, Kind, Object
from minikweb.store.storage import AlreadyStored

ATTEMPTS = 8  # at a free generated name


def create(
    server: Server, call: Call, kind: Kind, namespace: str, obj: Object, *, track: bool = True, name: str = ""
) -> str:
    """Stores a new object and returns it as JSON. `track` is False when managedFields are made already (apply).

    Raises AlreadyExists, Invalid, Forbidden, BadRequest.
    """
    kind, obj = conversion.to_storage(server.registry, kind, obj)
    metadata = obj["metadata"]
    _check_place(kind, metadata, namespace, name)
    if metadata.get("resourceVersion"):
        raise BadRequest("resourceVersion should not be set on objects to be created")
    if kind.inert:
        call.warnings.append(kind.inert)
    kind.default(obj)
    _fill_metadata(metadata, call)
    for attempt in range(ATTEMPTS):
        if metadata.get("generateName") and (attempt or not metadata.get("name")):
            metadata["name"] = meta.generate_name(metadata["generateName"])
        try:
            return _create(server, call, kind, obj, track and not attempt)
        except AlreadyStored:
            if not metadata.get("generateName") or metadata.get("name") == name:
                break
    raise errors.already_exists(kind.group, kind.plural, metadata["name"])


def _create(server: Server, call: Call, kind: Kind, obj: Object, track: bool) -> str:
    """One attempt. Raises AlreadyStored."""
    with admission.creating(server, call, kind, obj):
        kind.prepare_for_create(obj)
        if track:
            managedfields.track(server, call, kind, None, obj)
        check(kind, obj, None)
        with admission.judging(server, call, kind, obj, None):
            if not call.dry_run:
                return store(server, call, kind, obj)
            if objects.find(server, kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"]):
                raise AlreadyStored
            return objects.to_text(obj)


def store(server: Server, call: Call, kind: Kind, obj: Object) -> str:
    """Writes a finished object as it is. Raises AlreadyStored."""
    key = objects.key_of(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
    return server.storage.create(key, objects.draft(kind, obj, call), call.author).body


def check(kind: Kind, obj: Object, old: Object | None) -> None:
    """Raises Invalid with all that is wrong, each fault once."""
    causes: list[Cause] = []
    for cause in [
        *meta.validate_object_meta(
            obj, old, namespaced=kind.namespaced, validate_name=kind.validate_name, custom=kind.custom is not None
        ),
        *kind.validate(obj, old),
    ]:
        if cause not in causes:
            causes.append(cause)
    if causes:
        raise errors.invalid(kind.group, kind.kind, obj["metadata"].get("name", ""), causes)


def _check_place(kind: Kind, metadata: Object, namespace: str, name: str) -> None:
    """The namespace and name of the URL hold; the object may repeat them, not contradict them."""
    if kind.namespaced:
        if metadata.get("namespace") not in (None, "", namespace):
            raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = namespace
    elif "namespace" in metadata and not metadata["namespace"]:
        del metadata["namespace"]
    if name and metadata.setdefault("name", name) != name:
        raise BadRequest(f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})")


def _fill_metadata(metadata: Object, call: Call) -> None:
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion", "generation"):
        metadata.pop(key, None)
    metadata["uid"] = meta.new_uid()
    metadata["creationTimestamp"] = clock.format(call.now)
