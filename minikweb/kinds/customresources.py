"""The kinds that a CustomResourceDefinition makes: one per version served.

Source: k8s.io/apiextensions-apiserver/pkg/{apiserver/customresource_handler.go,registry/customresource}.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from minikweb.apimachinery.jsonpath import Path
from minikweb.apimachinery.structural import Structural
from minikweb.kinds import columns, strategy
from minikweb.kinds.customresourcedefinitions import PRESERVE
from minikweb.kinds.registry import ALL_VERBS, Cause, Column, Custom, Kind, Object, ScalePaths

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_ROOT = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"$ref": f"#/components/schemas/{META}"},
}


def kinds_of(definition: Object) -> list[Kind]:
    """The kinds a valid definition serves. While it is being deleted nothing new is created."""
    versions = definition["spec"].get("versions") or ()
    return [_kind(definition, version) for version in versions if version.get("served")]


def _kind(definition: Object, version: Object) -> Kind:
    spec, metadata = definition["spec"], definition["metadata"]
    names, group = spec["names"], spec["group"]
    raw = (version.get("schema") or {}).get("openAPIV3Schema") or {"type": "object", PRESERVE: True}
    raw = {**raw, "properties": {**(raw.get("properties") or {}), **_ROOT}}
    structural, subresources = Structural(raw), version.get("subresources") or {}
    has_status, scale = subresources.get("status") is not None, subresources.get("scale")
    stored_versions = (definition.get("status") or {}).get("storedVersions") or ()
    return Kind(
        group=group,
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular", ""),
        namespaced=spec["scope"] == "Namespaced",
        schema=".".join([*reversed(group.split(".")), version["name"], names["kind"]]),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        verbs=tuple(verb for verb in ALL_VERBS if verb != "create" or not metadata.get("deletionTimestamp")),
        subresources=(*(("scale",) if scale else ()), *(("status",) if has_status else ())),
        columns=_columns(version.get("additionalPrinterColumns")),
        default=structural.default,
        prepare_for_create=_prepare_for_create(has_status),
        prepare_for_update=_prepare_for_update(has_status),
        prepare_for_status_update=_keep_all_but_status,
        validate=_validator(structural),
        selectable={
            field["jsonPath"].removeprefix("."): _selected(Path(field["jsonPath"]))
            for field in version.get("selectableFields") or ()
        },
        custom=Custom(
            raw,
            structural.mistyped,
            len(spec["versions"]) > 1 or len(stored_versions) > 1,
            version.get("deprecationWarning") or _deprecation(definition, version),
        ),
        scale=_scale_paths(scale) if scale else ScalePaths(),
    )


def _deprecation(definition: Object, version: Object) -> str:
    if not version.get("deprecated"):
        return ""
    spec = definition["spec"]
    return f"{spec['group']}/{version['name']} {spec['names']['kind']} is deprecated"


def _scale_paths(scale: Object) -> ScalePaths:
    return ScalePaths(scale["specReplicasPath"], scale["statusReplicasPath"], scale.get("labelSelectorPath") or "")


# --- Strategy ----------------------------------------------------------------------------------------


def _prepare_for_create(has_status: bool) -> Callable[[Object], None]:
    def prepare(obj: Object) -> None:
        strategy.first_generation(obj)
        if has_status:
            obj.pop("status", None)

    return prepare


def _prepare_for_update(has_status: bool) -> Callable[[Object, Object], None]:
    def prepare(new: Object, old: Object) -> None:
        if has_status:
            strategy.keep_status(new, old)
        strategy.next_generation(new, old, _asked)

    return prepare


def _asked(obj: Object) -> Object:
    """Everything that is said of the wish: all but metadata and, where it is no wish, the status."""
    return {key: value for key, value in obj.items() if key not in ("apiVersion", "metadata", "status")}


def _keep_all_but_status(new: Object, old: Object) -> None:
    status, managed = new.get("status"), new["metadata"].get("managedFields")
    metadata = {**old["metadata"], "managedFields": managed} if managed else dict(old["metadata"])
    api_version = new["apiVersion"]
    new.clear()
    new.update({**old, "apiVersion": api_version, "metadata": metadata})
    new.pop("status", None)
    if status is not None:
        new["status"] = status


def _validator(structural: Structural) -> Callable[[Object, Object | None], list[Cause]]:
    return lambda obj, old: structural.validate(obj)


# --- Columns -----------------------------------------------------------------------------------------


def _columns(declared: list[Object] | None) -> tuple[Column, ...]:
    if not declared:
        return (columns.NAME, columns.AGE)
    return (columns.NAME, *map(_column, declared))


def _column(declared: Object) -> Column:
    return Column(
        declared["name"],
        _cell(Path(declared["jsonPath"]), declared["type"]),
        type=declared["type"],
        format=declared.get("format", ""),
        priority=declared.get("priority", 0),
        description=declared.get("description")
        or f"Custom resource definition column (in JSONPath format): {declared['jsonPath']}",
    )


def _cell(path: Path, type: str) -> Callable[[Object, datetime], Any]:
    def value(obj: Object, now: datetime) -> Any:
        found = path.first(obj)
        if type == "string":
            return None if found is None else _text(found)
        if type == "date":
            return _age(found, now)
        wanted = {"integer": int, "number": (int, float), "boolean": bool}[type]
        fits = isinstance(found, wanted) and (type == "boolean" or not isinstance(found, bool))
        return found if fits else int(found) if type == "integer" and isinstance(found, float) else None

    return value


def _age(found: Any, now: datetime) -> Any:
    if not isinstance(found, str):
        return None
    try:
        return columns.since(found, now)
    except ValueError:
        return "<invalid>"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode()


def _selected(path: Path) -> Callable[[Object], str]:
    def read(obj: Object) -> str:
        found = path.first(obj)
        return "" if found is None else _text(found)

    return read
