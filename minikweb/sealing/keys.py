"""Key pairs of the controller: where they are kept, which is the newest, when the next one is due.

A pair is a Secret of type kubernetes.io/tls with the label `sealedsecrets.bitnami.com/sealed-secrets-key: active`. The
newest seals; all of them unseal, for ever: what was committed years ago must still open.
Source: sealed-secrets' pkg/controller/{keys,keyregistry,main}.go.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from minikweb.sealing.scope import PREFIX

Object = dict[str, Any]

NAMESPACE = "kube-system"
LABEL, ACTIVE, COMPROMISED = f"{PREFIX}sealed-secrets-key", "active", "compromised"
SELECTOR = f"{LABEL}={ACTIVE}"
NAME_PREFIX = "sealed-secrets-key"
BITS, YEARS = 4096, 10
RENEWED_AFTER = timedelta(days=30)
USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
MORE_USAGES = ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")


class NotAKey(Exception):
    """A Secret labelled as a key that holds none; the message says why."""


@dataclass(frozen=True)
class KeyPair:
    """One key of the controller, as its Secret holds it."""

    name: str  # of the Secret
    private: RSAPrivateKey
    certificate: x509.Certificate

    @property
    def since(self) -> datetime:
        """What its age is counted from, as the original does: the certificate's first second."""
        return self.certificate.not_valid_before_utc

    @property
    def pem(self) -> bytes:
        """The certificate, as kubeseal fetches it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def is_key(secret: Object) -> bool:
    """Whether a Secret holds a key in use."""
    metadata = secret["metadata"]
    return metadata.get("namespace") == NAMESPACE and (metadata.get("labels") or {}).get(LABEL) == ACTIVE


def read(secret: Object) -> KeyPair:
    """The pair in a Secret. Raises NotAKey."""
    name, data = secret["metadata"]["name"], secret.get("data") or {}
    try:
        key, certificate = (base64.b64decode(data[entry]) for entry in ("tls.key", "tls.crt"))
        # Checking the primes of a key of our own takes a quarter of a second each time.
        private = serialization.load_pem_private_key(key, None, unsafe_skip_rsa_key_validation=True)
        loaded = x509.load_pem_x509_certificate(certificate)
    except KeyError as missing:
        raise NotAKey(f"{name} has no {missing}") from None
    except (ValueError, TypeError, binascii.Error) as error:
        raise NotAKey(f"{name}: {error}") from None
    if not isinstance(private, RSAPrivateKey):
        raise NotAKey(f"{name}: private key is not an RSA key")
    return KeyPair(name, private, loaded)


def newest(pairs: Iterable[KeyPair]) -> KeyPair | None:
    """The one that seals."""
    return max(pairs, key=lambda pair: (pair.since, pair.name), default=None)


def renewed_in(pairs: Iterable[KeyPair], now: datetime, period: timedelta = RENEWED_AFTER) -> timedelta:
    """How long the newest key goes on sealing; zero or less when another is due, and when there is none."""
    last = newest(pairs)
    return last.since + period - now if last else timedelta(0)


def generate(now: datetime, bits: int = BITS) -> Object:
    """A new pair, as the Secret to create."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    data = {
        "tls.key": private.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain),
        "tls.crt": certificate_for(private, now).public_bytes(pem),
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"generateName": NAME_PREFIX, "namespace": NAMESPACE, "labels": {LABEL: ACTIVE}},
        "type": "kubernetes.io/tls",
        "data": {name: base64.b64encode(value).decode() for name, value in data.items()},
    }


def certificate_for(private: RSAPrivateKey, now: datetime) -> x509.Certificate:
    """A certificate that carries the public key to kubeseal; nobody trusts it for anything else."""
    nobody = x509.Name([])
    usage = x509.KeyUsage(**dict.fromkeys(USAGES + MORE_USAGES, False) | {"key_encipherment": True})
    return (
        x509.CertificateBuilder()
        .subject_name(nobody)
        .issuer_name(nobody)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )


def public_key(pem: bytes) -> RSAPublicKey:
    """The key in a certificate. Raises NotAKey."""
    try:
        key = x509.load_pem_x509_certificate(pem).public_key()
    except ValueError as error:
        raise NotAKey(f"this is no certificate: {error}") from None
    if not isinstance(key, RSAPublicKey):
        raise NotAKey("the certificate holds no RSA key")
    return key


def fingerprint(key: RSAPublicKey) -> str:
    """`SHA256:…`, as ssh-keygen shows it, to compare two keys by eye."""
    line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
