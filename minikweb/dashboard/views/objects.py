"""One object: its panel in the drawer or as a page, tab by tab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from minikweb.apimachinery import errors, serializer
from minikweb.dashboard import breaking, cluster, kubectl, live, manifest
from minikweb.dashboard.tree import ROLLED_OUT, WORKLOADS, Entry, entry
from minikweb.dashboard.views import custom, deployments, fields, graphs, jobs, logs, network, nodes, pods, stories

Object = dict[str, Any]
Context = dict[str, Any]

TABS = {
    "overview": _("Overview"),
    "history": _("History"),
    "logs": _("Logs"),
    "terminal": _("Terminal"),
    "story": _("What happened?"),
    "events": _("Events"),
    "yaml": _("YAML"),
    "fields": _("Fields"),
    "containers": _("Docker"),
}
_TABS_OF = {
    **dict.fromkeys(ROLLED_OUT, ("overview", "history", "logs", "story", "events", "yaml", "fields")),
    **dict.fromkeys(("ReplicaSet", "Job", "CronJob"), ("overview", "logs", "story", "events", "yaml", "fields")),
    "Service": ("overview", "logs", "events", "yaml", "fields"),
    "Pod": ("overview", "logs", "terminal", "story", "events", "yaml", "fields", "containers"),
    "Node": ("overview", "containers", "events", "yaml", "fields"),
    "Event": ("overview", "yaml"),
}
_USUAL_TABS = ("overview", "events", "yaml", "fields")
_EVENTFUL = (*WORKLOADS, "Pod")  # whose events are shown with their owner's


def tabs_of(kind: str) -> tuple[str, ...]:
    """The tabs of a kind's panel, the first one first."""
    return _TABS_OF.get(kind, _USUAL_TABS)


@require_GET
def show(request: HttpRequest, kind: str, namespace: str, name: str, tab: str = "") -> HttpResponse:
    """The panel: a fragment for the drawer, else a page of its own."""
    namespace = "" if namespace == "-" else namespace
    context = panel(request, kind, namespace, name, tab)
    if request.headers.get("HX-Target") != "drawer":
        return render(request, "dashboard/object.html", context)
    response = render(request, "dashboard/panel.html", context)
    if request.headers.get("HX-Trigger-Name") != "refresh":
        response["HX-Push-Url"] = _beside_the_tree(request, context)
    return response


def _beside_the_tree(request: HttpRequest, context: Context) -> str:
    """The URL that shows this panel again, beside what the browser shows now."""
    current = urlsplit(request.headers.get("HX-Current-URL", ""))
    if current.path not in (reverse("dashboard:tree"), reverse("dashboard:topology")):
        return request.get_full_path()
    query = {key: value for key, value in parse_qsl(current.query) if key not in ("sel", "tab")}
    query.pop("at", None)
    query |= {"at": request.GET["at"]} if "at" in request.GET else {}
    query |= {"sel": context["path"]} | ({"tab": context["tab"]} if context["tab"] != "overview" else {})
    return f"{current.path}?{urlencode(query, safe='/')}"


def panel(request: HttpRequest, kind: str, namespace: str, name: str, tab: str = "") -> Context:
    """What dashboard/panel.html shows of an object. Raises NotFound."""
    obj = cluster.get(kind, namespace, name)
    kind = obj["kind"]
    tabs = tabs_of(kind)
    tab = tab or tabs[0]
    if tab not in tabs:
        raise Http404(tab)
    found = entry(obj, cluster.cache().client.kind(kind).health)
    context = {
        "object": obj,
        "entry": found,
        "path": f"{kind}/{namespace}/{name}",
        "tab": tab,
        "tabs": [(key, TABS[key]) for key in tabs],
        "body": f"dashboard/tabs/{tab}.html",
        "managed_by": _managed_by(obj),
        "release": _release(obj),
        "broken": breaking.fault_of(obj),
        "breakable": breaking.FAULTS,
        "power": nodes.power(obj),
        "is_measured": kind in graphs.MEASURED,
        "owner": next((o for o in obj["metadata"].get("ownerReferences", ()) if o.get("controller")), None),
    }
    return context | _FILL.get(tab, _nothing)(request, obj, found)


def _managed_by(obj: Object) -> str:
    """Who else writes this object: Helm, Argo CD … as they say in its labels and annotations."""
    meta = obj["metadata"]
    if "argocd.argoproj.io/tracking-id" in meta.get("annotations", {}):
        return "Argo CD"
    return meta.get("labels", {}).get("app.kubernetes.io/managed-by", "")


def _release(obj: Object) -> tuple[str, str] | None:
    """(namespace, name) of the Helm release that an object is part of."""
    annotations = obj["metadata"].get("annotations") or {}
    name = annotations.get("meta.helm.sh/release-name", "")
    namespace = annotations.get("meta.helm.sh/release-namespace", "")
    return (namespace, name) if name and namespace else None


# --- Tabs -------------------------------------------------------------------------------------------


def _nothing(request: HttpRequest, obj: Object, found: Entry) -> Context:
    return {}


def _overview(request: HttpRequest, obj: Object, found: Entry) -> Context:
    if cluster.cache().client.kind(found.kind).custom:
        shared = {"overview": "dashboard/overviews/custom.html", "conditions": conditions(obj)}
        return shared | custom.overview(obj, found)
    fill = {
        "Deployment": deployments.overview,
        "StatefulSet": deployments.overview,
        "DaemonSet": deployments.overview,
        "ReplicaSet": deployments.overview_of_replica_set,
        "Job": jobs.overview,
        "CronJob": jobs.overview_of_cron_job,
        "Pod": pods.overview,
        "Service": network.service,
        "Ingress": network.ingress,
        "Node": nodes.overview,
    }.get(found.kind)
    shown = (
        "deployment"
        if fill is deployments.overview
        else obj["kind"].lower()
        if fill or obj["kind"] in ("Secret", "ConfigMap")
        else "any"
    )
    context = {"overview": f"dashboard/overviews/{shown}.html", "conditions": conditions(obj)}
    return context | (fill(obj, found) if fill else _data(obj))


def conditions(obj: Object) -> list[Object]:
    """The conditions of an object, those that matter most first."""
    return list(obj.get("status", {}).get("conditions") or ())


def _data(obj: Object) -> Context:
    """What a ConfigMap or a Secret holds; of a Secret only the keys."""
    shown = manifest.masked(obj)
    return {"data": shown.get("data") or {}, "binary": list(shown.get("binaryData") or ())}


def _events(request: HttpRequest, obj: Object, found: Entry) -> Context:
    """The events of the object and of all it controls."""
    tree = live.hub().tree()
    own = obj["metadata"]["uid"]
    ids = {found.id} | {below.id for below in tree.below(found.id) if below.kind in _EVENTFUL}
    uids = {own}
    for kind in _EVENTFUL:
        uids |= {o["metadata"]["uid"] for o in cluster.cache().list(kind) if live.short_id(o["metadata"]["uid"]) in ids}
    if found.kind == "Namespace":
        events = cluster.latest_first(cluster.cache().list("Event", found.name))
    else:
        events = cluster.events_about(uids)
    return {
        "events": [event_line(event) for event in events[:200]],
        "more_events": max(len(events) - 200, 0),
        "command": kubectl.events(found.namespace, found.kind, found.name),
    }


def event_line(event: Object) -> Context:
    """An event of either group as one line."""
    about = event.get("involvedObject") or event.get("regarding") or {}
    return {
        "seen": cluster.last_seen(event),
        "type": event.get("type", "Normal"),
        "reason": event.get("reason", ""),
        "message": event.get("message") or event.get("note", ""),
        "count": event.get("count") or (event.get("series") or {}).get("count") or 1,
        "kind": about.get("kind", ""),
        "namespace": about.get("namespace", ""),
        "name": about.get("name", ""),
    }


def _containers(request: HttpRequest, obj: Object, found: Entry) -> Context:
    if found.kind == "Node":
        return nodes.containers(obj, found, everything=request.GET.get("all") == "1")
    return pods.containers(request, obj, found)


def _yaml(request: HttpRequest, obj: Object, found: Entry) -> Context:
    return {
        "yaml": serializer.dump_yaml(manifest.for_view(obj)),
        "command": kubectl.get(found.namespace, found.kind, found.name, "-o", "yaml"),
    }


_FILL: dict[str, Callable[[HttpRequest, Object, Entry], Context]] = {
    "overview": _overview,
    "history": deployments.history,
    "logs": logs.tab,
    "terminal": pods.terminal,
    "events": _events,
    "yaml": _yaml,
    "containers": _containers,
    "story": stories.fill,
    "fields": fields.fill,
}


# --- Secrets ------------------------------------------------------------------------------------------


@require_POST
def reveal(request: HttpRequest, namespace: str, name: str) -> HttpResponse:
    """One value of a Secret, in clear, because the reader asked for this key."""
    key = request.POST.get("key", "")
    values = cluster.get("Secret", namespace, name).get("data") or {}
    if key not in values:
        raise errors.NotFound(f'the Secret "{name}" has no key "{key}"')
    text = manifest.decoded(values[key])
    context = {"key": key, "text": text, "encoded": values[key], "namespace": namespace, "name": name}
    response = render(request, "dashboard/secret.html", context)
    response["Cache-Control"] = "no-store"
    return response
