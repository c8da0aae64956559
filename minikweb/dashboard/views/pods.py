"""What the panel of a Pod shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import cluster, errors, kubectl, reasons
from minikweb.dashboard.tree import Entry
from minikweb.dashboard.views import nodes

Object = dict[str, Any]
Context = dict[str, Any]


def overview(obj: Object, found: Entry) -> Context:
    """The containers, and for each word why."""
    spec, status = obj["spec"], obj.get("status", {})
    return {
        "explanation": reasons.explain_pod(obj, found.word),
        "troubled": found.health != "Healthy",
        "containers": [_container(obj, shown) for shown in found.containers],
        "ip": status.get("podIP", ""),
        "qos": status.get("qosClass", ""),
        "restart_policy": spec.get("restartPolicy", "Always"),
        "service_account": spec.get("serviceAccountName", ""),
    }


def _container(pod: Object, shown: Entry) -> Context:
    """One container: what was declared, how it fares, how it ended the last time."""
    spec, status = pod["spec"], pod.get("status", {})
    declared = {c["name"]: c for part in ("initContainers", "containers") for c in spec.get(part, ())}
    reported = {c["name"]: c for part in ("initContainerStatuses", "containerStatuses") for c in status.get(part, ())}
    found = reported.get(shown.name, {})
    last = found.get("lastState", {}).get("terminated")
    ended = found.get("state", {}).get("terminated") or last
    return {
        "entry": shown,
        "init": any(c["name"] == shown.name for c in spec.get("initContainers", ())),
        "declared": declared[shown.name],
        "ready": found.get("ready", False),
        "last": last,
        "explanation": reasons.explain(shown.word, exit_code=(ended or {}).get("exitCode"), message=shown.message),
    }


def terminal(request: HttpRequest, obj: Object, found: Entry) -> Context:
    """A shell in the container of ?container=, or why there is none; the socket carries it."""
    runtime = _runtime_of(found.node) if found.node else ""
    running = [shown.name for shown in found.containers if shown.word == "Running"]
    chosen = request.GET.get("container", "")
    container = chosen if chosen in running else next(iter(running), "")
    return {
        "names": running,
        "container": container,
        "simulated": runtime.startswith("simulated"),
        "command": kubectl.exec(found.namespace, found.name, container) if container else "",
    }


def _runtime_of(node: str) -> str:
    """Such as docker://20.10; "" for a node that is gone or hidden from us."""
    try:
        found = cluster.get("Node", "", node)  # a process that has just started asks the API itself
    except ApiError:
        return ""
    return found.get("status", {}).get("nodeInfo", {}).get("containerRuntimeVersion", "")


def containers(request: HttpRequest, obj: Object, found: Entry) -> Context:
    """The runtime's containers behind the pod, as `docker ps` shows them."""
    node = obj["spec"].get("nodeName", "")
    context: Context = {
        "node": node,
        "simulated": cluster.runtime() == "simulated",
        "command": f"docker ps -a --filter label=minikweb.uid={obj['metadata']['uid']}",
    }
    if not node:
        return context | {"why_none": _("No node runs this Pod yet, so there is no container.")}
    try:
        listed = cluster.client().request("GET", f"/api/v1/nodes/{node}/proxy/containers").json()
    except ApiError as error:
        return context | {"trouble": errors.explained(error)}
    own = [one for one in listed if one["labels"].get("minikweb.uid") == obj["metadata"]["uid"]]
    return context | {"listed": [nodes.as_docker_ps(one) for one in own]}
