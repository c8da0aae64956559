"""The probable cause of a check that does not hold, computed from what is really there. Pure over reads."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery import labels
from minikweb.tutorial import checks, wording
from minikweb.tutorial.wording import Words

Object = dict[str, Any]

_HAVE_PODS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}


@dataclass(frozen=True)
class Result:
    """All are texts by language; `cause` may be empty; `observed` is what the cluster has."""

    passed: bool
    says: Words
    observed: Words
    cause: Words


def examine(check: checks.Check, reader: checks.Reader) -> Result:
    """Whether a check holds now; if not, the first of its causes that fits what is there, else a computed one."""
    seen = checks.look(check, reader)
    why: Words = {}
    if not seen.passed:
        why = next((dict(text) for when, text in check.causes if checks.look(when, reader).passed), {})
        why = why or cause(check, seen, reader)
    return Result(seen.passed, dict(check.says), seen.observed, why)


def cause(check: checks.Check, seen: checks.Seen, reader: checks.Reader) -> Words:
    """The most probable cause, or nothing: in another namespace, misspelt, or a pod that cannot start."""
    if check.name and not seen.troubled:
        return {} if check.absent or check.namespace else _missing(check, reader)
    for obj in seen.troubled:
        for pod in _pods_of(check.kind, obj, reader):
            if found := _trouble(pod):
                return found
    return {}


def _missing(check: checks.Check, reader: checks.Reader) -> Words:
    name = checks.filled(check.name, reader)
    namespaces = reader.elsewhere(check.kind, name)
    if namespaces:
        return wording.in_another_namespace(check.kind, name, namespaces, reader.namespace)
    names = [obj["metadata"]["name"] for obj in reader.list(check.kind)]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return wording.another_name(check.kind, name, close[0]) if close else {}


def _pods_of(kind: str, obj: Object, reader: checks.Reader) -> list[Object]:
    if kind == "Pod":
        return [obj]
    if kind not in _HAVE_PODS:
        return []
    selector = labels.from_label_selector(obj["spec"].get("selector"))
    return [pod for pod in reader.list("Pod") if selector.matches(pod["metadata"].get("labels") or {})]


def _trouble(pod: Object) -> Words:
    """Why a pod does not run; empty for one that runs or has ended."""
    status = pod.get("status") or {}
    declared = checks.vocabulary().named("Pod")
    if declared and declared.health(pod).status == "Healthy":
        return {}
    for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (one.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") != "PodInitializing":
            return wording.waiting(one["name"], one["image"], waiting.get("reason", ""), waiting.get("message", ""))
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return wording.unschedulable(pod["metadata"]["name"], condition.get("message", ""))
    return {}
