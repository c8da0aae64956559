"""A SealedSecret from a Secret, and back.

Source: sealed-secrets' NewSealedSecret and Unseal. The same refusals in the same words, for people search for them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from minikweb.apimachinery import meta
from minikweb.sealing import hybrid, scope, template
from minikweb.sealing.hybrid import CannotUnseal
from minikweb.sealing.scope import Scope

Object = dict[str, Any]

GROUP, VERSION, KIND = "bitnami.com", "v1alpha1", "SealedSecret"
API_VERSION = f"{GROUP}/{VERSION}"
SKIP_OWNER = f"{scope.PREFIX}skip-set-owner-references"
# Whole copies of the object, in clear.
COPIES = ("kubectl.kubernetes.io/last-applied-configuration", "kubecfg.ksonnet.io/last-applied-configuration")
OF_THE_SERVER = ("selfLink", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp")
NOT_KEPT = (*OF_THE_SERVER, "deletionGracePeriodSeconds", "managedFields", "ownerReferences")


class CannotSeal(Exception):
    """The Secret cannot be sealed; the message says why."""


def seal(secret: Object, key: RSAPublicKey, wanted: Scope | None = None) -> Object:
    """The SealedSecret of a Secret, in the scope its annotations ask for or the one given. Raises CannotSeal."""
    secret = deepcopy(secret)
    metadata = secret.setdefault("metadata", {})
    if wanted:
        metadata["annotations"] = scope.annotated(metadata.get("annotations"), wanted)
    chosen = scope.scope_of(secret)
    if not metadata.get("name"):
        raise CannotSeal("missing metadata.name in input Secret")
    if chosen != "cluster-wide" and not metadata.get("namespace"):
        raise CannotSeal("secret must declare a namespace")
    label = scope.label_of(secret)
    encrypted = {
        name: base64.b64encode(hybrid.seal(key, value, label)).decode() for name, value in _values(secret).items()
    }
    sealed = {"name": metadata["name"], "namespace": metadata.get("namespace")}
    sealed["annotations"] = scope.annotated(None, chosen)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {name: value for name, value in sealed.items() if value},
        "spec": {"encryptedData": encrypted, "template": _template(secret)},
    }


def _values(secret: Object) -> dict[str, bytes]:
    """The values in clear; what is written in `stringData` wins."""
    try:
        data = {
            name: base64.b64decode(value or "", validate=True) for name, value in (secret.get("data") or {}).items()
        }
    except (binascii.Error, TypeError, ValueError):
        raise CannotSeal("data is no base64: write plain text in stringData") from None
    return data | {name: str(value).encode() for name, value in (secret.get("stringData") or {}).items()}


def _template(secret: Object) -> Object:
    """What the unsealed Secret looks like, without its values."""
    metadata = {name: value for name, value in secret["metadata"].items() if name not in NOT_KEPT and value}
    annotations = {name: text for name, text in (metadata.pop("annotations", None) or {}).items() if name not in COPIES}
    found = {"metadata": metadata | ({"annotations": annotations} if annotations else {})}
    return found | {name: secret[name] for name in ("type", "immutable") if secret.get(name) is not None}


def unseal(sealed: Object, keys: Iterable[RSAPrivateKey]) -> Object:
    """The Secret in a SealedSecret, owned by it. Raises CannotUnseal, with every entry that does not open."""
    spec, metadata, keys = sealed.get("spec") or {}, sealed["metadata"], list(keys)
    if spec.get("data") is not None:
        raise CannotUnseal("using deprecated 'data' field, use 'encryptedData' or flip the feature flag")
    label, refused = scope.label_of(sealed), Refusals()
    values: dict[str, bytes] = {}
    for name, text in (spec.get("encryptedData") or {}).items():
        refused.gather(name, lambda name=name, text=text: values.update({name: _opened(text, keys, label)}))
    wanted = spec.get("template") or {}
    data = dict(values)
    for name, text in (wanted.get("data") or {}).items():
        refused.gather(name, lambda name=name, text=text: data.update({name: template.filled(text, values)}))
    refused.raise_any()
    template_meta = {key: value for key, value in (wanted.get("metadata") or {}).items() if key not in NOT_KEPT}
    secret: Object = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {**deepcopy(template_meta), "name": metadata["name"], "namespace": metadata["namespace"]},
        "type": wanted.get("type") or "Opaque",
        "data": {name: base64.b64encode(value).decode() for name, value in data.items()},
    }
    if wanted.get("immutable") is not None:
        secret["immutable"] = wanted["immutable"]
    if (template_meta.get("annotations") or {}).get(SKIP_OWNER) != "true":
        secret["metadata"]["ownerReferences"] = [owner(sealed)]
    return secret


def owner(sealed: Object) -> Object:
    """The reference by which the Secret ends with its SealedSecret."""
    reference = meta.owner_reference(sealed, KIND, API_VERSION)
    reference.pop("blockOwnerDeletion", None)
    return reference


def reseal(sealed: Object, keys: Iterable[RSAPrivateKey], key: RSAPublicKey) -> Object:
    """The same values under another key (`kubeseal --re-encrypt`). Raises CannotUnseal."""
    secret = unseal({**sealed, "metadata": {"uid": "", **sealed["metadata"]}}, keys)
    secret["metadata"].pop("ownerReferences", None)
    return seal(secret, key, scope.scope_of(sealed))


def _opened(text: Any, keys: list[RSAPrivateKey], label: bytes) -> bytes:
    try:
        sealed = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise CannotUnseal("illegal base64 data") from None
    return hybrid.unseal(keys, sealed, label)


class Refusals:
    """What does not open, each reason once with the entries it concerns: `no key could decrypt secret (a, b)`."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def gather(self, name: str, act: Callable[[], object]) -> None:
        """Does it, and keeps why it could not be."""
        try:
            act()
        except CannotUnseal as error:
            self._found.setdefault(str(error), []).append(name)

    def raise_any(self) -> None:
        if self._found:
            raise CannotUnseal("; ".join(f"{why} ({', '.join(names)})" for why, names in self._found.items()))
