"""One sealed value, whatever is done to it."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from minikweb.sealing import hybrid

KEY, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))
LABEL = b"shop/database"


@given(st.binary(max_size=2000), st.binary(max_size=50))
def test_it_works(value, label):
    assert hybrid.unseal([KEY], hybrid.seal(KEY.public_key(), value, label), label) == value


def test_the_same_value_is_never_sealed_to_the_same_text():
    assert len({hybrid.seal(KEY.public_key(), b"s3cret", LABEL) for _ in range(5)}) == 5


def test_an_old_key_among_new_ones_still_opens():
    assert hybrid.unseal([OTHER, KEY], hybrid.seal(KEY.public_key(), b"s3cret", LABEL), LABEL) == b"s3cret"


@pytest.mark.parametrize("keys, label", [([OTHER], LABEL), ([KEY], b"shop/other"), ([KEY], b""), ([], LABEL)])
def test_another_key_or_another_place_opens_nothing(keys, label):
    with pytest.raises(hybrid.CannotUnseal, match="no key could decrypt secret"):
        hybrid.unseal(keys, hybrid.seal(KEY.public_key(), b"s3cret", LABEL), label)


@given(st.data())
def test_a_text_that_was_changed_is_refused(data):
    sealed = bytearray(hybrid.seal(KEY.public_key(), b"s3cret", LABEL))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(hybrid.CannotUnseal):
        hybrid.unseal([KEY], bytes(sealed), LABEL)


@given(st.binary(max_size=600))
def test_what_is_no_sealed_value_is_refused(text):
    with pytest.raises(hybrid.CannotUnseal):
        hybrid.unseal([KEY], text, LABEL)
