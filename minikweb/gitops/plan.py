"""Phases, waves and hooks: which objects to apply or to delete next, and when a synchronisation is over.

PreSync hooks, then the objects wave by wave, then PostSync hooks; SyncFail hooks when something failed. A wave begins
when all of the one before it is applied and healthy. What is to be pruned goes in the opposite order of its waves.
Source: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/, gitops-engine/pkg/sync/sync_context.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from minikweb.gitops import health, tracking
from minikweb.gitops.application import options_of
from minikweb.gitops.health import Health

Object = dict[str, Any]

HOOK, WAVE = "argocd.argoproj.io/hook", "argocd.argoproj.io/sync-wave"
DELETE_POLICY = "argocd.argoproj.io/hook-delete-policy"
PRE_SYNC, SYNC, POST_SYNC, SYNC_FAIL, SKIP = "PreSync", "Sync", "PostSync", "SyncFail", "Skip"
PHASES = (PRE_SYNC, SYNC, POST_SYNC)
RUNNING, SUCCEEDED, FAILED, ERROR = "Running", "Succeeded", "Failed", "Error"
BEFORE_CREATION, HOOK_SUCCEEDED, HOOK_FAILED = "BeforeHookCreation", "HookSucceeded", "HookFailed"
_HELM = {
    "crd-install": PRE_SYNC,
    "pre-install": PRE_SYNC,
    "pre-upgrade": PRE_SYNC,
    "post-install": POST_SYNC,
    "post-upgrade": POST_SYNC,
}
_HELM_POLICIES = {"before-hook-creation": BEFORE_CREATION, "hook-succeeded": HOOK_SUCCEEDED, "hook-failed": HOOK_FAILED}
# What others need comes first, as in the original.
KINDS = [
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SealedSecret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
]


@dataclass(frozen=True)
class Task:
    """One object to apply, to create as a hook, or to delete."""

    phase: str
    wave: int
    wanted: Object | None
    live: Object | None

    @property
    def obj(self) -> Object:
        found = self.wanted or self.live
        assert found is not None
        return found

    @property
    def is_prune(self) -> bool:
        return self.wanted is None

    @property
    def is_hook(self) -> bool:
        return self.wanted is not None and bool(hooks_of(self.wanted))

    @property
    def id(self) -> str:
        """What its result is kept under: an object may be a hook of several phases."""
        return "/".join((self.phase, *tracking.key_of(self.obj)))

    @property
    def shown(self) -> str:
        group, kind, _, name = tracking.key_of(self.obj)
        return f"{group}/{kind}/{name}" if group else f"/{kind}/{name}"

    @property
    def order(self) -> tuple[Any, ...]:
        kind = self.obj.get("kind", "")
        place = KINDS.index(kind) if kind in KINDS else len(KINDS)
        return (not self.is_prune, place if not self.is_prune else -place, kind, self.obj["metadata"].get("name", ""))


@dataclass(frozen=True)
class Result:
    """What became of a task. status: Synced, SyncFailed, Pruned, PruneSkipped; phase: of a hook, or of an object."""

    status: str
    message: str
    phase: str = ""

    @property
    def failed(self) -> bool:
        return self.status == "SyncFailed" or self.phase in (FAILED, ERROR)


@dataclass(frozen=True)
class Step:
    """What to do next: tasks to run now, or to wait, or the end (phase Succeeded or Failed)."""

    run: tuple[Task, ...] = ()
    phase: str = RUNNING
    message: str = ""


# --- reading objects ---------------------------------------------------------------------------------


def _annotation(obj: Object, name: str) -> str:
    return str(((obj.get("metadata") or {}).get("annotations") or {}).get(name) or "")


def hooks_of(obj: Object) -> tuple[str, ...]:
    """The phases an object is a hook of; Skip for one that is never applied, () for an ordinary one."""
    own = tuple(part.strip() for part in _annotation(obj, HOOK).split(",") if part.strip())
    if own:
        return own
    helm = [part.strip() for part in _annotation(obj, "helm.sh/hook").split(",") if part.strip()]
    if not helm or ("crd-install" in helm and obj.get("kind") == "CustomResourceDefinition"):
        return ()
    return tuple(dict.fromkeys(_HELM.get(part, SKIP) for part in helm))


def wave_of(obj: Object) -> int:
    for name in (WAVE, "helm.sh/hook-weight"):
        try:
            return int(_annotation(obj, name))
        except ValueError:
            continue
    return 0


def delete_policies(obj: Object) -> frozenset[str]:
    """When a hook is deleted; before the next one is made, unless it says otherwise."""
    own = {part.strip() for part in _annotation(obj, DELETE_POLICY).split(",") if part.strip()}
    helm = {part.strip() for part in _annotation(obj, "helm.sh/hook-delete-policy").split(",")}
    own |= {_HELM_POLICIES[part] for part in helm if part in _HELM_POLICIES}
    return frozenset(own or {BEFORE_CREATION})


def hook_phase(live: Object) -> tuple[str, str]:
    """How far a hook is, by its health: Jobs and Pods run to an end, other objects are done when they are there."""
    found = health.of(live)
    if found is None or found.status in (health.HEALTHY, health.SUSPENDED):
        return SUCCEEDED, found.message if found else f"{live['metadata'].get('name', '')} created"
    if found.status == health.DEGRADED:
        return FAILED, found.message
    return RUNNING, found.message


# --- the tasks ---------------------------------------------------------------------------------------


def tasks(wanted: Iterable[Object], to_prune: Iterable[Object], options: frozenset[str] = frozenset()) -> list[Task]:
    """All that a synchronisation does, in the order it does it."""
    found: list[Task] = []
    for obj in wanted:
        hooks = hooks_of(obj)
        for phase in hooks or (SYNC,):
            if phase in (*PHASES, SYNC_FAIL):
                found.append(Task(phase, wave_of(obj), obj, None))
    found += _prunes(list(to_prune), [task.wave for task in found if task.phase == SYNC], options)
    return sorted(found, key=lambda task: (_place(task.phase), task.wave, task.order))


def _place(phase: str) -> int:
    return PHASES.index(phase) if phase in PHASES else len(PHASES)


def _prunes(objects: list[Object], waves: list[int], options: frozenset[str]) -> list[Task]:
    """Waves mirrored: what was made last goes first; with PruneLast after everything else."""
    own = sorted({wave_of(obj) for obj in objects})
    mirrored = dict(zip(own, reversed(own), strict=True))
    last = max([*waves, *own, 0]) + 1
    return [
        Task(SYNC, last if "PruneLast=true" in options | options_of(obj) else mirrored[wave_of(obj)], None, obj)
        for obj in objects
    ]


def step(all_tasks: list[Task], results: Mapping[str, Result], health_of: Callable[[Task], Health | None]) -> Step:
    """What comes next; `health_of` a task's object as it is now, Missing when it is not there."""
    regular = [task for task in all_tasks if task.phase != SYNC_FAIL]
    failed = [task for task in regular if task.id in results and results[task.id].failed]
    if failed:
        return _failing(all_tasks, results, failed)
    groups = _groups(regular)
    for number, group in enumerate(groups):
        fresh = tuple(task for task in group if task.id not in results)
        if fresh:
            return Step(fresh)
        hooks = [task for task in group if results[task.id].phase == RUNNING and task.is_hook]
        if hooks:
            return Step(message=_awaited("waiting for completion of hook", hooks))
        if number + 1 < len(groups):
            ill = [task for task in group if _is_waited_for(task, health_of(task))]
            if ill:
                return Step(message=_awaited("waiting for healthy state of", ill))
    return Step(phase=SUCCEEDED, message="successfully synced (all tasks run)")


def _groups(found: list[Task]) -> list[list[Task]]:
    groups: dict[tuple[int, int], list[Task]] = {}
    for task in found:
        groups.setdefault((_place(task.phase), task.wave), []).append(task)
    return [groups[key] for key in sorted(groups)]


def _is_waited_for(task: Task, found: Health | None) -> bool:
    return not task.is_prune and not task.is_hook and found is not None and found.status != health.HEALTHY


def _awaited(what: str, waiting: list[Task]) -> str:
    first, others = waiting[0].shown.lstrip("/"), len(waiting) - 1
    if not others:
        return f"{what} {first}"
    return f"{what} {first} and {others} more {'hooks' if 'hook' in what else 'resources'}"


def _failing(all_tasks: list[Task], results: Mapping[str, Result], failed: list[Task]) -> Step:
    """SyncFail hooks run to their end, then it is over."""
    hooks = [task for task in all_tasks if task.phase == SYNC_FAIL]
    fresh = tuple(task for task in hooks if task.id not in results)
    if fresh:
        return Step(fresh)
    if any(results[task.id].phase == RUNNING for task in hooks):
        return Step(message="waiting for completion of SyncFail hooks")
    reasons = dict.fromkeys(results[task.id].message for task in failed if results[task.id].status == "SyncFailed")
    if reasons:
        return Step(phase=FAILED, message=f"one or more objects failed to apply, reason: {', '.join(reasons)}")
    return Step(phase=FAILED, message="one or more synchronization tasks completed unsuccessfully")
