"""The patches of the API: JSON Patch (RFC 6902), merge patch (RFC 7386), strategic merge patch.

Each returns a new document that shares nothing with what it was given.
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery.errors import BadRequest, Invalid, RequestEntityTooLarge
from minikweb.apimachinery.serializer import MAX_BYTES, deep_copy, dump_json
from minikweb.apimachinery.strategic import strategic_merge_patch

__all__ = ["create_merge_patch", "json_patch", "merge_patch", "strategic_merge_patch"]

MAX_OPERATIONS = 10_000  # as kube-apiserver

_MISSING = object()


# --- Merge patch -----------------------------------------------------------------------------------
def merge_patch(document: dict[str, Any], patch: Any) -> dict[str, Any]:
    """The document with the patch merged in: null deletes, lists are replaced. BadRequest unless it is an object."""
    if not isinstance(patch, dict):
        raise BadRequest("a merge patch must be a JSON object")
    result = deep_copy(document)
    _merge(result, deep_copy(patch))
    return result


def _merge(target: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif type(value) is dict:
            below = target.get(key)
            if type(below) is not dict:
                below = target[key] = {}
            _merge(below, value)
        else:
            target[key] = value


def create_merge_patch(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The smallest merge patch that turns `before` into `after`; empty when they are equal."""
    patch: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key, _MISSING)
        if type(value) is dict and type(old) is dict:
            below = create_merge_patch(old, value)
            if below:
                patch[key] = below
        elif old is _MISSING or old != value:
            patch[key] = value
    return patch


# --- JSON Patch ------------------------------------------------------------------------------------
def json_patch(document: dict[str, Any], operations: Any) -> dict[str, Any]:
    """The document after all operations. BadRequest if the patch is malformed, Invalid if it does not apply."""
    if not isinstance(operations, list):
        raise BadRequest("a JSON patch must be a JSON array of operations")
    if len(operations) > MAX_OPERATIONS:
        raise RequestEntityTooLarge(
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        )
    holder = {"": deep_copy(document)}  # so that the whole document can be replaced too
    copied = 0
    for operation in operations:
        name, tokens, source = _read(operation)
        if name == "copy":
            copied += len(dump_json(_get(holder, source, "copy")))
            if copied > MAX_BYTES:
                raise RequestEntityTooLarge("the copies of the JSON patch are larger than a request may be")
        _OPERATIONS[name](holder, tokens, source, operation)
    result = holder.get("")
    if not isinstance(result, dict):
        raise Invalid("the JSON patch leaves no object")
    return result


def _read(operation: Any) -> tuple[str, list[str], list[str]]:
    """(op, tokens of path, tokens of from), the holder's "" in front of both."""
    if not isinstance(operation, dict):
        raise BadRequest("an operation of a JSON patch must be an object with op and path")
    name = operation.get("op")
    if name not in _OPERATIONS:
        raise BadRequest(
            f"unexpected kind of JSON patch operation: {name!r}; use add, remove, replace, move, copy, test"
        )
    tokens = _tokens(operation.get("path"), "path")
    source = _tokens(operation.get("from"), "from") if name in ("move", "copy") else []
    if name in ("add", "replace", "test") and "value" not in operation:
        raise BadRequest(f'the JSON patch operation "{name}" at "{operation["path"]}" has no value')
    return name, tokens, source


def _tokens(pointer: Any, key: str) -> list[str]:
    if not isinstance(pointer, str) or (pointer and pointer[0] != "/"):
        raise BadRequest(f'"{key}" of a JSON patch operation must be a JSON pointer such as /metadata/labels/app')
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")]


def _parent(holder: Any, tokens: list[str], verb: str) -> Any:
    place = holder
    for token in tokens[:-1]:
        place = _child(place, token)
        if not isinstance(place, (dict, list)):
            raise _does_not_apply(verb, tokens)
    return place


def _child(place: Any, token: str) -> Any:
    if isinstance(place, dict):
        return place.get(token, _MISSING)
    if isinstance(place, list):
        index = _index(token, len(place) - 1)
        return _MISSING if index is None else place[index]
    return _MISSING


def _index(token: str, last: int) -> int | None:
    if not token.isascii() or not token.isdigit() or (token[0] == "0" and len(token) > 1) or len(token) > 9:
        return None
    return int(token) if int(token) <= last else None


def _get(holder: Any, tokens: list[str], verb: str) -> Any:
    found = _child(_parent(holder, tokens, verb), tokens[-1])
    if found is _MISSING:
        raise _does_not_apply(verb, tokens)
    return found


def _does_not_apply(verb: str, tokens: list[str]) -> Invalid:
    pointer = "/".join(token.replace("~", "~0").replace("/", "~1") for token in tokens)
    return Invalid(f'JSON patch {verb} operation does not apply: doc is missing path: "{pointer}"')


def _put(holder: Any, tokens: list[str], value: Any, verb: str) -> None:
    place, last = _parent(holder, tokens, verb), tokens[-1]
    if isinstance(place, dict):
        place[last] = value
        return
    index = len(place) if last == "-" else _index(last, len(place))
    if index is None:
        raise _does_not_apply(verb, tokens)
    place.insert(index, value)


def _take(holder: Any, tokens: list[str], verb: str) -> Any:
    value = _get(holder, tokens, verb)
    place, last = _parent(holder, tokens, verb), tokens[-1]
    del place[last if isinstance(place, dict) else int(last)]
    return value


def _add(holder: Any, tokens: list[str], source: list[str], operation: dict[str, Any]) -> None:
    _put(holder, tokens, deep_copy(operation["value"]), "add")


def _remove(holder: Any, tokens: list[str], source: list[str], operation: dict[str, Any]) -> None:
    _take(holder, tokens, "remove")


def _replace(holder: Any, tokens: list[str], source: list[str], operation: dict[str, Any]) -> None:
    _get(holder, tokens, "replace")
    place, last = _parent(holder, tokens, "replace"), tokens[-1]
    place[last if isinstance(place, dict) else int(last)] = deep_copy(operation["value"])


def _move(holder: Any, tokens: list[str], source: list[str], operation: dict[str, Any]) -> None:
    if tokens[: len(source)] == source and len(tokens) > len(source):
        raise Invalid(f'JSON patch move operation does not apply: "{operation["path"]}" lies inside what is moved')
    _put(holder, tokens, _take(holder, source, "move"), "move")


def _copy(holder: Any, tokens: list[str], source: list[str], operation: dict[str, Any]) -> None:
    _put(holder, tokens, deep_copy(_get(holder, source, "copy")), "copy")


def _test(holder: Any, tokens: list[str], source: list[str], operation: dict[str, Any]) -> None:
    found = _child(_parent(holder, tokens, "test"), tokens[-1])
    found = None if found is _MISSING else found
    if not _same(found, operation["value"]):
        raise Invalid(f"JSON patch test operation does not apply: testing path {operation['path']} failed")


def _same(left: Any, right: Any) -> bool:
    """Equality of JSON, where true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return left == right


_OPERATIONS = {"add": _add, "remove": _remove, "replace": _replace, "move": _move, "copy": _copy, "test": _test}
