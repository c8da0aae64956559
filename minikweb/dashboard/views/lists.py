"""The flat pages: objects of one kind in kubectl's columns, and the events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from minikweb.apimachinery import errors
from minikweb.dashboard import cluster, kubectl, reading, rows
from minikweb.dashboard.views.objects import event_line
from minikweb.kinds.registry import Kind

Object = dict[str, Any]
EVENTS_SHOWN = 300


def _objects(kind: Kind, namespace: str) -> list[Object]:
    scope = (namespace or None) if kind.namespaced else None
    if kind.kind not in cluster.KINDS:
        return reading.seen(kind, scope or "") if kind.namespaced else cluster.client().list(kind)["items"]
    if not cluster.ready():
        raise errors.ServiceUnavailable("the API server has not answered yet")
    return cluster.cache().list(kind.kind, scope)


@require_GET
def listing(request: HttpRequest, plural: str) -> HttpResponse:
    """The objects of a kind, ?q= filtering on any column, ?sort=<column> or -<column>."""
    kind = cluster.client().kind(plural)
    namespace = rows.namespace_of(request) if kind.namespaced else ""
    now = datetime.now(UTC)
    widest = 1 if kind.kind == "Node" else 0  # the nodes are few, and worth a closer look
    columns = [column for column in kind.columns if column.priority <= widest and column.name != "Age"]
    lines = [_line(kind, columns, obj, now) for obj in _objects(kind, namespace)]
    query = request.GET.get("q", "").lower().split()
    lines = [line for line in lines if all(word in line["text"] for word in query)]
    names = [column.name for column in columns]
    order = request.GET.get("sort", "")
    _sort(lines, names, order)
    context = {
        "kind": kind,
        "columns": [(name, f"-{name}" if order == name else name) for name in names],
        "sort": order.removeprefix("-"),
        "descending": order.startswith("-"),
        "lines": lines,
        "all": kind.namespaced and not namespace,
        "namespace": namespace,
        "query": request.GET.get("q", ""),
        "command": kubectl.get(namespace, kind.plural, "", *(["-A"] if kind.namespaced and not namespace else [])),
    }
    fragment = request.headers.get("HX-Target") == "page"
    return render(request, "dashboard/listing.html" if fragment else "dashboard/list.html", context)


def _line(kind: Kind, columns: list[Any], obj: Object, now: datetime) -> dict[str, Any]:
    cells = [column.value(obj, now) for column in columns]
    meta = obj["metadata"]
    health = kind.health(obj)
    return {
        "cells": list(zip([column.name for column in columns], cells, strict=True)),
        "name": meta["name"],
        "namespace": meta.get("namespace", ""),
        "created": meta.get("creationTimestamp", ""),
        "uid": meta["uid"],
        "health": health.status,
        "text": " ".join([meta.get("namespace", ""), *map(str, cells)]).lower(),
    }


def _sort(lines: list[dict[str, Any]], names: list[str], order: str) -> None:
    lines.sort(key=lambda line: (line["namespace"], line["name"]))
    column = order.removeprefix("-")
    if column == "Age":
        lines.sort(key=lambda line: line["created"], reverse=not order.startswith("-"))
    elif column in names:
        index = names.index(column)
        lines.sort(key=lambda line: _comparable(line["cells"][index][1]), reverse=order.startswith("-"))


def _comparable(cell: Any) -> tuple[int, float, str]:
    """Numbers before texts, so that a column may hold both."""
    head = str(cell).partition(" ")[0].partition("/")[0]
    return (0, float(head), str(cell)) if head.isdigit() else (1, 0.0, str(cell))


@require_GET
def events(request: HttpRequest) -> HttpResponse:
    """What happened lately, latest first; ?type=Warning for the troubles only."""
    namespace = rows.namespace_of(request)
    if not cluster.ready():
        raise errors.ServiceUnavailable("the API server has not answered yet")
    found = cluster.latest_first(cluster.cache().list("Event", namespace or None))
    wanted = request.GET.get("type", "")
    words = request.GET.get("q", "").lower().split()
    lines = [event_line(event) for event in found if wanted in ("", event.get("type", "Normal"))]
    lines = [line for line in lines if all(word in " ".join(map(str, line.values())).lower() for word in words)]
    context = {
        "events": lines[:EVENTS_SHOWN],
        "more_events": max(len(lines) - EVENTS_SHOWN, 0),
        "namespace": namespace,
        "type": wanted,
        "query": request.GET.get("q", ""),
        "command": kubectl.get(namespace, "events", "", *([] if namespace else ["-A"])),
    }
    fragment = request.headers.get("HX-Target") == "page"
    return render(request, "dashboard/event_table.html" if fragment else "dashboard/events.html", context)
