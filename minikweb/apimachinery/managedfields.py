"""metadata.managedFields: who owns which fields of an object.

Source: k8s.io/apimachinery/pkg/util/managedfields/internal (managedfields.go, managedfieldsupdater.go,
skipnonapplied.go, capmanagers.go, stripmeta.go).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from minikweb.apimachinery import clock, fieldset, structure
from minikweb.apimachinery.fieldset import Node
from minikweb.apimachinery.schema import Schema

Object = dict[str, Any]
Entry = dict[str, Any]  # manager, operation, apiVersion, time, fieldsType, fieldsV1 and perhaps subresource

APPLY, UPDATE = "Apply", "Update"

MAX_UPDATE_MANAGERS = 10
_OLD_UPDATES = "ancient-changes"

# What belongs to the system and to nobody's set.
_UNTRACKED = frozenset(
    ("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields")
) | {"resourceVersion"}


def tracked(obj: Object, reset_fields: Collection[str] = ()) -> Object:
    """The part of an object whose fields have owners; `reset_fields` are top-level names the write cannot set."""
    found = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind") and key not in reset_fields}
    meta = obj.get("metadata")
    if meta is not None:
        found["metadata"] = {key: value for key, value in meta.items() if key not in _UNTRACKED}
        if not found["metadata"]:
            del found["metadata"]
    return found


def update_managed_fields(
    live: Object | None,
    new: Object,
    manager: str,
    operation: str,
    subresource: str,
    api_version: str,
    now: datetime,
    schema: Schema,
    *,
    reset_fields: Collection[str] = (),
) -> None:
    """Sets new's metadata.managedFields after a write that is not an apply: who changed a field owns it now.

    `live` is None on create. `subresource` is "" or "status", "scale" …; `reset_fields` as in `tracked`.
    `live` stays as it is, but new's entries may share parts with its own.
    """
    entries = _entries_before(live, new, subresource)
    meta = new.setdefault("metadata", {})
    if live is not None and not entries:
        meta.pop("managedFields", None)  # cleared by somebody: tracked again from the first apply on
        return
    taken, removed = structure.compare(tracked(live or {}, reset_fields), tracked(new, reset_fields), schema)
    if taken or removed:
        entries = without(entries, fieldset.union(taken, removed))
    if taken:
        entries = _take(entries, taken, manager or "unknown", operation, subresource, api_version, clock.format(now))
    if entries:
        meta["managedFields"] = entries
    else:
        meta.pop("managedFields", None)


def _entries_before(live: Object | None, new: Object, subresource: str) -> list[Entry]:
    """The entries to start from: those of the request where it may set them and they make sense, or the live ones."""
    kept = entries_of(live)
    given = new.get("metadata", {}).get("managedFields")
    if subresource or given is None or given == kept:
        return kept
    if given == [] or given == [{}]:
        return []
    try:
        return [_checked(entry) for entry in given] or kept
    except (ValueError, TypeError, KeyError, AttributeError):
        return kept  # so that a client which does not understand them cannot lose them


def entries_of(obj: Object | None) -> list[Entry]:
    """The entries of a stored object."""
    return (obj or {}).get("metadata", {}).get("managedFields") or []


def _checked(entry: Any) -> Entry:
    if entry["operation"] not in (APPLY, UPDATE) or entry["fieldsType"] != "FieldsV1" or not entry["apiVersion"]:
        raise ValueError("malformed entry of managedFields")
    return {**entry, "fieldsV1": fieldset.normalised(entry.get("fieldsV1", {}))}


def without(entries: list[Entry], fields: Node) -> list[Entry]:
    """The entries without these fields; those left with none are gone."""
    kept = []
    for entry in entries:
        rest = fieldset.difference(entry["fieldsV1"], fields)
        if rest is entry["fieldsV1"]:
            kept.append(entry)
        elif rest:
            kept.append({**entry, "fieldsV1": rest})
    return kept


def _take(
    entries: list[Entry], taken: Node, manager: str, operation: str, subresource: str, api_version: str, time: str
) -> list[Entry]:
    """The entries with these fields given to a manager, the oldest ones joined when there are too many, sorted."""
    identity = (manager, operation, api_version, subresource)
    others = [entry for entry in entries if _identity(entry) != identity]
    for entry in entries:
        if _identity(entry) == identity:
            taken = fieldset.union(entry["fieldsV1"], taken)
    others.append(new_entry(manager, operation, api_version, subresource, time, taken))
    return in_order(_capped(others))


def _identity(entry: Entry) -> tuple[str, str, str, str]:
    """What tells entries apart: (manager, operation, apiVersion, subresource)."""
    return entry.get("manager", ""), entry["operation"], entry["apiVersion"], entry.get("subresource", "")


def new_entry(manager: str, operation: str, api_version: str, subresource: str, time: str, fields: Node) -> Entry:
    """An entry in the API's form."""
    entry = {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    if subresource:
        entry["subresource"] = subresource
    return entry


def in_order(entries: list[Entry]) -> list[Entry]:
    """Appliers first, then the oldest first."""
    return sorted(
        entries,
        key=lambda entry: (
            entry["operation"], entry.get("time") or "", entry.get("manager", ""), entry["apiVersion"],
            entry.get("subresource", ""),
        ),
    )  # fmt: skip


def _capped(entries: list[Entry]) -> list[Entry]:
    """At most ten updaters: the oldest of one apiVersion are joined as "ancient-changes"."""
    updaters = [entry for entry in entries if entry["operation"] == UPDATE]
    excess = len(updaters) - MAX_UPDATE_MANAGERS
    if excess <= 0:
        return entries
    joined: dict[str, Entry] = {}
    doomed: list[Entry] = []
    for entry in sorted(updaters, key=lambda entry: (entry.get("time") or "", entry.get("manager", ""))):
        version = entry["apiVersion"]
        doomed.append(entry)
        if version not in joined:
            joined[version] = entry
            continue
        fields, time = fieldset.union(joined[version]["fieldsV1"], entry["fieldsV1"]), entry.get("time", "")
        joined[version] = new_entry(_OLD_UPDATES, UPDATE, version, "", time, fields)
        excess -= 1
        if not excess:
            break
    return [entry for entry in entries if not any(entry is each for each in doomed)] + list(joined.values())
