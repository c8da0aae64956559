"""Binding and eviction of pods.

Source: pkg/registry/core/pod/storage/{storage,eviction}.go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from minikweb.apimachinery import errors, meta
from minikweb.apiserver import body, deletion, evictions, objects
from minikweb.apiserver import update as updating
from minikweb.apiserver.request import Request, Response, answer, is_dry_run
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Object

SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def bind(server: Server, request: Request) -> Response:
    """Assigns the pod to a node, once. The older address, the collection of bindings, names the pod in the body."""
    binding = _body(server, request, "v1", "Binding")
    route = request.route
    if not route.name:
        pods, name = server.registry.of("v1", "Pod"), binding["metadata"].get("name")
        if not pods or not name:
            raise errors.invalid("", "Binding", "", [errors.required("metadata.name")])
        route = replace(route, kind=pods, name=name)
    node = (binding.get("target") or {}).get("name")
    if not node:
        raise errors.invalid("", "Binding", route.name, [errors.required("target.name")])
    if (binding["target"].get("kind") or "Node") != "Node":
        fault = errors.not_supported("target.kind", binding["target"]["kind"], ["Node", "<empty>"])
        raise errors.invalid("", "Binding", route.name, [fault])

    def bound(pod: Object) -> Object:
        _check_bindable(pod, binding, node)
        pod["spec"]["nodeName"] = node
        if annotations := (binding.get("metadata") or {}).get("annotations"):
            pod["metadata"].setdefault("annotations", {}).update(annotations)
        pod.setdefault("status", {}).pop("nominatedNodeName", None)
        conditions = pod["status"].setdefault("conditions", [])
        meta.set_condition(conditions, "PodScheduled", "True", "", "", request.now)
        return pod

    call = objects.call_of(request)
    updating.update(server, call, route.kind, route.namespace, route.name, bound, subresource="binding", track=False)
    return answer(SUCCESS, 201)


def _check_bindable(pod: Object, binding: Object, node: str) -> None:
    name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
    wanted = (binding.get("metadata") or {}).get("uid")
    if wanted and wanted != uid:
        why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}"
        raise errors.conflict("", "pods", name, why)
    if meta.is_being_deleted(pod):
        raise errors.conflict("", "pods/binding", name, f"pod {name} is being deleted, cannot be assigned to a host")
    if pod["spec"].get("nodeName"):
        why = f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise errors.conflict("", "pods/binding", name, why)


def evict(server: Server, request: Request) -> Response:
    """Deletes the pod in the polite way, if its disruption budget allows it."""
    route = request.route
    eviction = _body(server, request, "policy/v1", "Eviction")
    document: dict[str, Any] = eviction.get("deleteOptions") or {}
    call = objects.call_of(request)
    call.dry_run = call.dry_run or is_dry_run(document.get("dryRun") or [])
    evictions.evict(server, call, route.kind, route.namespace, route.name, deletion.options_of(document))
    return answer(SUCCESS, 201)


def _body(server: Server, request: Request, api_version: str, name: str) -> Object:
    """The body; a Binding needs no kind of its own in the registry."""
    kind = server.registry.of(api_version, name)
    if kind:
        return body.decode_object(server, request, kind)
    document = body.decode(request)
    if not isinstance(document, dict) or document.get("kind", name) != name:
        raise errors.BadRequest(f"the body must be an object of kind {name}")
    return document
