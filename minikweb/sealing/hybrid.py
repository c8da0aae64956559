"""One sealed value: a session key for AES-GCM, itself encrypted with RSA-OAEP under a label.

 2 bytes: length of the RSA ciphertext | RSA ciphertext of the session key | AES-256-GCM ciphertext of the value

The label is not in the text, and without it nothing is decrypted: so it binds the value to a name and a namespace.
The nonce is zero, for no session key is used twice. Source: sealed-secrets' pkg/crypto/crypto.go.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SESSION_KEY_BYTES = 32
LENGTH_BYTES = 2
NONCE = bytes(12)


class CannotUnseal(Exception):
    """No key opens the value. The message is the one the original controller gives."""


def seal(key: RSAPublicKey, value: bytes, label: bytes) -> bytes:
    """The value, readable only for the holder of the private key who knows the label."""
    session_key = os.urandom(SESSION_KEY_BYTES)
    sealed_key = key.encrypt(session_key, _oaep(label))
    length = len(sealed_key).to_bytes(LENGTH_BYTES, "big")
    return length + sealed_key + AESGCM(session_key).encrypt(NONCE, value, None)


def unseal(keys: Iterable[RSAPrivateKey], sealed: bytes, label: bytes) -> bytes:
    """The value, by whichever key opens it. Raises CannotUnseal."""
    end = LENGTH_BYTES + int.from_bytes(sealed[:LENGTH_BYTES], "big")
    if len(sealed) < LENGTH_BYTES or len(sealed) < end:
        raise CannotUnseal("no key could decrypt secret")
    for key in keys:
        try:
            session_key = key.decrypt(sealed[LENGTH_BYTES:end], _oaep(label))
            return AESGCM(session_key).decrypt(NONCE, sealed[end:], None)
        except (ValueError, InvalidTag):  # another key, another label, or a changed text
            continue
    raise CannotUnseal("no key could decrypt secret")


def _oaep(label: bytes) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label)
