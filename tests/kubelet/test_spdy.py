"""SPDY's frames: what one end writes the other reads, in any pieces."""

import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikweb.kubelet import spdy
from minikweb.kubelet.spdy import Frame, Framer, ProtocolError

DATA_STREAM = {"streamtype": "data", "port": "8080", "requestid": "0"}


def test_it_works():
    client, server = Framer(), Framer()
    sent = client.syn_stream(1, DATA_STREAM) + spdy.data(1, b"hello", last=True) + spdy.ping(3)

    assert server.feed(sent) == [
        Frame(spdy.SYN_STREAM, 1, headers=DATA_STREAM),
        Frame(spdy.DATA, 1, spdy.FIN, payload=b"hello"),
        Frame(spdy.PING, number=3),
    ]
    assert client.feed(server.syn_reply(1)) == [Frame(spdy.SYN_REPLY, 1)]


def test_the_dictionary_is_the_protocols():
    assert len(spdy.DICTIONARY) == 1423
    assert zlib.adler32(spdy.DICTIONARY) == 0xE3C6A7C2  # as each first block of headers names it


def test_headers_packed_harder_than_ours_are_read():
    block = zlib.compressobj(9, zdict=spdy.DICTIONARY)
    pairs = (b"port", b"80"), (b"requestid", b"0"), (b"streamtype", b"error")
    text = b"\0\0\0\3" + b"".join(len(part).to_bytes(4, "big") + part for pair in pairs for part in pair)
    packed = block.compress(text) + block.flush(zlib.Z_SYNC_FLUSH)
    frame = bytes.fromhex("80030001") + bytes([0]) + (10 + len(packed)).to_bytes(3, "big")
    frame += (1).to_bytes(4, "big") + bytes(4) + bytes(2) + packed

    (read,) = Framer().feed(frame)

    assert (read.stream, read.headers) == (1, {"port": "80", "requestid": "0", "streamtype": "error"})


@given(sizes=st.lists(st.integers(1, 9), min_size=1), payload=st.binary(max_size=99))
def test_frames_come_together_from_any_pieces(sizes, payload):
    client, server = Framer(), Framer()
    sent = client.syn_stream(1, {"a": "b"}) + spdy.data(1, payload) + client.syn_stream(3, {"a": "c"}, last=True)
    found, at = [], 0
    while at < len(sent):
        size = sizes[len(found) % len(sizes)]
        found += server.feed(sent[at : at + size])
        at += size

    assert [frame.stream for frame in found] == [1, 1, 3]
    assert (found[1].payload, found[2].headers, found[2].is_last) == (payload, {"a": "c"}, True)


def test_what_is_of_no_use_is_left_out():
    window = bytes.fromhex("8003000900000008" + "0000000100010000")
    settings = bytes.fromhex("8003000400000004" + "00000000")

    assert Framer().feed(window + settings + spdy.ping(1)) == [Frame(spdy.PING, number=1)]


def test_resets_and_farewells_say_why():
    reset, away = Framer().feed(spdy.rst_stream(5, spdy.CANCEL) + spdy.goaway(7, spdy.PROTOCOL_ERROR))

    assert (reset.stream, reset.number) == (5, spdy.CANCEL)
    assert (away.type, away.stream, away.number) == (spdy.GOAWAY, 7, spdy.PROTOCOL_ERROR)


@pytest.mark.parametrize(
    "sent",
    [
        bytes.fromhex("8002000600000004" + "00000001"),  # SPDY/2
        bytes.fromhex("8003000600000002" + "0001"),  # half a PING
        bytes.fromhex("8003000100000004" + "00000001"),  # a SYN_STREAM without its head
        bytes.fromhex("800300010000000e" + "00000001000000000000" + "deadbeef"),  # headers that are not packed
    ],
)
def test_what_is_no_spdy_is_refused(sent):
    with pytest.raises(ProtocolError):
        Framer().feed(sent)


@pytest.mark.parametrize(
    "block", [b"\0\0\0\1", b"\0\0\0\1\0\0\0\1a", b"\0\0\0\0\0\0\0\1a\0\0\0\1b", b"\0\0\0\1\0\0\0\xff"]
)
def test_headers_that_do_not_add_up_are_refused(block):
    pack = zlib.compressobj(zdict=spdy.DICTIONARY)
    packed = pack.compress(block) + pack.flush(zlib.Z_SYNC_FLUSH)
    frame = bytes.fromhex("80030001") + (10 + len(packed)).to_bytes(4, "big") + bytes(10) + packed

    with pytest.raises(ProtocolError):
        Framer().feed(frame)


def test_headers_that_would_fill_the_memory_are_refused():
    client = Framer()

    with pytest.raises(ProtocolError):
        Framer().feed(client.syn_stream(1, {"a": "b" * 1_000_000}))


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_no_spdy(sent):
    with contextlib.suppress(ProtocolError):
        Framer().feed(sent)
