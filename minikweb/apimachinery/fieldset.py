"""Sets of fields in the form the API shows them (fieldsV1), and the algebra on them.

A node is a dict: keys `f:name`, `k:{"name":"a"}`, `v:"x"` lead to its children, "." says that the node itself is in
the set; an empty dict is a leaf in the set. At the root an empty dict is the empty set. Nodes are never changed once
made, so sets share their parts.

Source: sigs.k8s.io/structured-merge-diff (fieldpath/set.go, typed/tofieldset.go).
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring as _quote
from typing import Any

from minikweb.apimachinery.schema import ANYTHING, MAP, SET, Schema

Node = dict[str, Any]

_HERE = "."


# --- From values -----------------------------------------------------------------------------------
def of_value(value: dict[str, Any], schema: Schema, *, containers: bool = False) -> Node:
    """The set of all fields of an object: leaves, items of lists, keys of maps.

    With `containers` also what holds them (what a comparison with nothing calls added).
    """
    found: Node = {}
    properties, additional = schema.properties, schema.additional
    for key, item in value.items():
        if type(item) is dict or type(item) is list:
            below = properties.get(key) or additional or ANYTHING
            node = of_item(item, below, containers, containers or key not in properties)
            if node is not None:
                found["f:" + key] = node
        else:
            found["f:" + key] = {}
    return found


def of_item(item: dict | list, schema: Schema, containers: bool, member: bool) -> Node | None:
    """The node of an object or list; `member` puts itself into the set. None if nothing is in it (an empty list)."""
    if schema.is_atomic:
        return {}
    if type(item) is dict:
        if not item:
            return {}
        found = of_value(item, schema, containers=containers)
    elif schema.list_type == MAP or schema.list_type == SET:
        if not item:
            return {} if member else None
        found = _of_items(item, schema, containers)
    else:
        return {}
    return {_HERE: {}, **found} if member else found


def _of_items(items: list, schema: Schema, containers: bool) -> Node:
    found: Node = {}
    below = schema.items or ANYTHING
    for item in items:
        key = item_key(item, schema)
        if key in found:
            found[key] = {}  # a repeated item is owned as a whole
        elif type(item) is dict or type(item) is list:
            found[key] = of_item(item, below, containers, True)
        else:
            found[key] = {}
    return found


def item_key(item: Any, schema: Schema) -> str:
    """The path element of a list's item: `k:{"name":"a"}` or `v:"a"`."""
    if not schema.map_keys or type(item) is not dict:
        return "v:" + (_quote(item) if type(item) is str else _json(item))
    parts = []
    for key, start, default in schema.item_keys or _prepare(schema):
        value = item.get(key, default)
        if type(value) is str:
            parts.append(start + _quote(value))
        elif value is not None:
            parts.append(start + _json(value))
    return "k:{" + ",".join(parts) + "}"


def _prepare(schema: Schema) -> tuple[tuple[str, str, Any], ...]:
    below = schema.items or ANYTHING
    schema.item_keys = tuple(
        (key, f"{_quote(key)}:", getattr(below.field(key), "default", None)) for key in sorted(schema.map_keys)
    )
    return schema.item_keys


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


# --- Algebra ---------------------------------------------------------------------------------------
def is_member(node: Node) -> bool:
    """Whether the node itself is in the set (not for roots)."""
    return not node or _HERE in node


def union(left: Node, right: Node) -> Node:
    """What is in one set or the other (roots)."""
    if not right or left is right:
        return left
    if not left:
        return right
    found = left
    for key, other in right.items():
        own = left.get(key)
        joined = other if own is None else own if own is other or key == _HERE else _union(own, other)
        if joined is not own:
            if found is left:
                found = dict(left)
            found[key] = joined
    return found


def _union(left: Node, right: Node) -> Node:
    if not right:
        return left if not left or _HERE in left else {_HERE: {}, **left}
    if not left:
        return right if _HERE in right else {_HERE: {}, **right}
    return union(left, right)


def difference(left: Node, right: Node) -> Node:
    """What is in the first set and not in the second (roots): members only, not what lies below them."""
    found = left
    for key, other in right.items():
        own = left.get(key)
        if own is None or key == _HERE:
            continue
        rest = _difference(own, other)
        if rest is not own:
            if found is left:
                found = dict(left)
            if rest is None:
                del found[key]
            else:
                found[key] = rest
    return found


def _difference(left: Node, right: Node) -> Node | None:
    if not left:
        return None if is_member(right) else left
    if not right:
        return {key: node for key, node in left.items() if key != _HERE} or None if _HERE in left else left
    found = difference(left, right)
    if _HERE in left:
        if _HERE in right:
            return {key: node for key, node in found.items() if key != _HERE} or None
        return found if len(found) > 1 else {}
    return found or None


def intersection(left: Node, right: Node) -> Node:
    """What is in both sets (roots)."""
    found: Node = {}
    if len(right) < len(left):
        left, right = right, left
    for key, own in left.items():
        other = right.get(key)
        if other is None or key == _HERE:
            continue
        both = _intersection(own, other)
        if both is not None:
            found[key] = both
    return found


def _intersection(left: Node, right: Node) -> Node | None:
    member = is_member(left) and is_member(right)
    if not left or not right:
        return {} if member else None
    found = intersection(left, right)
    if member:
        return {_HERE: {}, **found} if found else {}
    return found or None


def with_named_fields(node: Node, schema: Schema) -> Node:
    """The set together with the fields of structs that lead to its members (a root)."""
    found: Node = {}
    for key, child in node.items():
        if not child:
            found[key] = child
        elif key[:2] == "f:":
            name = key[2:]
            below = with_named_fields(child, schema.field(name) or ANYTHING)
            found[key] = {_HERE: {}, **below} if name in schema.properties else below
        else:
            found[key] = with_named_fields(child, schema.items or ANYTHING)
    return found


# --- Paths, for people -------------------------------------------------------------------------------
def paths(node: Node, prefix: str = "") -> list[str]:
    """The members as messages write them: `.spec.containers[name="a"].image`; those of a level first, sorted."""
    below = [(prefix + path_element(key), child) for key, child in sorted(node.items()) if key != _HERE]
    found = [path for path, child in below if is_member(child)]
    for path, child in below:
        found += paths(child, path)
    return found


def path_element(key: str) -> str:
    """`f:image` → `.image`, `k:{"name":"a"}` → `[name="a"]`, `v:"a"` → `[="a"]`, `i:0` → `[0]`."""
    kind, rest = key[:2], key[2:]
    if kind == "k:":
        return "[" + ",".join(f"{name}={_json(value)}" for name, value in json.loads(rest).items()) + "]"
    return {"f:": f".{rest}", "v:": f"[={rest}]", "i:": f"[{rest}]"}[kind]


def normalised(node: Any) -> Node:
    """A set written by somebody else, its path elements in our spelling; ValueError if it is none."""
    if not isinstance(node, dict):
        raise ValueError("a set of fields must be a JSON object")
    return {key if key == _HERE else _spelled(key): normalised(child) for key, child in node.items()}


def _spelled(key: str) -> str:
    kind, rest = key[:2], key[2:]
    if kind == "k:":
        fields = json.loads(rest)
        if not isinstance(fields, dict):
            raise ValueError(f"the path element {key} needs an object")
        return kind + _json(fields)
    if kind == "v:":
        return kind + _json(json.loads(rest))
    if kind == "f:" or (kind == "i:" and rest.isdigit()):
        return key
    raise ValueError(f"{key} is no path element: it begins with f:, k:, v: or i:")
