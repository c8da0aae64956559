"""A release as Helm keeps it: a Secret per revision, whose entry `release` is base64 of gzip of JSON (and base64 again,
as every Secret). Nothing else of Helm is in the cluster. Source: helm's pkg/storage/driver/{secrets,util}.go.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
import yaml

from minikweb.apimachinery import serializer
from minikweb.kinds.registry import HealthStatus

Object = dict[str, Any]

TYPE = "helm.sh/release.v1"
SELECTOR = "owner=helm"
MOST_BYTES = 32 << 20  # of an unpacked release: a Secret holds 1 MiB of packed text
HEALTH: dict[str, HealthStatus] = {
    "deployed": "Healthy",
    "failed": "Degraded",
    "superseded": "Suspended",
    "uninstalled": "Suspended",
    "uninstalling": "Progressing",
    "pending-install": "Progressing",
    "pending-upgrade": "Progressing",
    "pending-rollback": "Progressing",
}


class NotARelease(Exception):
    """A Secret that says to be a release and holds none; the message says why."""


@dataclass(frozen=True)
class Hook:
    """A manifest that Helm runs beside the release: a test, a migration."""

    name: str
    kind: str
    events: tuple[str, ...]
    manifest: str
    phase: str = ""


@dataclass(frozen=True)
class Release:
    """One revision of a release."""

    name: str
    namespace: str
    revision: int
    status: str
    updated: str = ""
    description: str = ""
    chart: str = ""
    version: str = ""
    app_version: str = ""
    notes: str = ""
    manifest: str = ""
    given: Object = field(default_factory=dict)  # the user's values
    defaults: Object = field(default_factory=dict)  # the chart's
    templates: tuple[str, ...] = ()
    hooks: tuple[Hook, ...] = ()
    schema: str = ""

    @property
    def health(self) -> HealthStatus:
        return HEALTH.get(self.status, "Unknown")

    @property
    def is_pending(self) -> bool:
        return self.status.startswith(("pending", "uninstalling"))


def read(secret: Object) -> Release:
    """The release in a Secret. Raises NotARelease."""
    name = secret["metadata"]["name"]
    try:
        found = orjson.loads(_unpacked((secret.get("data") or {})["release"]))
    except KeyError:
        raise NotARelease(f"{name} has no entry `release`") from None
    except (ValueError, TypeError, zlib.error, binascii.Error, OSError) as error:
        raise NotARelease(f"{name} cannot be read: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("version"), int):
        raise NotARelease(f"{name} holds something else than a release")
    return of_json(found, secret["metadata"].get("namespace", ""))


def _unpacked(encoded: str) -> bytes:
    packed = base64.b64decode(base64.b64decode(encoded))
    if not packed.startswith(b"\x1f\x8b"):
        return packed  # as Helm before 2.8 wrote
    stream = zlib.decompressobj(wbits=31)
    text = stream.decompress(packed, MOST_BYTES)
    if stream.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {MOST_BYTES >> 20} MiB")
    return text


def packed(content: Object) -> str:
    """The entry `release` for Helm's JSON: the inverse of what `read` takes apart."""
    return base64.b64encode(base64.b64encode(gzip.compress(orjson.dumps(content), mtime=0))).decode()


def of_json(found: Object, namespace: str) -> Release:
    """The release in Helm's JSON, as `helm … --output json` prints it, too."""
    info, chart = found.get("info") or {}, found.get("chart") or {}
    about = chart.get("metadata") or {}
    return Release(
        name=found.get("name", ""),
        namespace=found.get("namespace") or namespace,
        revision=found["version"],
        status=info.get("status", "unknown"),
        updated=info.get("last_deployed", ""),
        description=info.get("description", ""),
        chart=about.get("name", ""),
        version=about.get("version", ""),
        app_version=str(about.get("appVersion") or ""),
        notes=info.get("notes", ""),
        manifest=found.get("manifest", ""),
        given=found.get("config") or {},
        defaults=chart.get("values") or {},
        templates=tuple(template.get("name", "") for template in chart.get("templates") or ()),
        hooks=tuple(map(_hook, found.get("hooks") or ())),
        schema=_text(chart.get("schema")),
    )


def _text(encoded: str | None) -> str:
    try:
        return base64.b64decode(encoded or "").decode()
    except (ValueError, binascii.Error):
        return ""


def _hook(found: Object) -> Hook:
    return Hook(
        found.get("name", ""),
        found.get("kind", ""),
        tuple(found.get("events") or ()),
        found.get("manifest", ""),
        (found.get("last_run") or {}).get("phase", ""),
    )


def revisions(secrets: Iterable[Object]) -> list[Release]:
    """All revisions that can be read, the latest first."""
    found = []
    for secret in secrets:
        if secret.get("type") == TYPE:
            try:
                found.append(read(secret))
            except NotARelease:
                continue
    return sorted(found, key=lambda one: (one.namespace, one.name, -one.revision))


def latest(secrets: Iterable[Object]) -> list[Release]:
    """The last revision of each release, by namespace and name. Only those are unpacked."""
    last: dict[tuple[str, str], tuple[int, Object]] = {}
    for secret in secrets:
        metadata = secret["metadata"]
        name, _, number = metadata["name"].rpartition(".v")
        if number.isdigit():
            key = metadata.get("namespace", ""), name
            last[key] = max(last.get(key, (0, secret)), (int(number), secret), key=lambda found: found[0])
    return revisions(secret for _, secret in last.values())


def objects(manifest: str) -> list[Object]:
    """The objects of a rendered manifest; none of a part that is no YAML."""
    found = []
    for document in manifest.split("\n---"):
        try:
            loaded = yaml.load(document.removeprefix("---"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.YAMLError:
            continue
        if isinstance(loaded, dict) and loaded.get("kind") and isinstance(loaded.get("metadata"), dict):
            found.append(loaded)
    return found


def values_text(values: Object) -> str:
    """Values as the YAML a user edits; empty for none."""
    return serializer.dump_yaml(values) if values else ""
