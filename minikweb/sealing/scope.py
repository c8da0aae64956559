"""Where a sealed value may be opened: bound to name and namespace, to the namespace, or to nothing.

Source: sealed-secrets' EncryptionLabel and SecretScope.
"""

from __future__ import annotations

from typing import Any, Literal

Object = dict[str, Any]
Scope = Literal["strict", "namespace-wide", "cluster-wide"]

SCOPES: tuple[Scope, ...] = ("strict", "namespace-wide", "cluster-wide")
PREFIX = "sealedsecrets.bitnami.com/"
NAMESPACE_WIDE = f"{PREFIX}namespace-wide"
CLUSTER_WIDE = f"{PREFIX}cluster-wide"


def scope_of(obj: Object) -> Scope:
    """The scope an object's annotations ask for."""
    annotations = obj.get("metadata", {}).get("annotations") or {}
    if annotations.get(CLUSTER_WIDE) == "true":
        return "cluster-wide"
    return "namespace-wide" if annotations.get(NAMESPACE_WIDE) == "true" else "strict"


def label(namespace: str, name: str, scope: Scope) -> bytes:
    """What has to be known to open the value."""
    return {"cluster-wide": "", "namespace-wide": namespace, "strict": f"{namespace}/{name}"}[scope].encode()


def label_of(obj: Object) -> bytes:
    metadata = obj.get("metadata", {})
    return label(metadata.get("namespace") or "", metadata.get("name") or "", scope_of(obj))


def annotated(annotations: dict[str, str] | None, scope: Scope) -> dict[str, str]:
    """The annotations, saying this scope and no other."""
    kept = {key: value for key, value in (annotations or {}).items() if key not in (NAMESPACE_WIDE, CLUSTER_WIDE)}
    said = {"strict": {}, "namespace-wide": {NAMESPACE_WIDE: "true"}, "cluster-wide": {CLUSTER_WIDE: "true"}}
    return {**kept, **said[scope]}
