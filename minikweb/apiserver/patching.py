"""patch: JSON, merge, strategic merge and server-side apply.

Source: k8s.io/apiserver/pkg/endpoints/handlers/patch.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikweb.apimachinery import apply, errors, serializer
from minikweb.apimachinery import patch as patches
from minikweb.apimachinery.errors import BadRequest, UnsupportedMediaType
from minikweb.apiserver import body, managedfields, objects
from minikweb.apiserver import create as creation
from minikweb.apiserver import update as updating
from minikweb.apiserver.objects import Call
from minikweb.apiserver.request import Request
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def patch(server: Server, request: Request, kind: Kind) -> tuple[str, bool]:
    """The patched object as JSON, and whether it was created (by apply)."""
    route, call = request.route, objects.call_of(request)
    if request.media_type == APPLY:
        return _apply(server, request, call, kind)
    change = changer(server, request, kind)
    patched = updating.update(server, call, kind, route.namespace, route.name, change, subresource=route.subresource)
    return patched, False


def changer(server: Server, request: Request, kind: Kind) -> Callable[[Object], Object]:
    """A function from an object to the patched object. Raises BadRequest, UnsupportedMediaType."""
    schema = server.schema(kind)
    if request.media_type == JSON_PATCH:
        operations = serializer.load_json(request.body)
        return _fitting(server, request, kind, lambda old: patches.json_patch(old, operations))
    if request.media_type == MERGE:
        merge = serializer.load_json(request.body)
        return _fitting(server, request, kind, lambda old: patches.merge_patch(old, merge))
    if request.media_type == STRATEGIC and not kind.custom:
        strategic = serializer.load_json(request.body)
        return _fitting(server, request, kind, lambda old: patches.strategic_merge_patch(old, strategic, schema))
    raise UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join((JSON_PATCH, MERGE, *(() if kind.custom else (STRATEGIC,)), APPLY))
    )


def _fitting(
    server: Server, request: Request, kind: Kind, change: Callable[[Object], Object]
) -> Callable[[Object], Object]:
    def fitted(old: Object) -> Object:
        request.warnings.clear()  # of an attempt before this one
        return body.fit(server, request, kind, change(old))

    return fitted


def _apply(server: Server, request: Request, call: Call, kind: Kind) -> tuple[str, bool]:
    """Server-side apply: creates the object if there is none."""
    route = request.route
    applied = applied_object(server, request, kind)
    force = request.query.flag("force")

    def merged(live: Object | None) -> Object:
        return apply.server_side_apply(
            live,
            applied,
            call.manager,
            server.schema(kind),
            force=force,
            subresource=route.subresource,
            now=call.now,
            api_version=kind.api_version,
            reset_fields=managedfields.reset_fields(kind, route.subresource),
        )

    while True:
        try:
            text = updating.update(
                server,
                call,
                kind,
                route.namespace,
                route.name,
                merged,
                subresource=route.subresource,
                track=False,
            )
            return text, False
        except errors.NotFound:
            if route.subresource or applied["metadata"].get("uid"):
                raise
        try:
            return creation.create(
                server, call, kind, route.namespace, merged(None), track=False, name=route.name
            ), True
        except errors.AlreadyExists:
            continue  # born in between: apply to it


def applied_object(server: Server, request: Request, kind: Kind) -> Object:
    """The body of an apply patch. Raises BadRequest, Invalid."""
    if not request.query.text("fieldManager"):
        fault = errors.required("fieldManager", "is required for apply patch")
        raise errors.invalid("meta.k8s.io", "PatchOptions", "", [fault])
    value: Any = body.yaml_value(request.body)
    if not isinstance(value, dict) or not value.get("kind") or not value.get("apiVersion"):
        raise BadRequest("an apply patch must be an object with apiVersion and kind")
    applied = body.fit(server, request, kind, value)
    if applied["metadata"].get("managedFields"):
        raise BadRequest("metadata.managedFields must be nil")
    applied["metadata"].setdefault("name", request.route.name)
    if kind.namespaced:
        applied["metadata"].setdefault("namespace", request.route.namespace)
    return applied
