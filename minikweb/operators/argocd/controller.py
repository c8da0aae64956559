"""Every Application's objects are what git says: refresh → compare → plan → synchronise.

Source: argo-cd/controller/appcontroller.go; https://argo-cd.readthedocs.io/en/stable/operator-manual/architecture/
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from minikweb import settings
from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import AlreadyExists, NotFound
from minikweb.client.controller import Controller, key_of
from minikweb.gitops import application, comparison, manifests, plan, project, tracking
from minikweb.gitops.application import GROUP, NAMESPACE, REFRESH, InvalidSpec
from minikweb.gitops.comparison import Resource
from minikweb.gitops.desired import CannotRender, Desire, Desired
from minikweb.gitops.repository import Credentials, Repositories
from minikweb.helm import binary
from minikweb.kinds.customresources import kinds_of
from minikweb.kinds.registry import Kind
from minikweb.operators.argocd import installation, status
from minikweb.operators.argocd.life import LOOK, Operations
from minikweb.operators.argocd.live import Live

Object = dict[str, Any]

INSTALLATION = f"/{NAMESPACE}"  # the key of what it brings along
ORIGINAL = "argocd-application-controller"
REFRESH_EVERY = 180.0  # seconds between two questions to git
TROUBLED_AGAIN = 30.0  # seconds until a repository that failed is asked again
FOLLOWED = (
    "Namespace Pod ConfigMap Secret Service ServiceAccount PersistentVolumeClaim Deployment StatefulSet DaemonSet "
    "ReplicaSet Job CronJob Ingress Role RoleBinding"
)
WRITES_SEEN = 5.0  # seconds


class ArgoCDController(Controller):
    """Its keys are `argocd/name` of Applications, and INSTALLATION."""

    name = "argocd"
    needs = ("CustomResourceDefinition", *FOLLOWED.split())
    source = "argocd-application-controller"
    workers = 2

    now: Callable[[], datetime] = staticmethod(lambda: datetime.now(UTC))

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        self.followed: dict[str, Kind] = {}
        self.live = Live(client, cache, FOLLOWED.split())
        repositories = Repositories(settings.DATA_DIR / "gitops", settings.GIT_PROTOCOLS)
        self.desire = Desire(repositories, self.credentials, _helm)
        self._asked: dict[str, float] = {}  # Application → when a refresh was wished for, on the monotonic clock
        self.operations = Operations(self.live, self.desire, self.compare, recorder, lambda: self.now())

    # --- who is to be looked at ----------------------------------------------------------------------

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        obj = new or old
        assert obj is not None
        if kind == "CustomResourceDefinition":
            if obj["spec"]["group"] == GROUP:
                self.follow(obj, new)
                yield INSTALLATION
            return
        if kind == "Namespace" and obj["metadata"]["name"] in (NAMESPACE, "kube-system"):  # the latter is always there
            yield INSTALLATION
        typed = {"apiVersion": self.cache.client.kind(kind).api_version, "kind": kind}
        for version in (old, new):
            owner = tracking.owner_of({**version, **typed}) if version else ""
            if owner:
                yield f"{NAMESPACE}/{owner}"

    def follow(self, definition: Object, new: Object | None) -> None:
        """Begins to follow Applications and projects once they are served, and ends when they are served no more."""
        name = definition["spec"]["names"]["kind"]
        served = {kind.version: kind for kind in (kinds_of(new) if new else ())}
        kind = served.get(application.VERSION)
        if kind is None:
            self.followed.pop(name, None)
        elif name not in self.followed:
            self.followed[name] = kind
            if name == "Application":
                self.cache.informer(kind).add_handler(self.changed)
            else:
                self.cache.informer(kind).add_handler(lambda old, new: self.wake(*self.names()))

    def changed(self, old: Object | None, new: Object | None) -> None:
        """An Application has changed; when a refresh was wished for is remembered."""
        if new and REFRESH in (new["metadata"].get("annotations") or {}) and (old is None or _wish(old) != _wish(new)):
            self._asked[new["metadata"]["name"]] = time.monotonic()
        self.wake(*_woken(old, new))

    def names(self) -> list[str]:
        kind = self.followed.get("Application")
        return [key_of(app) for app in self.cache.list(kind, NAMESPACE)] if kind else []

    def sync(self, namespace: str, name: str) -> float | None:
        if f"{namespace}/{name}" == INSTALLATION:
            return self.install()
        kind = self.followed.get("Application")
        if kind is None or namespace != NAMESPACE or self.is_aside():
            return None
        self.cache.writes.wait_seen(self.cache.informer(kind), WRITES_SEEN)
        app = self.cache.get(kind, namespace, name)
        if app is None:
            self.desire.forget(name)
            return None
        app = {"apiVersion": application.API_VERSION, "kind": "Application", **app}
        return self.end(app) if meta.is_being_deleted(app) else self.reconcile(app)

    def is_aside(self) -> bool:
        """Whether the original is installed: everything is left to it."""
        return self.cache.get("StatefulSet", NAMESPACE, ORIGINAL) is not None

    def install(self) -> None:
        for wanted in installation.objects():
            with suppress(AlreadyExists, NotFound):  # NotFound: the definition comes a moment later
                if self.live.get(wanted) is None:
                    self.client.create(wanted)

    def credentials(self, url: str) -> Credentials | None:
        """From the Secret labelled as a repository whose URL is this one, or the longest one it begins with."""
        found: tuple[str, Object] = ("", {})
        for secret in self.cache.list("Secret", NAMESPACE):
            kind = (secret["metadata"].get("labels") or {}).get(f"{NAMESPACE}.argoproj.io/secret-type")
            data = secret.get("data") or {}
            known = _decoded(data, "url")
            if (
                known
                and (known == url or (kind == "repo-creds" and url.startswith(known)))
                and len(known) > len(found[0])
            ):
                found = (known, data)
        return Credentials(_decoded(found[1], "username"), _decoded(found[1], "password")) if found[0] else None

    # --- one Application ---------------------------------------------------------------------------------

    def reconcile(self, app: Object) -> float | None:
        name = app["metadata"]["name"]
        try:
            namespace, sources = application.destination_namespace(app), application.sources(app)
            self.check_project(app, sources, namespace)
        except InvalidSpec as problem:
            return self.fail(app, "InvalidSpecError", str(problem))
        try:
            revisions = self.desire.revisions(name, sources, self.believed_since(app))
            desired = self.desire.objects(name, namespace, sources, revisions)
        except CannotRender as problem:
            self.desire.forget(name)
            return self.fail(app, "ComparisonError", f"Failed to load target state: {problem}", TROUBLED_AGAIN)
        fresh = {**app, "status": dict(app.get("status") or {})}
        try:
            resources = self.compare(app, desired, namespace)
            waits, problems = self.operations.operate(fresh, desired, resources, namespace)
            if waits == 0.0:  # it has moved something
                resources = self.compare(app, desired, namespace, fresh["status"].get("resources"))
        except InvalidSpec as problem:
            return self.fail(app, "InvalidSpecError", str(problem))
        fresh["status"] |= status.compared(app, resources, desired.revisions, desired.kinds)
        self.write(app, fresh, problems | self.shared(name, resources))
        if waits == 0.0:
            return LOOK
        return min(waits or REFRESH_EVERY, self.refreshed_in(name))

    def believed_since(self, app: Object) -> float:
        """How old git's word may be: as old as the wish for a fresh one, if there is one."""
        if REFRESH in (app["metadata"].get("annotations") or {}):
            return self._asked.get(app["metadata"]["name"], time.monotonic())
        return time.monotonic() - REFRESH_EVERY

    def refreshed_in(self, name: str) -> float:
        return max(LOOK, self.desire.looked_at(name) + REFRESH_EVERY - time.monotonic())

    def check_project(self, app: Object, sources, namespace: str) -> None:
        """Raises InvalidSpec if the project is not there or does not allow it."""
        name = app["spec"].get("project") or installation.PROJECT
        problems = project.problems(self.project(app), name, sources, namespace)
        if problems:
            raise InvalidSpec("; ".join(problems))

    def project(self, app: Object) -> Object:
        """Raises InvalidSpec if there is none of that name."""
        name, kind = app["spec"].get("project") or installation.PROJECT, self.followed.get("AppProject")
        found = self.cache.get(kind, NAMESPACE, name) if kind else None
        if found is None:
            raise InvalidSpec(f"Application referencing project {name} which does not exist")
        return found

    def targets(self, app: Object, desired: Desired, namespace: str) -> list[Object]:
        """The wanted objects in their namespaces, marked as this Application's. Raises InvalidSpec."""
        name = app["metadata"]["name"]
        placed = [self.live.placed(obj, namespace) for obj in desired.objects]
        allowing = self.project(app)
        for obj in placed:
            if project.forbids(allowing, obj, "namespace" in obj["metadata"]):
                raise InvalidSpec(
                    f"resource {tracking.group_of(obj)}:{obj['kind']} is not permitted in project "
                    f"{app['spec'].get('project') or installation.PROJECT}"
                )
        return [tracking.marked(obj, name) for obj in placed]

    def compare(
        self, app: Object, desired: Desired, namespace: str, listed: Iterable[Object] | None = None
    ) -> list[Resource]:
        targets = [obj for obj in self.targets(app, desired, namespace) if plan.SKIP not in plan.hooks_of(obj)]
        known = [*((app.get("status") or {}).get("resources") or ()), *(listed or ())]
        live = self.live.of(app["metadata"]["name"], targets, known)
        ignored = app["spec"].get("ignoreDifferences") or ()
        return comparison.compare(targets, live, self.live.predict, ignored)

    def shared(self, name: str, resources: Iterable[Resource]) -> dict[str, str]:
        """A warning where another Application says that an object is its own."""
        found = [
            f"{one.key[1]}/{one.key[3]} is part of applications {NAMESPACE}/{name} and {NAMESPACE}/{owner}"
            for one in resources
            if one.live and (owner := tracking.owner_of(one.live)) not in ("", name)
        ]
        return {"SharedResourceWarning": "; ".join(found)} if found else {}

    # --- the end, and the status ---------------------------------------------------------------------------

    def end(self, app: Object) -> float | None:
        """Deletes the objects of an Application that is going, if it asks for that; then lets it go."""
        if not application.cascades(app):
            return None
        listed = (app.get("status") or {}).get("resources") or ()
        left = list(self.live.of(app["metadata"]["name"], (), listed).values())
        for obj in left:
            if not meta.is_being_deleted(obj):
                self.live.delete(
                    obj, "Background" if application.BACKGROUND_FINALIZER in _finalizers(app) else "Foreground"
                )
        if left:
            return LOOK
        kept = [one for one in _finalizers(app) if not one.startswith(application.FINALIZER)]
        with suppress(NotFound):
            self.client.update({**app, "metadata": {**app["metadata"], "finalizers": kept}})
        return None

    def fail(self, app: Object, condition: str, message: str, again: float | None = None) -> float | None:
        """Nothing can be compared: said in a condition, and in the operation that was asked for."""
        fresh = {**app, "status": dict(app.get("status") or {})}
        sync = {**(fresh["status"].get("sync") or {}), "status": comparison.UNKNOWN}
        fresh["status"] |= {"sync": sync}
        fresh["status"].setdefault("health", {"status": "Unknown"})
        if fresh.pop("operation", None):
            now = clock.format(self.now())
            ended = {"phase": "Error", "message": message, "startedAt": now, "finishedAt": now}
            fresh["status"]["operationState"] = {"operation": app["operation"], **ended}
        self.write(app, fresh, {condition: message})
        return again

    def write(self, app: Object, fresh: Object, problems: dict[str, str]) -> None:
        """Writes what has changed; the annotation that asked for a refresh is taken off."""
        before, now = app.get("status") or {}, clock.format(self.now())
        found = status.conditions(before.get("conditions") or (), problems, now)
        fresh["status"] = {**fresh["status"], "conditions": found}
        if not found:
            fresh["status"].pop("conditions")
        annotations = dict(app["metadata"].get("annotations") or {})
        if annotations.pop(REFRESH, None):
            fresh["metadata"] = {**app["metadata"], "annotations": annotations}
        if fresh != app:
            self.tell(app, before, fresh["status"])
            fresh["status"]["reconciledAt"] = now
            self.client.update(fresh)

    def tell(self, app: Object, before: Object, after: Object) -> None:
        for name in ("sync", "health"):
            old, new = ((one.get(name) or {}).get("status") or "" for one in (before, after))
            if old != new:
                message = f"Updated {name} status: {old} -> {new}"
                self.recorder.event(app, "Normal", "ResourceUpdated", message)


def _woken(old: Object | None, new: Object | None) -> Iterable[str]:
    """An Application that is wished otherwise, and the one it is an object of; a status of our own wakes only that."""
    obj = new or old
    assert obj is not None
    if new is None or old is None or _wish(old) != _wish(new):
        yield key_of(obj)
    typed = {"apiVersion": application.API_VERSION, "kind": "Application"}
    owner = tracking.owner_of({**obj, **typed})
    if owner:
        yield f"{NAMESPACE}/{owner}"


def _wish(app: Object) -> tuple[Any, ...]:
    found = app["metadata"]
    asked = (found.get("annotations") or {}).get(REFRESH)
    return app.get("spec"), app.get("operation"), asked, found.get("deletionTimestamp"), found.get("finalizers")


def _finalizers(app: Object) -> list[str]:
    return app["metadata"].get("finalizers") or []


def _decoded(data: Object, name: str) -> str:
    return base64.b64decode(data.get(name) or "").decode(errors="replace").strip()


def _helm() -> manifests.Helm | None:
    """The official binary, if this machine has it."""
    return binary.program(settings.HELM, settings.CACHE_DIR)
