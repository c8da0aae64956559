"""The frames of SPDY/3.1, as far as port-forward needs them. Pure: bytes in, frames out, and back.

One Framer is one end of a connection; headers are compressed over all frames of a direction. There is no flow control:
who speaks SPDY to Kubernetes neither sends windows nor looks at them. Source: the SPDY protocol, draft 3.1
(chromium.org), and what github.com/moby/spdystream reads and writes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
DATA = 0  # the type of our DATA frames; on the wire they have none
FIN = 1
PROTOCOL_ERROR, REFUSED_STREAM, CANCEL = 1, 3, 5

_VERSION = 0x8003  # the bit of a control frame, and version 3
_HEADER = struct.Struct(">II")
_LENGTHS = {RST_STREAM: 8, PING: 4, GOAWAY: 8}
_MAX_HEADERS = 65_536  # bytes of a block of headers, unpacked

_NAMES = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status"
)
_MORE_NAMES = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin")
_VALUES = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = (
    b"".join(struct.pack(">I", len(name)) + name.encode() for name in (*_NAMES.split(), *_MORE_NAMES))
    + _VALUES.encode()
)


class ProtocolError(Exception):
    """What came is no SPDY; the connection cannot go on."""


@dataclass(frozen=True)
class Frame:
    """`number` is the id of a PING, the status of a RST_STREAM or GOAWAY."""

    type: int
    stream: int = 0
    flags: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    payload: bytes = b""
    number: int = 0

    @property
    def is_last(self) -> bool:
        """Whether the sender says no more on this stream."""
        return bool(self.flags & FIN)


class Framer:
    """Both directions of one end."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._unpack = zlib.decompressobj(zdict=DICTIONARY)
        self._pack = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now; those that port-forward has no use for are left out.

        Raises ProtocolError.
        """
        self._rest += data
        frames, at = [], 0
        while at + _HEADER.size <= len(self._rest):
            first, second = _HEADER.unpack_from(self._rest, at)
            begin = at + _HEADER.size
            end = begin + (second & 0xFFFFFF)
            if end > len(self._rest):
                break
            frame = self._frame(first, second >> 24, bytes(self._rest[begin:end]))
            if frame:
                frames.append(frame)
            at = end
        del self._rest[:at]
        return frames

    def _frame(self, first: int, flags: int, body: bytes) -> Frame | None:
        if not first >> 31:
            return Frame(DATA, first, flags, payload=body)
        if first >> 16 != _VERSION:
            raise ProtocolError(f"version {first >> 16 & 0x7FFF} is not spoken here")
        kind = first & 0xFFFF
        if kind in (SYN_STREAM, SYN_REPLY, HEADERS):
            skipped = 10 if kind == SYN_STREAM else 4
            if len(body) < skipped:
                raise ProtocolError("a frame is too short")
            stream = int.from_bytes(body[:4], "big") & 0x7FFFFFFF
            return Frame(kind, stream, flags, self._headers(body[skipped:]))
        if kind not in _LENGTHS:
            return None
        if len(body) != _LENGTHS[kind]:
            raise ProtocolError("a frame has the wrong length")
        number = int.from_bytes(body[-4:], "big")
        stream = int.from_bytes(body[:4], "big") & 0x7FFFFFFF if len(body) == 8 else 0
        return Frame(kind, stream, flags, number=number)

    def _headers(self, packed: bytes) -> dict[str, str]:
        try:
            block = self._unpack.decompress(packed, _MAX_HEADERS)
        except zlib.error as error:
            raise ProtocolError(f"headers: {error}") from error
        if self._unpack.unconsumed_tail:
            raise ProtocolError("headers are too long")
        return _read_headers(block)

    def syn_stream(self, stream: int, headers: Mapping[str, str], *, last: bool = False) -> bytes:
        body = stream.to_bytes(4, "big") + bytes(6) + self._packed(headers)
        return _control(SYN_STREAM, body, FIN if last else 0)

    def syn_reply(self, stream: int, headers: Mapping[str, str] | None = None) -> bytes:
        return _control(SYN_REPLY, stream.to_bytes(4, "big") + self._packed(headers or {}))

    def _packed(self, headers: Mapping[str, str]) -> bytes:
        block = [len(headers).to_bytes(4, "big")]
        for name, value in headers.items():
            for text in (name.lower().encode(), value.encode()):
                block += [len(text).to_bytes(4, "big"), text]
        return self._pack.compress(b"".join(block)) + self._pack.flush(zlib.Z_SYNC_FLUSH)


def _read_headers(block: bytes) -> dict[str, str]:
    """Pairs of texts behind their lengths. Raises ProtocolError."""
    texts, at = [], 4
    while at < len(block):
        end = at + 4 + int.from_bytes(block[at : at + 4], "big")
        texts.append(block[at + 4 : end].decode("utf-8", "replace"))
        at = end
    if at != max(len(block), 4) or len(texts) != 2 * int.from_bytes(block[:4], "big"):
        raise ProtocolError("headers do not add up")
    return {name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=True)}


def data(stream: int, payload: bytes, *, last: bool = False) -> bytes:
    """A DATA frame; at most 16 MiB."""
    return _HEADER.pack(stream, (FIN if last else 0) << 24 | len(payload)) + payload


def rst_stream(stream: int, status: int) -> bytes:
    return _control(RST_STREAM, struct.pack(">II", stream, status))


def ping(number: int) -> bytes:
    return _control(PING, struct.pack(">I", number))


def goaway(last_stream: int, status: int = 0) -> bytes:
    return _control(GOAWAY, struct.pack(">II", last_stream, status))


def _control(kind: int, body: bytes, flags: int = 0) -> bytes:
    return _HEADER.pack(_VERSION << 16 | kind, flags << 24 | len(body)) + body
