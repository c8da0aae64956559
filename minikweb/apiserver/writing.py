"""create, update, patch, delete and deletecollection as HTTP asks for them."""

from __future__ import annotations

from typing import Any

import orjson

from minikweb.apimachinery import errors, schema
from minikweb.apiserver import body, conversion, deletion, objects, patching, pods, reviews
from minikweb.apiserver import create as creation
from minikweb.apiserver import update as updating
from minikweb.apiserver.reading import select, show, stored_kind
from minikweb.apiserver.request import Request, Response, answer, is_dry_run, success
from minikweb.apiserver.selection import selection_of
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object

# Kinds whose DELETE answers with the object (ReturnDeletedObject in pkg/registry), the others with a Status.
RETURNED = ("Namespace", "Pod", "Service", "ServiceAccount")
DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
CREATED_BY_UPDATE = ("Event", "Lease")  # AllowCreateOnUpdate


def create(server: Server, request: Request) -> Response:
    route = request.route
    if route.kind.virtual:
        return pods.bind(server, request) if route.kind.kind == "Binding" else reviews.answer(server, request)
    obj = body.decode_object(server, request, route.kind)
    created = creation.create(server, objects.call_of(request), route.kind, route.namespace, obj)
    return show(request, route.kind, created, 201)


def update(server: Server, request: Request) -> Response:
    route = request.route
    obj = body.decode_object(server, request, route.kind)
    call = objects.call_of(request)
    kind, new = conversion.to_storage(server.registry, route.kind, obj)
    if kind.kind in CREATED_BY_UPDATE and not objects.find(server, kind, route.namespace, route.name):
        created = creation.create(server, call, kind, route.namespace, new, name=route.name)
        return show(request, route.kind, created, 201)
    text = objects.to_text(new)
    updated = updating.update(
        server, call, kind, route.namespace, route.name, lambda old: orjson.loads(text), subresource=route.subresource
    )
    return show(request, route.kind, updated)


def patch(server: Server, request: Request) -> Response:
    kind = stored_kind(server, request.route.kind)
    patched, created = patching.patch(server, request, kind)
    return show(request, request.route.kind, patched, 201 if created else 200)


def delete(server: Server, request: Request) -> Response:
    route = request.route
    options, call = _delete_request(server, request)
    kind = stored_kind(server, route.kind)
    deleted = deletion.delete(server, call, kind, route.namespace, route.name, options)
    status = 202 if not deleted.gone and options.waits else 200
    if deleted.gone and route.kind.kind not in RETURNED:
        return answer(success(route, orjson.loads(deleted.body)["metadata"]["uid"]), status)
    return show(request, route.kind, deleted.body, status)


def delete_collection(server: Server, request: Request) -> Response:
    """Deletes what the selectors leave; answers with the list of what was there."""
    kind = stored_kind(server, request.route.kind)
    options, call = _delete_request(server, request)
    bodies, metadata = select(server, request, selection_of(request, kind))
    items: list[Any] = []
    for text in bodies:
        found = orjson.loads(text)["metadata"]
        try:
            deleted = deletion.delete(server, call, kind, found.get("namespace", ""), found["name"], options)
        except errors.NotFound:
            continue  # somebody was faster
        items.append(orjson.Fragment(conversion.to_served(request.route.kind, deleted.body)))
    return answer(_list(request.route.kind, items, metadata))


def _list(kind: Kind, items: list[Any], metadata: Object) -> Object:
    return {"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": metadata, "items": items}


def _delete_request(server: Server, request: Request) -> tuple[deletion.Options, objects.Call]:
    """DeleteOptions from the body, else from the query string."""
    document: Object = {}
    if request.body:
        document = body.decode(request) or {}
        if not isinstance(document, dict) or document.get("kind", "DeleteOptions") != "DeleteOptions":
            raise errors.BadRequest("the body of a delete must be DeleteOptions")
        if wrong := schema.validate(document, server.definitions.of(DELETE_OPTIONS)):
            raise errors.BadRequest(f"the body of a delete must be DeleteOptions: {wrong[0]}")
    else:
        document = _query_options(request)
    call = objects.call_of(request)
    call.dry_run = call.dry_run or is_dry_run(document.get("dryRun") or [])
    return deletion.options_of(document), call


def _query_options(request: Request) -> Object:
    document: Object = {}
    if (grace := request.query.number("gracePeriodSeconds")) is not None:
        document["gracePeriodSeconds"] = grace
    if policy := request.query.text("propagationPolicy"):
        document["propagationPolicy"] = policy
    if request.query.text("orphanDependents"):
        document["orphanDependents"] = request.query.flag("orphanDependents")
    return document
