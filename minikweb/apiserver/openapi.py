"""/openapi/v3: one document per version of a group, made from the registry and Kubernetes' own definitions.

kubectl explains fields, completes strategic-merge patches and checks that the server validates (a PATCH with the query
parameter fieldValidation) from these documents; the YAML editor completes from them. /openapi/v2 is not served: only
old clients ask for it.

Source: staging/src/k8s.io/apiserver/pkg/endpoints/installer.go, k8s.io/kube-openapi/pkg/handler3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from minikweb.apiserver.discovery import VERSION, Document, kinds_of
from minikweb.kinds import schemas
from minikweb.kinds.registry import SUBRESOURCES, Kind, Registry

Operation = dict[str, Any]

ROOT = "/openapi/v3"

_STRING = {"type": "string", "uniqueItems": True}
_INTEGER = {"type": "integer", "uniqueItems": True}
_BOOLEAN = {"type": "boolean", "uniqueItems": True}
_LIST = {
    "allowWatchBookmarks": _BOOLEAN,
    "continue": _STRING,
    "fieldSelector": _STRING,
    "labelSelector": _STRING,
    "limit": _INTEGER,
    "resourceVersion": _STRING,
    "resourceVersionMatch": _STRING,
    "sendInitialEvents": _BOOLEAN,
    "timeoutSeconds": _INTEGER,
    "watch": _BOOLEAN,
}
_WRITE = {"dryRun": _STRING, "fieldManager": _STRING, "fieldValidation": _STRING}
_DELETE = {
    "dryRun": _STRING,
    "gracePeriodSeconds": _INTEGER,
    "orphanDependents": _BOOLEAN,
    "propagationPolicy": _STRING,
}
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)


class OpenAPI:
    """The documents of one registry, each made once until the registry changes."""

    def __init__(self, registry: Registry):
        self._registry = registry
        self._generation = -1
        self._documents: dict[str, tuple[list[Kind], Document]] = {}  # with the kinds it was made of
        self._index: Document | None = None

    def get(self, path: str, query_hash: str = "") -> Document | None:
        """The index at /openapi/v3 or the document of a version of a group below; None where there is none.

        A document asked by the hash that the index gave may be kept for ever by the client.
        """
        self._refresh()
        if path.rstrip("/") == ROOT:
            return self.index()
        found = self._document(path.removeprefix(f"{ROOT}/"))
        if found and query_hash and query_hash == _hash(found):
            return Document(found.body, found.content_type, found.etag, "public, immutable")
        return found

    def index(self) -> Document:
        """Which documents there are, each at an address that changes with its content."""
        if self._index is None:
            paths = {}
            for name in names(self._registry):
                found = self._document(name)
                assert found
                paths[name] = {"serverRelativeURL": f"{ROOT}/{name}?hash={_hash(found)}"}
            self._index = Document.of({"paths": paths}, cache_control="no-cache, private")
        return self._index

    def _document(self, name: str) -> Document | None:
        if name not in names(self._registry):
            return None
        kinds = kinds_of(self._registry, *group_version(name))
        known = self._documents.get(name)
        if known is None or [*map(id, known[0])] != [*map(id, kinds)]:
            made = Document.of(document(self._registry, name), cache_control="no-cache, private")
            known = self._documents[name] = (kinds, made)
        return known[1]

    def _refresh(self) -> None:
        if self._generation != self._registry.generation:
            self._generation, self._index = self._registry.generation, None


def _hash(found: Document) -> str:
    return found.etag.strip('"')


def names(registry: Registry) -> list[str]:
    """`api/v1`, `apis/apps/v1` …"""
    return [
        f"apis/{group}/{version}" if group else f"api/{version}"
        for group, versions in registry.groups().items()
        for version in versions
    ]


def group_version(name: str) -> tuple[str, str]:
    """Group and version of a document's name."""
    group, _, version = name.removeprefix("apis/").rpartition("/")
    return ("" if name.startswith("api/") else group), version


def document(registry: Registry, name: str) -> dict[str, Any]:
    """The OpenAPI v3 document called `api/v1` or `apis/<group>/<version>`."""
    kinds = [kind for kind in kinds_of(registry, *group_version(name)) if kind.schema]
    custom = [kind for kind in kinds if kind.custom]
    bodies = [kind for kind in registry.all() if kind in kinds or not kind.verbs and _speaks_of(kinds, kind)]
    known = schemas.roots(kind for kind in bodies if not kind.custom)
    if custom:
        known += [schemas.META + "ObjectMeta", schemas.META + "ListMeta"]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": f"v{VERSION}"},
        "paths": dict(path for kind in kinds for path in _paths(kind)),
        "components": {"schemas": _published({**schemas.load(known), **_custom_schemas(custom)})},
    }


def _custom_schemas(kinds: list[Kind]) -> dict[str, Any]:
    """The schemas of custom resources and of their lists, as their definitions give them."""
    found: dict[str, Any] = {}
    for kind in kinds:
        assert kind.custom
        id = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        own = schemas.own_fields(kind.custom.raw)
        found[kind.schema] = {**own, "x-kubernetes-group-version-kind": [id]}
        items = {"type": "array", "items": _ref(kind.schema), "description": f"List of {kind.plural}."}
        properties = {**schemas.TYPE_META, "metadata": _ref(schemas.META + "ListMeta"), "items": items}
        found[f"{kind.schema}List"] = {
            "description": f"{kind.kind}List is a list of {kind.kind}",
            "type": "object",
            "required": ["items"],
            "properties": properties,
            "x-kubernetes-group-version-kind": [{**id, "kind": kind.list_kind}],
        }
    return found


def _speaks_of(kinds: list[Kind], body: Kind) -> bool:
    """Whether a subresource of these kinds takes that body."""
    used = {SUBRESOURCES[name].kind for kind in kinds for name in kind.subresources}
    return body.kind in used


def _published(definitions: dict[str, Any]) -> dict[str, Any]:
    """References with something beside them become allOf: in OpenAPI 3.0 a $ref hides its siblings."""
    for schema in definitions.values():
        for prop in schema.get("properties", {}).values():
            if "$ref" in prop and len(prop) > 1:
                prop["allOf"] = [{"$ref": prop.pop("$ref")}]
    return definitions


# --- Paths -------------------------------------------------------------------------------------------


def _paths(kind: Kind) -> Iterator[tuple[str, dict[str, Any]]]:
    collection = kind.path("{namespace}" if kind.namespaced else None)
    if kind.namespaced and "list" in kind.verbs:
        yield kind.path(), {"get": _operation(kind, "list", f"{kind.schema}List", _LIST)}
    yield collection, _with_path_parameters(collection, dict(_collection_operations(kind)))
    item = f"{collection}/{{name}}"
    if "get" in kind.verbs:
        yield item, _with_path_parameters(item, dict(_item_operations(kind, kind.verbs)))
    for name in kind.subresources:
        path = f"{item}/{name}"
        yield path, _with_path_parameters(path, dict(_item_operations(_body(kind, name), SUBRESOURCES[name].verbs)))


def _body(kind: Kind, subresource: str) -> Kind:
    """The kind that a subresource takes and gives, for its schema and its name."""
    found = SUBRESOURCES[subresource]
    if not found.kind:
        return kind
    group, _, version = (found.api_version or kind.api_version).rpartition("/")
    package = group.partition(".")[0] or "core"
    schema = f"io.k8s.api.{package}.{version}.{found.kind}"
    is_options = "Options" in schema  # a query, and no body
    return replace(kind, group=group, version=version, kind=found.kind_for(kind), schema="" if is_options else schema)


def _with_path_parameters(path: str, operations: dict[str, Operation]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _STRING}
        for name in ("name", "namespace")
        if f"{{{name}}}" in path
    ]
    return {**operations, "parameters": parameters} if parameters else operations


def _collection_operations(kind: Kind) -> Iterator[tuple[str, Operation]]:
    if "list" in kind.verbs:
        yield "get", _operation(kind, "list", f"{kind.schema}List", _LIST)
    if "create" in kind.verbs:
        yield "post", _operation(kind, "post", kind.schema, _WRITE, _json_body(kind.schema))
    if "deletecollection" in kind.verbs:
        options = schemas.META + "DeleteOptions"
        yield (
            "delete",
            _operation(kind, "deletecollection", schemas.META + "Status", {**_LIST, **_DELETE}, _json_body(options)),
        )


def _item_operations(kind: Kind, verbs: tuple[str, ...]) -> Iterator[tuple[str, Operation]]:
    if "get" in verbs:
        yield "get", _operation(kind, "get", kind.schema, {})
    if "create" in verbs and "list" not in verbs:
        yield "post", _operation(kind, "post", kind.schema, _WRITE, _json_body(kind.schema))
    if "update" in verbs:
        yield "put", _operation(kind, "put", kind.schema, _WRITE, _json_body(kind.schema))
    if "patch" in verbs:
        patches = [media for media in _PATCHES if not kind.custom or "strategic" not in media]
        body = {"content": {media: {"schema": _ref(schemas.META + "Patch")} for media in patches}}
        yield "patch", _operation(kind, "patch", kind.schema, {**_WRITE, "force": _BOOLEAN}, body)
    if "delete" in verbs:
        options = schemas.META + "DeleteOptions"
        yield "delete", _operation(kind, "delete", schemas.META + "Status", _DELETE, _json_body(options))


def _operation(
    kind: Kind, action: str, answer: str, query: dict[str, Any], body: dict[str, Any] | None = None
) -> Operation:
    content = {"application/json": {"schema": _ref(answer)}} if answer else {"*/*": {"schema": {"type": "string"}}}
    operation: Operation = {
        "tags": [f"{kind.group.partition('.')[0] or 'core'}_{kind.version}"],
        "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in sorted(query.items())],
        "responses": {"200": {"description": "OK", "content": content}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
    }
    if body:
        operation["requestBody"] = body
    return operation


def _json_body(schema: str) -> dict[str, Any]:
    return {"content": {"*/*": {"schema": _ref(schema) if schema else {}}}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": schemas.REF + name}
