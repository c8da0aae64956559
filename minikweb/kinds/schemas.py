"""Kubernetes' OpenAPI definitions, read from the package kubernetes-validate and brought back to plain OpenAPI v3.

The package keeps all 862 definitions of a version in one JSON file of 1.8 MB, bent for JSON-schema checkers. Only what
the kinds served reach is kept, and nothing is read before it is asked for: most processes never need it.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from minikweb.kinds import registry

if TYPE_CHECKING:
    from minikweb.apimachinery.schema import Definitions

Schema = dict[str, Any]

RELEASE = "v1.37"
REF = "#/components/schemas/"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"

# What every API group speaks of beside its own kinds.
ALWAYS = tuple(META + name for name in ("APIResourceList", "DeleteOptions", "Patch", "Status", "WatchEvent"))

# The package leaves defaults out. Those of keys of associative lists are needed: without them two entries
# of which one spells the default would be two.
_DEFAULTS = {
    ("io.k8s.api.core.v1.ContainerPort", "protocol"): "TCP",
    ("io.k8s.api.core.v1.ServicePort", "protocol"): "TCP",
}


@functools.cache
def definitions() -> Definitions:
    """The definitions of the built-in kinds, their lists and bodies; without descriptions, to stay small."""
    from minikweb.apimachinery.schema import Definitions

    schemas = load(roots(registry.builtin().all()))
    for schema in schemas.values():
        _drop_descriptions(schema)
    return Definitions(schemas)


def roots(kinds: Iterable[registry.Kind]) -> list[str]:
    """The definitions from which all that these kinds need can be reached."""
    found = list(ALWAYS)
    for kind in kinds:
        if not kind.schema:  # of a group that Kubernetes' own document does not hold
            continue
        found.append(kind.schema)
        if "list" in kind.verbs:
            found.append(f"{kind.schema}List")
    return found


def load(names: Iterable[str]) -> dict[str, Schema]:
    """These definitions and all they refer to, with descriptions, sorted by name. Read anew at each call.

    Raises KeyError for a name that Kubernetes does not have.
    """
    raw = orjson.loads(_path().read_bytes())["$defs"]
    found: dict[str, Schema] = {}
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = _definition(name, raw[name])
            todo += references(found[name])
    return dict(sorted(found.items()))


TYPE_META = {
    "apiVersion": {"type": "string", "description": "The version of the schema in which this object is written."},
    "kind": {"type": "string", "description": "The kind of this object. Cannot be updated."},
}
_METADATA = "Standard object's metadata: its name, namespace, labels, annotations and what the system writes there."


def own_fields(raw: Schema) -> Schema:
    """A custom resource's schema with descriptions for the fields that every object has."""
    metadata = {"$ref": f"{REF}{META}ObjectMeta", "description": _METADATA}
    return {**raw, "properties": {**raw["properties"], **TYPE_META, "metadata": metadata}}


def references(schema: Any) -> Iterator[str]:
    """The names of the definitions a schema refers to."""
    if isinstance(schema, list):
        for item in schema:
            yield from references(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):  # a property may have that name, too
                yield value.removeprefix(REF)
            else:
                yield from references(value)


def _path() -> Path:
    """The file of the newest patch release of our version. Importing the package itself would load jsonschema."""
    spec = importlib.util.find_spec("kubernetes_validate")
    assert spec and spec.submodule_search_locations, "the package kubernetes-validate is missing"
    folder = Path(spec.submodule_search_locations[0]) / "kubernetes-json-schema"
    return max(folder.glob(f"{RELEASE}.*-local")) / "_definitions.json"


def _definition(name: str, raw: Schema) -> Schema:
    schema = _plain(raw)
    for key, prop in schema.get("properties", {}).items():
        # The package pins apiVersion and kind; Kubernetes' document leaves them open.
        if key in ("apiVersion", "kind") and "x-kubernetes-group-version-kind" in schema:
            prop.pop("enum", None)
        if (name, key) in _DEFAULTS:
            prop["default"] = _DEFAULTS[name, key]
    if name == INT_OR_STRING:
        schema["format"] = "int-or-string"
    return schema


def _plain(node: Any) -> Any:
    """A copy with `type: [string, null]` as `type: string` and references to #/components/schemas."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {}
    for key, value in node.items():
        if key == "type" and isinstance(value, list):
            value = next(word for word in value if word != "null")
        elif key == "$ref":
            value = REF + value.rpartition("/")[2]
        elif key == "properties":
            value = {name: _plain(prop) for name, prop in value.items()}
        else:
            value = _plain(value)
        plain[key] = value
    return plain


def _drop_descriptions(schema: Schema) -> None:
    schema.pop("description", None)
    for prop in schema.get("properties", {}).values():
        _drop_descriptions(prop)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            _drop_descriptions(schema[key])
