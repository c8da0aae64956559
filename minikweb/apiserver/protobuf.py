"""Request bodies in protobuf, as kubectl and helm send them, read into the JSON form of the object.

The table protobuf_messages.json (message → number → "name type word") is written from Kubernetes' public definitions
by `manage.py generate_protobuf_table`. Words: list, map; inline (the fields stand in the parent); pointer (a zero was
set on purpose and stays); always (written even when zero). Answers are JSON: there is no encoder.

A reader of our own and not the protobuf library: what is read must become Kubernetes' JSON anyway, and its limits are
in sight here. Source of the envelope: k8s.io/apimachinery/pkg/runtime/serializer/protobuf/protobuf.go.
"""

from __future__ import annotations

import base64
import functools
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from minikweb.apimachinery import clock, serializer
from minikweb.apimachinery.errors import BadRequest

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\0"
MAX_DEPTH = 100  # nested messages, as the protobuf library

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Field = tuple[str, str, str]  # JSON name, type, word


def decode(body: bytes) -> dict[str, Any]:
    """The object of a request body. BadRequest if it is not protobuf, not well formed or of a kind unknown here."""
    if not body.startswith(MAGIC):
        raise _malformed("it does not begin with the four bytes of Kubernetes' envelope")
    envelope = _last_values(body[len(MAGIC) :])
    type_meta = _last_values(_as_bytes(envelope.get(1, b"")))
    api_version, kind = (_text(_as_bytes(type_meta.get(number, b""))) for number in (1, 2))
    if envelope.get(3) or envelope.get(4, b"") not in (b"", MEDIA_TYPE.encode()):
        raise _malformed("its content is encoded or of another type")
    kinds = _table()[0]
    message = kinds.get(f"{api_version}/{kind}") or kinds.get(kind)
    if message is None:
        raise BadRequest(
            f'no kind "{kind}" of version "{api_version}" is known here in protobuf: send it as application/json'
        )
    obj = {"apiVersion": api_version, "kind": kind}
    obj.update(_message(_as_bytes(envelope.get(2, b"")), message, 0))
    return obj


@functools.cache
def _table() -> tuple[dict[str, str], dict[str, dict[int, Field]]]:
    """(apiVersion/kind → message, message → number → field)."""
    table = orjson.loads(Path(__file__).with_name("protobuf_messages.json").read_bytes())
    fields = {
        name: {int(number): tuple((text + " ").split(" ")[:3]) for number, text in message.items()}
        for name, message in table["messages"].items()
    }
    return table["kinds"], fields


def _malformed(why: str) -> BadRequest:
    return BadRequest(f"the body is not a protobuf object of Kubernetes: {why}")


# --- The wire ----------------------------------------------------------------------------------------
def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The (number, value) of a message, in order: int for varints, bytes for the rest."""
    position, end = 0, len(data)
    while position < end:
        tag, position = _varint(data, position)
        number, wire = tag >> 3, tag & 7
        if not number:
            raise _malformed("a field has the number 0")
        if wire == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == _BYTES:
            length, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise _malformed(f"a field has the wire type {wire}")
        if length > end - position:
            raise _malformed("it ends in the middle of a field")
        yield number, data[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """(the number, the position behind it)."""
    number = 0
    for shift in range(0, 70, 7):
        try:
            byte = data[position]
        except IndexError:
            raise _malformed("it ends in the middle of a number") from None
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFFFFFFFFFFFFFF, position
    raise _malformed("a number is longer than ten bytes")


def _last_values(data: bytes) -> dict[int, int | bytes]:
    return dict(_fields(data))


def _as_bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise _malformed("a number stands where text or a message should")
    return value


def _as_int(value: int | bytes, bits: int = 64) -> int:
    """A varint as a signed number of that many bits."""
    if not isinstance(value, int):
        raise _malformed("text or a message stands where a number should")
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _text(value: int | bytes) -> str:
    try:
        return _as_bytes(value).decode()
    except UnicodeDecodeError:
        raise _malformed("a text is not UTF-8") from None


# --- Messages ------------------------------------------------------------------------------------------
def _message(data: bytes, name: str, depth: int) -> dict[str, Any]:
    """The JSON object of a message; numbers the table does not know are skipped, as protobuf does."""
    if depth > MAX_DEPTH:
        raise _malformed(f"nested deeper than {MAX_DEPTH} messages")
    found: dict[str, Any] = {}
    known = _table()[1][name]
    for number, raw in _fields(data):
        if number not in known:
            continue
        field, type_name, word = known[number]
        if word == "map":
            key, value = _entry(_as_bytes(raw), type_name, depth)
            found.setdefault(field, {})[key] = value
            continue
        value = _value(raw, type_name, depth)
        if word == "list":
            found.setdefault(field, []).append(value)
        elif word == "inline":
            found.update(value)
        elif value or (value is not None and (word == "pointer" or (word == "always" and value != {}))):
            found[field] = value
    return found


def _entry(data: bytes, type_name: str, depth: int) -> tuple[str, Any]:
    """One entry of a map: its key and value; what is left out is empty."""
    entry = _last_values(data)
    return _text(entry.get(1, b"")), _value(entry.get(2, b""), type_name, depth)


def _value(raw: int | bytes, type_name: str, depth: int) -> Any:
    reader = _SCALARS.get(type_name)
    return reader(raw) if reader else _message(_as_bytes(raw), type_name, depth + 1)


# --- Scalars, and the messages that JSON writes as one ---------------------------------------------------
def _double(raw: int | bytes) -> float:
    if not isinstance(raw, bytes) or len(raw) != 8:
        raise _malformed("a floating point number does not have eight bytes")
    number = struct.unpack("<d", raw)[0]
    if number - number != 0:
        raise _malformed("a number is infinite or none")
    return number


def _base64(raw: int | bytes) -> str:
    return base64.b64encode(_as_bytes(raw)).decode()


def _moment(raw: int | bytes) -> datetime | None:
    """A Timestamp; the empty message is Go's zero time, which JSON writes as null."""
    if not raw:
        return None
    parts = _last_values(_as_bytes(raw))
    seconds, nanos = _as_int(parts.get(1, 0)), _as_int(parts.get(2, 0), 32)
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, microseconds=nanos // 1000)
    except OverflowError:
        raise _malformed("a time lies outside of the years 1 to 9999") from None


def _time(raw: int | bytes) -> str | None:
    moment = _moment(raw)
    return moment and clock.format(moment)


def _micro_time(raw: int | bytes) -> str | None:
    moment = _moment(raw)
    return moment and clock.format_micro(moment)


def _quantity(raw: int | bytes) -> str:
    return _text(_last_values(_as_bytes(raw)).get(1, b"0")) or "0"


def _int_or_string(raw: int | bytes) -> int | str:
    parts = _last_values(_as_bytes(raw))
    return _text(parts.get(3, b"")) if parts.get(1) else _as_int(parts.get(2, 0), 32)


def _json(raw: int | bytes) -> Any:
    """RawExtension and FieldsV1 hold JSON."""
    text = _as_bytes(_last_values(_as_bytes(raw)).get(1, b""))
    return serializer.load_json(text) if text else None


def _strings(raw: int | bytes) -> list[str]:
    return [_text(value) for number, value in _fields(_as_bytes(raw)) if number == 1]


_SCALARS: dict[str, Callable[[int | bytes], Any]] = {
    "string": _text,
    "bytes": _base64,
    "bool": lambda raw: _as_int(raw) != 0,
    "int32": lambda raw: _as_int(raw, 32),
    "int64": _as_int,
    "double": _double,
    "time": _time,
    "microtime": _micro_time,
    "quantity": _quantity,
    "int-or-string": _int_or_string,
    "json": _json,
    "strings": _strings,
}
