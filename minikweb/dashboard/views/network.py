"""What the panels of Services and Ingresses show: who answers, under which link, and what leads nowhere."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import cluster, kubectl, live, reach
from minikweb.dashboard.tree import Entry
from minikweb.kinds.laptop import laptop_urls

Object = dict[str, Any]
Context = dict[str, Any]

PROBLEMS = {
    "no service": _("There is no Service of this name in the namespace."),
    "no port": _("The Service has no such port."),
    "no endpoint": _("No ready Pod behind this Service: the answer is 503."),
    "resource": _("This backend is not a Service."),
}


def links(obj: Object) -> list[str]:
    """Where it opens on this machine; none where nothing answers (simulated), or on a cluster that is elsewhere."""
    if settings.KUBECONFIG or cluster.runtime() == "simulated":
        return []
    return laptop_urls(obj, http=settings.INGRESS_HTTP_PORT, https=settings.INGRESS_HTTPS_PORT)


def service(obj: Object, found: Entry) -> Context:
    """Its names and ports, who answers, and why nobody does."""
    spec, listed = obj["spec"], _endpoints(obj)
    chosen = [pod for pod in cluster.cache().list("Pod", found.namespace) if reach.selects(obj, _labels(pod))]
    tree = live.hub().tree()
    pods = [tree.entries.get(live.short_id(pod["metadata"]["uid"])) for pod in chosen]
    return {
        "type": spec.get("type", "ClusterIP"),
        "headless": spec.get("clusterIP") == "None",
        "dns": f"{found.name}.{found.namespace}.svc.cluster.local",
        "ports": spec.get("ports") or (),
        "selector": spec.get("selector") or {},
        "endpoints": listed,
        "counts": {word: sum(1 for one in listed if one.word == word) for word in ("ready", "not ready")},
        "pods": sorted(filter(None, pods), key=lambda pod: pod.name),
        "why_none": _why_nobody(spec, chosen, listed),
        "links": links(obj),
        "simulated": cluster.runtime() == "simulated",
        "balancers": [_place(one) for one in obj.get("status", {}).get("loadBalancer", {}).get("ingress") or ()],
        "ingresses": [one["metadata"]["name"] for one in _ingresses(found) if found.name in reach.backends(one)],
        "command": kubectl.endpoint_slices(found.namespace, found.name),
        "forward": kubectl.port_forward(found.namespace, found.name, _first_port(spec)),
    }


def _first_port(spec: Object) -> int:
    return next((port["port"] for port in spec.get("ports") or ()), 0)


def _place(balancer: Object) -> str:
    return balancer.get("hostname") or balancer.get("ip") or ""


def _labels(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def _why_nobody(spec: Object, chosen: list[Object], listed: list[reach.Endpoint]) -> Any:
    """Why no connection gets through; "" when one does."""
    if any(one.ready for one in listed):
        return ""
    if spec.get("type") == "ExternalName":
        return _("It has no Pods: its DNS name is an alias of another host.")
    if listed:
        return _("Pods match, but none is ready: their readiness probes or their starts decide.")
    if not spec.get("selector"):
        return _("It has no selector: somebody must write its EndpointSlices by hand.")
    if chosen:
        return _("Pods match, but none has an address yet.")
    return _("No Pod has the labels of its selector: compare them letter by letter.")


def _endpoints(obj: Object) -> list[reach.Endpoint]:
    slices = cluster.cache().list("EndpointSlice", obj["metadata"].get("namespace"))
    return reach.endpoints(reach.slices_of(obj, slices))


def _ingresses(found: Entry) -> list[Object]:
    return cluster.cache().list("Ingress", found.namespace)


def ingress(obj: Object, found: Entry) -> Context:
    """Host and path → Service, how many answer there, and what leads nowhere."""
    spec = obj.get("spec") or {}
    shown = reach.routes(obj, lambda name: _service(found.namespace, name), lambda name: _ready(found.namespace, name))
    by_url = links(obj)
    return {
        "ingress_class": spec.get("ingressClassName", ""),
        "routes": [{"route": route, "problem": PROBLEMS.get(route.problem, "")} for route in shown],
        "links": by_url,
        "waits": not obj.get("status", {}).get("loadBalancer", {}).get("ingress"),
        "simulated": cluster.runtime() == "simulated",
        "secrets": [entry["secretName"] for entry in spec.get("tls") or () if entry.get("secretName")],
        "command": kubectl.describe(found.namespace, "Ingress", found.name),
    }


def _service(namespace: str, name: str) -> Object | None:
    try:
        return cluster.get("Service", namespace, name)
    except ApiError:
        return None


def _ready(namespace: str, name: str) -> int:
    there = _service(namespace, name)
    return sum(1 for one in _endpoints(there) if one.ready) if there else 0
