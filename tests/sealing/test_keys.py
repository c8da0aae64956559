"""The controller's key pairs."""

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from minikweb.sealing import keys
from tests.sealing.pairs import FIRST, NOW, SECOND


def test_a_new_pair_is_a_tls_secret_with_the_originals_label():
    secret = keys.generate(NOW, bits=2048)
    assert secret["type"] == "kubernetes.io/tls"
    assert sorted(secret["data"]) == ["tls.crt", "tls.key"]
    assert secret["metadata"]["labels"] == {"sealedsecrets.bitnami.com/sealed-secrets-key": "active"}
    assert secret["metadata"]["generateName"] == "sealed-secrets-key"
    assert keys.is_key(secret)


def test_the_certificate_carries_the_public_key_for_ten_years():
    assert keys.public_key(FIRST.pem) == FIRST.private.public_key()
    assert FIRST.since == NOW
    assert FIRST.certificate.not_valid_after_utc - NOW == timedelta(days=3650)


def test_the_newest_key_seals():
    assert keys.newest([SECOND, FIRST]) is SECOND
    assert keys.newest([]) is None


def test_a_key_is_due_thirty_days_after_the_newest():
    assert keys.renewed_in([FIRST], NOW + timedelta(days=29)) == timedelta(days=1)
    assert keys.renewed_in([FIRST, SECOND], NOW + timedelta(days=31)) == timedelta(days=29)
    assert keys.renewed_in([FIRST], NOW + timedelta(days=40)) < timedelta(0)
    assert keys.renewed_in([], NOW) == timedelta(0)


def test_a_key_taken_out_of_use_is_no_key():
    secret = keys.generate(NOW, bits=2048)
    secret["metadata"]["labels"][keys.LABEL] = keys.COMPROMISED
    assert not keys.is_key(secret)


def elliptic() -> bytes:
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)


@pytest.mark.parametrize(
    "data, why",
    [
        ({}, "has no 'tls.key'"),
        ({"tls.key": base64.b64encode(b"nothing").decode(), "tls.crt": ""}, "bad-key: "),
        ({"tls.key": base64.b64encode(elliptic()).decode()}, "private key is not an RSA key"),
    ],
)
def test_what_is_no_key_says_why(data, why):
    certificate = {"tls.crt": base64.b64encode(FIRST.pem).decode()}
    with pytest.raises(keys.NotAKey, match=why):
        keys.read({"metadata": {"name": "bad-key"}, "data": {**certificate, **data}})


def test_a_fingerprint_is_that_of_ssh():
    assert keys.fingerprint(FIRST.private.public_key()).startswith("SHA256:")
    assert keys.fingerprint(FIRST.private.public_key()) != keys.fingerprint(SECOND.private.public_key())
