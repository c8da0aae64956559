"""What an unsealed Secret may replace, and what a SealedSecret's status says. Pure.

Source: sealed-secrets' pkg/controller/controller.go (unseal, updateSealedSecretsStatusConditions).
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.sealing.scope import PREFIX

Object = dict[str, Any]

MANAGED, PATCHED = f"{PREFIX}managed", f"{PREFIX}patch"
SYNCED = "Synced"
IMMUTABLE = "field is immutable when `immutable` is set"


def is_annotated(secret: Object, annotation: str) -> bool:
    return (secret["metadata"].get("annotations") or {}).get(annotation) == "true"


def refusal(existing: Object, sealed: Object) -> str:
    """Why a Secret that is there must not be written over; empty if it may."""
    if meta.is_controlled_by(existing, sealed) or is_annotated(existing, MANAGED) or is_annotated(existing, PATCHED):
        return ""
    return f'Resource "{existing["metadata"]["name"]}" already exists and is not managed by SealedSecret'


def written_over(existing: Object, unsealed: Object) -> Object:
    """The Secret that is there, as it has to be: replaced, or patched where it is annotated so."""
    result = deepcopy(existing)
    new, old = unsealed["metadata"], result["metadata"]
    if is_annotated(existing, PATCHED):
        result["data"] = {**(existing.get("data") or {}), **unsealed["data"]}
        for part in ("labels", "annotations"):
            _put(old, part, {**(old.get(part) or {}), **(new.get(part) or {})})
        if is_annotated(existing, MANAGED):
            _put(old, "ownerReferences", new.get("ownerReferences"))
    else:
        result["data"] = unsealed["data"]
        for part in ("labels", "annotations", "ownerReferences"):
            _put(old, part, new.get(part))
    result["type"] = unsealed["type"]
    return result


def _put(metadata: Object, part: str, value: Any) -> None:
    metadata.pop(part, None)
    if value:
        metadata[part] = deepcopy(value)


def is_same(existing: Object, wanted: Object) -> bool:
    """Whether nothing has to be written."""
    parts = ("labels", "annotations", "ownerReferences")
    return (
        (existing.get("data") or {}) == (wanted.get("data") or {})
        and existing.get("type") == wanted.get("type")
        and all((existing["metadata"].get(part) or None) == (wanted["metadata"].get(part) or None) for part in parts)
    )


def status(sealed: Object, problem: str, now: datetime) -> Object | None:
    """The new status; None while it stays as it is."""
    old, metadata = sealed.get("status") or {}, sealed["metadata"]
    state, conditions = "False" if problem else "True", old.get("conditions") or []
    before = meta.get_condition(conditions, SYNCED) or {}
    is_observed = old.get("observedGeneration") == metadata.get("generation")
    if is_observed and (before.get("status"), before.get("message", "")) == (state, problem):
        return None
    stamp = clock.format(now)
    moved = before.get("lastTransitionTime", stamp) if before.get("status") == state else stamp
    condition = {"type": SYNCED, "status": state, "lastUpdateTime": stamp, "lastTransitionTime": moved}
    if problem:
        condition["message"] = problem
    others = [each for each in conditions if each.get("type") != SYNCED]
    return {"observedGeneration": metadata.get("generation", 0), "conditions": [condition, *others]}


def immutable(namespace: str, name: str) -> str:
    """What is said of a Secret that cannot be changed."""
    return (
        f"Error updating {namespace}/{name}: the target Secret is immutable. Once a Secret is marked as immutable, "
        "it is not possible to revert this change nor to mutate the contents of the data field. You can only delete "
        "and recreate the Secret."
    )
