"""What is answered without a resource: health, version, discovery, OpenAPI, and the list of paths."""

from __future__ import annotations

from collections.abc import Mapping

from minikweb.apiserver.discovery import Document
from minikweb.apiserver.openapi import ROOT as OPENAPI
from minikweb.apiserver.request import Response, Values
from minikweb.apiserver.request import answer as json_answer
from minikweb.apiserver.routes import method_not_allowed, unknown_path
from minikweb.apiserver.server import Server

HEALTH = ("/healthz", "/livez", "/readyz")
TEXT = "text/plain; charset=utf-8"


def answer(server: Server, method: str, path: str, query: str, headers: Mapping[str, str]) -> Response:
    """Raises NotFound, MethodNotAllowed."""
    if method not in ("GET", "HEAD"):
        raise method_not_allowed() if _exists(server, path) else unknown_path()
    if path.startswith(HEALTH):
        return _health(server, path, query)
    if path == "/":
        return json_answer({"paths": _paths(server)})
    if path.startswith(OPENAPI):
        document = server.openapi.get(path, Values(query).text("hash"))
    else:
        document = server.discovery.get(path, headers.get("accept", ""))
    if document is None:
        raise unknown_path()
    return _show(document, headers.get("if-none-match", ""))


def _exists(server: Server, path: str) -> bool:
    return path.startswith((*HEALTH, OPENAPI)) or server.discovery.get(path) is not None


def _health(server: Server, path: str, query: str) -> Response:
    """`ok`, once the store answers; livez does not ask it. With ?verbose each check has its line."""
    name = path.strip("/").split("/")[0]
    checks = ["ping"]
    if name != "livez":
        server.storage.ping()
        checks.append("etcd")
    asked = path.strip("/").split("/")[1:]
    if asked and asked[0] not in checks:
        raise unknown_path()
    if "verbose" not in query:
        return Response(b"ok", content_type=TEXT)
    lines = [f"[+]{check} ok" for check in checks] + [f"{name} check passed", ""]
    return Response("\n".join(lines).encode(), content_type=TEXT)


def _paths(server: Server) -> list[str]:
    groups = server.registry.groups()
    named = [f"/apis/{group}" for group in groups if group]
    versions = [f"/apis/{group}/{version}" for group, versions in groups.items() if group for version in versions]
    return sorted(["/api", "/api/v1", "/apis", *named, *versions, *HEALTH, OPENAPI, "/version"])


def _show(document: Document, known: str) -> Response:
    headers = [("etag", document.etag)]
    if document.cache_control:
        headers.append(("cache-control", document.cache_control))
    headers.append(("vary", "Accept"))
    if known and document.etag in known:
        return Response(b"", 304, headers=headers)
    return Response(document.body, content_type=document.content_type, headers=headers)
