"""What the person at the page may do, so that a button that would be refused says why before it is pressed.

The API decides all the same: this only asks it beforehand (SelfSubjectRulesReview), and believes it for a moment.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from minikweb.apimachinery.errors import ApiError
from minikweb.client.client import Client
from minikweb.kinds.registry import Kind

Object = dict[str, Any]

KEPT = 10.0  # seconds an answer is believed
ANYWHERE = "default"  # the namespace that is named for what has none: the API wants one

# verb of the pages → (verb of the API, resource below the object's own, or "/" and another one)
NEEDS: Mapping[str, tuple[str, str]] = {
    "scale": ("patch", "scale"),
    **dict.fromkeys(("image", "undo", "restart", "pause", "resume", "suspend", "unsuspend", "edit"), ("patch", "")),
    **dict.fromkeys(("cordon", "uncordon", "kill", "revive", "break", "repair"), ("patch", "")),
    "drain": ("create", "/pods/eviction"),
    "add": ("create", ""),
    "run": ("create", "/batch/jobs"),
    "delete": ("delete", ""),
    "logs": ("get", "/pods/log"),
    "terminal": ("create", "/pods/exec"),
}

_answers: dict[tuple[str, str], tuple[float, list[Object] | None]] = {}  # (whose, namespace) → until when, the rules
_lock = threading.Lock()


def rules(client: Client, whose: str, namespace: str) -> list[Object] | None:
    """The rules that hold for this person there; None when the API does not tell all of them."""
    key = (whose, namespace or ANYWHERE)
    with _lock:
        until, known = _answers.get(key, (0.0, None))
    if time.monotonic() < until:
        return known
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace or ANYWHERE},
    }
    try:
        status = client.create(review)["status"]
        known = None if status.get("incomplete") else list(status.get("resourceRules") or ())
    except ApiError:
        known = None
    with _lock:
        _answers[key] = (time.monotonic() + KEPT, known)
        for old in [old for old, (until, _) in _answers.items() if until < time.monotonic()]:
            del _answers[old]
    return known


def allows(rules: Iterable[Object], verb: str, group: str, resource: str, name: str = "") -> bool:
    """Whether one of the rules allows it (pkg/apis/rbac/v1/evaluation_helpers.go)."""
    return any(
        _has(rule.get("verbs"), verb)
        and _has(rule.get("apiGroups"), group)
        and _names_resource(rule.get("resources") or (), resource)
        and (not rule.get("resourceNames") or name in rule["resourceNames"])
        for rule in rules
    )


def _has(listed: Iterable[str] | None, wanted: str) -> bool:
    return "*" in (listed or ()) or wanted in (listed or ())


def _names_resource(listed: Iterable[str], resource: str) -> bool:
    _, _, below = resource.partition("/")
    return any(one in ("*", resource) or (below and one == f"*/{below}") for one in listed)


def needed(verb: str, kind: Kind) -> tuple[str, str, str]:
    """(verb, group, resource) of the API for a verb of the pages on an object of this kind."""
    does, below = NEEDS.get(verb, ("patch", ""))
    if below == "/batch/jobs":
        return does, "batch", "jobs"
    if below.startswith("/"):
        return does, "", below[1:]
    return does, kind.group, f"{kind.plural}/{below}" if below else kind.plural
