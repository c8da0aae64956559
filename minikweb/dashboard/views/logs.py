"""The logs of a Pod, of a whole workload, of what labels select: the form around the lines; the socket brings these."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from minikweb.apimachinery import labels
from minikweb.apimachinery.errors import ApiError
from minikweb.client.transport import Stream
from minikweb.dashboard import cluster, errors, kubectl, logsources, rows
from minikweb.dashboard.logsources import SELECTION
from minikweb.dashboard.tree import WORKLOADS, Entry, pod_spec

Object = dict[str, Any]
Context = dict[str, Any]

TAILS = ("100", "500", "1000", "5000", "")  # lines
MINUTES = ("", "1", "5", "15", "60")
LEVELS = ("", "info", "warn", "error")


def tab(request: HttpRequest, obj: Object, found: Entry) -> Context:
    """What the tab asks the socket for: ?container=&previous=&tail=&minutes=."""
    pods = logsources.pods(found.kind, found.namespace, found.name)
    if found.kind == "Pod":
        names, container = _of_pod(request, obj, found)
        restarted = any(source.restarts for source in logsources.sources(pods, container))
    else:
        declared = [{"spec": pod_spec(obj)}] if found.kind in WORKLOADS else []
        names = logsources.containers([*declared, *pods])
        chosen = request.GET.get("container", "")
        container = chosen if chosen in names else ""
        restarted = any(source.restarts for source in logsources.sources(pods))
    context = _asked(request) | {"names": names, "container": container, "can_have_previous": restarted}
    context["speaker"] = {"kind": found.kind, "namespace": found.namespace, "name": found.name}
    context["command"] = _command(obj, found, context)
    return context


def _of_pod(request: HttpRequest, obj: Object, found: Entry) -> tuple[list[str], str]:
    """(its containers, the one that is shown; "" for all of them)."""
    names = [shown.name for shown in found.containers]
    regular = [container["name"] for container in obj["spec"].get("containers", ())]
    chosen = request.GET.get("container", regular[0])
    return names, chosen if chosen in ("", *names) else regular[0]


def _asked(request: HttpRequest) -> Context:
    """The options that every form of logs has."""
    tail, minutes = request.GET.get("tail", "500"), request.GET.get("minutes", "")
    return {
        "previous": request.GET.get("previous", "") == "1",
        "tail": tail if tail in TAILS else "500",
        "tails": TAILS,
        "minutes": minutes if minutes in MINUTES else "",
        "spans": MINUTES[1:],
        "levels": LEVELS,
    }


def _command(obj: Object, found: Entry, shown: Context) -> str:
    options = {key: shown[key] for key in ("previous", "tail", "minutes")}
    if found.kind == "Pod":
        return kubectl.logs(found.namespace, found.name, shown["container"], **options)
    selector = (obj["spec"].get("selector") or {}) if found.kind != "CronJob" else {}
    selector = selector.get("matchLabels", selector) if "matchExpressions" not in selector else {}
    if selector:
        text = ",".join(f"{key}={value}" for key, value in sorted(selector.items()))
        return kubectl.logs_of_selection(found.namespace, text, shown["container"], **options)
    return kubectl.logs_of_workload(found.namespace, found.kind, found.name, shown["container"], **options)


@require_GET
def selection(request: HttpRequest) -> HttpResponse:
    """The logs of the pods that labels select: ?ns=&selector=app=web,tier!=db."""
    namespace = rows.namespace_of(request) or "default"
    selector = request.GET.get("selector", "").strip()
    context = _asked(request) | {"namespace": namespace, "selector": selector, "names": [], "container": ""}
    try:
        labels.parse_selector(selector)
        cluster.ready()
        pods = logsources.pods(SELECTION, namespace, "-", selector) if selector else []
    except ApiError as error:
        return render(request, "dashboard/logs.html", context | {"trouble": errors.explained(error)}, status=error.code)
    names = logsources.containers(pods)
    chosen = request.GET.get("container", "")
    context |= {"names": names, "container": chosen if chosen in names else "", "can_have_previous": True}
    context["speaker"] = {"kind": SELECTION, "namespace": namespace, "name": "-", "selector": selector}
    options = {key: context[key] for key in ("previous", "tail", "minutes")}
    context["command"] = kubectl.logs_of_selection(namespace, selector, context["container"], **options)
    context["hidden"] = {"ns": namespace, "selector": selector}
    context["query"] = urlencode(context["hidden"])
    return render(request, "dashboard/logs.html", context)


@require_GET
def download(request: HttpRequest, namespace: str, name: str) -> StreamingHttpResponse:
    """The whole log of a container as a text file."""
    container = request.GET.get("container", "")
    stream = cluster.client().logs(
        name,
        namespace,
        container=container or None,
        previous=request.GET.get("previous") == "1",
        timestamps=request.GET.get("timestamps") == "1",
    )
    response = StreamingHttpResponse(_chunks(stream), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{container or "log"}.log"'
    return response


async def _chunks(stream: Stream) -> AsyncIterator[bytes]:
    """The log piece by piece: under ASGI a plain iterator would be read to its end first."""
    pieces = iter(stream)
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
