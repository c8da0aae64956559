"""Objects by their structure: compare, merge and prune them field by field, list item by key.

Source: sigs.k8s.io/structured-merge-diff (typed/compare.go, merge.go, remove.go, validate.go).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minikweb.apimachinery import fieldset
from minikweb.apimachinery.fieldset import Node
from minikweb.apimachinery.schema import ANYTHING, MAP, SET, Schema

_ABSENT = object()

# Structs that Go holds by value and lists it always writes: they exist even when nothing is in them, so nobody
# adds or removes them as such.
_ALWAYS_THERE = {"metadata": dict, "spec": dict, "status": dict, "template": dict, "strategy": dict}
_ALWAYS_THERE |= {"updateStrategy": dict, "jobTemplate": dict, "containers": list}


# --- Compare -----------------------------------------------------------------------------------------
def compare(old: dict[str, Any], new: dict[str, Any], schema: Schema) -> tuple[Node, Node]:
    """(fields that new adds or changes, fields it removes)."""
    taken: Node = {}
    removed: Node = {}
    _compare_maps(old, new, schema, taken, removed)
    return taken, removed


def _compare_maps(old: dict, new: dict, schema: Schema, taken: Node, removed: Node) -> None:
    properties, additional = schema.properties, schema.additional
    for key, item in new.items():
        before = old.get(key, _ABSENT)
        if before is item or before == item:
            continue
        element = "f:" + key
        if type(item) is not dict and type(item) is not list:
            if before is not _ABSENT and (type(before) is dict or type(before) is list):
                _remove(before, element, properties.get(key) or additional or ANYTHING, removed)
            taken[element] = {}
            continue
        below = properties.get(key) or additional or ANYTHING
        if before is _ABSENT and key in _ALWAYS_THERE and key in properties:
            before = _ALWAYS_THERE[key]()
        _compare_items(before, item, element, below, taken, removed)
    for key in old:
        if key not in new:
            before, below = old[key], properties.get(key) or additional or ANYTHING
            if key in _ALWAYS_THERE and key in properties and type(before) is _ALWAYS_THERE[key]:
                _compare_items(before, type(before)(), "f:" + key, below, taken, removed)
            else:
                _remove(before, "f:" + key, below, removed)


def _compare_items(before: Any, item: Any, element: str, schema: Schema, taken: Node, removed: Node) -> None:
    """Two different values at the same place, the new one an object or a list."""
    if before is _ABSENT:
        taken[element] = fieldset.of_item(item, schema, True, True)
        return
    if type(before) is not type(item):
        if type(before) is dict or type(before) is list:
            _remove(before, element, schema, removed)
        taken[element] = fieldset.of_item(item, schema, True, True)
        return
    added_below: Node = {}
    removed_below: Node = {}
    if schema.is_atomic or not (before or item):
        if before != item:
            taken[element] = {}
        return
    if type(item) is dict:
        _compare_maps(before, item, schema, added_below, removed_below)
    elif schema.list_type == MAP or schema.list_type == SET:
        _compare_lists(before, item, schema, added_below, removed_below)
    else:
        taken[element] = {}
        return
    if added_below:
        taken[element] = added_below
    if removed_below:
        removed[element] = removed_below


def _remove(before: Any, element: str, schema: Schema, removed: Node) -> None:
    if type(before) is dict or type(before) is list:
        removed[element] = fieldset.of_item(before, schema, True, True)
    else:
        removed[element] = {}


def _compare_lists(old: list, new: list, schema: Schema, taken: Node, removed: Node) -> None:
    before, after = by_key(old, schema), by_key(new, schema)
    below = schema.items or ANYTHING
    for element, items in after.items():
        others = before.get(element)
        if others is None:
            taken[element] = _added(items, below)
        elif others != items:
            if len(others) == len(items) == 1 and type(items[0]) is dict and type(others[0]) is dict:
                _compare_items(others[0], items[0], element, below, taken, removed)
            else:  # a repeated item is owned as a whole
                taken[element] = {}
    for element, items in before.items():
        if element not in after:
            removed[element] = _added(items, below)


def _added(items: list, schema: Schema) -> Node:
    item = items[0]
    if len(items) > 1 or (type(item) is not dict and type(item) is not list):
        return {}
    return fieldset.of_item(item, schema, True, True) or {}


def by_key(items: list, schema: Schema) -> dict[str, list]:
    """The items of an associative list by their path element; more than one where a key is repeated."""
    found: dict[str, list] = {}
    for item in items:
        found.setdefault(fieldset.item_key(item, schema), []).append(item)
    return found


# --- Merge -------------------------------------------------------------------------------------------
def merge(live: dict[str, Any], applied: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The live object with the applied one laid over it: granular parts joined, atomic ones replaced."""
    merged = dict(live)
    for key, item in applied.items():
        below = schema.properties.get(key) or schema.additional or ANYTHING
        merged[key] = _merge_item(live.get(key), item, below)
    return merged


def _merge_item(before: Any, item: Any, schema: Schema) -> Any:
    if schema.is_atomic or type(before) is not type(item):
        return item
    if type(item) is dict:
        return merge(before, item, schema)
    if type(item) is list and (schema.list_type == MAP or schema.list_type == SET):
        return _merge_lists(before, item, schema)
    return item


def _merge_lists(before: list, items: list, schema: Schema) -> list:
    """The applied items in their order, what only the live list has among them where it stood."""
    below = schema.items or ANYTHING
    applied = {fieldset.item_key(item, schema): item for item in items}
    live = by_key(before, schema)
    waiting = iter(applied.items())
    shared = iter([key for key in applied if key in live])
    next_shared = next(shared, None)
    merged: list = []
    for item in before:
        key = fieldset.item_key(item, schema)
        if key not in applied:
            merged.append(item)
        elif key == next_shared:
            merged += _merge_until(key, waiting, live, below)
            next_shared = next(shared, None)
    return merged + _merge_until(None, waiting, live, below)


def _merge_until(last: str | None, waiting: Iterator[tuple[str, Any]], live: dict[str, list], schema: Schema) -> list:
    """The waiting items up to `last` (None: all), each merged with the live item of its key."""
    merged = []
    for key, item in waiting:
        others = live.get(key, ())
        merged.append(_merge_item(others[0], item, schema) if len(others) == 1 else item)
        if key == last:
            break
    return merged


# --- Remove --------------------------------------------------------------------------------------------
def remove(value: Any, fields: Node, schema: Schema) -> Any:
    """The value without the members of a set and what lies below them; containers it empties go too (None)."""
    if not fields or not value:
        return value
    if type(value) is dict:
        kept: Any = {}
        for key, item in value.items():
            node = fields.get("f:" + key)
            if node is not None:
                if fieldset.is_member(node):
                    continue
                item = remove(item, node, schema.properties.get(key) or schema.additional or ANYTHING)
                if item is None:
                    continue
            kept[key] = item
        return kept or None
    if type(value) is list and (schema.list_type == MAP or schema.list_type == SET):
        kept = []
        for item in value:
            node = fields.get(fieldset.item_key(item, schema))
            if node is None:
                kept.append(item)
            elif not fieldset.is_member(node):
                kept.append(remove(item, node, schema.items or ANYTHING))
        return kept or None
    return value


# --- Check ---------------------------------------------------------------------------------------------
_EXPECTED = {"object": "map", "array": "list", "string": "string", "boolean": "boolean"}
_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "float", dict: "map", list: "list"}


def problems(value: Any, schema: Schema, path: str = "") -> list[str]:
    """What keeps an applied object from being understood, as `.spec.foo: field not declared in schema`."""
    kind = type(value)
    if value is None:
        return []
    if kind is dict and schema.type in ("object", ""):
        return _problems_of_map(value, schema, path)
    if kind is list and schema.type in ("array", ""):
        return _problems_of_list(value, schema, path)
    declared = schema.type
    if kind is dict or kind is list:
        fits = not declared
    elif declared in ("integer", "number"):
        fits = kind is int or kind is float
    else:
        fits = declared in ("", "int-or-string", "quantity") or _SCALARS[kind] == declared
    if fits:
        return []
    return [f"{path}: expected {_EXPECTED.get(declared, 'numeric (int or float)')}, got {_SCALARS[kind]}"]


def _problems_of_map(value: dict, schema: Schema, path: str) -> list[str]:
    found = []
    for key, item in value.items():
        below = schema.properties.get(key) or schema.additional
        if below is not None:
            found += problems(item, below, f"{path}.{key}")
        elif not schema.is_open and schema.type:
            found.append(f"{path}.{key}: field not declared in schema")
    return found


def _problems_of_list(value: list, schema: Schema, path: str) -> list[str]:
    below = schema.items or ANYTHING
    if schema.list_type not in (MAP, SET):
        return [problem for index, item in enumerate(value) for problem in problems(item, below, f"{path}[{index}]")]
    found, seen = [], set()
    for index, item in enumerate(value):
        problem = _problem_of_item(item, schema)
        if problem:
            found.append(f"{path}: element {index}: {problem}")
            continue
        key = fieldset.item_key(item, schema)
        element = fieldset.path_element(key)
        if key in seen:
            found.append(f"{path}: duplicate entries for key {element}")
        seen.add(key)
        found += problems(item, below, path + element)
    return found


def _problem_of_item(item: Any, schema: Schema) -> str:
    if schema.list_type == SET:
        return "a list of unique values may only hold scalars" if item is None or isinstance(item, (dict, list)) else ""
    if item is None:
        return "associative list with keys may not have a null element"
    if not isinstance(item, dict):
        return "associative list with keys may not have non-map elements"
    if fieldset.item_key(item, schema) == "k:{}":
        listed = " ".join(f'"{key}"' for key in schema.map_keys)
        return f"associative list with keys has an element that omits all key fields [{listed}]"
    return ""
