"""What is written into an Application's status. Pure.

Source: argo-cd/pkg/apis/application/v1alpha1/types.go (ApplicationStatus, OperationState, RevisionHistory)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minikweb.gitops import comparison, plan, tracking
from minikweb.gitops.comparison import Resource

Object = dict[str, Any]

HISTORY = 10  # revisionHistoryLimit's default
CONDITIONS = ("InvalidSpecError", "ComparisonError", "SyncError", "DeletionError", "SharedResourceWarning")


def resource(one: Resource) -> Object:
    group, kind, namespace, name = one.key
    known = one.wanted or one.live or {}
    found: Object = {"group": group} if group else {}
    found |= {"version": one.version, "kind": kind} | ({"namespace": namespace} if namespace else {}) | {"name": name}
    if one.hook:
        found["hook"] = True
    else:
        found["status"] = one.status
    if one.health and not one.hook:
        found["health"] = {"status": one.health.status} | (
            {"message": one.health.message} if one.health.message else {}
        )
    if one.requires_pruning:
        found["requiresPruning"] = True
    wave = plan.wave_of(known)
    return found | ({"syncWave": wave} if wave else {})


def compared(app: Object, resources: Sequence[Resource], revisions: tuple[str, ...], kinds: tuple[str, ...]) -> Object:
    """The parts of status that a comparison decides on."""
    spec = app["spec"]
    several = bool(spec.get("sources"))
    to = {"destination": spec.get("destination") or {}}
    to |= {"sources": spec["sources"]} if several else {"source": spec.get("source") or {}}
    sync: Object = {"status": comparison.sync_status(resources), "comparedTo": to}
    sync |= {"revisions": list(revisions)} if several else {"revision": revisions[0]}
    found: Object = {
        "sync": sync,
        "health": {"status": comparison.overall_health(resources)},
        "resources": [resource(one) for one in resources],
        "summary": summary(resources),
    }
    return found | ({"sourceTypes": list(kinds)} if several else {"sourceType": kinds[0]})


def summary(resources: Iterable[Resource]) -> Object:
    images = sorted({image for one in resources if one.live for image in _images(one.live)})
    return {"images": images} if images else {}


def _images(obj: Object) -> Iterable[str]:
    spec = obj.get("spec") or {}
    template = (spec.get("jobTemplate") or {}).get("spec", spec).get("template") or {}
    pod = template.get("spec") or (spec if obj.get("kind") == "Pod" else {})
    return [one["image"] for one in pod.get("containers") or () if one.get("image")]


def conditions(before: Iterable[Object], found: Mapping[str, str], now: str) -> list[Object]:
    """One of each type that holds now; one that held already keeps its date."""
    dates = {(one["type"], one["message"]): one.get("lastTransitionTime", now) for one in before}
    return [
        {"type": kind, "message": found[kind], "lastTransitionTime": dates.get((kind, found[kind]), now)}
        for kind in CONDITIONS
        if found.get(kind)
    ]


def begun(operation: Object, app: Object, revisions: tuple[str, ...], now: str) -> Object:
    """A new status.operationState."""
    spec = app["spec"]
    several = bool(spec.get("sources"))
    result: Object = {"resources": [], "revision": revisions[0]}
    if several:
        result |= {"revisions": list(revisions), "sources": spec["sources"]}
    else:
        result["source"] = (operation.get("sync") or {}).get("source") or spec["source"]
    return {
        "operation": operation,
        "phase": plan.RUNNING,
        "message": "",
        "startedAt": now,
        "syncResult": result,
    }


def history(app: Object, state: Object, now: str) -> list[Object]:
    """With the operation that has just succeeded; the oldest go first."""
    before = (app.get("status") or {}).get("history") or []
    result = state["syncResult"]
    entry: Object = {
        "id": max((one.get("id", 0) for one in before), default=-1) + 1,
        "revision": result["revision"],
        "deployStartedAt": state["startedAt"],
        "deployedAt": now,
        "initiatedBy": (state["operation"] or {}).get("initiatedBy") or {},
    }
    for name in ("source", "sources", "revisions"):
        if name in result:
            entry[name] = result[name]
    limit = app["spec"].get("revisionHistoryLimit", HISTORY)
    return [*before, entry][-limit:] if limit else []


def selected(operation: Object, obj: Object) -> bool:
    """Whether a partial synchronisation means this object; all are meant where none is named."""
    wanted = (operation.get("sync") or {}).get("resources") or []
    group, kind, namespace, name = tracking.key_of(obj)
    return not wanted or any(
        (one.get("group") or "", one.get("kind"), one.get("name")) == (group, kind, name)
        and one.get("namespace") in (None, "", namespace)
        for one in wanted
    )
