"""Wanted and live objects, one beside the other: synced, out of sync, missing, or to be pruned.

Whether a live object differs is asked of the server: what a dry run of applying the wanted one would make of it is
compared with what it is. Defaults, admission and other people's fields then never count as a difference.
Source: https://argo-cd.readthedocs.io/en/stable/user-guide/diff-strategies/ (server-side diff), diffing/, sync-options/
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from minikweb.gitops import health, plan, tracking
from minikweb.gitops.application import COMPARE_OPTIONS, options_of
from minikweb.gitops.health import Health
from minikweb.gitops.tracking import Key

Object = dict[str, Any]
Predict = Callable[[Object, Object], Object]  # (wanted, live) → what applying it would make of the live one

SYNCED, OUT_OF_SYNC, UNKNOWN = "Synced", "OutOfSync", "Unknown"
_SERVER_S = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Resource:
    """One object of an Application, as status.resources lists it."""

    key: Key
    version: str
    status: str
    health: Health | None
    wanted: Object | None
    live: Object | None
    hook: bool = False
    message: str = ""  # why it cannot be compared

    @property
    def requires_pruning(self) -> bool:
        return self.wanted is None and not self.hook

    @property
    def counts(self) -> bool:
        """Whether it decides on the Application being in sync."""
        known = self.wanted or self.live or {}
        ignored = "IgnoreExtraneous" in options_of(known, COMPARE_OPTIONS) and self.wanted is None
        return not self.hook and not ignored


def compare(
    wanted: Iterable[Object], live: Mapping[Key, Object], predict: Predict, ignored: Iterable[Object] = ()
) -> list[Resource]:
    """Every object that is wanted or there; `live` holds only objects that belong to the Application or are wanted."""
    rules = list(ignored)
    targets = {tracking.key_of(obj): obj for obj in wanted}
    found = [_compared(key, obj, live.get(key), predict, rules) for key, obj in targets.items()]
    found += [_extra(key, obj) for key, obj in live.items() if key not in targets]
    return sorted(found, key=lambda one: (one.key[0], one.key[1], one.key[2], one.key[3]))


def _compared(key: Key, wanted: Object, live: Object | None, predict: Predict, rules: list[Object]) -> Resource:
    version = wanted["apiVersion"].rpartition("/")[2]
    if plan.hooks_of(wanted):
        return Resource(key, version, "", health.of(live) if live else None, wanted, live, hook=True)
    if live is None:
        return Resource(key, version, OUT_OF_SYNC, Health(health.MISSING), wanted, None)
    try:
        changed = differs(live, predict(wanted, live), rules)
    except ValueError as error:  # the server refuses it; applying it will say so, too
        return Resource(key, version, OUT_OF_SYNC, health.of(live), wanted, live, message=str(error))
    return Resource(key, version, OUT_OF_SYNC if changed else SYNCED, health.of(live), wanted, live)


def _extra(key: Key, live: Object) -> Resource:
    version = live["apiVersion"].rpartition("/")[2]
    hook = bool(plan.hooks_of(live))
    return Resource(key, version, "" if hook else OUT_OF_SYNC, health.of(live), None, live, hook=hook)


def differs(live: Object, predicted: Object, rules: Iterable[Object] = ()) -> bool:
    return normalised(live, rules) != normalised(predicted, rules)


def normalised(obj: Object, rules: Iterable[Object] = ()) -> Object:
    """A copy without what the server keeps for itself, and without what the rules leave out of comparison."""
    found = copy.deepcopy(obj)
    found.pop("status", None)
    meta = found["metadata"]
    for name in _SERVER_S:
        meta.pop(name, None)
    annotations = meta.get("annotations") or {}
    annotations.pop(_LAST_APPLIED, None)
    if not annotations:
        meta.pop("annotations", None)
    for rule in rules:
        if _concerns(rule, obj):
            for pointer in rule.get("jsonPointers") or ():
                _drop(found, [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]])
    return found


def _concerns(rule: Object, obj: Object) -> bool:
    """Whether a rule of ignoreDifferences speaks of this object; group and kind may be `*`."""
    group, kind, namespace, name = tracking.key_of(obj)
    return (
        rule.get("group", "") in ("*", group)
        and rule.get("kind", "") in ("*", kind)
        and rule.get("namespace") in (None, "", namespace)
        and rule.get("name") in (None, "", name)
    )


def _drop(value: Any, path: list[str]) -> None:
    *way, last = path
    for part in way:
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value.pop(last, None)
    elif isinstance(value, list) and last.isdigit() and int(last) < len(value):
        value.pop(int(last))


def sync_status(resources: Iterable[Resource]) -> str:
    counted = [one.status for one in resources if one.counts]
    return OUT_OF_SYNC if OUT_OF_SYNC in counted else SYNCED


def overall_health(resources: Iterable[Resource]) -> str:
    """The worst of what is wanted; hooks and what waits to be pruned do not count."""
    return health.worst(
        one.health.status for one in resources if one.health and not one.hook and not one.requires_pruning
    )
