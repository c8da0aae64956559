"""The time scrubber: the last minutes of the tree, change by change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from minikweb.apimachinery import errors
from minikweb.dashboard import activitylog, cluster, live, rows
from minikweb.dashboard.replay import Moment, place_of, rewound
from minikweb.dashboard.sight import fitting_depth, visible
from minikweb.dashboard.views import activity

Context = dict[str, Any]


@require_GET
def replay(request: HttpRequest) -> HttpResponse:
    """The tree as it was at ?at= (seconds since 1970; now by default) in ?ns=."""
    query = request.GET.dict()
    query.setdefault("ns", request.COOKIES.get(rows.NAMESPACE, ""))
    sight = rows.sight_of(query, {})
    context: Context = {"sight": sight, "title": sight.namespace or _("All namespaces")}
    if not activitylog.is_complete():
        return render(request, "dashboard/replay.html", context | {"elsewhere": True})
    if not cluster.ready():
        raise errors.ServiceUnavailable("the API server has not answered yet")
    moments = activitylog.moments(sight.namespace)
    now = datetime.now(UTC).timestamp()
    when = _when(query.get("at", ""), now)
    tree = rewound(live.hub().tree().entries.values(), moments, when)
    place = place_of(moments, when)
    context |= {
        "rows": visible(tree, rows.sight_of(query | {"depth": str(fitting_depth(tree, sight))}, {})),
        "summary": rows.summary(tree, sight),
        "first": moments[0].at if moments else now,
        "last": now,
        "when": when,
        "moment": datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "is_now": place.next is None,
        "count": len(moments),
        "current": _line(place.current),
        "previous": place.previous,
        "next": place.next,
    }
    fragment = request.headers.get("HX-Target") == "replay"
    return render(request, "dashboard/replay_tree.html" if fragment else "dashboard/replay.html", context)


def _when(text: str, now: float) -> float:
    """A moment of the past; now for what is none."""
    try:
        when = float(text)
    except ValueError:
        return now
    return when if 0 <= when <= now else now


def _line(moment: Moment | None) -> Context | None:
    return activity.line(moment.change) | {"id": moment.id} if moment else None
