"""What the editor has to know of a kind, cut out of the API server's /openapi/v3. Pure.

{"root": "io.k8s.api.apps.v1.Deployment",
 "types": {"<name>": {"doc": "…", "fields": {"replicas": {"type": "integer", "doc": "…", "required": true}}}}}

A field, an item (`of`) and the value of a map (`map`) have the same form:
  type   object, list, map, string, integer, number, boolean, any (int-or-string and quantities are "any")
  ref    the name of a type, of an object
  of     of a list's items; map: of a map's values
  enum   the values that are allowed
  usual  the values that the description names: proposed, never checked
What only the server writes (status, managedFields …) is marked `kept`.
"""

from __future__ import annotations

import re
from typing import Any

Schema = dict[str, Any]

REFERENCE = "#/components/schemas/"
KEPT = (
    "managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "deletionTimestamp",
    "deletionGracePeriodSeconds",
)  # fmt: skip
_LOOSE = ("int-or-string", "quantity")


def of_kind(document: Schema, group: str, version: str, kind: str) -> Schema | None:
    """The types that a kind reaches in an OpenAPI v3 document; None if the document does not have the kind."""
    components = document.get("components", {}).get("schemas", {})
    root = next((name for name, raw in components.items() if _is(raw, group, version, kind)), None)
    if root is None:
        return None
    types: dict[str, Schema] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in types or name not in components:
            continue
        types[name] = _type(components[name], types, name)
        waiting += _references(types[name])
    _mark_kept(types, root)
    return {"root": root, "types": types}


def _mark_kept(types: dict[str, Schema], root: str) -> None:
    if "status" in types[root]["fields"]:
        types[root]["fields"]["status"]["kept"] = True
    for name, found in types.items():
        if name.endswith(".ObjectMeta"):
            for field in KEPT:
                found["fields"].get(field, {})["kept"] = True


def _is(raw: Schema, group: str, version: str, kind: str) -> bool:
    wanted = {"group": group, "version": version, "kind": kind}
    return wanted in (raw.get("x-kubernetes-group-version-kind") or ())


def _type(raw: Schema, types: dict[str, Schema], name: str) -> Schema:
    required = raw.get("required") or ()
    fields = {}
    for key, prop in (raw.get("properties") or {}).items():
        fields[key] = _field(prop, types, f"{name}.{key}")
        if key in required:
            fields[key]["required"] = True
    found: Schema = {"doc": raw.get("description", ""), "fields": fields}
    if raw.get("x-kubernetes-preserve-unknown-fields") or raw.get("additionalProperties") or not fields:
        found["open"] = True
    return found


def _field(raw: Schema, types: dict[str, Schema], path: str) -> Schema:
    """One field; objects written in place (in custom resources) become types of their own, named by their path."""
    doc = raw.get("description", "")
    if "allOf" in raw and len(raw["allOf"]) == 1:
        raw = {**raw["allOf"][0], **{key: value for key, value in raw.items() if key != "allOf"}}
    found = _shape(raw, types, path)
    if doc:
        found["doc"] = doc
    if raw.get("enum"):
        found["enum"] = [value for value in raw["enum"] if value != ""]
    elif found["type"] == "string" and (usual := _usual(doc)):
        found["usual"] = usual
    return found


_CHOICES = re.compile(r"(?:one of|can be|must be|valid (?:options|values) are|supports?):?\s([^.]*)", re.IGNORECASE)


def _usual(doc: str) -> list[str]:
    """The values a description lists, such as "One of Always, Never, IfNotPresent."."""
    found = _CHOICES.search(doc)
    words = re.findall(r"\b[A-Z][A-Za-z]+\b", found[1]) if found else []
    return list(dict.fromkeys(words)) if len(words) > 1 else []


def _shape(raw: Schema, types: dict[str, Schema], path: str) -> Schema:
    if "$ref" in raw:
        name = raw["$ref"].removeprefix(REFERENCE)
        loose = name.endswith((".IntOrString", ".Quantity", ".Time", ".MicroTime", ".FieldsV1", ".RawExtension"))
        return {"type": "string" if name.endswith("Time") else "any"} if loose else {"type": "object", "ref": name}
    kind = raw.get("type", "")
    if raw.get("x-kubernetes-int-or-string") or raw.get("format") in _LOOSE or "oneOf" in raw:
        return {"type": "any"}
    if kind == "array":
        return {"type": "list", "of": _field(raw.get("items") or {}, types, f"{path}[]")}
    if raw.get("properties"):
        types[path] = _type(raw, types, path)
        return {"type": "object", "ref": path}
    if isinstance(raw.get("additionalProperties"), dict):
        return {"type": "map", "map": _field(raw["additionalProperties"], types, f"{path}{{}}")}
    return {"type": kind if kind in ("string", "integer", "number", "boolean") else "any"}


def _references(found: Schema) -> list[str]:
    names = []
    waiting = list(found["fields"].values())
    while waiting:
        field = waiting.pop()
        if "ref" in field:
            names.append(field["ref"])
        waiting += [field[key] for key in ("of", "map") if key in field]
    return names


def kinds_of(*lists: Schema) -> list[dict[str, Any]]:
    """{apiVersion, kind, namespaced} of what can be created, from aggregated discovery, in its order."""
    found = []
    for group in (item for listed in lists for item in listed.get("items") or ()):
        for version in group.get("versions") or ():
            name = group.get("metadata", {}).get("name", "")
            api_version = f"{name}/{version['version']}" if name else version["version"]
            for resource in version.get("resources") or ():
                kind = (resource.get("responseKind") or {}).get("kind", "")
                if kind and "create" in (resource.get("verbs") or ()) and "get" in resource["verbs"]:
                    found.append(
                        {"apiVersion": api_version, "kind": kind, "namespaced": resource["scope"] == "Namespaced"}
                    )
    return found
