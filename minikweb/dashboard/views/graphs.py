"""Graphs of what pods and nodes use: drawn by the server, as an SVG that has its meaning in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat, floatformat
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from minikweb.apimachinery import quantity
from minikweb.dashboard import cluster, logsources, usage
from minikweb.dashboard.tree import WORKLOADS

Object = dict[str, Any]
Context = dict[str, Any]

WIDTH, HEIGHT = 240, 44  # of the drawing's own coordinates
MEASURED = ("Node", "Pod", *WORKLOADS)


@require_GET
def graphs(request: HttpRequest, kind: str, namespace: str, name: str) -> HttpResponse:
    """The fragment that the panel asks for anew every few seconds."""
    namespace = "" if namespace == "-" else namespace
    obj = cluster.get(kind, namespace, name)
    return render(request, "dashboard/usage_graphs.html", of(obj))


def of(obj: Object) -> Context:
    """{graphs: […]}, empty where nothing is measured. A workload uses what its pods use together."""
    meta = obj["metadata"]
    namespace, client = meta.get("namespace", ""), cluster.whole_cache().client
    if obj["kind"] == "Node":
        samples, pods = usage.history.of(client, "Node", "", meta["name"]), []
    else:
        pods = logsources.pods(obj["kind"], namespace, meta["name"])
        samples = summed(usage.history.of(client, "Pod", namespace, pod["metadata"]["name"]) for pod in pods)
    if not samples:
        return {"graphs": []}
    cpu, memory = [(at, one) for at, one, _ in samples], [(at, one) for at, _, one in samples]
    asked = _asked(pods)
    return {
        "graphs": [
            drawn("cpu", cpu, asked["cpu"], lambda value: floatformat(value, "-3")),
            drawn("memory", memory, asked["memory"], filesizeformat),
        ]
    }


def summed(histories: Iterable[list[usage.Sample]]) -> list[usage.Sample]:
    """The samples of several pods, added up moment by moment."""
    totals: dict[float, tuple[float, float]] = {}
    for history in histories:
        for at, cpu, memory in history:
            before = totals.get(at, (0.0, 0.0))
            totals[at] = before[0] + cpu, before[1] + memory
    return [(at, *totals[at]) for at in sorted(totals)]


def _asked(pods: list[Object]) -> dict[str, float]:
    """What the pods' requests add up to; 0 when they ask for nothing."""
    total = {"cpu": 0.0, "memory": 0.0}
    for pod in pods:
        for container in pod["spec"].get("containers", ()):
            requests = container.get("resources", {}).get("requests", {})
            total["cpu"] += float(quantity.cpu(requests.get("cpu", "0")))
            total["memory"] += float(quantity.memory(requests.get("memory", "0")))
    return total


def drawn(name: str, points: list[tuple[float, float]], asked: float, write: Any) -> Context:
    """One curve: its points in the drawing's coordinates, the line of what is asked for, and both in words."""
    top = max([value for _, value in points] + [asked]) * 1.1 or 1.0
    first, last = points[0][0], points[-1][0]
    span = (last - first) or 1.0
    spots = [(WIDTH * (at - first) / span, HEIGHT * (1 - value / top)) for at, value in points]
    line = spots if len(spots) > 1 else [*spots, (WIDTH, spots[0][1])]
    words = {"now": write(points[-1][1]), "most": write(max(value for _, value in points))}
    return {
        "name": name,
        "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in line),
        "asked_at": f"{HEIGHT * (1 - asked / top):.1f}" if asked else "",
        "asked": write(asked) if asked else "",
        "now": words["now"],
        "label": _("%(now)s now, at most %(most)s") % words,
        "minutes": round((last - first) / 60),
    }
