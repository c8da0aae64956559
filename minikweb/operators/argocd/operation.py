"""One synchronisation: its tasks carried out as far as they go now. What became of them is in status.operationState.

Source: argo-cd/controller/sync.go, gitops-engine/pkg/sync/sync_context.go
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery.errors import ApiError, BadRequest
from minikweb.gitops import health, plan, tracking
from minikweb.gitops.application import options_of
from minikweb.gitops.health import Health
from minikweb.gitops.plan import Result, Step, Task
from minikweb.operators.argocd.live import Live

Object = dict[str, Any]
Results = dict[str, Result]

ROUNDS = 50  # groups of tasks done in one go; the rest when it is looked at again


class NotYet(Exception):
    """Something has to end first; the message says what is waited for."""


@dataclass(frozen=True)
class Synchronisation:
    """What one operation may do, and the cluster to do it to."""

    live: Live
    options: frozenset[str]
    prune: bool
    namespace: str
    namespace_metadata: Object
    suffix: str  # of the names of hooks that have only a generateName

    def advance(self, tasks: list[Task], results: Mapping[str, Result]) -> tuple[Step, Results]:
        """Does what can be done now. The step says whether it is over, or what is waited for."""
        done = dict(results)
        if not done:
            if "CreateNamespace=true" in self.options and self.namespace:
                self.live.ensure_namespace(self.namespace, self.namespace_metadata)
            done = self.rehearse(tasks)
        for _round in range(ROUNDS):
            self._follow_hooks(tasks, done)
            step = plan.step(tasks, done, self.health_of)
            if not step.run:
                return step, done
            try:
                for task in step.run:
                    done[task.id] = self.perform(task)
            except NotYet as waiting:
                return Step(message=str(waiting)), done
        return Step(message="waiting for the next look"), done

    def rehearse(self, tasks: list[Task]) -> Results:
        """A dry run of all that will be applied: what the server refuses is found before anything is done."""
        kinds = {task.obj["kind"] for task in tasks}
        failed: Results = {}
        for task in tasks:
            if task.is_prune or task.is_hook or not self._can_be_tried(task, kinds):
                continue
            try:
                self.live.apply(task.obj, dry_run=True)
            except ApiError as error:
                failed[task.id] = Result("SyncFailed", _refusal(task, error), plan.FAILED)
        return failed

    def _can_be_tried(self, task: Task, kinds: set[str]) -> bool:
        """Not where the kind, or the namespace, comes with the same synchronisation."""
        if "CustomResourceDefinition" in kinds:
            try:
                self.live.kind_of(task.obj)
            except BadRequest:
                return False
        if "Namespace" in kinds:
            namespace = task.obj["metadata"].get("namespace")
            return not namespace or self.live.cache.get("Namespace", None, namespace) is not None
        return True

    def perform(self, task: Task) -> Result:
        """One task. What the server refuses is a result, too. Raises NotYet."""
        try:
            if task.is_prune:
                return self._prune(task)
            return self._hook(task) if task.is_hook else self._apply(task)
        except ApiError as error:
            return Result("SyncFailed", _refusal(task, error), plan.FAILED)

    def _prune(self, task: Task) -> Result:
        if not self.prune:
            return Result("PruneSkipped", "ignored (requires pruning)")
        if "Prune=false" in self.options | options_of(task.obj):
            return Result("PruneSkipped", "ignored (no prune)")
        self.live.delete(task.obj, _propagation(self.options))
        return Result("Pruned", "pruned", plan.SUCCEEDED)

    def _apply(self, task: Task) -> Result:
        before = self.live.get(task.obj)
        replaced = "Replace=true" in self.options | options_of(task.obj)
        after = self.live.replace(task.obj, before) if replaced else self.live.apply(task.obj)
        return Result("Synced", _outcome(task.obj, before, after), plan.RUNNING)

    def _hook(self, task: Task) -> Result:
        wanted = self.named(task.obj, task.phase)
        before = self.live.get(wanted)
        if before is not None:
            if plan.BEFORE_CREATION not in plan.delete_policies(wanted):
                return Result("Synced", _outcome(wanted, before, self.live.apply(wanted)), plan.RUNNING)
            self.live.delete(before)
            raise NotYet(f"waiting for deletion of hook {task.shown.lstrip('/')}")
        self.live.client.create(wanted)
        return Result("Synced", f"{wanted['metadata']['name']} created", plan.RUNNING)

    def named(self, hook: Object, phase: str) -> Object:
        """With the name that this operation gives to a hook that has only a generateName."""
        meta = hook["metadata"]
        if meta.get("name"):
            return hook
        name = f"{meta['generateName']}{self.suffix}-{phase.lower()}"
        return {**hook, "metadata": {**{k: v for k, v in meta.items() if k != "generateName"}, "name": name}}

    def _follow_hooks(self, tasks: Iterable[Task], done: Results) -> None:
        """Hooks that have ended: their phase, and their deletion where they ask for it."""
        for task in tasks:
            result = done.get(task.id)
            if result is None or not task.is_hook or result.phase != plan.RUNNING:
                continue
            live = self.live.get(self.named(task.obj, task.phase))
            phase, message = plan.hook_phase(live) if live else (plan.ERROR, "the hook was deleted while it ran")
            done[task.id] = Result(result.status, message or result.message, phase)
            policies = plan.delete_policies(task.obj)
            ended = {plan.SUCCEEDED: plan.HOOK_SUCCEEDED, plan.FAILED: plan.HOOK_FAILED}.get(phase)
            if live and ended in policies:
                self.live.delete(live)

    def health_of(self, task: Task) -> Health | None:
        live = self.live.get(task.obj)
        return health.of(live) if live else Health(health.MISSING)


def _propagation(options: frozenset[str]) -> str:
    for one in options:
        if one.startswith("PrunePropagationPolicy="):
            return one.partition("=")[2].capitalize()
    return "Foreground"


def _outcome(wanted: Object, before: Object | None, after: Object) -> str:
    """In kubectl's words, as Argo CD shows them."""
    group, kind, _, name = tracking.key_of(wanted)
    shown = f"{kind.lower()}.{group}/{name}" if group else f"{kind.lower()}/{name}"
    if before is None:
        return f"{shown} created"
    same = before["metadata"].get("resourceVersion") == after["metadata"].get("resourceVersion")
    return f"{shown} {'unchanged' if same else 'configured'}"


def _refusal(task: Task, error: ApiError) -> str:
    group, kind, namespace, name = tracking.key_of(task.obj)
    if isinstance(error, BadRequest) and error.message.startswith("no matches for kind"):
        return (
            f"The Kubernetes API could not find {group}/{kind} for requested resource {namespace}/{name}. "
            f'Make sure the "{kind}" CRD is installed on the destination cluster.'
        )
    return error.message


# --- as status.operationState.syncResult.resources keeps it ------------------------------------------------


def results_of(state: Object) -> Results:
    """What the tasks of an operation have come to, read back."""
    found: Results = {}
    for one in (state.get("syncResult") or {}).get("resources") or ():
        key = (one.get("group") or "", one["kind"], one.get("namespace") or "", one["name"])
        identity = "/".join((one.get("syncPhase") or plan.SYNC, *key))
        found[identity] = Result(one.get("status") or "", one.get("message") or "", one.get("hookPhase") or "")
    return found


def entries(tasks: Iterable[Task], results: Mapping[str, Result]) -> list[Object]:
    return [_entry(task, results[task.id]) for task in tasks if task.id in results]


def _entry(task: Task, result: Result) -> Object:
    group, kind, namespace, name = tracking.key_of(task.obj)
    entry = {
        "group": group,
        "version": task.obj["apiVersion"].rpartition("/")[2],
        "kind": kind,
        "namespace": namespace,
        "name": name,
        "status": result.status,
        "message": result.message,
        "hookPhase": result.phase,
        "syncPhase": task.phase,
    }
    return entry | ({"hookType": task.phase} if task.is_hook else {})
