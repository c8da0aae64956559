"""Codes that are read from a wall."""

from hypothesis import given
from hypothesis import strategies as st

from minikweb.people import codes


def test_it_works():
    code = codes.new(codes.CLASS_LENGTH)
    assert codes.read(f" {codes.shown(code).lower()} ") == code
    assert codes.read("k7m-2qx") == "K7M2QX"


def test_no_sign_is_taken_for_another():
    assert not set("0O1ILU") & set(codes.ALPHABET)
    assert len(codes.ALPHABET) ** codes.CLASS_LENGTH > 5e8


def test_codes_differ():
    assert len({codes.new(codes.CLASS_LENGTH) for _ in range(500)}) == 500


@given(st.text(max_size=500))
def test_whatever_is_typed_is_read(typed):
    assert len(codes.read(typed)) <= 192


def test_a_return_key_belongs_to_one_account():
    key = codes.return_key("learn-ab2c")
    assert codes.is_return_key("learn-ab2c", codes.shown(key).lower())
    assert not codes.is_return_key("learn-ab2d", key)
    assert not codes.is_return_key("learn-ab2c", "")


def test_a_return_key_needs_the_servers_secret(settings):
    key = codes.return_key("learn-ab2c")
    settings.SECRET_KEY = "another"
    assert not codes.is_return_key("learn-ab2c", key)
