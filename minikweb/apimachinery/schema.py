"""The schemas of objects, compiled from OpenAPI v3 definitions, and what they say of a document.

Source of the wording: sigs.k8s.io/json (strict decoding) and encoding/json of Go, which kubectl's users know.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from minikweb.apimachinery import clock, quantity

REFERENCE = "#/components/schemas/"

ATOMIC, SET, MAP = "atomic", "set", "map"  # x-kubernetes-list-type


class Schema:
    """One node of the compiled graph (it has cycles: JSONSchemaProps). Read-only once made.

    type            object, array, string, integer, number, boolean, int-or-string, quantity, "" (anything)
    properties      of a struct; empty for maps (`additional`) and for open objects (`is_open`)
    additional      schema of a map's values
    items           schema of a list's items
    list_type       atomic (also when not said), set or map; map_keys its keys
    is_atomic       an object or list that is owned and replaced as a whole
    patch_strategies, merge_key    of strategic merge patch
    default         the declared default (used for absent keys of list items)
    item_keys       of a list with map_keys, once asked for: (key, its start in a path element, default), sorted
    nullable        whether a null says something (in custom resources)
    name            of the definition: io.k8s.api.core.v1.Pod; "" for a schema written in place
    """

    __slots__ = (
        "additional", "default", "format", "is_atomic", "is_open", "item_keys", "items", "list_type", "map_keys",
        "merge_key", "name", "nullable", "patch_strategies", "properties", "type",
    )  # fmt: skip

    def __init__(self, name: str = "", type: str = ""):
        self.name = name
        self.type = type
        self.format = ""
        self.properties: dict[str, Schema] = {}
        self.additional: Schema | None = None
        self.items: Schema | None = None
        self.list_type = ""
        self.map_keys: tuple[str, ...] = ()
        self.is_atomic = False
        self.is_open = False
        self.patch_strategies: tuple[str, ...] = ()
        self.merge_key = ""
        self.default: Any = None
        self.nullable = False
        self.item_keys: tuple[tuple[str, str, Any], ...] = ()

    def field(self, key: str) -> Schema | None:
        """The schema of a field of a struct or of a value of a map; None where anything goes or nothing is known."""
        return self.properties.get(key) or self.additional

    @property
    def short_name(self) -> str:
        """`PodSpec` of io.k8s.api.core.v1.PodSpec."""
        return self.name.rpartition(".")[2]

    def __repr__(self) -> str:
        return f"Schema({self.name or self.type or 'anything'})"


ANYTHING = Schema()
ANYTHING.is_open = True


class Definitions:
    """All definitions of an OpenAPI v3 document (`components.schemas`), compiled one by one when asked for."""

    def __init__(self, components: Mapping[str, dict[str, Any]]):
        self.components = components
        self._compiled: dict[str, Schema] = {}

    def of(self, name: str) -> Schema:
        """The schema of a definition such as io.k8s.api.core.v1.Pod; KeyError if there is none."""
        found = self._compiled.get(name)
        if found is None:
            raw = self.components[name]
            found = self._compiled[name] = Schema(name)  # before its fields, which may lead back to it
            self._fill(found, raw)
        return found

    def property(self, schema: Schema, key: str) -> Schema | None:
        """The schema of a field; the same as schema.field(key)."""
        return schema.field(key)

    def compile(self, raw: Mapping[str, Any]) -> Schema:
        """A schema written in place (a CRD's openAPIV3Schema); may refer to the definitions."""
        reference, raw = _reference(raw)
        if not reference:
            schema = Schema()
            self._fill(schema, raw)
            return schema
        target = self.of(reference) if reference in self.components else ANYTHING
        return self._extended(target, raw) if _has_extensions(raw) else target

    def _fill(self, schema: Schema, raw: Mapping[str, Any]) -> None:
        schema.type = _type_of(schema.name, raw)
        schema.format = raw.get("format", "")
        _read_extensions(schema, raw)
        if raw.get("items"):
            schema.items = self.compile(raw["items"])
        additional = raw.get("additionalProperties")
        if isinstance(additional, Mapping):
            schema.additional = self.compile(additional)
        elif additional is True:
            schema.additional = ANYTHING
        for key, value in (raw.get("properties") or {}).items():
            schema.properties[key] = self.compile(value)
        schema.is_open = _is_open(schema, raw)
        schema.nullable = bool(raw.get("nullable"))

    def _extended(self, target: Schema, raw: Mapping[str, Any]) -> Schema:
        schema = Schema(target.name)
        for slot in Schema.__slots__:
            setattr(schema, slot, getattr(target, slot))
        _read_extensions(schema, raw)
        return schema


def _reference(raw: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """(name of the definition or "", the rest): a $ref beside other keys, or alone in an allOf."""
    reference = raw.get("$ref")
    if reference is None and len(raw.get("allOf") or ()) == 1:
        reference = raw["allOf"][0].get("$ref")
    return (reference.rpartition("/")[2], raw) if reference else ("", raw)


_EXTENSIONS = (
    "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key", "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "default",
)  # fmt: skip


def _has_extensions(raw: Mapping[str, Any]) -> bool:
    return any(raw.get(key) not in (None, {}) for key in _EXTENSIONS)


def _read_extensions(schema: Schema, raw: Mapping[str, Any]) -> None:
    if raw.get("x-kubernetes-patch-strategy"):
        schema.patch_strategies = tuple(part.strip() for part in raw["x-kubernetes-patch-strategy"].split(","))
    schema.merge_key = raw.get("x-kubernetes-patch-merge-key", schema.merge_key)
    if raw.get("x-kubernetes-list-map-keys"):
        schema.map_keys = tuple(raw["x-kubernetes-list-map-keys"])
    schema.list_type = raw.get("x-kubernetes-list-type", schema.list_type)
    if raw.get("default") not in (None, {}):
        schema.default = raw["default"]
    if schema.type == "array":
        schema.list_type = schema.list_type or ATOMIC
        schema.is_atomic = schema.list_type == ATOMIC
    if "x-kubernetes-map-type" in raw:
        schema.is_atomic = raw["x-kubernetes-map-type"] == ATOMIC


_BY_NAME = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Duration": "string",
}


def _type_of(name: str, raw: Mapping[str, Any]) -> str:
    if name in _BY_NAME:
        return _BY_NAME[name]
    if raw.get("x-kubernetes-int-or-string") or raw.get("format") == "int-or-string":
        return "int-or-string"
    declared = raw.get("type", "")
    if isinstance(declared, (list, tuple)):
        declared = next((each for each in declared if each != "null"), "")
    if not declared and ("properties" in raw or "additionalProperties" in raw):
        return "object"
    return declared


def _is_open(schema: Schema, raw: Mapping[str, Any]) -> bool:
    """Whether fields that are not declared are welcome."""
    if raw.get("x-kubernetes-preserve-unknown-fields") or raw.get("x-kubernetes-embedded-resource"):
        return True
    return schema.type in ("object", "") and not schema.properties and schema.additional is None


# --- What a schema says of a document ------------------------------------------------------------------
def unknown_fields(obj: Any, schema: Schema) -> list[str]:
    """The paths of fields the schema does not know: `spec.foo`, `spec.containers[0].imag`."""
    found: list[str] = []
    _find_unknown(obj, schema, "", found)
    return found


def _find_unknown(value: Any, schema: Schema, path: str, found: list[str]) -> None:
    if type(value) is dict:
        properties, additional = schema.properties, schema.additional
        prefix = f"{path}." if path else ""
        for key, item in value.items():
            below = properties.get(key) or additional
            if below is not None:
                if type(item) is dict or type(item) is list:
                    _find_unknown(item, below, prefix + key, found)
            elif not schema.is_open and schema.type == "object":
                found.append(prefix + key)
    elif type(value) is list and schema.items is not None:
        for index, item in enumerate(value):
            if type(item) is dict or type(item) is list:
                _find_unknown(item, schema.items, f"{path}[{index}]", found)


def prune(obj: Any, schema: Schema, *, is_typed: bool = True) -> None:
    """Drops, in place, the fields the schema does not know and the fields that are null, as typed decoding does.

    Go's structs also turn a null in a list into an empty item; a custom resource (not `is_typed`) keeps it.
    """
    if type(obj) is list:
        if schema.items is not None:
            if is_typed and None in obj:
                obj[:] = [_ZEROS.get(schema.items.type, lambda: None)() if item is None else item for item in obj]
            for item in obj:
                prune(item, schema.items, is_typed=is_typed)
        return
    if type(obj) is not dict or (schema.is_open and not schema.properties):
        return
    properties, additional = schema.properties, schema.additional
    dropped = []
    for key, item in obj.items():
        below = properties.get(key) or additional
        if item is None:
            if not (schema.is_open if below is None else below.nullable):
                dropped.append(key)
        elif below is None and not schema.is_open and schema.type == "object":
            dropped.append(key)
        elif below is not None and (type(item) is dict or type(item) is list):
            prune(item, below, is_typed=is_typed)
    for key in dropped:
        del obj[key]


_ZEROS: dict[str, Callable[[], Any]] = {"object": dict, "array": list, "string": str, "integer": int, "number": int}
_ZEROS |= {"boolean": bool, "int-or-string": int, "quantity": lambda: "0"}


def validate(obj: Any, schema: Schema) -> list[str]:
    """What has the wrong type, in Go's words; the first is the message of the BadRequest. Unknown fields are no matter.

    `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`
    """
    found: list[str] = []
    _check(obj, schema, "", "", found)
    return found


def _check(value: Any, schema: Schema, struct: str, path: str, found: list[str]) -> None:
    """`struct` is the Go struct whose field this is, `path` the names that lead here, without indexes."""
    if value is None or not schema.type:
        return
    kind = type(value)
    if kind is dict and schema.type == "object":
        properties, additional = schema.properties, schema.additional
        for key, item in value.items():
            own = properties.get(key)
            below = own or additional
            if below is None or (type(item) is str and below.type == "string" and below.format not in _CHECKED):
                continue
            if own is not None:
                _check(item, own, schema.short_name or struct, f"{path}.{key}" if path else key, found)
            else:
                _check(item, below, struct, path, found)
    elif kind is list and schema.type == "array":
        if schema.items is not None:
            for item in value:
                _check(item, schema.items, struct, path, found)
    elif problem := _mismatch(value, kind, schema):
        is_whole = problem == quantity.INVALID or problem.startswith((_NO_TIME, _NO_BYTES))
        found.append(problem if is_whole else _unmarshal(problem, struct, path, schema))


def _mismatch(value: Any, kind: type, schema: Schema) -> str:
    """How JSON calls what stands there if it does not fit ("string", "number 1.5"); "" if it fits."""
    declared = schema.type
    if kind is str:
        if declared == "quantity":
            return _quantity_problem(value)
        if declared == "string" and schema.format in _CHECKED:
            return _CHECKED[schema.format](value)
        return "" if declared in ("string", "int-or-string") else "string"
    if kind is bool:
        return "" if declared == "boolean" else "bool"
    if kind is int:
        if declared == "integer":
            bits = 31 if schema.format == "int32" else 63
            return "" if -(1 << bits) <= value < (1 << bits) else f"number {value}"
        if declared == "int-or-string":
            return "" if -(1 << 31) <= value < (1 << 31) else f"number {value}"
        return "" if declared in ("number", "quantity") else "number"
    if kind is float:
        if declared in ("number", "quantity"):
            return ""
        return f"number {value:g}" if declared in ("integer", "int-or-string") else "number"
    return "object" if kind is dict else "array"


def _quantity_problem(text: str) -> str:
    try:
        quantity.parse(text)
    except ValueError as error:
        return str(error)
    return ""


_NO_TIME, _NO_BYTES = "parsing time", "illegal base64 data"


def _time_problem(text: str) -> str:
    try:
        clock.parse(text)
    except (ValueError, OverflowError):
        return f'{_NO_TIME} "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse'
    return ""


def _bytes_problem(text: str) -> str:
    """Of []byte: base64, in which Go skips line ends."""
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        good = re.match(r"(?:[A-Za-z0-9+/]{4})*", text)
        return f"{_NO_BYTES} at input byte {good.end() if good else 0}"
    return ""


_CHECKED = {"date-time": _time_problem, "byte": _bytes_problem}  # formats of strings


def _unmarshal(found: str, struct: str, path: str, schema: Schema) -> str:
    place = f"Go struct field {struct}.{path}" if path else "Go value"
    return f"json: cannot unmarshal {found} into {place} of type {go_type(schema)}"


_GO_TYPES = {"string": "string", "boolean": "bool", "int-or-string": "int32", "quantity": "resource.Quantity"}


def go_type(schema: Schema | None) -> str:
    """How Go names a schema's type in its messages: int32, map[string]string, []v1.Container."""
    if schema is None or not schema.type:
        return "interface {}"
    if schema.type == "integer":
        return "int32" if schema.format == "int32" else "int64"
    if schema.type == "number":
        return "float64"
    if schema.type == "array":
        return f"[]{go_type(schema.items)}"
    if schema.type != "object":
        return "v1." + schema.short_name if schema.short_name in ("Time", "MicroTime") else _GO_TYPES[schema.type]
    if schema.name:
        return ".".join(schema.name.split(".")[-2:])
    return f"map[string]{go_type(schema.additional)}"
