"""What the server offers: /api, /apis and below in both of Kubernetes' forms, and /version.

Clients since 1.26 ask for everything at once (aggregated discovery), older ones and `kubectl auth can-i` for one
group after the other. Pure: a registry in, documents out. `Discovery` keeps them until the registry changes.

Source: staging/src/k8s.io/apiserver/pkg/endpoints/discovery, k8s.io/api/apidiscovery/v2/types.go.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from minikweb.kinds.registry import SUBRESOURCES, Kind, Registry

JSON = "application/json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

VERSION = "1.37.2"  # the Kubernetes whose vocabulary we speak


@dataclass(frozen=True)
class Document:
    """An answer that depends on the registry alone. `etag` comes with its quotes."""

    body: bytes
    content_type: str
    etag: str
    cache_control: str = "public"

    @staticmethod
    def of(content: Any, content_type: str = JSON, cache_control: str = "public") -> Document:
        body = orjson.dumps(content)
        return Document(body, content_type, f'"{hashlib.sha256(body).hexdigest().upper()}"', cache_control)


class Discovery:
    """The documents of one registry by path, each made once until the registry changes."""

    def __init__(self, registry: Registry):
        self._registry = registry
        self._generation = -1
        self._kept: dict[tuple[str, bool], Document | None] = {}

    def get(self, path: str, accept: str = "") -> Document | None:
        """The document at /api, /apis, /api/v1, /apis/<group>[/<version>] or /version; None where there is none."""
        if self._generation != self._registry.generation:
            self._generation, self._kept = self._registry.generation, {}
        key = path.rstrip("/"), wants_aggregated(accept)
        if key not in self._kept:
            if len(self._kept) > 1000:  # paths come from clients
                self._kept = {}
            self._kept[key] = document(self._registry, *key)
        return self._kept[key]


def document(registry: Registry, path: str, aggregated: bool = False) -> Document | None:
    """The discovery document at a path without trailing slash, or None."""
    match path.split("/")[1:]:
        case ["api"]:
            return (
                Document.of(group_discovery_list(registry, core=True), AGGREGATED) if aggregated else _of(api_versions)
            )
        case ["apis"]:
            if aggregated:
                return Document.of(group_discovery_list(registry, core=False), AGGREGATED)
            return Document.of(group_list(registry))
        case ["version"]:
            return _of(version, cache_control="")
        case ["api", version_name]:
            return _resources(registry, "", version_name)
        case ["apis", group] if group and group in registry.groups():
            return Document.of(api_group(registry, group))
        case ["apis", group, version_name] if group:
            return _resources(registry, group, version_name)
    return None


def _of(make: Callable[[], Any], cache_control: str = "public") -> Document:
    return Document.of(make(), cache_control=cache_control)


def _resources(registry: Registry, group: str, version_name: str) -> Document | None:
    found = resource_list(registry, group, version_name)
    return Document.of(found) if found["resources"] else None


def wants_aggregated(accept: str) -> bool:
    """Whether the first media type of an Accept header that we can answer is aggregated discovery v2."""
    for media in accept.split(","):
        name, *parameters = (part.strip() for part in media.split(";"))
        wanted = dict(parameter.partition("=")[::2] for parameter in parameters)
        if name not in (JSON, "application/*", "*/*"):
            continue
        if "as" not in wanted:
            return False
        if (wanted["as"], wanted.get("g"), wanted.get("v")) == ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2"):
            return True
    return False


def kinds_of(registry: Registry, group: str, version_name: str) -> list[Kind]:
    """The kinds with a path in a version of a group, by plural."""
    kinds = [kind for kind in registry.all() if (kind.group, kind.version) == (group, version_name) and kind.verbs]
    return sorted(kinds, key=lambda kind: kind.plural)


# --- Aggregated ----------------------------------------------------------------------------------


def group_discovery_list(registry: Registry, *, core: bool) -> dict[str, Any]:
    """The APIGroupDiscoveryList of /api (core) or of /apis (all other groups)."""
    groups = [item for item in registry.groups().items() if (item[0] == "") == core]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [_group_discovery(registry, group, versions) for group, versions in groups],
    }


def _group_discovery(registry: Registry, group: str, versions: list[str]) -> dict[str, Any]:
    return {
        "metadata": {"name": group} if group else {},
        "versions": [
            {
                "version": name,
                "resources": [_resource_discovery(kind) for kind in kinds_of(registry, group, name)],
                "freshness": "Current",
            }
            for name in versions
        ],
    }


def _resource_discovery(kind: Kind) -> dict[str, Any]:
    found = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular or kind.kind.lower(),
        "verbs": list(kind.verbs),
        "shortNames": list(kind.short_names),
        "categories": list(kind.categories),
        "subresources": [_subresource_discovery(kind, name) for name in kind.subresources],
    }
    return {key: value for key, value in found.items() if value != []}


def _subresource_discovery(kind: Kind, name: str) -> dict[str, Any]:
    subresource = SUBRESOURCES[name]
    group, _, version_name = (subresource.api_version or kind.api_version).rpartition("/")
    return {
        "subresource": name,
        "responseKind": {"group": group, "version": version_name, "kind": subresource.kind_for(kind)},
        "verbs": list(subresource.verbs),
    }


# --- One document after the other ----------------------------------------------------------------


def api_versions() -> dict[str, Any]:
    """The APIVersions of /api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(registry: Registry) -> dict[str, Any]:
    """The APIGroupList of /apis."""
    groups = [_group(registry, group) for group in registry.groups() if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(registry: Registry, group: str) -> dict[str, Any]:
    """The APIGroup of /apis/<group>."""
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(registry, group)}


def _group(registry: Registry, group: str) -> dict[str, Any]:
    versions = [{"groupVersion": f"{group}/{name}", "version": name} for name in registry.groups()[group]]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def resource_list(registry: Registry, group: str, version_name: str) -> dict[str, Any]:
    """The APIResourceList of a version of a group; without resources if it is not served."""
    resources = []
    for kind in kinds_of(registry, group, version_name):
        resources.append(_resource(kind))
        resources += [_subresource(kind, name) for name in kind.subresources]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version_name}" if group else version_name,
        "resources": resources,
    }


def _resource(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular or kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        found["shortNames"] = list(kind.short_names)
    if kind.categories:
        found["categories"] = list(kind.categories)
    return found


def _subresource(kind: Kind, name: str) -> dict[str, Any]:
    subresource = SUBRESOURCES[name]
    found: dict[str, Any] = {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": subresource.kind_for(kind),
        "verbs": list(subresource.verbs),
    }
    if subresource.api_version:
        found["group"], _, found["version"] = subresource.api_version.rpartition("/")
    return found


# --- Version ---------------------------------------------------------------------------------------


def version() -> dict[str, str]:
    """What /version answers: the Kubernetes we speak, and by its suffix that we are not it."""
    major, minor, _ = VERSION.split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{VERSION}+minikweb",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": platform.python_implementation().lower(),
        "platform": f"{platform.system().lower()}/{_architecture()}",
    }


def _architecture() -> str:
    """The machine's architecture by its name in Go, and so in Kubernetes."""
    machine = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
