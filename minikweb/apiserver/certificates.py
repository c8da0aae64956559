"""The cluster's CA, the API server's certificate and the key that signs tokens, made at first start.

Source of the names: DESIGN, Network: pods reach the API at 10.96.0.1, users at 127.0.0.1.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_YEARS, LEAF_DAYS, RENEW_DAYS = 10, 365, 30
NAMES = (
    "127.0.0.1",
    "::1",
    "localhost",
    "10.96.0.1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "host.docker.internal",
)


def install(pki: Path, names: Sequence[str] = ()) -> None:
    """Makes in the folder `pki` what is missing, and the serving certificate anew when it ends soon or lacks a name."""
    pki.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (pki / "sa.key").exists():
        _write_key(pki / "sa.key", ec.generate_private_key(ec.SECP256R1()))
    if not ((pki / "ca.crt").exists() and (pki / "ca.key").exists()):
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(pki / "ca.key", key)
        _write(pki / "ca.crt", _authority(key).public_bytes(serialization.Encoding.PEM), 0o644)
    wanted = list(dict.fromkeys([*NAMES, *names]))
    if not _is_good(pki, wanted):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _serving(key, load_certificate(pki / "ca.crt"), load_key(pki / "ca.key"), wanted)
        _write_key(pki / "apiserver.key", key)
        _write(pki / "apiserver.crt", certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def load_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), f"{path} holds no elliptic-curve key"
    return key


def load_certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _is_good(pki: Path, names: Sequence[str]) -> bool:
    if not ((pki / "apiserver.crt").exists() and (pki / "apiserver.key").exists()):
        return False
    certificate = load_certificate(pki / "apiserver.crt")
    if certificate.not_valid_after_utc < datetime.now(UTC) + timedelta(days=RENEW_DAYS):
        return False
    try:
        certificate.verify_directly_issued_by(load_certificate(pki / "ca.crt"))
    except Exception:  # any failure means: not ours
        return False
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(_alternative(names)) <= set(held)


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "minikweb-ca")])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(name, name, key.public_key(), now, timedelta(days=365 * CA_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _serving(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    names: Sequence[str],
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kube-apiserver")])
    issuer_key = authority_key.public_key()
    return (
        _builder(name, authority.subject, key.public_key(), datetime.now(UTC), timedelta(days=LEAF_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternative(names)), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # a clock a little behind ours is no reason to refuse
        .not_valid_after(now + life)
    )


def _alternative(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    encoding, no_encryption = serialization.Encoding.PEM, serialization.NoEncryption()
    _write(path, key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, no_encryption), 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and never readable by others for a moment."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)
