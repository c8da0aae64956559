"""The group apiextensions.k8s.io: v1. A CustomResourceDefinition makes a kind; customresources.py says which.

Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go,
pkg/apiserver/schema/validation.go, pkg/registry/customresourcedefinition/strategy.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import forbidden_value, invalid_value, not_supported, required
from minikweb.apimachinery.jsonpath import Path
from minikweb.apimachinery.structural import INT_OR_STRING, Structural, python_pattern
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import NAME, UNKNOWN
from minikweb.kinds.registry import Cause, Column, Kind, Object

GROUP = "apiextensions.k8s.io"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"  # holds a definition until its objects are gone
COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
PRESERVE = "x-kubernetes-preserve-unknown-fields"
_APPROVED = "api-approved.kubernetes.io"
_DNS_1035 = meta.validate_dns_1035_label


# --- Defaults and status -----------------------------------------------------------------------------


def _default(definition: Object) -> None:
    spec = definition.setdefault("spec", {})
    names = spec.setdefault("names", {})
    if names.get("kind"):
        names["singular"] = names.get("singular") or names["kind"].lower()
        names["listKind"] = names.get("listKind") or f"{names['kind']}List"
    spec.setdefault("conversion", {}).setdefault("strategy", "None")


def _prepare_for_create(definition: Object) -> None:
    """A definition that is valid is in force at once: its names were free, or it would have been refused."""
    definition["metadata"]["generation"] = 1
    now = definition["metadata"].get("creationTimestamp")
    definition["status"] = {
        "conditions": [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
        ],
        "acceptedNames": definition["spec"].get("names") or {},
        "storedVersions": [version for version in [storage_version(definition)] if version],
    }


def _condition(type: str, reason: str, message: str, now: str | None) -> Object:
    return {"type": type, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}


def _prepare_for_update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    strategy.next_generation(new, old, strategy.spec_of)
    status = new.get("status") or {}
    stored, version = status.get("storedVersions") or [], storage_version(new)
    if status and new["spec"] != old["spec"]:
        versions = stored if not version or version in stored else [*stored, version]
        new["status"] = {**status, "acceptedNames": new["spec"].get("names") or {}, "storedVersions": versions}


def storage_version(definition: Object) -> str:
    """The version its objects are stored in, "" if none is marked."""
    versions = definition["spec"].get("versions") or ()
    return next((version.get("name", "") for version in versions if version.get("storage")), "")


# --- Validation ----------------------------------------------------------------------------------------


def _validate(definition: Object, old: Object | None) -> list[Cause]:
    spec, metadata = definition.get("spec") or {}, definition["metadata"]
    causes = _validate_group(spec.get("group", ""), metadata) + _validate_names(spec.get("names") or {})
    wanted = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"
    if metadata.get("name") != wanted:
        causes.append(invalid_value("metadata.name", metadata.get("name"), 'must be spec.names.plural+"."+spec.group'))
    causes += formats.one_of("spec.scope", spec.get("scope"), ("Cluster", "Namespaced"))
    if spec.get("preserveUnknownFields"):
        detail = f"cannot set to true, set {PRESERVE} to true in spec.versions[*].schema instead"
        causes.append(invalid_value("spec.preserveUnknownFields", True, detail))
    causes += formats.one_of("spec.conversion.strategy", spec["conversion"].get("strategy"), ("None", "Webhook"))
    causes += _validate_versions(spec.get("versions") or [])
    return causes + (_validate_change(spec, old.get("spec") or {}) if old else [])


def _validate_group(group: str, metadata: Object) -> list[Cause]:
    if not group:
        return [required("spec.group")]
    causes = formats.dns_subdomain("spec.group", group)
    if "." not in group:
        causes.append(invalid_value("spec.group", group, "should be a domain with at least one dot"))
    protected = group in ("k8s.io", "kubernetes.io") or group.endswith((".k8s.io", ".kubernetes.io"))
    if protected and not (metadata.get("annotations") or {}).get(_APPROVED):
        detail = f'protected groups must have approval annotation "{_APPROVED}"'
        causes.append(required(f"metadata.annotations[{_APPROVED}]", detail))
    return causes


def _validate_names(names: Object) -> list[Cause]:
    causes = []
    for key in ("plural", "singular"):
        causes += formats.named(f"spec.names.{key}", names.get(key), _DNS_1035)
    for key in ("kind", "listKind"):
        causes += formats.named(f"spec.names.{key}", (names.get(key) or "").lower(), _DNS_1035)
    for key in ("shortNames", "categories"):
        for index, name in enumerate(names.get(key) or ()):
            causes += formats.named(f"spec.names.{key}[{index}]", name, _DNS_1035)
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        causes.append(invalid_value("spec.names.listKind", names["listKind"], "kind and listKind may not be the same"))
    return causes


def _validate_versions(versions: list[Object]) -> list[Cause]:
    causes = []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        shown = [version.get("name") for version in versions]
        causes.append(invalid_value("spec.versions", shown, "must have exactly one version marked as storage version"))
    if len({version.get("name") for version in versions}) != len(versions):
        causes.append(invalid_value("spec.versions", "", "must not have duplicate version names"))
    same = all(version.get("schema") == versions[0].get("schema") for version in versions)
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        causes += formats.named(f"{path}.name", version.get("name"), _DNS_1035)
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            causes.append(required(f"{path}.schema.openAPIV3Schema", "schemas are required"))
        elif not same or index == 0:  # Kubernetes names a schema that all versions share once
            root = "spec.validation.openAPIV3Schema" if same else f"{path}.schema.openAPIV3Schema"
            causes += _validate_root(root, version["schema"]["openAPIV3Schema"])
        causes += _validate_columns(f"{path}.additionalPrinterColumns", version.get("additionalPrinterColumns") or [])
        causes += _validate_subresources(f"{path}.subresources", version.get("subresources") or {})
    return causes


def _validate_columns(path: str, columns: list[Object]) -> list[Cause]:
    causes = []
    for index, column in enumerate(columns):
        where = f"{path}[{index}]"
        if not column.get("name"):
            causes.append(required(f"{where}.name"))
        causes += formats.one_of(f"{where}.type", column.get("type"), COLUMN_TYPES)
        causes += _validate_path(f"{where}.jsonPath", column.get("jsonPath"), ".")
    return causes


def _validate_path(path: str, text: str | None, start: str) -> list[Cause]:
    if not text:
        return [required(path)]
    if start != "." and "[" in text:
        return [invalid_value(path, text, "should be a json path without array notation")]
    if not text.startswith(start) and not (start == "." and text.startswith("[")):
        return [invalid_value(path, text, f"should be a json path under {start}")]
    try:
        Path(text)
    except ValueError as problem:
        return [invalid_value(path, text, str(problem))]
    return []


def _validate_subresources(path: str, subresources: Object) -> list[Cause]:
    scale = subresources.get("scale")
    if scale is None:
        return []
    causes = _validate_path(f"{path}.scale.specReplicasPath", scale.get("specReplicasPath"), ".spec.")
    causes += _validate_path(f"{path}.scale.statusReplicasPath", scale.get("statusReplicasPath"), ".status.")
    if scale.get("labelSelectorPath"):
        causes += _validate_path(f"{path}.scale.labelSelectorPath", scale["labelSelectorPath"], ".s")
    return causes


def _validate_change(new: Object, old: Object) -> list[Cause]:
    """What an established definition keeps."""
    causes = [
        *formats.immutable("spec.scope", new.get("scope"), old.get("scope")),
        *formats.immutable("spec.group", new.get("group"), old.get("group")),
    ]
    for key in ("kind", "plural"):
        causes += formats.immutable(f"spec.names.{key}", new["names"].get(key), old["names"].get(key))
    return causes


# --- Structural schemas --------------------------------------------------------------------------------


def _validate_root(path: str, schema: Object) -> list[Cause]:
    if not schema.get("type"):
        return [required(f"{path}.type", "must not be empty at the root")]
    if schema["type"] != "object":
        return [invalid_value(f"{path}.type", schema["type"], "must be object at the root")]
    # Values can be judged by a schema only when that is one.
    return list(_validate_schema(path, schema)) or list(_validate_defaults(path, schema))


def _validate_schema(path: str, schema: Any) -> Iterator[Cause]:
    """What makes a schema not structural."""
    if not schema.get("type") and not schema.get(INT_OR_STRING) and not schema.get(PRESERVE):
        yield required(f"{path}.type", "must not be empty for specified object fields")
    yield from _validate_keywords(path, schema)
    for key, below in (schema.get("properties") or {}).items():
        yield from _validate_schema(f"{path}.properties[{key}]", below)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _validate_schema(f"{path}.{key}", schema[key])
    for key in ("allOf", "anyOf", "oneOf"):
        for index, below in enumerate(schema.get(key) or ()):
            yield from _validate_junctor(f"{path}.{key}[{index}]", below, bool(schema.get(INT_OR_STRING)))
    if schema.get("not"):
        yield from _validate_junctor(f"{path}.not", schema["not"], False)


_TYPES = ("array", "boolean", "integer", "number", "object", "string")


def _validate_keywords(path: str, schema: Object) -> Iterator[Cause]:
    if schema.get("type") and schema["type"] not in _TYPES:
        yield not_supported(f"{path}.type", schema["type"], list(_TYPES))
    if schema.get("$ref"):
        yield forbidden_value(f"{path}.$ref", "$ref is not supported")
    if schema.get("uniqueItems"):
        yield forbidden_value(f"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity "
                              "becomes quadratic")  # fmt: skip
    if schema.get("properties") and schema.get("additionalProperties"):
        yield forbidden_value(
            f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"
        )
    if schema.get("type") == "array" and not schema.get("items"):
        yield required(f"{path}.items", "must be specified")
    if isinstance(schema.get("items"), list):
        yield forbidden_value(f"{path}.items", "items must be a schema object and not an array")
    yield from _validate_multiple(path, schema)
    if pattern := schema.get("pattern"):
        yield from _validate_pattern(f"{path}.pattern", pattern)


def _validate_multiple(path: str, schema: Object) -> Iterator[Cause]:
    if schema.get("multipleOf", 1) <= 0:
        yield invalid_value(f"{path}.multipleOf", schema["multipleOf"], "must be greater than 0")


def _validate_defaults(path: str, schema: Object) -> Iterator[Cause]:
    """A default must be a value that its schema allows."""
    if "default" in schema:
        default = {"default": schema["default"]}
        faults = Structural({"type": "object", "properties": {"default": schema}}).validate(default)
        yield from (invalid_value(f"{path}.{fault['field']}", schema["default"], fault["message"]) for fault in faults)
    for key, below in (schema.get("properties") or {}).items():
        yield from _validate_defaults(f"{path}.properties[{key}]", below)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _validate_defaults(f"{path}.{key}", schema[key])


def _validate_pattern(path: str, pattern: str) -> Iterator[Cause]:
    """Only what no engine can read: what only Go's can is accepted and not checked."""
    if python_pattern(pattern) is not None or "\\" in pattern or "[" in pattern:
        return
    try:
        re.compile(pattern)
    except re.error as problem:
        if "(?" not in pattern:
            yield invalid_value(path, pattern, f"must be a valid regular expression, but isn't: {problem}")


def _validate_junctor(path: str, schema: Object, of_int_or_string: bool) -> Iterator[Cause]:
    """allOf, anyOf, oneOf and not say what values look like, never what is there."""
    for key in ("additionalProperties", "default", "description", "nullable", "title", "type"):
        if schema.get(key) not in (None, "", False) and not (key == "type" and of_int_or_string):
            yield forbidden_value(f"{path}.{key}", "must be empty to be structural")
    yield from _validate_multiple(path, schema)
    for key, below in (schema.get("properties") or {}).items():
        yield from _validate_junctor(f"{path}.properties[{key}]", below, False)
    for key in ("items", "not"):
        if isinstance(schema.get(key), dict):
            yield from _validate_junctor(f"{path}.{key}", schema[key], False)
    for key in ("allOf", "anyOf", "oneOf"):
        for index, below in enumerate(schema.get(key) or ()):
            yield from _validate_junctor(f"{path}.{key}[{index}]", below, of_int_or_string)


# --- The kind ------------------------------------------------------------------------------------------


def _created_at(definition: Object, now: datetime) -> str:
    return definition["metadata"].get("creationTimestamp") or UNKNOWN


CUSTOM_RESOURCE_DEFINITION = Kind(
    group=GROUP,
    version="v1",
    kind="CustomResourceDefinition",
    plural="customresourcedefinitions",
    namespaced=False,
    schema="io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    subresources=("status",),
    columns=(NAME, Column("Created At", _created_at, description="When the definition was created.")),
    default=_default,
    prepare_for_create=_prepare_for_create,
    prepare_for_update=_prepare_for_update,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate,
)

KINDS = [CUSTOM_RESOURCE_DEFINITION]
