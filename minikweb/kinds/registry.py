"""What a kind is, and the look-ups over all kinds served.

The per-kind policy is Kubernetes' "strategy" (pkg/registry/*/strategy.go) in one declaration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from minikweb.apimachinery import meta

Object = dict[str, Any]
Cause = dict[str, str]

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

HealthStatus = Literal["Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"]


@dataclass(frozen=True)
class Health:
    """How an object fares: a status of Argo CD's vocabulary, the word kubectl shows, and why."""

    status: HealthStatus
    word: str = ""  # what to print: Running, CrashLoopBackOff, 2/3 …
    message: str = ""


@dataclass(frozen=True)
class Column:
    """A printer column: `value(object, now)` gives the cell (string, int or bool)."""

    name: str
    value: Callable[[Object, datetime], Any]
    type: str = "string"
    format: str = ""
    priority: int = 0  # 1 = only with -o wide
    description: str = ""


def _nothing(obj: Object) -> None:
    """The default of hooks that change nothing."""


def _valid(obj: Object, old: Object | None) -> list[Cause]:
    return []


def _keep(new: Object, old: Object) -> None:
    """The default of prepare_for_update."""


def _healthy(obj: Object) -> Health:
    return Health("Healthy")


@dataclass(frozen=True)
class Subresource:
    """What is answered below an object: its verbs and the kind of its body, the object's own unless said."""

    verbs: tuple[str, ...]
    kind: str = ""
    api_version: str = ""  # of that kind; empty where Kubernetes' discovery leaves it out

    def kind_for(self, kind: Kind) -> str:
        return self.kind.format(kind=kind.kind) or kind.kind


SUBRESOURCES = {
    "attach": Subresource(("create", "get"), "PodAttachOptions"),
    "binding": Subresource(("create",), "Binding"),
    "ephemeralcontainers": Subresource(("get", "patch", "update")),
    "eviction": Subresource(("create",), "Eviction", "policy/v1"),
    "exec": Subresource(("create", "get"), "PodExecOptions"),
    "finalize": Subresource(("update",)),
    "log": Subresource(("get",)),
    "portforward": Subresource(("create", "get"), "PodPortForwardOptions"),
    "proxy": Subresource(("create", "delete", "get", "patch", "update"), "{kind}ProxyOptions"),
    "scale": Subresource(("get", "patch", "update"), "Scale", "autoscaling/v1"),
    "status": Subresource(("get", "patch", "update")),
    "token": Subresource(("create",), "TokenRequest", "authentication.k8s.io/v1"),
}


@dataclass(frozen=True)
class ScalePaths:
    """Where the scale subresource reads and writes, as JSONPath; "" for a selector that is none."""

    spec: str = ".spec.replicas"
    status: str = ".status.replicas"
    selector: str = ".spec.selector"


@dataclass(frozen=True)
class Custom:
    """What only the kind of a custom resource has.

    raw           its OpenAPI v3 schema, with Kubernetes' own apiVersion, kind and metadata
    mistyped      the causes of what has the wrong type in an object
    is_converted  whether objects may be stored under another version's name
    warning       what is said to everybody who uses this version, "" for nothing
    """

    raw: dict[str, Any]
    mistyped: Callable[[Object], list[Cause]]
    is_converted: bool = False
    warning: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of the API.

    default(obj)              fills what the user left out, in place
    prepare_for_create(obj)   drops what only the system may set (status), in place
    prepare_for_update(new, old)         the same on a write of the main resource: keeps old status, bumps generation
    prepare_for_status_update(new, old)  on a write of /status: keeps everything but the status
    validate(obj, old)        causes (see apimachinery.errors); old is None on create
    validate_name             what is wrong with a metadata.name; checked with the other metadata
    selectable                field selectors beside metadata.name and metadata.namespace: path → value of the object
    schema                    the key of its definition in Kubernetes' OpenAPI, such as io.k8s.api.core.v1.Pod
    inert                     what is said to who creates one, for a kind that nothing acts on yet
    scale                     where its scale subresource looks
    orphans                   a deletion that names no propagation policy leaves what the object owns (only Job's does)
    custom                    set for the kind of a custom resource alone
    virtual                   answered without being stored (reviews, bindings, scales): verbs tell what it can do;
                              without verbs it is only the body of a subresource, and no path leads to it
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    schema: str
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[str, ...] = ()  # such as "status", "scale", "log"
    columns: tuple[Column, ...] = ()
    default: Callable[[Object], None] = _nothing
    prepare_for_create: Callable[[Object], None] = _nothing
    prepare_for_update: Callable[[Object, Object], None] = _keep
    prepare_for_status_update: Callable[[Object, Object], None] = _keep
    validate: Callable[[Object, Object | None], list[Cause]] = _valid
    validate_name: Callable[[str], list[str]] = meta.validate_dns_subdomain
    selectable: dict[str, Callable[[Object], str]] = field(default_factory=dict)
    health: Callable[[Object], Health] = _healthy
    orphans: bool = False
    virtual: bool = False
    inert: str = ""
    scale: ScalePaths = ScalePaths()
    custom: Custom | None = None

    @property
    def api_version(self) -> str:
        """`v1` or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def list_kind(self) -> str:
        return f"{self.kind}List"

    @property
    def resource(self) -> str:
        """The name errors and RBAC use: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def storage_key(self) -> str:
        """The key objects are stored under. Event is one resource served by two groups."""
        return "events" if self.resource == "events.events.k8s.io" else self.resource

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of the collection, of an object or of its subresource."""
        parts = [f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part]
        return "/".join(parts)


class Registry:
    """All kinds, by path, by apiVersion and kind, and by any name a user would type.

    `generation` grows with each change, so that what was made from the registry can be kept until then. Kinds join and
    leave while others read: each change makes new dictionaries.
    """

    def __init__(self, kinds: Iterable[Kind] = ()):
        self.generation = 0
        self._by_path: dict[tuple[str, str, str], Kind] = {}
        self._by_kind: dict[tuple[str, str], Kind] = {}
        for kind in kinds:
            self.add(kind)

    def add(self, kind: Kind) -> None:
        self._by_path = {**self._by_path, (kind.group, kind.version, kind.plural): kind}
        self._by_kind = {**self._by_kind, (kind.api_version, kind.kind): kind}
        self.generation += 1

    def remove(self, kind: Kind) -> None:
        self._by_path = {path: found for path, found in self._by_path.items() if found is not kind}
        self._by_kind = {name: found for name, found in self._by_kind.items() if found is not kind}
        self.generation += 1

    def all(self) -> list[Kind]:
        return list(self._by_path.values())

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind served at /apis/<group>/<version>/<plural> (group "" is /api); one without verbs is not served."""
        found = self._by_path.get((group, version, plural))
        return found if found and found.verbs else None

    def of(self, api_version: str, kind: str) -> Kind | None:
        """The kind of an object by its apiVersion and kind."""
        return self._by_kind.get((api_version, kind))

    def named(self, name: str) -> Kind | None:
        """The kind a user means by `Pod`, `pods`, `po` or `deployments.apps`; core and apps win a tie."""
        wanted = name.lower()
        for kind in self._by_path.values():
            names = (kind.kind.lower(), kind.plural, kind.singular or kind.kind.lower(), kind.resource)
            if wanted in names or wanted in kind.short_names:
                return kind
        return None

    def groups(self) -> dict[str, list[str]]:
        """Group → its versions that are served, the preferred one first; groups in the order of declaration."""
        found: dict[str, list[str]] = {}
        for kind in self._by_path.values():
            if kind.verbs and kind.version not in found.setdefault(kind.group, []):
                found[kind.group].append(kind.version)
        return {group: sorted(versions, key=version_priority) for group, versions in found.items() if versions}


_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")


def version_priority(version: str) -> tuple[Any, ...]:
    """A sort key: v2, v1, v1beta1, v1alpha2, then other names by alphabet (k8s.io/apimachinery/pkg/version)."""
    match = _VERSION.fullmatch(version)
    if not match:
        return (3, version)
    major, stage, minor = match.groups()
    return ({None: 0, "beta": 1, "alpha": 2}[stage], -int(major), -int(minor or 0))


def builtin() -> Registry:
    """The registry of the kinds this server is born with, in discovery's order."""
    from minikweb.kinds import (
        admissionregistration,
        apps,
        authentication,
        authorization,
        autoscaling,
        batch,
        coordination,
        core,
        customresourcedefinitions,
        discovery,
        events,
        metrics,
        networking,
        policy,
        rbac,
        scheduling,
        storage,
    )

    modules = (
        core,
        apps,
        events,
        authentication,
        authorization,
        autoscaling,
        batch,
        policy,
        rbac,
        coordination,
        discovery,
        networking,
        scheduling,
        storage,
        admissionregistration,
        customresourcedefinitions,
        metrics,
    )
    return Registry(kind for module in modules for kind in module.KINDS)
