"""The page everything starts from: the resource tree, with the selected object beside it."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import cluster, errors, rows
from minikweb.dashboard.sight import fitting_depth, visible
from minikweb.dashboard.tree import LEVELS
from minikweb.dashboard.views import activity, objects

DEPTHS = {
    "": ("Deployment", "ReplicaSet", "Pod", "Container"),
    "network": ("Service", "Pod", "Container"),
    "node": ("Pod", "Container"),
}
ARRANGEMENTS = {"": gettext_lazy("Owners"), "network": gettext_lazy("Network"), "node": gettext_lazy("Nodes")}


@require_GET
def tree(request: HttpRequest) -> HttpResponse:
    """The tree as ?ns=&q=&problems=&by=&depth= ask for it; ?sel=Kind/namespace/name&tab= fills the drawer."""
    query = request.GET.dict()
    query.setdefault("ns", request.COOKIES.get(rows.NAMESPACE, ""))
    reachable = cluster.ready()
    sight = rows.sight_of(query, request.COOKIES)
    found = rows.tree_of(sight)
    if "depth" not in query:
        sight = replace(sight, depth=fitting_depth(found, sight))
    shown = visible(found, sight)
    context = {
        "rows": shown,
        "sight": sight,
        "summary": rows.summary(found, sight),
        "depths": [(LEVELS[kind], kind + "s") for kind in DEPTHS[sight.arrangement]],
        "arrangements": ARRANGEMENTS,
        "away": not reachable,
        "echoes": activity.echoes(sight.namespace) if reachable else [],
        "followed": ",".join(kind for kind in cluster.KINDS if kind not in activity.UNTOLD),
        "unknown_namespace": reachable and sight.namespace and not sight.filters and not shown,
        "title": sight.namespace or _("All namespaces"),
        "select": query.get("sel", ""),
        **drawer(request, query),
    }
    response = render(request, "dashboard/tree.html", context)
    if "ns" in request.GET:
        response.set_cookie(rows.NAMESPACE, sight.namespace, max_age=31_536_000, samesite="Lax")
    return response


def drawer(request: HttpRequest, query: dict[str, str]) -> dict[str, object]:
    """The context of the selected object, or of why there is none."""
    kind, _, rest = query.get("sel", "").partition("/")
    namespace, _, name = rest.partition("/")
    if not name:
        return {}
    try:
        return objects.panel(request, kind, namespace, name, query.get("tab", ""))
    except ApiError as error:
        return {"trouble": errors.explained(error)}
