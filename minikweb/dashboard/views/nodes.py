"""What the panel of a Node shows."""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery import quantity
from minikweb.dashboard import cluster, live
from minikweb.dashboard.tree import Entry

Object = dict[str, Any]
Context = dict[str, Any]


def overview(obj: Object, found: Entry) -> Context:
    """Its resources against what its pods ask for, its software, its pods."""
    pods = cluster.cache().by_index("Pod", "node", found.name)
    status = obj.get("status", {})
    tree = live.hub().tree()
    entries = [tree.entries.get(live.short_id(pod["metadata"]["uid"])) for pod in pods]
    return {
        "info": status.get("nodeInfo", {}),
        "addresses": status.get("addresses", ()),
        "resources": _resources(status.get("allocatable", {}), pods),
        "unschedulable": obj.get("spec", {}).get("unschedulable", False),
        "taints": obj.get("spec", {}).get("taints", ()),
        "pod_cidr": obj.get("spec", {}).get("podCIDR", ""),
        "simulated": status.get("nodeInfo", {}).get("containerRuntimeVersion", "").startswith("simulated"),
        "pods": sorted(filter(None, entries), key=lambda pod: (pod.namespace, pod.name)),
    }


def _resources(allocatable: Object, pods: list[Object]) -> list[Context]:
    """cpu (cores), memory (bytes) and pods: what is asked for of what there is."""
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
    return [{"name": name, "asked": asked[name], "total": total[name]} for name in asked]
