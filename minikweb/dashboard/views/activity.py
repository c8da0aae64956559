"""The activity feed: every change with who, what and from which client."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from minikweb.apimachinery.errors import ApiError
from minikweb.dashboard import activitylog, cluster, kubectl, rows, sentences
from minikweb.dashboard.activity import Change, actor_of

Context = dict[str, Any]

SHOWN = 200
ECHOES = 3
UNTOLD = ("Event", "EndpointSlice", "ControllerRevision", "Node")  # what people seldom write and the cluster always
STORIES = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")  # with a tab of their own


@require_GET
def feed(request: HttpRequest) -> HttpResponse:
    """?q= in any column, ?by=people (people and their tools) or cluster (controllers, kubelets), ?ns=."""
    namespace = rows.namespace_of(request)
    by = request.GET.get("by", "")
    words = request.GET.get("q", "").lower().split()
    lines = []
    found = activitylog.changes(namespace)
    for change in reversed(found):
        made = line(change)
        if by and (by == "cluster") != made["actor"].is_system:
            continue
        if all(word in made["text"] for word in words):
            lines.append(made)
        if len(lines) == SHOWN:
            break
    context = {
        "lines": lines,
        "by": by,
        "query": request.GET.get("q", ""),
        "namespace": namespace,
        "complete": activitylog.is_complete(),
        "command": kubectl.activity(namespace),
        "kinds": ",".join((*cluster.KINDS,)),
    }
    fragment = request.headers.get("HX-Target") == "page"
    return render(request, "dashboard/activity_table.html" if fragment else "dashboard/activity.html", context)


@require_GET
def echo(request: HttpRequest) -> HttpResponse:
    """The last changes that people and their tools made: the strip above the tree."""
    namespace = request.GET.get("ns", "")
    return render(request, "dashboard/echo_lines.html", {"echoes": echoes(namespace), "namespace": namespace})


def echoes(namespace: str) -> list[Context]:
    """The last changes from outside the cluster's own machinery; none when nobody can tell."""
    try:
        found = activitylog.changes(namespace)
    except ApiError:
        return []
    made = (line(change) for change in reversed(found) if not actor_of(change).is_system)
    return [each for each, _ in zip(made, range(ECHOES), strict=False)]


def line(change: Change) -> Context:
    """A change as one line of the feed."""
    actor = actor_of(change)
    who, what = sentences.who(actor), sentences.what(change)
    columns = (who, actor.user, actor.name, what, change.kind, change.namespace, change.name)
    return {
        "change": change,
        "actor": actor,
        "who": who,
        "what": what,
        "when": datetime.fromtimestamp(change.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "gone": change.type == "DELETED",
        "story": change.kind in STORIES and not actor.is_system and not change.only_status and change.type != "DELETED",
        "text": " ".join(columns).lower(),
    }
