"""metrics.k8s.io: asks the kubelets what their pods use, as metrics-server does.

Source: sigs.k8s.io/metrics-server/pkg/api/{node,pod}.go.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson

from minikweb.apimachinery import errors
from minikweb.apimachinery.errors import ApiError, NotImplemented_, ServiceUnavailable
from minikweb.apiserver import kubelet, negotiation, objects, reading, streams, table
from minikweb.apiserver.request import Request, Response, answer
from minikweb.apiserver.selection import selection_of
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object

SUMMARY = "/stats/summary"
TIMEOUT = 2.0  # seconds: a kubelet that does not answer is left out
_ASKED = ThreadPoolExecutor(8, thread_name_prefix="metrics")


class _Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str):
        super().__init__("kubelet", timeout=TIMEOUT)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self._path)


def get(server: Server, request: Request) -> Response:
    """Of one node or pod. Raises NotFound, ServiceUnavailable."""
    route, kind = request.route, _measured(server, request.route.kind)
    stored = objects.parse(objects.read(server, kind, route.namespace, route.name))
    found = _of(server, route.kind, [stored])
    if not found:
        raise errors.not_found(route.kind.group, route.kind.plural, route.name)
    return reading.show(request, route.kind, objects.to_text(found[0]))


def list_(server: Server, request: Request) -> Response:
    """Of the nodes or pods that the selectors leave. Raises ServiceUnavailable."""
    kind = request.route.kind
    measured = _measured(server, kind)
    asked = replace(request, route=replace(request.route, kind=measured))
    bodies, _ = reading.select(server, asked, selection_of(asked, measured), paged=False)
    found = _of(server, kind, [orjson.loads(body) for body in bodies])
    form = negotiation.form_of(request)
    texts = [objects.to_text(one) for one in found]
    if form == "Table":
        include = table.include_object(request.query.text("includeObject"))
        return Response(table.table(kind, texts, request.now, include=include, metadata={}))
    if form:
        return Response(table.partial_object_metadata_list(texts, {}))
    return answer({"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": {}, "items": found})


def _measured(server: Server, kind: Kind) -> Kind:
    """Node or Pod."""
    found = server.registry.at("", "v1", kind.plural)
    assert found
    return found


def _of(server: Server, kind: Kind, measured: list[Object]) -> list[Object]:
    is_node = kind.kind == "NodeMetrics"
    nodes = {one["metadata"]["name"] if is_node else one["spec"].get("nodeName") for one in measured}
    summaries = _summaries(server, {node for node in nodes if node})
    if is_node:
        usages = {found["node"]["nodeName"]: found["node"] for found in summaries if "cpu" in found["node"]}
        return [
            _node(kind, one, usages[one["metadata"]["name"]]) for one in measured if one["metadata"]["name"] in usages
        ]
    usages = {pod["podRef"]["uid"]: pod for found in summaries for pod in found["pods"]}
    return [_pod(kind, one, usages[one["metadata"]["uid"]]) for one in measured if one["metadata"]["uid"] in usages]


def _summaries(server: Server, nodes: Iterable[str]) -> list[Object]:
    """Of the kubelets that answer. Raises ServiceUnavailable where none measures."""

    paths = []
    for node in sorted(nodes):
        with contextlib.suppress(ApiError):  # it has never run
            paths.append(kubelet.endpoint(server, node))
    answers = list(_ASKED.map(_summary, paths))
    refusals = [one for one in answers if isinstance(one, NotImplemented_)]
    if refusals and len(refusals) == len(answers):
        raise ServiceUnavailable(f"metrics not available: {refusals[0].message}")
    return [one for one in answers if not isinstance(one, ApiError)]


def _summary(path: str) -> Object | ApiError:
    """What the kubelet at a socket measured, or why not."""
    connection = _Unix(path)
    try:
        connection.request("GET", SUMMARY)
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException) as error:
        return ServiceUnavailable(f"the kubelet does not answer: {error}")
    finally:
        connection.close()
    if response.status >= 400:
        return streams.failure_of(response.status, text)
    return orjson.loads(text)


def _node(kind: Kind, node: Object, usage: Object) -> Object:
    return _head(kind, node, usage) | {"usage": _quantities(usage)}


def _pod(kind: Kind, pod: Object, usage: Object) -> Object:
    containers = [{"name": one["name"], "usage": _quantities(one)} for one in usage["containers"]]
    return _head(kind, pod, usage) | {"containers": containers}


def _head(kind: Kind, measured: Object, usage: Object) -> Object:
    metadata: dict[str, Any] = {
        key: measured["metadata"][key] for key in ("name", "namespace", "labels") if key in measured["metadata"]
    }
    metadata["creationTimestamp"] = usage["cpu"]["time"]
    window = f"{usage['windowSeconds']}s"
    return {
        "kind": kind.kind,
        "apiVersion": kind.api_version,
        "metadata": metadata,
        "timestamp": usage["cpu"]["time"],
        "window": window,
    }


def _quantities(usage: Object) -> dict[str, str]:
    return {
        "cpu": f"{usage['cpu']['usageNanoCores']}n",
        "memory": f"{usage['memory']['workingSetBytes'] >> 10}Ki",
    }
