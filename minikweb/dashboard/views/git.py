"""The git server in the box, for GitOps: anybody clones, an administrator pushes, and a push is followed at once."""

from __future__ import annotations

import base64
import gzip
import subprocess
import zlib
from contextlib import suppress

from django.contrib.auth import authenticate
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from minikweb import settings
from minikweb.apimachinery.errors import ApiError
from minikweb.client.shared import shared_cache
from minikweb.gitops import server
from minikweb.gitops.application import API_VERSION, NAMESPACE, REFRESH, InvalidSpec, sources
from minikweb.people import actor, throttle
from minikweb.people.middleware import open_to_all
from minikweb.people.views import address_of


@open_to_all
@csrf_exempt  # git sends no cookie, and asks for a password where one is needed
@require_http_methods(["GET", "POST"])
def serve(request: HttpRequest, name: str, path: str) -> HttpResponse:
    """`git clone`, `git fetch` and `git push`."""
    try:
        repository = server.ensure(settings.GIT_DIR, settings.GIT_EXAMPLES, name, address())
    except server.NoSuchRepository:
        raise Http404(name) from None
    user = ""
    if server.is_push(path, request.META.get("QUERY_STRING", "")):  # asked before the body is read
        user = _pusher(request)
        if not user:
            return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="Minikweb"'})
    asked = _asked(request, path)
    if asked is None:
        return HttpResponse(_("This push is too large."), status=413)
    try:
        answer = server.serve(repository, asked, user)
    except subprocess.TimeoutExpired:
        return HttpResponse(status=504)
    if user and asked.method == "POST" and answer.status == 200:
        refresh(f"{address()}/{name}.git")
    return HttpResponse(answer.body, status=answer.status, headers=answer.headers)


def address() -> str:
    """Where this server is, for the controller on the same machine and for its user's git."""
    return f"http://127.0.0.1:{settings.HTTP_PORT}/git"


def _asked(request: HttpRequest, path: str) -> server.Request | None:
    """None for more than a push may be; the size is read before the body."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > server.MOST_BYTES:
        return None
    body, encoding = request.read(server.MOST_BYTES + 1), request.headers.get("Content-Encoding", "")
    if encoding == "gzip":
        body, encoding = _unpacked(body), ""
    if body is None or len(body) > server.MOST_BYTES:
        return None
    return server.Request(
        method=request.method or "GET",
        path=f"/{path}",
        query=request.META.get("QUERY_STRING", ""),
        content_type=request.content_type or "",
        encoding=encoding,
        protocol=request.headers.get("Git-Protocol", ""),
        body=body,
    )


def _unpacked(body: bytes) -> bytes | None:
    """None where it is no gzip, or would be too large."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(body, server.MOST_BYTES + 1)
    except (zlib.error, gzip.BadGzipFile):
        return None
    return None if unpacker.unconsumed_tail else found


def _pusher(request: HttpRequest) -> str:
    """Who pushes: the administrator of this machine, or a teacher by name and password; "" for nobody who may."""
    who = actor.present()
    if who is not None and who.is_administrator:
        return "administrator"
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        name, _colon, password = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return ""
    keys = (f"address {address_of(request)}", f"name {name.lower()}")
    if max(throttle.PASSWORDS.wait(key) for key in keys):
        return ""
    found = authenticate(request, username=name, password=password[:1000])
    if found is None:
        for key in keys:
            throttle.PASSWORDS.count(key)
        return ""
    return found.get_username()


def refresh(url: str) -> None:
    """Asks the Applications of a repository to look at once, as Argo CD's webhook does."""
    client = shared_cache().client
    with suppress(ApiError):
        kind = client.kind_of({"apiVersion": API_VERSION, "kind": "Application"})
        for app in client.list(kind, NAMESPACE)["items"]:
            with suppress(InvalidSpec, ApiError):
                if any(source.repo_url.removesuffix(".git") == url.removesuffix(".git") for source in sources(app)):
                    patch = {"metadata": {"annotations": {REFRESH: "normal"}}}
                    client.patch(kind, app["metadata"]["name"], patch, NAMESPACE)
