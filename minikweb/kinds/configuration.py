"""ConfigMap and Secret.

Source: pkg/apis/core/validation/validation.go (ValidateConfigMap, ValidateSecret), pkg/registry/core/secret.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Any

from minikweb.apimachinery.errors import forbidden_value, invalid_value, required
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Column, Kind, Object

MAX_SIZE = 1024 * 1024  # bytes of all values

# What a Secret of a known type must hold.
_REQUIRED_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


def _entries(obj: Object, key: str) -> dict[str, Any]:
    return obj.get(key) or {}


def _validate_immutable(new: Object, old: Object | None, *fields: str) -> list[Cause]:
    if not old or not old.get("immutable"):
        return []
    causes = []
    for field in ("immutable", *fields):
        if (new.get(field) or None) != (old.get(field) or None):
            causes.append(forbidden_value(field, "field is immutable when `immutable` is set"))
    return causes


# --- ConfigMap ---------------------------------------------------------------------------------------


def _validate_config_map(obj: Object, old: Object | None) -> list[Cause]:
    causes = _validate_immutable(obj, old, "data", "binaryData")
    data, binary = _entries(obj, "data"), _entries(obj, "binaryData")
    for key in data:
        causes += formats.config_key(f"data[{key}]", key)
        if key in binary:
            causes.append(invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData"))
    for key, value in binary.items():
        causes += formats.config_key(f"binaryData[{key}]", key)
        causes += _validate_base64(f"binaryData[{key}]", value)
    size = sum(len(value.encode()) for value in data.values()) + sum(map(_decoded_size, binary.values()))
    return causes + ([formats.too_long("[]", MAX_SIZE)] if size > MAX_SIZE else [])


def _decoded_size(text: str) -> int:
    return len(text) * 3 // 4 - text[-2:].count("=")


def _validate_base64(path: str, text: str) -> list[Cause]:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        return [invalid_value(path, "", f"must be base64: {problem}")]
    return []


def _config_map_size(obj: Object, now: datetime) -> int:
    return len(_entries(obj, "data")) + len(_entries(obj, "binaryData"))


CONFIG_MAP = Kind(
    group="",
    version="v1",
    kind="ConfigMap",
    plural="configmaps",
    namespaced=True,
    schema="io.k8s.api.core.v1.ConfigMap",
    short_names=("cm",),
    columns=(NAME, Column("Data", _config_map_size, description="How many entries it has."), AGE),
    validate=_validate_config_map,
)


# --- Secret ------------------------------------------------------------------------------------------


def _default_secret(secret: Object) -> None:
    fill(secret, type="Opaque")
    plain = secret.pop("stringData", None)  # write-only: what is read back is base64
    if plain:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        secret["data"] = {**_entries(secret, "data"), **encoded}


def _validate_secret(secret: Object, old: Object | None) -> list[Cause]:
    causes = formats.immutable("type", secret.get("type"), old.get("type")) if old else []
    causes += _validate_immutable(secret, old, "data")
    data = _entries(secret, "data")
    for key, value in data.items():
        causes += formats.config_key(f"data[{key}]", key) + _validate_base64(f"data[{key}]", value)
    if sum(map(_decoded_size, data.values())) > MAX_SIZE:
        causes.append(formats.too_long("data", MAX_SIZE))
    return causes + _validate_secret_type(secret, data)


def _validate_secret_type(secret: Object, data: dict[str, Any]) -> list[Cause]:
    kind = secret["type"]
    if kind == "kubernetes.io/service-account-token":
        name = "kubernetes.io/service-account.name"
        if not (secret["metadata"].get("annotations") or {}).get(name):
            return [required(f"metadata.annotations[{name}]")]
    if kind == "kubernetes.io/basic-auth" and not data.keys() & {"username", "password"}:
        return [required("data[username]"), required("data[password]")]
    return [required(f"data[{key}]") for key in _REQUIRED_KEYS.get(kind, ()) if key not in data]


def _secret_type(secret: Object, now: datetime) -> str:
    return secret.get("type") or ""


def _secret_size(secret: Object, now: datetime) -> int:
    return len(_entries(secret, "data"))


SECRET = Kind(
    group="",
    version="v1",
    kind="Secret",
    plural="secrets",
    namespaced=True,
    schema="io.k8s.api.core.v1.Secret",
    columns=(
        NAME,
        Column("Type", _secret_type, description="What the entries are for."),
        Column("Data", _secret_size, description="How many entries it has."),
        AGE,
    ),
    default=_default_secret,
    validate=_validate_secret,
    selectable={"type": strategy.path("type")},
)
