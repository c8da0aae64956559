"""Applications as the pages show them: objects, differences, the past, what a click would do. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery import serializer
from minikweb.dashboard import difference, manifest
from minikweb.dashboard.difference import Line
from minikweb.gitops import comparison
from minikweb.gitops.application import API_VERSION, NAMESPACE, sync_policy

Object = dict[str, Any]

HEALTHS = {"Healthy": "Healthy", "Progressing": "Progressing", "Degraded": "Degraded", "Suspended": "Suspended"}
SYNCS = {"Synced": "Healthy", "OutOfSync": "Progressing"}
PHASES = {"Succeeded": "Healthy", "Running": "Progressing", "Failed": "Degraded", "Error": "Degraded"}


@dataclass(frozen=True)
class Entry:
    """An object of an Application, from status.resources."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    sync: str
    health: str
    message: str
    wave: int
    hook: bool
    prune: bool

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.group, self.kind, self.namespace, self.name

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def is_application(self) -> bool:
        return (self.api_version, self.kind, self.namespace) == (API_VERSION, "Application", NAMESPACE)


@dataclass(frozen=True)
class View:
    """An Application in a list and on its page; `*_icon` is the health it is drawn as."""

    name: str
    sync: str
    health: str
    sync_icon: str
    health_icon: str
    repo: str
    path: str
    target: str
    revision: str
    namespace: str
    project: str
    automated: bool
    prune: bool
    self_heal: bool
    phase: str
    running: bool
    deployed_at: str


def view(app: Object) -> View:
    spec, status = app.get("spec") or {}, app.get("status") or {}
    source = spec.get("source") or (spec.get("sources") or [{}])[0]
    sync = (status.get("sync") or {}).get("status") or "Unknown"
    health = (status.get("health") or {}).get("status") or "Unknown"
    policy = sync_policy(app)
    phase = (status.get("operationState") or {}).get("phase") or ""
    history = status.get("history") or [{}]
    return View(
        name=app["metadata"]["name"],
        sync=sync,
        health=health,
        sync_icon=SYNCS.get(sync, "Unknown"),
        health_icon=HEALTHS.get(health, "Unknown"),
        repo=source.get("repoURL") or "",
        path=source.get("path") or source.get("chart") or "",
        target=source.get("targetRevision") or "HEAD",
        revision=(status.get("sync") or {}).get("revision") or "",
        namespace=(spec.get("destination") or {}).get("namespace") or "",
        project=spec.get("project") or "default",
        automated=policy.automated,
        prune=policy.prune,
        self_heal=policy.self_heal,
        phase=phase,
        running=phase == "Running" or "operation" in app,
        deployed_at=history[-1].get("deployedAt") or "",
    )


def entries(app: Object) -> list[Entry]:
    return [_entry(one) for one in (app.get("status") or {}).get("resources") or ()]


def _entry(one: Object) -> Entry:
    found = one.get("health") or {}
    return Entry(
        group=one.get("group") or "",
        version=one.get("version") or "v1",
        kind=one.get("kind") or "",
        namespace=one.get("namespace") or "",
        name=one.get("name") or "",
        sync=one.get("status") or "",
        health=found.get("status") or "",
        message=found.get("message") or "",
        wave=one.get("syncWave") or 0,
        hook=bool(one.get("hook")),
        prune=bool(one.get("requiresPruning")),
    )


def changes(live: Object | None, predicted: Object | None, rules: Iterable[Object] = ()) -> list[Line]:
    """From what is there to what git wants; None for what is not there, or is to go. Values of Secrets are hidden."""
    before, after = (_text(one, list(rules)) if one else "" for one in (live, predicted))
    return difference.lines(before, after)


def _text(obj: Object, rules: list[Object]) -> str:
    return serializer.dump_yaml(manifest.masked(comparison.normalised(obj, rules)))


@dataclass(frozen=True)
class Past:
    """One deployment, from status.history; the last is the present one."""

    id: int
    revision: str
    at: str
    by: str
    current: bool


def history(app: Object) -> list[Past]:
    """The latest first."""
    found = (app.get("status") or {}).get("history") or []
    last = found[-1]["id"] if found else None
    return [
        Past(
            one["id"],
            one.get("revision") or "",
            one.get("deployedAt") or "",
            _initiator(one.get("initiatedBy") or {}),
            one["id"] == last,
        )
        for one in reversed(found)
    ]


def _initiator(by: Object) -> str:
    return "automated" if by.get("automated") else by.get("username") or ""


def sync_operation(app: Object, prune: bool, user: str, revision: str = "") -> Object:
    """The patch that asks for a synchronisation."""
    sync: Object = {"prune": prune, "syncOptions": sorted(sync_policy(app).options)}
    if revision:
        sync["revision"] = revision
    return {"operation": {"sync": sync, "initiatedBy": {"username": user}}}


def rollback_operation(app: Object, entry: Past, user: str) -> Object:
    """The patch that goes back: automation off, for it would go forward again at once."""
    patch = sync_operation(app, True, user, entry.revision)
    return patch | ({"spec": {"syncPolicy": {"automated": None}}} if sync_policy(app).automated else {})


def made(name: str, repo: str, path: str, target: str, namespace: str, policy: str) -> Object:
    """A new Application; policy is manual, auto or heal."""
    spec: Object = {
        "project": "default",
        "source": {"repoURL": repo, "path": path or ".", "targetRevision": target or "HEAD"},
        "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
        "syncPolicy": {"syncOptions": ["CreateNamespace=true"]},
    }
    if policy != "manual":
        spec["syncPolicy"]["automated"] = {"prune": True, "selfHeal": policy == "heal"}
    finalizers = ["resources-finalizer.argocd.argoproj.io"]
    metadata = {"name": name, "namespace": NAMESPACE, "finalizers": finalizers}
    return {"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, "spec": spec}
