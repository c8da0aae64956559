"""What an Application asks for, read from its spec.

Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]

GROUP, VERSION = "argoproj.io", "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
NAMESPACE = "argocd"  # the one Applications are honoured in
FINALIZER = "resources-finalizer.argocd.argoproj.io"
BACKGROUND_FINALIZER = f"{FINALIZER}/background"
REFRESH = "argocd.argoproj.io/refresh"  # annotation: normal or hard; taken off when it is done
OPTIONS = "argocd.argoproj.io/sync-options"  # annotation of an object: Prune=false, Replace=true …
COMPARE_OPTIONS = "argocd.argoproj.io/compare-options"
IN_CLUSTER, SERVER = "in-cluster", "https://kubernetes.default.svc"


class InvalidSpec(Exception):
    """What is wrong with an Application's spec, in one sentence."""


@dataclass(frozen=True)
class Source:
    """One place objects come from: a path in a repository, or a chart of a Helm repository."""

    repo_url: str
    path: str = "."
    revision: str = "HEAD"
    chart: str = ""
    helm: Object = field(default_factory=dict, hash=False)
    directory: Object = field(default_factory=dict, hash=False)
    kustomize: Object = field(default_factory=dict, hash=False)
    ref: str = ""


def sources(app: Object) -> list[Source]:
    """The sources of an Application. Raises InvalidSpec."""
    spec = app.get("spec") or {}
    found = [_source(one) for one in spec.get("sources") or ([spec["source"]] if spec.get("source") else ())]
    if not found:
        raise InvalidSpec("spec.source.repoURL and either spec.source.path or spec.source.chart are required")
    return found


def _source(one: Object) -> Source:
    if not one.get("repoURL") or not (one.get("path") or one.get("chart") or one.get("ref")):
        raise InvalidSpec("spec.source.repoURL and either spec.source.path or spec.source.chart are required")
    path = one.get("path") or "."
    if path.startswith("/") or ".." in path.split("/"):
        raise InvalidSpec(f"spec.source.path {path}: it must be below the repository")
    return Source(
        repo_url=one["repoURL"],
        path=path,
        revision=one.get("targetRevision") or "HEAD",
        chart=one.get("chart") or "",
        helm=one.get("helm") or {},
        directory=one.get("directory") or {},
        kustomize=one.get("kustomize") or {},
        ref=one.get("ref") or "",
    )


def destination_namespace(app: Object) -> str:
    """Where objects without a namespace go. Raises InvalidSpec for a cluster that is not this one."""
    destination = (app.get("spec") or {}).get("destination") or {}
    server, name = destination.get("server"), destination.get("name")
    if server and name:
        raise InvalidSpec("application destination can't have both name and server defined")
    if (server and server.rstrip("/") != SERVER) or (name and name != IN_CLUSTER):
        raise InvalidSpec(f"there is no cluster {server or name}: only {SERVER} ({IN_CLUSTER}) is known here")
    if not server and not name:
        raise InvalidSpec("Destination server missing from app spec")
    return destination.get("namespace") or ""


@dataclass(frozen=True)
class SyncPolicy:
    """spec.syncPolicy, with Argo CD's defaults."""

    automated: bool
    prune: bool
    self_heal: bool
    allow_empty: bool
    options: frozenset[str]
    retry: Object = field(hash=False)


def sync_policy(app: Object) -> SyncPolicy:
    policy = (app.get("spec") or {}).get("syncPolicy") or {}
    automated = policy.get("automated")
    on = automated is not None and automated.get("enabled", True)
    automated = automated or {}
    return SyncPolicy(
        automated=on,
        prune=bool(automated.get("prune")),
        self_heal=bool(automated.get("selfHeal")),
        allow_empty=bool(automated.get("allowEmpty")),
        options=frozenset(policy.get("syncOptions") or ()),
        retry=policy.get("retry") or {},
    )


def options_of(obj: Object, annotation: str = OPTIONS) -> frozenset[str]:
    """The options an object asks for itself, such as Prune=false."""
    text = ((obj.get("metadata") or {}).get("annotations") or {}).get(annotation, "")
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def cascades(app: Object) -> bool:
    """Whether deleting the Application deletes its objects first."""
    return any(one in (FINALIZER, BACKGROUND_FINALIZER) for one in app["metadata"].get("finalizers") or ())
