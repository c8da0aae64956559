"""What the network asks of a Node. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikweb.apimachinery import meta

Object = dict[str, Any]

RUNTIME_LABEL = "minikweb.io/runtime"


def address(node: Object) -> tuple[str, str]:
    """(podCIDR, address) of a node, "" for what it does not have yet."""
    addresses = (node.get("status") or {}).get("addresses") or ()
    ip = next((one["address"] for one in addresses if one["type"] == "InternalIP"), "")
    return node["spec"].get("podCIDR", ""), ip


def is_ready(node: Object) -> bool:
    found = meta.get_condition((node.get("status") or {}).get("conditions"), "Ready")
    return found is not None and found["status"] == "True"


def is_on_docker(nodes: Iterable[Object]) -> bool:
    """Whether there is a network at all: simulated pods have none."""
    return any((node["metadata"].get("labels") or {}).get(RUNTIME_LABEL) == "docker" for node in nodes)
