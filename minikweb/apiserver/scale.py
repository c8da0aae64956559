"""The scale subresource: the replicas and the selector of a workload, seen as an autoscaling/v1 Scale.

Where they stand in the object is the kind's to say (ScalePaths): a custom resource declares it.
Source: pkg/registry/apps/deployment/storage/storage.go (ScaleREST).
"""

from __future__ import annotations

from minikweb.apimachinery import apply, errors, labels
from minikweb.apimachinery.errors import BadRequest
from minikweb.apimachinery.jsonpath import Path
from minikweb.apimachinery.serializer import deep_copy
from minikweb.apiserver import body, objects, patching
from minikweb.apiserver import update as updating
from minikweb.apiserver.reading import show
from minikweb.apiserver.request import Request, Response
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object

_KEPT = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_kind(server: Server) -> Kind:
    found = server.registry.of("autoscaling/v1", "Scale")
    assert found
    return found


def scale_of(kind: Kind, obj: Object) -> Object:
    """The Scale of a workload."""
    metadata, paths = obj["metadata"], kind.scale
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in _KEPT if key in metadata},
        "spec": {"replicas": _number(paths.spec, obj)},
        "status": {
            "replicas": _number(paths.status, obj),
            "selector": _selector(paths.selector, obj),
        },
    }


def _number(path: str, obj: Object) -> int:
    found = Path(path).first(obj)
    return found if isinstance(found, int) else 0


def _selector(path: str, obj: Object) -> str:
    """A custom resource keeps it as text, the others as a LabelSelector."""
    found = Path(path).first(obj) if path else ""
    return found if isinstance(found, str) else str(labels.from_label_selector(found))


def _with_replicas(kind: Kind, obj: Object, replicas: int) -> Object:
    """A copy of the object with the number at its place. Raises BadRequest where it has none."""
    changed = deep_copy(obj)
    *parents, last = kind.scale.spec.removeprefix(".").split(".")
    place = changed
    for key in parents:
        place = place.setdefault(key, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        raise BadRequest(f"the object has no place for its replicas at {kind.scale.spec}")
    place[last] = replicas
    return changed


def get(server: Server, request: Request) -> Response:
    stored = objects.read(server, request.route.kind, request.route.namespace, request.route.name)
    return _show(server, request, objects.parse(stored))


def update(server: Server, request: Request) -> Response:
    scale = body.decode_object(server, request, scale_kind(server))
    return _write(server, request, lambda old: scale)


def patch(server: Server, request: Request) -> Response:
    if request.media_type == patching.APPLY:
        return _apply(server, request)
    change = patching.changer(server, request, scale_kind(server))
    return _write(server, request, lambda old: change(scale_of(request.route.kind, old)))


def _write(server: Server, request: Request, change: updating.Change) -> Response:
    route = request.route

    def scaled(old: Object) -> Object:
        scale = change(old)
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        _check(route.name, replicas)
        metadata = {**old["metadata"], "resourceVersion": scale["metadata"].get("resourceVersion", "")}
        if scale["metadata"].get("uid"):
            metadata["uid"] = scale["metadata"]["uid"]
        return {**_with_replicas(route.kind, old, replicas), "metadata": metadata}

    updated = updating.update(
        server,
        objects.call_of(request),
        route.kind,
        route.namespace,
        route.name,
        scaled,
        subresource="scale",
    )
    return _show(server, request, body.serializer.load_json(updated))


def _apply(server: Server, request: Request) -> Response:
    """Server-side apply of a Scale: the manager comes to own the replicas of the workload, by this subresource.

    Source: k8s.io/apimachinery/pkg/util/managedfields/scalehandler.go.
    """
    route, call = request.route, objects.call_of(request)
    applied = patching.applied_object(server, request, scale_kind(server))
    metadata = {key: value for key, value in applied["metadata"].items() if key in _KEPT}
    wanted = {"kind": route.kind.kind, "apiVersion": route.kind.api_version, "metadata": metadata}
    replicas = (applied.get("spec") or {}).get("replicas")
    if replicas is not None:
        _check(route.name, replicas)
        wanted = _with_replicas(route.kind, wanted, replicas)

    def merged(live: Object) -> Object:
        return apply.server_side_apply(
            live,
            wanted,
            call.manager,
            server.schema(route.kind),
            force=request.query.flag("force"),
            subresource="scale",
            now=call.now,
            api_version=route.kind.api_version,
            reset_fields=("status",),
        )

    updated = updating.update(
        server, call, route.kind, route.namespace, route.name, merged, subresource="scale", track=False
    )
    return _show(server, request, body.serializer.load_json(updated))


def _check(name: str, replicas: int) -> None:
    """Raises Invalid."""
    if replicas < 0:
        fault = errors.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise errors.invalid("autoscaling", "Scale", name, [fault])


def _show(server: Server, request: Request, obj: Object) -> Response:
    return show(request, scale_kind(server), objects.to_text(scale_of(request.route.kind, obj)))
