"""The nodes: who runs where, what they use, and what Docker shows of them beside what kubectl shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from minikweb.apimachinery import errors as api
from minikweb.apimachinery import quantity
from minikweb.dashboard import cluster, drain, errors, kubectl, live, usage
from minikweb.dashboard.templatetags.minikweb import object_url, why_not
from minikweb.dashboard.tree import Entry, entry
from minikweb.kinds.nodes import is_switched_off
from minikweb.people import actor

Object = dict[str, Any]
Context = dict[str, Any]

ATTENTIVE = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")  # bad when "True"


# --- The page of all ---------------------------------------------------------------------------------


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Every node with its pods, its use and what is wrong with it."""
    if not cluster.ready():
        raise api.ServiceUnavailable("the API server has not answered yet")
    used = usage.of_nodes(cluster.client(), actor.current().person)
    health = cluster.cache().client.kind("Node").health
    found = sorted(cluster.cache().list("Node"), key=lambda node: _natural(node["metadata"]["name"]))
    lines = [_line(node, entry(node, health), used.get(node["metadata"]["name"])) for node in found]
    context = {
        "lines": lines,
        "measured": bool(used),
        "ours": not settings.KUBECONFIG,
        "may_not_add": why_not("add", Entry("", "Node", "", "")),
        "next_name": _next_name([node["metadata"]["name"] for node in found]),
        "command": kubectl.get("", "nodes", "", "-o", "wide"),
    }
    fragment = request.headers.get("HX-Target") == "page"
    return render(request, "dashboard/node_cards.html" if fragment else "dashboard/nodes.html", context)


def _natural(name: str) -> tuple[str, int]:
    """node-10 after node-9."""
    head, _, number = name.rpartition("-")
    return (head, int(number)) if number.isdigit() else (name, 0)


def _next_name(taken: list[str]) -> str:
    return next(name for number in range(1, 10_000) if (name := f"node-{number}") not in taken)


def _line(node: Object, found: Entry, used: usage.Used | None) -> Context:
    pods = cluster.cache().by_index("Pod", "node", found.name)
    conditions = node.get("status", {}).get("conditions") or ()
    return {
        "entry": found,
        "node": node,
        "pods": _entries(pods),
        "resources": _resources(node.get("status", {}).get("allocatable", {}), pods, used),
        "troubles": [c for c in conditions if c["type"] in ATTENTIVE and c["status"] == "True"],
        "runtime": node.get("status", {}).get("nodeInfo", {}).get("containerRuntimeVersion", ""),
        "off": is_switched_off(node),
        "drain": _drain(node),
    }


def _drain(node: Object) -> drain.Drain | None:
    """The drain that closed the node; one that is open again has none to tell of."""
    return drain.of(node["metadata"]["name"]) if node.get("spec", {}).get("unschedulable") else None


def _entries(pods: list[Object]) -> list[Entry]:
    tree = live.hub().tree()
    found = [tree.entries.get(live.short_id(pod["metadata"]["uid"])) for pod in pods]
    return sorted(filter(None, found), key=lambda pod: (pod.namespace, pod.name))


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Creates a Node; here, whoever starts the cluster gives it a kubelet and addresses."""
    if settings.KUBECONFIG:
        raise api.BadRequest("the machines of this cluster are not ours to add")
    name = request.POST.get("name", "").strip()
    made = cluster.client().create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    cluster.cache().informer("Node").wait_for(made["metadata"]["resourceVersion"], 1.0)
    return redirect(object_url("Node", "", name))


# --- The panel of one --------------------------------------------------------------------------------


def power(obj: Object) -> str:
    """ "on" or "off" for a node that is ours to switch, else ""."""
    if obj["kind"] != "Node" or settings.KUBECONFIG:
        return ""
    return "off" if is_switched_off(obj) else "on"


def overview(obj: Object, found: Entry) -> Context:
    """Its resources against what its pods ask for and use, its software, its pods, a drain under way."""
    pods = cluster.cache().by_index("Pod", "node", found.name)
    status = obj.get("status", {})
    used = usage.of_nodes(cluster.client(), actor.current().person).get(found.name)
    return {
        "info": status.get("nodeInfo", {}),
        "addresses": status.get("addresses", ()),
        "resources": _resources(status.get("allocatable", {}), pods, used),
        "measured": used is not None,
        "unschedulable": obj.get("spec", {}).get("unschedulable", False),
        "taints": obj.get("spec", {}).get("taints", ()),
        "pod_cidr": obj.get("spec", {}).get("podCIDR", ""),
        "simulated": status.get("nodeInfo", {}).get("containerRuntimeVersion", "").startswith("simulated"),
        "pods": _entries(pods),
        "off": is_switched_off(obj),
        "drain": _drain(obj),
        "command": kubectl.describe("", "Node", found.name),
    }


def _resources(allocatable: Object, pods: list[Object], used: usage.Used | None) -> list[Context]:
    """cpu (cores), memory (bytes) and pods: what is asked for, and used if known, of what there is."""
    alive = [pod for pod in pods if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")]
    asked = {"cpu": 0.0, "memory": 0.0, "pods": float(len(alive))}
    for pod in alive:
        for container in pod["spec"].get("containers", ()):
            requests = container.get("resources", {}).get("requests", {})
            asked["cpu"] += float(quantity.cpu(requests.get("cpu", "0")))
            asked["memory"] += float(quantity.memory(requests.get("memory", "0")))
    total = {
        "cpu": float(quantity.cpu(allocatable.get("cpu", "0"))),
        "memory": float(quantity.memory(allocatable.get("memory", "0"))),
        "pods": float(quantity.parse(str(allocatable.get("pods", "0")))),
    }
    return [
        {"name": name, "asked": asked[name], "total": total[name], "used": (used or {}).get(name)} for name in asked
    ]


# --- docker ps beside kubectl ------------------------------------------------------------------------


@dataclass
class Pair:
    """A Pod as kubectl shows it (None: of no Pod that the API knows), and the containers Docker shows for it."""

    pod: Entry | None
    containers: list[Context] = field(default_factory=list)


def containers(obj: Object, found: Entry, everything: bool) -> Context:
    """What `docker ps` (with -a: everything) shows of the node, each container beside the Pod it belongs to."""
    simulated = obj.get("status", {}).get("nodeInfo", {}).get("containerRuntimeVersion", "").startswith("simulated")
    context: Context = {"node": found.name, "simulated": simulated, "everything": everything}
    context["command"] = f"docker ps{' -a' if everything else ''} --filter label=minikweb.node={found.name}"
    if simulated:
        return context
    if settings.KUBECONFIG:
        return context | {"why_none": _("This view needs a node of Minikweb: other kubelets do not tell it.")}
    try:
        listed = cluster.client().request("GET", f"/api/v1/nodes/{found.name}/proxy/containers").json()
    except api.ApiError as error:
        return context | {"trouble": errors.explained(error)}
    pods = _entries(cluster.cache().by_index("Pod", "node", found.name))
    running = [one for one in listed if one["status"].startswith("Up")]
    context["exited"] = len(listed) - len(running)
    return context | {"pairs": paired(pods, listed if everything else running)}


def paired(pods: list[Entry], listed: list[Object]) -> list[Pair]:
    """Each Pod with its containers, the pause container first; then those of no Pod."""
    pairs = {pod.id: Pair(pod) for pod in pods}
    strange = Pair(None)
    for one in sorted(listed, key=lambda one: (not _is_pause(one), one["name"])):
        uid = one["labels"].get("minikweb.uid", "")
        pair = pairs.get(live.short_id(uid), strange) if uid else strange
        pair.containers.append(as_docker_ps(one))
    return list(pairs.values()) + ([strange] if strange.containers else [])


def _is_pause(listed: Object) -> bool:
    return "_POD_" in listed["name"]


def as_docker_ps(listed: Object) -> Context:
    """One container with its ids cut as `docker ps` cuts them."""
    image = listed["image"]
    short = image[: len("sha256:") + 12] if image.startswith("sha256:") else image
    return {**listed, "id": listed["id"][:12], "image": short, "pause": _is_pause(listed)}
