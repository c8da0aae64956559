"""Bytes ↔ objects: JSON and YAML, with limits on size, depth and aliases.

What fails is a BadRequest that names line and column; what is too large a RequestEntityTooLarge.
YAML is read as Kubernetes reads it (sigs.k8s.io/yaml): the values JSON has, so a date stays a string.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import orjson
import yaml

from minikweb.apimachinery.errors import BadRequest, RequestEntityTooLarge

MAX_BYTES = 3 * 1024 * 1024  # kube-apiserver's limit of a request body
MAX_DEPTH = 200  # nested values; orjson itself stops at 254
MAX_NODES = 1_000_000  # values of a YAML text once its aliases are written out


def load_json(body: bytes | str, *, max_bytes: int = MAX_BYTES) -> Any:
    """The value of a JSON text. Of a repeated key the last wins; `duplicate_fields` tells them."""
    if len(body) > max_bytes:
        raise too_large(max_bytes)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadRequest(f"the body is not valid JSON: {error.msg} ({where})") from None


def too_large(max_bytes: int = MAX_BYTES) -> RequestEntityTooLarge:
    """The answer to a body over the limit, also for the server that stops reading at it."""
    return RequestEntityTooLarge(f"Request entity too large: limit is {max_bytes}")


def dump_json(value: Any) -> bytes:
    """Compact JSON; TypeError for what JSON has not."""
    return orjson.dumps(value)


def deep_copy(value: Any) -> Any:
    """A copy that shares nothing with `value`, several times faster than copy.deepcopy."""
    return orjson.loads(orjson.dumps(value))


# --- Repeated keys, for strict field validation ----------------------------------------------------
class _Repeating(dict):
    """An object whose text named a key twice."""

    repeated: list[str]


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    marked = _Repeating(found)
    marked.repeated = [key for key, _ in pairs if key in seen or seen.add(key)]
    return marked


def duplicate_fields(body: bytes) -> list[str]:
    """The paths of keys that a (valid) JSON text repeats, such as `spec.replicas`, in order."""
    found: list[str] = []
    if not _surely_unique(body):
        _find_repeated(json.loads(body, object_pairs_hook=_pairs), "", found)
    return found


_SPACED_COLON = re.compile(rb'"\s+:')


def _surely_unique(body: bytes) -> bool:
    """Whether the text has no more keys than its value has, which is much quicker to see than which key it is."""
    if b'\\\\"' in body or _SPACED_COLON.search(body):
        return False
    return _count_keys(body) == _count_keys(orjson.dumps(orjson.loads(body)))


def _count_keys(text: bytes) -> int:
    """A quote and a colon end a key, unless the quote is escaped and so stands inside a string."""
    return text.count(b'":') - text.count(b'\\":')


def _find_repeated(value: Any, path: str, found: list[str]) -> None:
    if type(value) is list:
        for index, item in enumerate(value):
            if type(item) in (dict, list, _Repeating):
                _find_repeated(item, f"{path}[{index}]", found)
    elif isinstance(value, dict):
        prefix = f"{path}." if path else ""
        if type(value) is _Repeating:
            found.extend(dict.fromkeys(prefix + key for key in value.repeated))
        for key, item in value.items():
            if type(item) in (dict, list, _Repeating):
                _find_repeated(item, prefix + key, found)


# --- YAML ------------------------------------------------------------------------------------------
_BOOLEANS = {
    form(word): value
    for value, words in ((True, ("true", "yes", "on")), (False, ("false", "no", "off")))
    for word in words
    for form in (str.lower, str.upper, str.capitalize)
}
_NULLS = {"", "~", "null", "Null", "NULL"}
_INTEGER = re.compile(r"[+-]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[+-]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][+-]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_READ_AS = {_TAG + name for name in ("int", "float", "bool", "null")}
_Parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load_yaml(text: bytes | str, *, max_bytes: int = MAX_BYTES) -> list[dict[str, Any]]:
    """The objects of a stream of YAML (or JSON) documents, empty ones left out; each must be a mapping."""
    documents = load_yaml_values(text, max_bytes=max_bytes)
    for document in documents:
        if not isinstance(document, dict):
            raise BadRequest("a YAML document here must be a mapping that begins with apiVersion and kind")
    return documents


def load_yaml_values(text: bytes | str, *, max_bytes: int = MAX_BYTES) -> list[Any]:
    """The values of all documents of a stream, empty ones left out. BadRequest names line and column."""
    if len(text) > max_bytes:
        raise too_large(max_bytes)
    if isinstance(text, bytes):
        if text[:1] == b"{" and (value := _json_object(text)) is not None:
            return [value]
        text = _decoded(text)
    parser = None
    try:
        parser = _Parser(text)
        return _Reader(parser).documents()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error.problem or error.context, error.problem_mark or error.context_mark) from None
    except yaml.YAMLError as error:
        raise _not_yaml(str(error).splitlines()[0], None) from None
    finally:
        if parser is not None:
            parser.dispose()


def _json_object(text: bytes) -> Any:
    """The value if the text is JSON without repeated keys, as most clients send; None leaves it to YAML's rules."""
    try:
        return orjson.loads(text) if _surely_unique(text) else None
    except orjson.JSONDecodeError:
        return None


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise BadRequest(f"the text is not valid YAML: not UTF-8 (line {line})") from None


def _not_yaml(why: str, mark: Any) -> BadRequest:
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return BadRequest(f"the text is not valid YAML: {why}{where}")


class _Frame:
    """A list or mapping being read. `key` waits for its value; `nodes` counts what it holds, aliases written out."""

    __slots__ = ("anchor", "key", "merged", "nodes", "value")

    def __init__(self, value: dict | list, anchor: str | None):
        self.value, self.anchor = value, anchor
        self.key: str | None = None
        self.merged: dict[str, Any] | None = None
        self.nodes = 1


class _Reader:
    """Builds values from the parser's events with a stack of its own.

    PyYAML's composer recurses in C, where 100 kB of brackets end the process.
    """

    def __init__(self, parser: Any):
        self.parser = parser
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.total = 0

    def documents(self) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := self.parser.get_event(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors.clear()
            elif isinstance(event, yaml.ScalarEvent):
                self._put(_scalar(event), event, 1, found)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self._open({} if isinstance(event, yaml.MappingStartEvent) else [], event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                frame = self.stack.pop()
                value = {**frame.merged, **frame.value} if frame.merged else frame.value
                self._put(value, event, frame.nodes, found, frame.anchor)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event, found)
        return found

    def _open(self, value: dict | list, event: Any) -> None:
        if len(self.stack) >= MAX_DEPTH:
            raise _not_yaml(f"nested deeper than {MAX_DEPTH} levels", event.start_mark)
        frame = self.stack[-1] if self.stack else None
        if frame and frame.key is None and isinstance(frame.value, dict):
            raise _not_yaml("a key must be a string", event.start_mark)
        if event.anchor:
            self.anchors.pop(event.anchor, None)
        self.stack.append(_Frame(value, event.anchor))

    def _alias(self, event: Any, found: list[Any]) -> None:
        if event.anchor not in self.anchors:
            inside = any(frame.anchor == event.anchor for frame in self.stack)
            why = "contains itself" if inside else "is not defined"
            raise _not_yaml(f'anchor "{event.anchor}" {why}', event.start_mark)
        value, nodes = self.anchors[event.anchor]
        self.total += nodes
        if self.total > MAX_NODES:
            raise _not_yaml(f"its aliases expand to more than {MAX_NODES} values", event.start_mark)
        self._put(deep_copy(value), event, nodes, found)

    def _put(self, value: Any, event: Any, nodes: int, found: list[Any], anchor: str | None = None) -> None:
        anchor = anchor or (event.anchor if isinstance(event, yaml.ScalarEvent) else None)
        if anchor:
            self.anchors[anchor] = (value, nodes)
        if not self.stack:
            if value is not None:
                found.append(value)
            return
        frame = self.stack[-1]
        frame.nodes += nodes
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            self._key(frame, value, event)
        else:
            key, frame.key = frame.key, None
            if key is _MERGE:
                _merge(frame, value, event)
            else:
                frame.value[key] = value

    def _key(self, frame: _Frame, value: Any, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0]
            frame.key = _MERGE if plain and event.value == "<<" else event.value
        elif isinstance(value, str):
            frame.key = value
        else:
            raise _not_yaml("a key must be a string", event.start_mark)
        if frame.key is not _MERGE and frame.key in frame.value:
            raise _not_yaml(f'key "{frame.key}" already set in map', event.start_mark)


_MERGE: Any = object()  # the key `<<`


def _merge(frame: _Frame, value: Any, event: Any) -> None:
    for source in value if isinstance(value, list) else [value]:
        if not isinstance(source, dict):
            raise _not_yaml("map merge requires map or sequence of maps as the value", event.start_mark)
        frame.merged = {**source, **(frame.merged or {})}


def _scalar(event: Any) -> Any:
    text = event.value
    if event.implicit[0]:
        return _plain(text)
    if event.tag in _READ_AS:
        return _plain(text)
    if event.tag not in (None, "!", _TAG + "str"):
        raise _not_yaml(f"the tag {event.tag} has no meaning here", event.start_mark)
    return text


def _plain(text: str) -> Any:
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number(text) if text[0] in "0123456789+-." else text


def _number(text: str) -> Any:
    """The number an unquoted text is, or the text."""
    if _INTEGER.fullmatch(text):
        digits = text.replace("_", "")
        sign, digits = (digits[0], digits[1:]) if digits[0] in "+-" else ("", digits)
        if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
            digits = "0o" + digits[1:]
        try:
            number = int(sign + digits, 0)
        except ValueError:
            return text
        return number if -(2**63) <= number < 2**64 else _finite(text)
    return _finite(text) if _FLOAT.fullmatch(text) else text


def _finite(text: str) -> Any:
    number = float(text.replace("_", "")) if len(text) < 400 else math.inf
    return number if math.isfinite(number) else text


class _Writer(_Dumper):  # type: ignore[misc, valid-type]
    """Block style, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_NOT_A_BLOCK = re.compile(r"[ \t]\n|[ \t]$|[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _write_text(writer: Any, text: str) -> Any:
    """`|` for texts of several lines; quotes for what would be read as something else."""
    style = None
    if "\n" in text and text[0] not in " \t\n" and not _NOT_A_BLOCK.search(text):
        style = "|"
    elif text in ("y", "Y", "n", "N", "<<", "=") or not isinstance(_plain(text), str):
        style = '"'
    return writer.represent_scalar(_TAG + "str", text, style=style)


_Writer.add_representer(str, _write_text)


def dump_yaml(value: Any) -> str:
    """YAML as kubectl prints it: keys sorted, block style; `load_yaml` reads the same value back."""
    return yaml.dump(value, Dumper=_Writer, default_flow_style=False, allow_unicode=True, width=4096, indent=2)
