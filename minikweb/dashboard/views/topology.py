"""The topology page: dashboard/drawing.py as SVG; its accessible twin is the tree."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from minikweb.dashboard import cluster, live, rows
from minikweb.dashboard.drawing import COLUMNS, Drawing, Edge, Node, draw
from minikweb.dashboard.sight import matching
from minikweb.dashboard.views import activity
from minikweb.dashboard.views import tree as tree_page

Context = dict[str, Any]

WIDTH, HEIGHT = 180, 44  # of a box, in pixels
BESIDE = 10  # pixels between a line of traffic and one of control where both end
GAP_X, GAP_Y, HEAD = 40, 14, 28  # between the columns, between the rows, above all for the columns' names


@require_GET
def topology(request: HttpRequest) -> HttpResponse:
    """The drawing as ?ns=&q=&problems= ask for it; ?sel= and ?tab= fill the drawer as in the tree."""
    query = request.GET.dict()
    query.setdefault("ns", request.COOKIES.get(rows.NAMESPACE, ""))
    reachable = cluster.ready()
    sight = rows.sight_of(query, {})
    found = live.hub().tree()
    kept = matching(found, sight).ids if sight.filters else None
    cache = cluster.cache()
    drawing = draw(found, cache.list("Service"), cache.list("Ingress"), sight.namespace, kept)
    context = {
        "sight": sight,
        "drawing": _placed(drawing),
        "hidden": drawing.hidden,
        "away": not reachable,
        "title": sight.namespace or _("All namespaces"),
        "summary": rows.summary(found, sight),
        "followed": ",".join(kind for kind in cluster.KINDS if kind not in activity.UNTOLD),
        "select": query.get("sel", ""),
    }
    if request.headers.get("HX-Target") == "topology":
        return render(request, "dashboard/topology_drawing.html", context)
    response = render(request, "dashboard/topology.html", context | tree_page.drawer(request, query))
    if "ns" in request.GET:
        response.set_cookie(rows.NAMESPACE, sight.namespace, max_age=31_536_000, samesite="Lax")
    return response


def _x(column: int) -> int:
    return column * (WIDTH + GAP_X) + 1


def _y(row: int) -> int:
    return HEAD + row * (HEIGHT + GAP_Y)


def _placed(drawing: Drawing) -> Context:
    """The drawing in pixels."""
    boxes = {node.id: node for node in drawing.nodes}
    return {
        "width": _x(len(COLUMNS)) - GAP_X,
        "height": _y(drawing.rows),
        "box_width": WIDTH,
        "box_height": HEIGHT,
        "columns": [(name, _x(index)) for index, name in enumerate(COLUMNS)],
        "lanes": [(name, _y(row) + HEIGHT // 2) for name, row in drawing.lanes],
        "nodes": [_box(node) for node in drawing.nodes],
        "edges": [(edge, _line(edge, boxes)) for edge in drawing.edges],
    }


def _box(node: Node) -> Context:
    kind, _, rest = node.path.partition("/")
    namespace, _, name = rest.partition("/")
    return {
        "node": node,
        "x": _x(node.column),
        "y": _y(node.row),
        "link": (kind, namespace, name),
        "word": node.word or ("" if node.health == "Healthy" else node.health),
    }


def _line(edge: Edge, boxes: dict[str, Node]) -> str:
    """The path of an edge: out to the right, in from the left; traffic goes above the row, past what stands between."""
    start, end = boxes[edge.start], boxes[edge.end]
    x1, y1 = _x(start.column) + WIDTH, _y(start.row) + HEIGHT // 2
    x2, y2 = _x(end.column), _y(end.row) + HEIGHT // 2
    if edge.kind == "traffic" and end.column - start.column > 1:
        above = _y(end.row) - GAP_Y // 2
        return f"M{x1} {y1}h{GAP_X // 3}V{above}H{x2 - GAP_X // 3}V{y2 - BESIDE}H{x2}"
    if y1 == y2:
        return f"M{x1} {y1}H{x2}"
    return f"M{x1} {y1}H{x2 - GAP_X // 2}V{y2}H{x2}"
