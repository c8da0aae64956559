"""An operation's life: asked for or decided, begun, taken further step by step, tried again, ended.

Source: argo-cd/controller/appcontroller.go (processRequestedAppOperation, autoSync)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.client.events import Recorder
from minikweb.gitops import application, comparison, plan, policy
from minikweb.gitops.application import InvalidSpec
from minikweb.gitops.comparison import Resource
from minikweb.gitops.desired import CannotRender, Desire, Desired
from minikweb.operators.argocd import status
from minikweb.operators.argocd.live import Live
from minikweb.operators.argocd.operation import Synchronisation, entries, results_of

Object = dict[str, Any]
Compare = Callable[[Object, Desired, str, Iterable[Object]], list[Resource]]

LOOK = 1.0  # seconds between two looks at an operation that waits


class Operations:
    """The operations of all Applications; each one's state is in its Application alone."""

    def __init__(self, live: Live, desire: Desire, compare: Compare, recorder: Recorder, now: Callable[[], datetime]):
        self.live, self.desire, self.compare, self.recorder, self.now = live, desire, compare, recorder, now
        self._drifted: dict[str, float] = {}  # Application → since when it has drifted, on the monotonic clock

    def operate(
        self, app: Object, desired: Desired, resources: list[Resource], namespace: str
    ) -> tuple[float | None, dict[str, str]]:
        """Begins or goes on with an operation, in `app` itself.

        Returns the seconds to the next look (0.0: it is over now, None: there is none) and the conditions to tell.
        """
        state = app["status"].get("operationState")
        running = bool(state) and state["phase"] == plan.RUNNING
        if not running:
            operation, waits, problems = self.wanted_operation(app, desired, resources)
            if operation is None:
                return waits, problems
            state = self.begin(app, operation, desired)
        elif app.get("operation"):
            app.pop("operation")  # one at a time
        if state.get("retryAt") and clock.format(self.now()) < state["retryAt"]:
            return LOOK, {}
        return self.go_on(app, dict(state), namespace), {}

    def wanted_operation(
        self, app: Object, desired: Desired, resources: list[Resource]
    ) -> tuple[Object | None, float | None, dict[str, str]]:
        """(the operation to begin, seconds until one may be, conditions)."""
        if app.get("operation"):
            return app.pop("operation"), None, {}
        name, own = app["metadata"]["name"], application.sync_policy(app)
        in_sync = comparison.sync_status(resources)
        decision = policy.decide(own, in_sync, resources, desired.revision, app["status"].get("operationState"))
        if not decision.sync:
            self._drifted.pop(name, None)
            return None, None, {"SyncError": decision.why_not} if decision.why_not else {}
        since = self._drifted.setdefault(name, time.monotonic())
        if _attempted(app) == desired.revision and time.monotonic() - since < policy.HEALS_AFTER:
            return None, policy.HEALS_AFTER, {}
        self._drifted.pop(name, None)
        sync: Object = {"revision": desired.revision, "prune": own.prune, "syncOptions": sorted(own.options)}
        operation = {"sync": sync, "initiatedBy": {"automated": True}, "retry": own.retry or {"limit": 5}}
        return operation, None, {}

    def begin(self, app: Object, operation: Object, desired: Desired) -> Object:
        sync = operation.get("sync") or {}
        revisions = (sync["revision"], *desired.revisions[1:]) if sync.get("revision") else desired.revisions
        state = status.begun(operation, app, revisions, clock.format(self.now()))
        automated = (operation.get("initiatedBy") or {}).get("automated")
        by = "Initiated automated sync" if automated else "initiated sync"
        self.recorder.event(app, "Normal", "OperationStarted", f"{by} to {revisions[0]}")
        app["status"]["operationState"] = state
        return state

    def go_on(self, app: Object, state: Object, namespace: str) -> float:
        """A step of the operation. Returns the seconds to the next look, 0.0 when it is over."""
        operation = state["operation"]
        try:
            tasks = self.tasks(app, state, namespace)
        except (CannotRender, InvalidSpec) as problem:
            self.finish(app, {**state, "phase": "Error", "message": str(problem)})
            return 0.0
        step, results = self.synchronisation(app, state, namespace).advance(tasks, results_of(state))
        result = {**state["syncResult"], "resources": entries(tasks, results)}
        state |= {"message": step.message, "phase": step.phase, "syncResult": result}
        app["status"]["operationState"] = state
        if step.phase == plan.RUNNING:
            return LOOK
        if step.phase == plan.FAILED and self.try_again(state, operation.get("retry") or {}):
            return LOOK
        self.finish(app, state)
        return 0.0

    def tasks(self, app: Object, state: Object, namespace: str) -> list[plan.Task]:
        """What the operation does, from the commit it was begun with. Raises CannotRender, InvalidSpec."""
        result, operation = state["syncResult"], state["operation"]
        spec = {name: result[name] for name in ("source", "sources") if name in result}
        sources = application.sources({"spec": spec})
        revisions = tuple(result.get("revisions") or (result["revision"],))
        revisions = self.desire.pinned(sources, revisions)
        desired = self.desire.objects(app["metadata"]["name"], namespace, sources, revisions)
        resources = self.compare(app, desired, namespace, result["resources"])
        options = self.options(state)
        wanted = [
            one.wanted
            for one in resources
            if one.wanted
            and status.selected(operation, one.wanted)
            and not (
                "ApplyOutOfSyncOnly=true" in options and one.status == comparison.SYNCED and not result["resources"]
            )
        ]
        extra = [one.live for one in resources if one.requires_pruning and one.live]
        extra = [obj for obj in extra if status.selected(operation, obj) and not meta.is_being_deleted(obj)]
        return plan.tasks(wanted, extra, options)

    def options(self, state: Object) -> frozenset[str]:
        return frozenset((state["operation"].get("sync") or {}).get("syncOptions") or ())

    def synchronisation(self, app: Object, state: Object, namespace: str) -> Synchronisation:
        sync = state["operation"].get("sync") or {}
        options = self.options(state) | application.sync_policy(app).options
        managed = ((app["spec"].get("syncPolicy") or {}).get("managedNamespaceMetadata")) or {}
        began = state["startedAt"].replace("-", "").replace(":", "").lower()
        suffix = f"{state['syncResult']['revision'][:7]}-{began}"
        return Synchronisation(self.live, options, bool(sync.get("prune")), namespace, managed, suffix)

    def try_again(self, state: Object, retry: Object) -> bool:
        """Whether the operation is begun anew after a while; its state is made ready for that."""
        count, limit = state.get("retryCount", 0), retry.get("limit", 0)
        if limit >= 0 and count >= limit:
            return False
        backoff = retry.get("backoff") or {}
        first, most = _seconds(backoff.get("duration"), 5), _seconds(backoff.get("maxDuration"), 180)
        wait = min(most, first * float(backoff.get("factor") or 2) ** count)
        at = clock.format(datetime.fromtimestamp(self.now().timestamp() + wait, UTC))
        message = f"{state['message']}. Retrying attempt #{count + 1} at {at}."
        state |= {"phase": plan.RUNNING, "message": message, "retryCount": count + 1, "retryAt": at}
        state["syncResult"] = {**state["syncResult"], "resources": []}
        return True

    def finish(self, app: Object, state: Object) -> None:
        state["finishedAt"] = clock.format(self.now())
        state.pop("retryAt", None)
        app["status"]["operationState"] = state
        good = state["phase"] == plan.SUCCEEDED
        if good:
            app["status"]["history"] = status.history(app, state, state["finishedAt"])
        revision, outcome = state["syncResult"]["revision"], "succeeded" if good else f"failed: {state['message']}"
        kind = "Normal" if good else "Warning"
        self.recorder.event(app, kind, "OperationCompleted", f"Sync operation to {revision} {outcome}")


def _attempted(app: Object) -> str:
    return ((app["status"].get("operationState") or {}).get("syncResult") or {}).get("revision", "")


def _seconds(text: Any, default: float) -> float:
    """Go's durations as people write them: 5s, 3m, 1h; a bare number is seconds."""
    factors = {"s": 1, "m": 60, "h": 3600}
    try:
        return float(text[:-1]) * factors[text[-1]] if str(text)[-1] in factors else float(text)
    except (TypeError, ValueError, IndexError):
        return default
