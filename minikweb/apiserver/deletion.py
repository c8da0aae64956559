"""delete: at once, after a grace period, or when the finalizers are gone.

Source: k8s.io/apiserver/pkg/registry/rest/delete.go (BeforeDelete), registry/generic/registry/store.go (Delete),
pkg/registry/core/pod/strategy.go (CheckGracefulDelete), pkg/registry/core/namespace/storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from minikweb.apimachinery import clock, errors
from minikweb.apiserver import admission, customresources, objects
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds.customresourcedefinitions import CUSTOM_RESOURCE_DEFINITION
from minikweb.kinds.registry import Kind, Object
from minikweb.store.storage import RevisionChanged, Stored

ATTEMPTS = 20
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
_POLICIES = {"Orphan": ORPHAN, "Foreground": FOREGROUND, "Background": ""}
DEFAULT_GRACE, MAX_GRACE = 30, 2**31 - 1  # seconds; beyond the latter there is no date


@dataclass(frozen=True)
class Options:
    """DeleteOptions. `finalizer` is what the propagation policy adds, None when none was named."""

    grace: int | None = None
    finalizer: str | None = None
    uid: str = ""
    revision: str = ""

    @property
    def waits(self) -> bool:
        """Whether the caller asked that dependents go first."""
        return self.finalizer == FOREGROUND


class Deleted(NamedTuple):
    """The object's last or new state as JSON, and whether it is gone."""

    body: str
    gone: bool


def options_of(document: dict[str, Any]) -> Options:
    """Reads DeleteOptions whose types are right. Raises Invalid."""
    policy, orphan = document.get("propagationPolicy"), document.get("orphanDependents")
    if policy is not None and orphan is not None:
        fault = errors.invalid_value(
            "propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set"
        )
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", [fault])
    if policy is not None and policy not in _POLICIES:
        fault = errors.not_supported("propagationPolicy", policy, ["Background", "Foreground", "Orphan"])
        raise errors.invalid("meta.k8s.io", "DeleteOptions", "", [fault])
    finalizer = _POLICIES[policy] if policy is not None else {None: None, True: ORPHAN, False: ""}[orphan]
    preconditions = document.get("preconditions") or {}
    grace = document.get("gracePeriodSeconds")
    return Options(grace, finalizer, preconditions.get("uid") or "", preconditions.get("resourceVersion") or "")


def delete(server: Server, call: Call, kind: Kind, namespace: str, name: str, options: Options) -> Deleted:
    """Raises NotFound, Conflict, Forbidden."""
    admission.refuse_immortal(kind, name)
    for _ in range(ATTEMPTS):
        current = objects.read(server, kind, namespace, name)
        try:
            return delete_stored(server, call, kind, current, options)
        except RevisionChanged:
            continue
    raise errors.conflict(kind.group, kind.plural, name)


def delete_stored(server: Server, call: Call, kind: Kind, current: Stored, options: Options) -> Deleted:
    """Deletes what was read as `current`, or marks it. Raises RevisionChanged, Conflict."""
    _check_preconditions(kind, current, options)
    old = objects.parse(current)
    new = objects.parse(current)
    _mark(kind, new, options, call)
    if _is_finished(kind, new):
        last = new if kind.kind == "Pod" else old  # only what ends with grace is marked on its way out
        if call.dry_run:
            return Deleted(objects.to_text(last), True)
        return Deleted(server.storage.delete(current, objects.draft(kind, last, call).body, call.author).body, True)
    if new == old or call.dry_run:
        return Deleted(objects.to_text(new), False)
    if not old["metadata"].get("deletionTimestamp") and new["metadata"].get("generation"):
        new["metadata"]["generation"] += 1
    return Deleted(server.storage.update(current, objects.draft(kind, new, call, old), call.author).body, False)


def _check_preconditions(kind: Kind, current: Stored, options: Options) -> None:
    if options.uid and options.uid != current.uid:
        why = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {current.uid}"
        raise errors.conflict(kind.group, kind.plural, current.key.name, why)
    if options.revision and options.revision != str(current.revision):
        why = (
            f"the ResourceVersion in the precondition ({options.revision}) does not match the ResourceVersion in "
            f"record ({current.revision}). The object might have been modified"
        )
        raise errors.conflict(kind.group, kind.plural, current.key.name, why)


def _mark(kind: Kind, obj: Object, options: Options, call: Call) -> None:
    """Writes down that and how the object goes."""
    metadata = obj["metadata"]
    if metadata.get("deletionTimestamp"):
        _shorten(metadata, options)
    else:
        grace = _grace(obj, options) if kind.kind == "Pod" else 0
        metadata["deletionTimestamp"] = clock.format(call.now + timedelta(seconds=grace))
        if kind.kind != "Namespace":
            metadata["deletionGracePeriodSeconds"] = grace
        if kind is CUSTOM_RESOURCE_DEFINITION:
            customresources.begin_deletion(obj, call)
    _set_propagation(kind, metadata, options)
    if kind.kind == "Namespace":
        obj.setdefault("status", {})["phase"] = "Terminating"


def _shorten(metadata: Object, options: Options) -> None:
    """A deletion under way can only be hastened."""
    before = metadata.get("deletionGracePeriodSeconds")
    if before is None or options.grace is None or max(options.grace, 0) >= before:
        return
    grace = max(options.grace, 0)
    moved = clock.parse(metadata["deletionTimestamp"]) - timedelta(seconds=before - grace)
    metadata.update(deletionTimestamp=clock.format(moved), deletionGracePeriodSeconds=grace)


def _grace(pod: Object, options: Options) -> int:
    """Seconds a pod has to end; none for one that runs nowhere or runs no more."""
    spec, phase = pod.get("spec") or {}, (pod.get("status") or {}).get("phase")
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    grace = options.grace
    if grace is None:
        grace = spec.get("terminationGracePeriodSeconds", DEFAULT_GRACE)
    return 1 if grace < 0 else min(grace, MAX_GRACE)


def _set_propagation(kind: Kind, metadata: Object, options: Options) -> None:
    """The finalizer of the policy, instead of the other's; without a policy as they are, or as the kind says."""
    before, wanted = metadata.get("finalizers") or [], options.finalizer
    if wanted is None:
        if not kind.orphans or ORPHAN in before or FOREGROUND in before:
            return
        wanted = ORPHAN
    finalizers = [each for each in before if each not in (ORPHAN, FOREGROUND)]
    if wanted:
        finalizers.append(wanted)
    if finalizers:
        metadata["finalizers"] = finalizers
    else:
        metadata.pop("finalizers", None)


def _is_finished(kind: Kind, obj: Object) -> bool:
    metadata = obj["metadata"]
    if metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds"):
        return False
    return kind.kind != "Namespace" or not (obj.get("spec") or {}).get("finalizers")
