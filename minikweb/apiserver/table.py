"""Objects as `kubectl get` wants them: a Table of cells, or their metadata alone. `now` makes the ages.

Source: k8s.io/apimachinery/pkg/apis/meta/v1/types.go (Table, PartialObjectMetadata),
staging/src/k8s.io/apiserver/pkg/endpoints/handlers/response.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import orjson

from minikweb.apimachinery.errors import BadRequest
from minikweb.kinds.columns import AGE, NAME
from minikweb.kinds.registry import Column, Kind, Object

Include = Literal["None", "Metadata", "Object"]
Text = str | bytes

META_V1 = "meta.k8s.io/v1"
_FORMS = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
_PLAIN = (NAME, AGE)  # of a kind that declares no columns


def requested_form(accept: str) -> str:
    """What an Accept header asks objects to become: Table, PartialObjectMetadata(List), or "" for themselves.

    The first media type that we can answer counts; kubectl lists several versions and plain JSON last.
    """
    for media in accept.split(","):
        name, *parameters = (part.strip() for part in media.split(";"))
        wanted = dict(parameter.partition("=")[::2] for parameter in parameters)
        if not wanted.get("as"):
            if name in ("application/json", "application/yaml", "application/*", "*/*"):
                return ""
            continue
        group, version = wanted.get("g"), wanted.get("v")
        if (name, group, version) == ("application/json", "meta.k8s.io", "v1") and wanted["as"] in _FORMS:
            return wanted["as"]
    return ""


def include_object(value: str) -> Include:
    """The query parameter includeObject; "" means Metadata. Raises BadRequest for another word."""
    if value not in ("", "None", "Metadata", "Object"):
        raise BadRequest(f'unrecognized includeObject value: "{value}"')
    return value or "Metadata"  # type: ignore[return-value]


def table(
    kind: Kind,
    objects: Iterable[Text],
    now: datetime,
    *,
    include: Include = "Metadata",
    metadata: dict[str, Any] | None = None,
    headers: bool = True,
) -> bytes:
    """A Table of objects given as JSON text, itself as JSON text.

    `metadata` is the list's (resourceVersion, continue, remainingItemCount). In a watch only the first event needs
    `headers`.
    """
    columns = kind.columns or _PLAIN
    values = [column.value for column in columns]
    document = {
        "kind": "Table",
        "apiVersion": META_V1,
        "metadata": metadata or {},
        "columnDefinitions": [_definition(column) for column in columns] if headers else [],
        "rows": [_row(values, text, now, include) for text in objects],
    }
    return orjson.dumps(document)


def _definition(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def _row(values: list[Any], text: Text, now: datetime, include: Include) -> dict[str, Any]:
    obj = orjson.loads(text)
    row: dict[str, Any] = {"cells": [value(obj, now) for value in values]}
    if include == "Metadata":
        row["object"] = partial_object_metadata(obj)
    elif include == "Object":
        row["object"] = orjson.Fragment(text)
    return row


def partial_object_metadata(obj: Object) -> Object:
    """The object reduced to its metadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META_V1, "metadata": obj["metadata"]}


def partial_object_metadata_list(objects: Iterable[Text], metadata: dict[str, Any]) -> bytes:
    """The list of objects given as JSON text, each reduced to its metadata, as JSON text."""
    document = {
        "kind": "PartialObjectMetadataList",
        "apiVersion": META_V1,
        "metadata": metadata,
        "items": [partial_object_metadata(orjson.loads(text)) for text in objects],
    }
    return orjson.dumps(document)
