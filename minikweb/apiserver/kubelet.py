"""What only the pod's kubelet can answer: log, exec, attach, port-forward, the containers of a node. Relayed to it.

Source: pkg/registry/core/pod/strategy.go (LogLocation, ExecLocation), k8s.io/kubelet's server paths.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import orjson

from minikweb.apimachinery import errors
from minikweb.apimachinery.errors import BadRequest, ServiceUnavailable
from minikweb.apiserver import objects, streams
from minikweb.apiserver.request import Request, Response, Stream
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Object

ENDPOINT = "minikweb.io/kubelet-endpoint"
_LOG_PARAMETERS = ("tailLines", "sinceSeconds", "limitBytes")
_LOG_FLAGS = ("follow", "previous", "timestamps")
_TEXT = "text/plain"

WebSocket = Callable[..., Awaitable[None]]


def log(server: Server, request: Request) -> Response | Stream:
    """The log of a container, followed if asked."""
    pod = _pod(server, request)
    container = _container(pod, request.query.text("container"))
    parameters = _log_parameters(request)
    if not pod["spec"].get("nodeName"):
        return Response(b"", content_type=_TEXT)
    target = f"/containerLogs/{place(pod)}/{container}"
    return streams.relay(endpoint(server, pod["spec"]["nodeName"]), target, urlencode(parameters), _TEXT)


def _log_parameters(request: Request) -> list[tuple[str, str]]:
    causes, parameters = [], []
    for name in _LOG_PARAMETERS:
        number = request.query.number(name)
        least = 0 if name == "tailLines" else 1
        if number is not None and number < least:
            causes.append(errors.invalid_value(name, number, f"must be greater than or equal to {least}"))
        elif number is not None:
            parameters.append((name, str(number)))
    since = request.query.text("sinceTime")
    if since and request.query.text("sinceSeconds"):
        causes.append(errors.forbidden_value("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    if causes:
        raise errors.invalid("", "PodLogOptions", request.route.name, causes)
    parameters += [("sinceTime", since)] if since else []
    return parameters + [(name, "true") for name in _LOG_FLAGS if request.query.flag(name)]


def exec_(server: Server, request: Request) -> WebSocket:
    """A command in a container, over the WebSocket that the client opened."""
    return streams.socket_relay(*_exec_target(server, request))


def attach(server: Server, request: Request) -> WebSocket:
    """The main process of a container."""
    return streams.socket_relay(*_attach_target(server, request))


def port_forward(server: Server, request: Request) -> WebSocket:
    """Connections to a pod's ports."""
    return streams.socket_relay(*_port_forward_target(server, request))


def exec_refused(server: Server, request: Request) -> Stream:
    """exec without a WebSocket: kubectl asks so when its WebSocket was refused, and is told why again."""
    return _refused(*_exec_target(server, request))


def attach_refused(server: Server, request: Request) -> Stream:
    return _refused(*_attach_target(server, request))


def port_forward_refused(server: Server, request: Request) -> Stream:
    return _refused(*_port_forward_target(server, request))


def _refused(path: str, target: str) -> Stream:
    place, _, query = target.partition("?")
    return streams.relay(path, place, query, _TEXT)


def _exec_target(server: Server, request: Request) -> tuple[str, str]:
    """The kubelet's socket and the target there. Raises NotFound, BadRequest, Invalid, ServiceUnavailable."""
    pod = _pod(server, request)
    container = _container(pod, request.query.text("container"))
    node = host(pod)
    commands = request.query.all("command")
    if not commands:
        fault = errors.required("command")
        raise errors.invalid("", "PodExecOptions", "", [fault])
    parameters = [("command", command) for command in commands] + _wanted(request)
    return endpoint(server, node), f"/exec/{place(pod)}/{container}?{urlencode(parameters)}"


def _attach_target(server: Server, request: Request) -> tuple[str, str]:
    pod = _pod(server, request)
    container = _container(pod, request.query.text("container"))
    return endpoint(server, host(pod)), f"/attach/{place(pod)}/{container}?{urlencode(_wanted(request))}"


def _port_forward_target(server: Server, request: Request) -> tuple[str, str]:
    pod = _pod(server, request)
    parameters = [("ports", port) for port in request.query.all("ports")]
    return endpoint(server, host(pod)), f"/portForward/{place(pod)}?{urlencode(parameters)}"


def _wanted(request: Request) -> list[tuple[str, str]]:
    """The streams that are asked for, as the kubelet names them."""
    asked = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}
    return [(kubelets, "1") for ours, kubelets in asked.items() if request.query.flag(ours)]


def host(pod: Object) -> str:
    """The pod's node. Raises BadRequest."""
    node = pod["spec"].get("nodeName")
    if not node:
        raise BadRequest(f"pod {pod['metadata']['name']} does not have a host assigned")
    return node


def proxy(server: Server, request: Request) -> Stream:
    """A path of the node's kubelet, read-only: nodes/<name>/proxy/containers."""
    node = request.route.name
    objects.read(server, request.route.kind, "", node)
    return streams.relay(endpoint(server, node), f"/{request.route.rest}", "", "application/json")


def _pod(server: Server, request: Request) -> Object:
    route = request.route
    return objects.parse(objects.read(server, route.kind, route.namespace, route.name))


def place(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _container(pod: Object, wanted: str) -> str:
    """The container meant; there must be no doubt."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    main = [container["name"] for container in spec.get("containers") or ()]
    init = [container["name"] for container in spec.get("initContainers") or ()]
    ephemeral = [container["name"] for container in spec.get("ephemeralContainers") or ()]
    if wanted:
        if wanted in main + init + ephemeral:
            return wanted
        raise BadRequest(f"container {wanted} is not valid for pod {name}")
    if len(main) == 1 and not init:
        return main[0]
    hint = f" or one of the init containers: [{' '.join(init)}]" if init else ""
    raise BadRequest(f"a container name must be specified for pod {name}, choose one of: [{' '.join(main)}]{hint}")


def endpoint(server: Server, node: str) -> str:
    """The path of the kubelet's socket. Raises ServiceUnavailable."""
    nodes = server.registry.at("", "v1", "nodes")
    assert nodes
    stored = objects.find(server, nodes, "", node)
    annotations = orjson.loads(stored.body)["metadata"].get("annotations") or {} if stored else {}
    address = annotations.get(ENDPOINT, "")
    if not address.startswith("unix://"):
        raise ServiceUnavailable(f'the kubelet of node "{node}" has not said where it listens: is the node running?')
    return address.removeprefix("unix://")
