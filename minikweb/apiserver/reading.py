"""get and list: text from the store, not parsed unless a Table, a field selector or a conversion asks for it.

Source: k8s.io/apiserver/pkg/storage/etcd3/store.go (GetList), pkg/endpoints/handlers/get.go; resourceVersion as in
https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from minikweb.apimachinery import errors
from minikweb.apimachinery.errors import BadRequest, Gone, Timeout
from minikweb.apiserver import conversion, negotiation, objects, table
from minikweb.apiserver.request import Request, Response, answer
from minikweb.apiserver.selection import Selection, selection_of
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind
from minikweb.store.query import Listing, Query
from minikweb.store.storage import Compacted

TOKEN_VERSION = "meta.k8s.io/v1"
INCONSISTENT = -1  # the revision of a continue token that goes on with whatever is there now


def get(server: Server, request: Request) -> Response:
    """One object, as itself, as a Table or as its metadata."""
    route = request.route
    check_revision(server, request)
    stored = objects.read(server, route.kind, route.namespace, route.name)
    return show(request, route.kind, stored.body)


def show(request: Request, kind: Kind, body: str, status: int = 200) -> Response:
    """An object in the form the client asked for; `body` is as stored."""
    form = negotiation.form_of(request)
    if form == "Table":
        include = table.include_object(request.query.text("includeObject"))
        metadata = {"resourceVersion": orjson.loads(body)["metadata"].get("resourceVersion", "")}
        return Response(table.table(kind, [body], request.now, include=include, metadata=metadata), status)
    if form:
        return answer(table.partial_object_metadata(orjson.loads(body)), status)
    return Response(conversion.to_served(kind, body).encode(), status)


def list_(server: Server, request: Request) -> Response:
    """The objects of a collection."""
    kind = request.route.kind
    form = negotiation.form_of(request)
    selection = selection_of(request, stored_kind(server, kind))
    bodies, metadata = select(server, request, selection)
    if form == "Table":
        include = table.include_object(request.query.text("includeObject"))
        return Response(table.table(kind, bodies, request.now, include=include, metadata=metadata))
    if form:
        return Response(table.partial_object_metadata_list(bodies, metadata))
    if conversion.is_converted(kind):
        bodies = [conversion.to_served(kind, body) for body in bodies]
    head = orjson.dumps({"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": metadata})
    return Response(b'%b,"items":[%b]}' % (head[:-1], ",".join(bodies).encode()))


def stored_kind(server: Server, kind: Kind) -> Kind:
    """The kind in whose form objects of `kind` are stored."""
    if kind.custom or not conversion.is_converted(kind):
        return kind
    return server.registry.of("v1", "Event") or kind


def select(
    server: Server, request: Request, selection: Selection, *, paged: bool = True
) -> tuple[list[str], dict[str, Any]]:
    """The bodies and the ListMeta of what a request lists; a watch is not paged and always shows the present."""
    if selection.is_impossible:
        return [], {"resourceVersion": str(server.storage.hub.revision)}
    query = _query(server, request, selection, paged)
    try:
        listing = server.storage.list(query)
    except Compacted:
        raise _expired(request, query) from None
    bodies = listing.bodies
    if selection.rest:
        bodies = [body for body in bodies if selection.fits_rest(orjson.loads(body))]
    return bodies, _list_meta(listing)


def _query(server: Server, request: Request, selection: Selection, paged: bool) -> Query:
    limit = request.query.number("limit") or 0 if paged else 0
    if limit < 0:
        raise BadRequest("limit must not be negative")
    after, at = None, None
    if token := paged and request.query.text("continue"):
        if request.query.text("resourceVersion") not in ("", "0"):
            raise BadRequest("specifying resource version is not allowed when using continue")
        at, after = read_token(token)
    elif paged:
        at = _exact_revision(server, request, limit)
    return Query(
        resource=stored_kind(server, selection.kind).storage_key,
        namespace=selection.namespace,
        name=selection.name,
        node=selection.node,
        labels=selection.labels.requirements,
        matches=selection.fits_text,
        limit=0 if selection.rest else limit,  # what is filtered here is answered whole, as the API allows
        after=after,
        at=at,
    )


def check_revision(server: Server, request: Request) -> int:
    """The revision of the query, 0 if none. Raises Timeout (504) when it is still to come, as Kubernetes does."""
    text = request.query.text("resourceVersion")
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        fault = errors.invalid_value("resourceVersion", text, "must be a whole number")
        raise errors.invalid("", request.route.kind.kind, request.route.name, [fault])
    current = server.storage.hub.revision
    if int(text) > current:
        cause = errors.cause("ResourceVersionTooLarge", "", "Too large resource version")
        raise Timeout(
            f"Too large resource version: {text}, current: {current}",
            details={"causes": [cause], "retryAfterSeconds": 1},
        )
    return int(text)


def _exact_revision(server: Server, request: Request, limit: int) -> int | None:
    revision, match = check_revision(server, request), request.query.text("resourceVersionMatch")
    if match not in ("", "Exact", "NotOlderThan"):
        fault = errors.not_supported("resourceVersionMatch", match, ["Exact", "NotOlderThan"])
        raise errors.invalid("meta.k8s.io", "ListOptions", "", [fault])
    if match and not request.query.text("resourceVersion"):
        fault = errors.forbidden_value(
            "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"
        )
        raise errors.invalid("meta.k8s.io", "ListOptions", "", [fault])
    if match == "Exact" and not revision:
        fault = errors.forbidden_value(
            "resourceVersionMatch", 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'
        )
        raise errors.invalid("meta.k8s.io", "ListOptions", "", [fault])
    legacy = not match and limit and revision
    return revision if match == "Exact" or legacy else None


def _list_meta(listing: Listing) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(listing.revision)}
    if listing.last:
        metadata["continue"] = make_token(listing.revision, listing.last)
        if listing.remaining is not None:
            metadata["remainingItemCount"] = listing.remaining
    return metadata


def make_token(revision: int, after: tuple[str, str]) -> str:
    """The continue token: the revision of the first page and where it ended."""
    content = orjson.dumps({"v": TOKEN_VERSION, "rv": revision, "start": "/".join(after)})
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def read_token(token: str) -> tuple[int | None, tuple[str, str]]:
    """The revision (None: now) and the place of a continue token. Raises BadRequest."""
    try:
        content = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        revision, start = content["rv"], content["start"]
        if content["v"] != TOKEN_VERSION or not isinstance(revision, int):
            raise ValueError
        namespace, slash, name = start.partition("/")
        if not slash:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise BadRequest("continue key is not valid: invalid continue token") from None
    return None if revision == INCONSISTENT else revision, (namespace, name)


def _expired(request: Request, query: Query) -> Gone:
    if query.after is None:
        return Gone(f"The resourceVersion for the provided list is too old: {query.at}")
    error = Gone(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    error.list_meta = {"continue": make_token(INCONSISTENT, query.after)}
    return error
