"""Strategic merge patch: a merge patch that knows which lists are merged, and by what key.

Source: k8s.io/apimachinery/pkg/util/strategicpatch/patch.go; the strategies come from the schema.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikweb.apimachinery.errors import BadRequest, Invalid
from minikweb.apimachinery.schema import ANYTHING, Schema
from minikweb.apimachinery.serializer import deep_copy, dump_json

_DIRECTIVE = "$patch"
_RETAIN_KEYS = "$retainKeys"
_DELETE_FROM = "$deleteFromPrimitiveList/"
_ELEMENT_ORDER = "$setElementOrder/"

Object = dict[str, Any]


def strategic_merge_patch(document: Object, patch: Any, schema: Schema) -> Object:
    """The document with the patch merged in by the schema's merge keys; shares nothing with its sources.

    BadRequest if the patch is malformed, Invalid if it lacks a merge key.
    """
    if not isinstance(patch, dict):
        raise BadRequest("a strategic merge patch must be a JSON object")
    return _merge_map(deep_copy(document), deep_copy(patch), schema)


# --- Maps ------------------------------------------------------------------------------------------
def _merge_map(original: Object, patch: Object, schema: Schema) -> Object:
    """Merges in place and returns what stands now where `original` stood."""
    if _DIRECTIVE in patch:
        directive = patch.pop(_DIRECTIVE)
        if directive == "replace":
            return _clean(patch)
        if directive == "delete":
            return {}
        if directive != "merge":
            raise _bad_directive(directive)
    orders: dict[str, list] = {}
    if any(key[:1] == "$" for key in patch):
        _retain_keys(original, patch)
        _delete_primitives(original, patch)
        orders = _take_orders(patch)
    for key, value in patch.items():
        if value is None:
            original.pop(key, None)
        else:
            _merge_field(original, key, value, schema, orders.pop(key, None))
    for key, order in orders.items():  # lists of which only the order changes
        if isinstance(original.get(key), list):
            _reorder(original, key, order, schema)
    return original


def _merge_field(original: Object, key: str, value: Any, schema: Schema, order: list | None) -> None:
    present = original.get(key)
    if type(value) is dict:
        below = schema.field(key) or ANYTHING
        if type(present) is dict and "replace" not in below.patch_strategies:
            original[key] = _merge_map(present, value, below)
        elif _DIRECTIVE in value and type(present) is not dict and value[_DIRECTIVE] != "replace":
            original.pop(key, None)
        else:
            original[key] = _clean(value)
    elif type(value) is list:
        below = schema.field(key) or ANYTHING
        if order is not None:
            _check_order(value, order, below.merge_key)
        if type(present) is list and "merge" in below.patch_strategies:
            original[key] = _merge_list(present, value, below, order)
        else:
            original[key] = _clean(value)
    else:
        original[key] = value


def _clean(value: Any) -> Any:
    """A part of the patch that had nothing to merge with: without directives and nulls, in place."""
    if type(value) is dict:
        for key in [k for k, v in value.items() if v is None or k[:1] == "$" and _is_directive(k)]:
            del value[key]
        for key, item in list(value.items()):
            if type(item) is dict and item.get(_DIRECTIVE) == "delete":
                del value[key]
            else:
                _clean(item)
    elif type(value) is list:
        value[:] = [item for item in value if not (type(item) is dict and _DIRECTIVE in item)]
        for item in value:
            _clean(item)
    return value


def _is_directive(key: str) -> bool:
    return key in (_DIRECTIVE, _RETAIN_KEYS) or key.startswith((_DELETE_FROM, _ELEMENT_ORDER))


# --- Directives ------------------------------------------------------------------------------------
def _retain_keys(original: Object, patch: Object) -> None:
    """`$retainKeys: [type]` drops what is not in the list (a union's other member, a changed volume's source)."""
    if _RETAIN_KEYS not in patch:
        return
    retained = patch.pop(_RETAIN_KEYS)
    if not isinstance(retained, list):
        raise BadRequest("invalid patch format of retainKeys: it must be a list of the fields to keep")
    for key, value in patch.items():
        if value is not None and key not in retained and not _is_directive(key):
            raise BadRequest(f'invalid patch format of retainKeys: "{key}" is in the patch but not in $retainKeys')
    for key in [key for key in original if key not in retained]:
        del original[key]


def _delete_primitives(original: Object, patch: Object) -> None:
    """`$deleteFromPrimitiveList/finalizers: [a]` takes items out of a list of scalars."""
    for directive in [key for key in patch if key.startswith(_DELETE_FROM)]:
        unwanted, key = patch.pop(directive), directive[len(_DELETE_FROM) :]
        present = original.get(key)
        if not isinstance(unwanted, list):
            raise BadRequest(f"invalid patch format of {directive}: it must be a list")
        if isinstance(present, list):
            original[key] = [item for item in present if item not in unwanted]


def _take_orders(patch: Object) -> dict[str, list]:
    """The `$setElementOrder/<list>` directives, taken out of the patch."""
    orders = {}
    for directive in [key for key in patch if key.startswith(_ELEMENT_ORDER)]:
        order = patch.pop(directive)
        if not isinstance(order, list):
            raise BadRequest(f"invalid patch format of setElementOrder list: {directive} must be a list")
        orders[directive[len(_ELEMENT_ORDER) :]] = order
    return orders


def _check_order(patch: list, order: list, merge_key: str) -> None:
    """Every item of the patch must stand in the order list, in that order."""
    key_of = _key_function(merge_key)
    wanted = iter([key_of(item) for item in order])
    for item in patch:
        if type(item) is dict and _DIRECTIVE in item:
            continue
        if not any(key == key_of(item) for key in wanted):
            raise BadRequest(
                f"The order in patch list:\n{dump_json(patch).decode()}\n doesn't match $setElementOrder list:\n"
                f"{dump_json(order).decode()}\n"
            )


def _bad_directive(directive: Any) -> BadRequest:
    return BadRequest(f"unknown patch type found: {directive!r}; use replace, delete or merge")


# --- Lists -----------------------------------------------------------------------------------------
def _merge_list(original: list, patch: list, schema: Schema, order: list | None) -> list:
    if not original and not patch:
        return original
    kinds = {type(item) is dict for item in original} | {type(item) is dict for item in patch}
    if len(kinds) > 1 or any(type(item) is list for item in original + patch):
        raise BadRequest("the items of a merged list must be all objects or all scalars")
    places = len(original)
    if kinds == {True}:
        if not schema.merge_key:
            raise BadRequest("cannot merge lists without merge key")
        merged, original, patch = _merge_objects(original, patch, schema)
        key_of = _key_function(schema.merge_key)
    else:
        merged = list(dict.fromkeys(original + patch))
        key_of = _key_function("")
    # New items stand where Kubernetes finds them: in the places that deleted ones have left.
    server_order = [key_of(item) for item in merged[:places]]
    merged = _ordered(merged, [key_of(item) for item in patch], [key_of(item) for item in original], key_of)
    if order is None:
        return merged
    return _ordered(merged, [key_of(item) for item in order], server_order, key_of)


def _merge_objects(original: list, patch: list, schema: Schema) -> tuple[list, list, list]:
    """(merged, the original without what was deleted, the patch without its directives)."""
    original, patch = _special_items(original, patch, schema.merge_key)
    key_of = _key_function(schema.merge_key)
    merged = list(original)
    places: dict[Any, int] = {}
    for index, item in enumerate(merged):
        places.setdefault(key_of(item), index)
    for item in patch:
        key = key_of(item)
        if key in places:
            merged[places[key]] = _merge_map(merged[places[key]], item, schema.items or ANYTHING)
        else:
            places[key] = len(merged)
            merged.append(_clean(item))
    return merged, original, patch


def _special_items(original: list, patch: list, merge_key: str) -> tuple[list, list]:
    """Obeys the items that carry `$patch`: delete takes one away, replace makes the patch the whole list."""
    plain, replace = [], False
    key_of = _key_function(merge_key)
    for item in patch:
        if _DIRECTIVE not in item:
            plain.append(item)
        elif item[_DIRECTIVE] == "delete":
            doomed = key_of(item)
            original = [each for each in original if key_of(each) != doomed]
        elif item[_DIRECTIVE] == "replace":
            replace = True
        elif item[_DIRECTIVE] == "merge":
            raise BadRequest("merging lists cannot yet be specified in the patch")
        else:
            raise _bad_directive(item[_DIRECTIVE])
    return (_clean(plain), []) if replace else (original, plain)


def _reorder(original: Object, key: str, order: list, schema: Schema) -> None:
    present = original[key]
    key_of = _key_function((schema.field(key) or ANYTHING).merge_key)
    original[key] = _ordered(present, [key_of(item) for item in order], [key_of(item) for item in present], key_of)


def _ordered(merged: list, patch_order: list, server_order: list, key_of: Callable[[Any], Any]) -> list:
    """Items of the patch in the patch's order, the server's others in theirs; new ones go before the others."""
    in_patch = {key: index for index, key in reversed(list(enumerate(patch_order)))}
    on_server = {key: index for index, key in reversed(list(enumerate(server_order)))}
    patched = sorted((item for item in merged if key_of(item) in in_patch), key=lambda item: in_patch[key_of(item)])
    result: list = []
    for item in merged:
        if key_of(item) in in_patch:
            continue
        place = on_server.get(key_of(item), -1)
        while patched and on_server.get(key_of(patched[0]), -1) <= place:
            result.append(patched.pop(0))
        result.append(item)
    return result + patched


def _key_function(merge_key: str) -> Callable[[Any], Any]:
    """What tells the items of a merged list apart: the value of their merge key, or a scalar itself."""

    def key_of(item: Any) -> Any:
        if type(item) is dict:
            if merge_key not in item:
                raise Invalid(f"map: {dump_json(item).decode()} does not contain declared merge key: {merge_key}")
            item = item[merge_key]
        if type(item) is dict or type(item) is list:
            raise BadRequest("a merge key, or an item of a merged list of scalars, must be a scalar")
        return (type(item) is bool, item)  # true is not 1

    return key_of
