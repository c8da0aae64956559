"""The schemas the editor completes and checks from: small, per kind, from the API server's own /openapi/v3."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_GET

from minikweb.apimachinery.errors import NotFound
from minikweb.dashboard import cluster, schemas

OPENAPI = "/openapi/v3"
AGGREGATED = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}


@require_GET
def kinds(request: HttpRequest) -> HttpResponse:
    """What can be created: [{"apiVersion", "kind", "namespaced"}], custom resources included."""
    client = cluster.client()
    found = [client.request("GET", path, headers=AGGREGATED).json() for path in ("/api", "/apis")]
    return _kept(request, json.dumps(schemas.kinds_of(*found)))


@require_GET
def schema(request: HttpRequest, api_version: str, kind: str) -> HttpResponse:
    """The types of one kind (see dashboard/schemas.py); 404 when the cluster does not have it."""
    group, _, version = api_version.rpartition("/")
    name = f"apis/{group}/{version}" if group else f"api/{version}"
    paths = cluster.client().request("GET", OPENAPI).json().get("paths") or {}
    if name not in paths:
        return JsonResponse({"message": f"no {api_version} here"}, status=404)
    body = _schema(paths[name]["serverRelativeURL"], group, version, kind)
    if not body:
        return JsonResponse({"message": f"no {kind} in {api_version}"}, status=404)
    return _kept(request, body)


@lru_cache(maxsize=64)
def _schema(url: str, group: str, version: str, kind: str) -> str:
    """As JSON. The URL carries the hash of the document, so what is kept never ages."""
    path, _, query = url.partition("?")
    try:
        document = cluster.client().request("GET", path, query=_pairs(query)).json()
    except NotFound:
        return ""
    found = schemas.of_kind(document, group, version, kind)
    return json.dumps(found, separators=(",", ":")) if found else ""


def _pairs(query: str) -> dict[str, Any]:
    pairs: Iterable[tuple[str, str, str]] = (part.partition("=") for part in query.split("&") if part)
    return {name: value for name, _, value in pairs}


def _kept(request: HttpRequest, body: str) -> HttpResponse:
    """JSON that the browser keeps and asks about again: a CRD may change at any time."""
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:20]}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified()
    response = HttpResponse(body, content_type="application/json", headers={"ETag": etag})
    patch_cache_control(response, private=True, no_cache=True)
    return response
