"""Server-side apply, and the ownership of fields that every write leaves behind.

Source: sigs.k8s.io/structured-merge-diff/merge/update.go; k8s.io/apimachinery/pkg/util/managedfields/internal
(structuredmerge.go, lastappliedmanager.go, lastappliedupdater.go, conflict.go).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from minikweb.apimachinery import clock, errors, fieldset, managedfields, structure
from minikweb.apimachinery.errors import BadRequest, Conflict
from minikweb.apimachinery.fieldset import Node
from minikweb.apimachinery.managedfields import APPLY, UPDATE, Entry, update_managed_fields
from minikweb.apimachinery.schema import Schema
from minikweb.apimachinery.serializer import deep_copy

__all__ = ["LAST_APPLIED", "server_side_apply", "update_managed_fields"]

Object = dict[str, Any]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_BEFORE_FIRST_APPLY = "before-first-apply"
_KUBECTL = "kubectl"  # the manager for which client-side apply's annotation counts


def server_side_apply(
    live: Object | None,
    applied: Object,
    manager: str,
    schema: Schema,
    *,
    force: bool,
    subresource: str,
    now: datetime,
    api_version: str,
    reset_fields: Collection[str] = (),
) -> Object:
    """The object after `manager` applied its fields; `live` is None when that creates it. Shares nothing with either.

    What the manager applied before and leaves out now goes, unless somebody else owns it. Raises BadRequest if the
    applied object does not fit the schema, Conflict (causes FieldManagerConflict) if others own what it would change
    and `force` is not set. `reset_fields`: top-level names this write cannot set, such as "status".
    """
    applied = _understood(applied, schema, reset_fields)
    live_copy = deep_copy(live) if live is not None else {}
    entries = _tracked_entries(live_copy, schema, api_version, now, reset_fields)
    own = next((entry for entry in entries if _is_own(entry, manager, subresource)), None)
    others = [entry for entry in entries if entry is not own]
    fields = fieldset.of_value(managedfields.tracked(applied), schema)

    merged = structure.merge(live_copy, applied, schema)
    if own is not None:
        # With name and namespace, which belong to no set but must not go with an emptied metadata.
        owned = [entry["fieldsV1"] for entry in others] + [fieldset.of_value(applied, schema)]
        pruned = _without_abandoned(merged, own["fieldsV1"], fields, owned, schema)
        if pruned is not merged:  # what is applied empty stays, though all it held is gone
            merged = structure.merge(pruned, applied, schema)
    taken, removed = structure.compare(
        managedfields.tracked(live_copy, reset_fields), managedfields.tracked(merged, reset_fields), schema
    )
    conflicts = _conflicts(others, taken)
    if conflicts and not force:
        if manager == _KUBECTL:
            conflicts = _beyond_last_applied(conflicts, live_copy, api_version, schema)
        if conflicts:
            raise _conflict(conflicts)

    changed = bool(taken or removed)
    others = managedfields.without(others, fieldset.union(taken, removed)) if changed else others
    result = deep_copy(merged)
    _keep_last_applied(result, applied, manager)
    _set_entries(result, own, others, fields, changed, (manager, api_version, subresource, clock.format(now)))
    return result


def _understood(applied: Object, schema: Schema, reset_fields: Collection[str]) -> Object:
    """The applied object without nulls and without what it cannot set; BadRequest if it does not fit the schema."""
    meta = applied.get("metadata") or {}
    if meta.get("managedFields") is not None:
        raise BadRequest("metadata.managedFields must be nil")
    problems = structure.problems(applied, schema)
    if problems:
        group, _, version = applied.get("apiVersion", "").rpartition("/")
        kind = f"{group + '/' if group else '/'}{version}, Kind={applied.get('kind', '')}"
        text = problems[0] if len(problems) == 1 else "errors:\n  " + "\n  ".join(problems)
        place = f"{meta.get('namespace', '')}/{meta.get('name', '')}; {kind}"
        raise BadRequest(f"failed to create typed patch object ({place}): {text}")
    return _without_nulls({key: value for key, value in applied.items() if key not in reset_fields})


def _without_nulls(value: Any) -> Any:
    if type(value) is dict:
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if type(value) is list else value


def _tracked_entries(
    live: Object, schema: Schema, api_version: str, now: datetime, reset_fields: Collection[str]
) -> list[Entry]:
    """The live entries; an object that nobody tracked yet belongs to "before-first-apply"."""
    entries = managedfields.entries_of(live)
    if entries or not live:
        return entries
    fields, _ = structure.compare({}, managedfields.tracked(live, reset_fields), schema)
    time = clock.format(now)
    return [managedfields.new_entry(_BEFORE_FIRST_APPLY, UPDATE, api_version, "", time, fields)] if fields else []


def _is_own(entry: Entry, manager: str, subresource: str) -> bool:
    """An applier keeps its entry from one apiVersion to the next."""
    return (
        entry["operation"] == APPLY
        and entry.get("manager", "") == manager
        and entry.get("subresource", "") == subresource
    )


def _without_abandoned(merged: Object, last: Node, fields: Node, owned: list[Node], schema: Schema) -> Object:
    """The merged object without what the manager applied last time and neither it nor anybody else owns now."""
    if not fieldset.difference(last, fields):
        return merged
    last = fieldset.with_named_fields(last, schema)
    everything = fieldset.with_named_fields(fieldset.of_value(merged, schema), schema)
    bare = structure.remove(merged, last, schema) or {}
    kept = fieldset.with_named_fields(fieldset.of_value(bare, schema), schema)
    for node in owned:
        kept = fieldset.union(kept, fieldset.with_named_fields(node, schema))
    # What nobody owns goes with its container; what the manager never owned stays.
    pruned = structure.remove(merged, fieldset.difference(everything, kept), schema) or {}
    left = fieldset.with_named_fields(fieldset.of_value(pruned, schema), schema)
    abandoned = fieldset.intersection(fieldset.difference(everything, left), last)
    return structure.remove(merged, abandoned, schema) or {}


def _set_entries(
    result: Object, own: Entry | None, others: list[Entry], fields: Node, changed: bool, written_by: tuple[str, ...]
) -> None:
    """Writes managedFields. The time of the manager's entry moves when the object or its set changed."""
    manager, api_version, subresource, time = written_by
    if own is not None and not changed and own["fieldsV1"] == fields and own["apiVersion"] == api_version:
        time = own.get("time", time)
    entries = list(others)
    if fields:
        entries.append(managedfields.new_entry(manager, APPLY, api_version, subresource, time, deep_copy(fields)))
    meta = result.setdefault("metadata", {})
    meta.pop("managedFields", None)
    if entries:
        meta["managedFields"] = managedfields.in_order(entries)


# --- Conflicts ---------------------------------------------------------------------------------------
def _conflicts(entries: list[Entry], taken: Node) -> list[tuple[Entry, Node]]:
    """Who owns something of what this apply would change, and what."""
    found = [(entry, fieldset.intersection(entry["fieldsV1"], taken)) for entry in entries] if taken else []
    return [(entry, fields) for entry, fields in found if fields]


def _conflict(conflicts: list[tuple[Entry, Node]]) -> Conflict:
    listed = sorted((_owner(entry), fieldset.paths(fields)) for entry, fields in conflicts)
    pairs = [(owner, path) for owner, paths in listed for path in paths]
    causes = [errors.cause("FieldManagerConflict", path, f"conflict with {owner}") for owner, path in pairs]
    if len(pairs) == 1:
        message = f"Apply failed with 1 conflict: conflict with {pairs[0][0]}: {pairs[0][1]}"
    else:
        parts = [f"conflicts with {owner}:\n" + "\n".join(f"- {path}" for path in paths) for owner, paths in listed]
        message = f"Apply failed with {len(pairs)} conflicts: " + "\n".join(parts)
    return Conflict(message, details={"causes": causes})


def _owner(entry: Entry) -> str:
    """`"kubectl-client-side-apply" using apps/v1`, `"helm"`."""
    text = json.dumps(entry.get("manager", ""), ensure_ascii=False)
    if entry.get("subresource"):
        text += f' with subresource "{entry["subresource"]}"'
    return f"{text} using {entry['apiVersion']}" if entry["operation"] == UPDATE else text


# --- From kubectl's client-side apply ------------------------------------------------------------------
def _beyond_last_applied(
    conflicts: list[tuple[Entry, Node]], live: Object, api_version: str, schema: Schema
) -> list[tuple[Entry, Node]]:
    """The conflicts about fields that kubectl's annotation does not claim: what it applied itself is no conflict."""
    text = (live.get("metadata", {}).get("annotations") or {}).get(LAST_APPLIED)
    try:
        last = json.loads(text or "null")
    except ValueError:
        return conflicts
    if not isinstance(last, dict) or last.get("apiVersion") != api_version or structure.problems(last, schema):
        return conflicts
    last = managedfields.tracked(last)
    # What differs from the live object now was changed by somebody else since.
    changed, removed = structure.compare(last, managedfields.tracked(live), schema)
    claimed = fieldset.difference(fieldset.of_value(last, schema), fieldset.union(changed, removed))
    left = [(entry, fieldset.difference(fields, claimed)) for entry, fields in conflicts]
    return [(entry, fields) for entry, fields in left if fields]


def _keep_last_applied(result: Object, applied: Object, manager: str) -> None:
    """Keeps the annotation of kubectl's client-side apply in step, where there is one."""
    annotations = result.get("metadata", {}).get("annotations") or {}
    if manager != _KUBECTL or not annotations.get(LAST_APPLIED):
        return
    source = deep_copy(applied)
    (source.get("metadata", {}).get("annotations") or {}).pop(LAST_APPLIED, None)
    annotations[LAST_APPLIED] = json.dumps(source, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
