"""Lists of what the pages do not follow: asked of the API as the reader, who may not see every namespace."""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery.errors import Forbidden
from minikweb.dashboard import cluster
from minikweb.kinds.registry import Kind

Object = dict[str, Any]


def seen(kind: str | Kind, namespace: str = "", **selectors: str) -> list[Object]:
    """The objects of a namespace, or of all that the reader may look into. Raises ApiError."""
    client = cluster.client()
    try:
        return client.list(kind, namespace or None, **selectors)["items"]
    except Forbidden as refused:
        if namespace:
            raise
        refusal = refused
    found: list[Object] = []
    allowed = False
    for each in cluster.cache().list("Namespace"):
        try:
            found += client.list(kind, each["metadata"]["name"], **selectors)["items"]
            allowed = True
        except Forbidden:
            continue
    if not allowed:
        raise refusal
    return found
