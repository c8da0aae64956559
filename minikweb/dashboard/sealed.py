"""What the page of the SealedSecrets shows: their state, the keys, and how one is sealed. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from minikweb.apimachinery import meta, serializer
from minikweb.kinds.registry import HealthStatus
from minikweb.sealing import keys, scope, sealedsecret

Object = dict[str, Any]

TYPES = ("Opaque", "kubernetes.io/basic-auth", "kubernetes.io/dockerconfigjson", "kubernetes.io/ssh-auth",
         "kubernetes.io/tls")  # fmt: skip
_CAUSES: tuple[tuple[str, str | Promise], ...] = (
    (
        "no key could decrypt secret",
        _("Sealed for another cluster, for another name or namespace, or changed since: seal it again here."),
    ),
    (
        "already exists and is not managed",
        _(
            "A Secret of that name belongs to somebody else: delete it, or annotate it "
            "sealedsecrets.bitnami.com/managed=true."
        ),
    ),
    ("the target Secret is immutable", _("Delete the Secret: it is made anew at once.")),
    ("illegal base64 data", _("The text of this entry was cut or edited: seal the value again.")),
    ("not defined", _("Its template uses more than is known here.")),
)


@dataclass(frozen=True)
class Line:
    """A SealedSecret in the list."""

    namespace: str
    name: str
    scope: str
    entries: tuple[str, ...]
    health: HealthStatus
    word: str
    message: str  # the controller's words
    cause: str | Promise  # what they mean
    created: str
    is_waiting: bool  # the controller has not looked at this version yet


@dataclass(frozen=True)
class Key:
    """A key of the controller, without anything secret."""

    name: str
    since: datetime
    until: datetime
    fingerprint: str
    seals: bool


def lines(objects: Iterable[Object]) -> list[Line]:
    """The list, by namespace and name."""
    found = [line(obj) for obj in objects]
    return sorted(found, key=lambda one: (one.namespace, one.name))


def line(obj: Object) -> Line:
    metadata, status, spec = obj["metadata"], obj.get("status") or {}, obj.get("spec") or {}
    condition = meta.get_condition(status.get("conditions"), "Synced") or {}
    waiting = status.get("observedGeneration", 0) != metadata.get("generation", 0) or not condition
    message = condition.get("message", "")
    health, word = _state(condition, waiting)
    return Line(
        namespace=metadata.get("namespace", ""),
        name=metadata["name"],
        scope=scope.scope_of(obj),
        entries=tuple(sorted(spec.get("encryptedData") or ())),
        health=health,
        word=word,
        message=message,
        cause=next((text for words, text in _CAUSES if words in message), ""),
        created=metadata.get("creationTimestamp", ""),
        is_waiting=waiting,
    )


def _state(condition: Object, waiting: bool) -> tuple[HealthStatus, str]:
    if waiting:
        return "Progressing", "Waiting"
    return ("Healthy", "Synced") if condition.get("status") == "True" else ("Degraded", "NotSynced")


def key_list(secrets: Iterable[Object]) -> list[Key]:
    """The keys of the controller, the one that seals first. Only their certificates are read."""
    found = [(secret["metadata"]["name"], certificate) for secret in secrets if (certificate := _certificate(secret))]
    found.sort(key=lambda pair: (pair[1].not_valid_before_utc, pair[0]), reverse=True)
    return [key(name, certificate, index == 0) for index, (name, certificate) in enumerate(found)]


def key(name: str, certificate: x509.Certificate, seals: bool) -> Key:
    public = keys.public_key(certificate.public_bytes(keys.serialization.Encoding.PEM))
    return Key(name, certificate.not_valid_before_utc, certificate.not_valid_after_utc, keys.fingerprint(public), seals)


def key_of(pem: bytes) -> Key:
    """The key in a certificate that was fetched. Raises NotAKey."""
    keys.public_key(pem)
    return key("", x509.load_pem_x509_certificate(pem), True)


def _certificate(secret: Object) -> x509.Certificate | None:
    try:
        pem = base64.b64decode((secret.get("data") or {})["tls.crt"])
        keys.public_key(pem)
        return x509.load_pem_x509_certificate(pem)
    except (KeyError, ValueError, TypeError, binascii.Error, keys.NotAKey):
        return None


# --- Sealing one's own ------------------------------------------------------------------------------------


def secret_of(form: Mapping[str, str], names: Sequence[str], values: Sequence[str]) -> Object:
    """The Secret that a form describes; entries without a name and a value are left out."""
    entries = {name.strip(): value for name, value in zip(names, values, strict=False) if name.strip() or value}
    metadata = {"name": form.get("name", "").strip(), "namespace": form.get("namespace", "").strip()}
    text = {name: value.replace("\r\n", "\n") for name, value in entries.items()}
    kind = form.get("type") if form.get("type") in TYPES else "Opaque"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "stringData": text}


def problems(secret: Object) -> list[str | Promise]:
    """What has to be written differently before it can be sealed."""
    found: list[str | Promise] = []
    if wrong := meta.validate_dns_subdomain(secret["metadata"]["name"]):
        found.append(_("This name is not possible: %(why)s") % {"why": wrong[0]})
    if not secret["metadata"]["namespace"]:
        found.append(_("Say in which namespace it will live."))
    if not secret["stringData"]:
        found.append(_("There is nothing to seal yet: write at least one entry."))
    if "" in secret["stringData"]:
        found.append(_("Each value needs a name."))
    odd = [name for name in secret["stringData"] if name and not _is_key(name)]
    if odd:
        found.append(_("%(names)s: letters, digits, - _ and . only.") % {"names": ", ".join(odd)})
    return found


def _is_key(name: str) -> bool:
    return len(name) <= 253 and all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in name)


def sealed_text(secret: Object, pem: bytes, wanted: scope.Scope) -> str:
    """The SealedSecret as the YAML to commit. Raises CannotSeal and NotAKey."""
    return serializer.dump_yaml(sealedsecret.seal(secret, keys.public_key(pem), wanted))


def command(secret: Object, wanted: scope.Scope) -> str:
    """What does the same in a terminal; the values are read from the keyboard, not from the command."""
    metadata, spaces = secret["metadata"], "" if wanted == "strict" else f" --scope {wanted}"
    entries = " ".join(f"--from-literal={name}=…" for name in secret["stringData"])
    return (
        f"kubectl create secret generic {metadata['name']} -n {metadata['namespace']} {entries} "
        f"--dry-run=client -o yaml | kubeseal{spaces} -o yaml > {metadata['name']}.sealed.yaml"
    )
