"""How a pod fares: kubectl's words and counts, and its health.

Source: pkg/printers/internalversion/printers.go (printPod); Argo CD's docs/operator-manual/health.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from minikweb.kinds.columns import AGE, NAME, NONE, since
from minikweb.kinds.registry import Column, Health, Object

Status = dict[str, Any]

# Words of pods that will not run well until somebody changes something: ErrImagePull, CrashLoopBackOff, OOMKilled …
_BROKEN = re.compile(
    r"(Init:)?(Err.*|.*Error|.*BackOff|OOMKilled|InvalidImageName|ContainerCannotRun|(ExitCode|Signal):.*)"
)


class PodSummary(NamedTuple):
    """What `kubectl get pods` derives from a pod."""

    word: str
    ready: int
    total: int
    restarts: int
    last_restart: str  # RFC 3339, or ""


def pod_status_word(pod: Object) -> str:
    """The STATUS of `kubectl get pods`: Running, CrashLoopBackOff, Init:0/2, Terminating …"""
    return summary(pod).word


def summary(pod: Object) -> PodSummary:
    """Reads a pod as kubectl does: init containers first, then the containers from last to first."""
    spec, status = pod["spec"], pod.get("status") or {}
    restartable = {c["name"] for c in spec.get("initContainers") or [] if c.get("restartPolicy") == "Always"}
    inits = _init_containers(spec, status, restartable)
    found = inits
    if not inits.word or _condition(status, "Initialized") == "True":
        found = _containers(status, inits, restartable)
    word = found.word or _scheduling_gated(status) or status.get("reason") or status.get("phase") or ""
    total = len(spec.get("containers") or []) + len(restartable)
    return found._replace(word=_deletion_word(pod, status) or word, total=total)


def _deletion_word(pod: Object, status: Status) -> str:
    if not pod["metadata"].get("deletionTimestamp"):
        return ""
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return "" if status.get("phase") in ("Succeeded", "Failed") else "Terminating"


def _init_containers(spec: Object, status: Status, restartable: set[str]) -> PodSummary:
    """Restarts of all, the word of the first that has not done its work; "" when all have."""
    statuses = status.get("initContainerStatuses") or []
    ready = restarts = 0
    last, word = "", ""
    for index, container in enumerate(statuses):
        restarts += container.get("restartCount", 0)
        last = max(last, _last_end(container))
        terminated = (container.get("state") or {}).get("terminated")
        if terminated and terminated.get("exitCode", 0) == 0:
            continue
        if container["name"] in restartable and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        word = "Init:" + _init_word(container, f"{index}/{len(spec.get('initContainers') or [])}")
        break
    return PodSummary(word, ready, 0, restarts, last)


def _init_word(container: Status, progress: str) -> str:
    state = container.get("state") or {}
    if terminated := state.get("terminated"):
        return terminated.get("reason") or _end_without_reason(terminated)
    reason = (state.get("waiting") or {}).get("reason")
    return reason if reason and reason != "PodInitializing" else progress


def _containers(status: Status, inits: PodSummary, restartable: set[str]) -> PodSummary:
    sidecars = [c for c in status.get("initContainerStatuses") or [] if c["name"] in restartable]
    statuses = status.get("containerStatuses") or []
    ready, running, word, error = inits.ready, False, inits.word, ""
    for container in reversed(statuses):
        state = container.get("state") or {}
        waiting, terminated = (state.get("waiting") or {}).get("reason"), state.get("terminated")
        if waiting:
            word = waiting
        elif terminated:
            word = terminated.get("reason") or _end_without_reason(terminated)
            if terminated.get("exitCode", 0):
                error = word
        elif container.get("ready") and state.get("running") is not None:
            running, ready = True, ready + 1
    if word == "Completed":
        word = _word_of_completed(status, running, error)
    counted = sidecars + statuses
    restarts = sum(container.get("restartCount", 0) for container in counted)
    return PodSummary(word, ready, 0, restarts, max(map(_last_end, counted), default=""))


def _word_of_completed(status: Status, running: bool, error: str) -> str:
    """Not completed yet while another container runs, and worse than completed when another has failed."""
    if running and _condition(status, "Ready") == "True":
        return "Running"
    return error or ("NotReady" if running else "Completed")


def _end_without_reason(terminated: Status) -> str:
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _last_end(container: Status) -> str:
    return ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or ""


def _scheduling_gated(status: Status) -> str:
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    return ""


def _condition(status: Status, name: str) -> str:
    for condition in status.get("conditions") or []:
        if condition["type"] == name:
            return condition.get("status", "")
    return ""


# --- Columns ---------------------------------------------------------------------------------------


def _ready(pod: Object, now: datetime) -> str:
    found = summary(pod)
    return f"{found.ready}/{found.total}"


def _word(pod: Object, now: datetime) -> str:
    return summary(pod).word


def _restarts(pod: Object, now: datetime) -> str:
    found = summary(pod)
    if found.restarts and found.last_restart:
        return f"{found.restarts} ({since(found.last_restart, now)} ago)"
    return str(found.restarts)


def _ip(pod: Object, now: datetime) -> str:
    ips = (pod.get("status") or {}).get("podIPs")
    return ips[0].get("ip") or NONE if ips else NONE


def _node(pod: Object, now: datetime) -> str:
    return pod["spec"].get("nodeName") or NONE


def _nominated_node(pod: Object, now: datetime) -> str:
    return (pod.get("status") or {}).get("nominatedNodeName") or NONE


def _readiness_gates(pod: Object, now: datetime) -> str:
    gates = pod["spec"].get("readinessGates")
    if not gates:
        return NONE
    status = pod.get("status") or {}
    passed = sum(_condition(status, gate["conditionType"]) == "True" for gate in gates)
    return f"{passed}/{len(gates)}"


COLUMNS = (
    NAME,
    Column("Ready", _ready, description="How many of the containers are ready."),
    Column("Status", _word, description="What the containers together are doing."),
    Column("Restarts", _restarts, description="How often containers were restarted, and when last."),
    AGE,
    Column("IP", _ip, priority=1, description="The address of the pod."),
    Column("Node", _node, priority=1, description="The node the pod is bound to."),
    Column("Nominated Node", _nominated_node, priority=1, description="The node being emptied for the pod."),
    Column("Readiness Gates", _readiness_gates, priority=1, description="How many extra conditions of readiness hold."),
)


# --- Health ----------------------------------------------------------------------------------------


def health(pod: Object) -> Health:
    """Argo CD's reading of a pod, with kubectl's word and the message of the container or condition to blame."""
    found = summary(pod)
    status = pod.get("status") or {}
    message = status.get("message") or _message(status)
    if pod["metadata"].get("deletionTimestamp"):
        return Health("Progressing", found.word, message)
    if _BROKEN.fullmatch(found.word) or status.get("phase") == "Failed":
        return Health("Degraded", found.word, message)
    if status.get("phase") == "Succeeded":
        return Health("Healthy", found.word, message)
    if status.get("phase") == "Running":
        return _health_of_running(pod, status, found, message)
    if status.get("phase") == "Unknown":
        return Health("Unknown", found.word, message)
    return Health("Progressing", found.word, message)


def _health_of_running(pod: Object, status: Status, found: PodSummary, message: str) -> Health:
    if pod["spec"].get("restartPolicy") in ("OnFailure", "Never"):
        return Health("Progressing", found.word, message)  # it is to end, and has not yet
    if _condition(status, "Ready") == "True":
        return Health("Healthy", found.word)
    if any(_last_end(container) for container in status.get("containerStatuses") or []):
        return Health("Degraded", found.word, message)
    return Health("Progressing", found.word, message)


def _message(status: Status) -> str:
    """The first container's complaint, else the reason why the pod is not scheduled, else why it is not ready."""
    for container in _statuses(status):
        state = container.get("state") or {}
        for kind in ("waiting", "terminated"):
            if text := (state.get(kind) or {}).get("message"):
                return text
    for wanted in ("PodScheduled", "Ready"):
        for condition in status.get("conditions") or []:
            if condition["type"] == wanted and condition.get("status") == "False" and condition.get("message"):
                return condition["message"]
    return ""


def _statuses(status: Status) -> Iterable[Status]:
    yield from status.get("initContainerStatuses") or []
    yield from status.get("containerStatuses") or []
