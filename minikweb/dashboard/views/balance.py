"""How a Service's connections were shared out, as its nodes have counted: balancing that can be watched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import cluster, reach
from minikweb.kinds.balancing import shares

Object = dict[str, Any]

FRESH = 1.5  # seconds: however many readers there are, the nodes are asked once
AT_ONCE = 4


class Counts:
    """What all nodes tell, asked for at most every FRESH seconds. Thread-safe."""

    def __init__(self, ask: Callable[[], list[list[Object]]]):
        self._ask = ask
        self._lock = threading.Lock()
        self._found: list[list[Object]] = []
        self._until = 0.0

    def get(self) -> list[list[Object]]:
        with self._lock:
            if time.monotonic() >= self._until:
                self._found = self._ask()
                self._until = time.monotonic() + FRESH
            return self._found


def _ask_nodes() -> list[list[Object]]:
    """One list per node that answers: see kinds/balancing.py."""
    client = cluster.whole_cache().client
    names = [node["metadata"]["name"] for node in cluster.whole_cache().list("Node")]

    def of_node(name: str) -> list[Object]:
        try:
            return client.request("GET", f"/api/v1/nodes/{name}/proxy/connections").json()
        except ApiError:
            return []  # simulated, away, or not ours

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [counts for counts in pool.map(of_node, names) if counts]


counts = Counts(_ask_nodes)


@require_GET
def balance(request: HttpRequest, namespace: str, name: str) -> HttpResponse:
    """The fragment that a Service's panel asks for anew every two seconds."""
    service = cluster.get("Service", namespace, name)
    slices = reach.slices_of(service, cluster.cache().list("EndpointSlice", namespace))
    found = shares(service, slices, counts.get())
    total = sum(share.connections for share in found)
    return render(request, "dashboard/balance.html", {"shares": found, "total": total, "namespace": namespace})
