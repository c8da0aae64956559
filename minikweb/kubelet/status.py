"""A pod's status, from its spec and what runs of it. Pure.

Source: pkg/kubelet/kubelet_pods.go (getPhase, convertToAPIContainerStatuses), pkg/kubelet/status/generate.go.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.kubelet.pods import Waiting, containers_of, is_sidecar, is_terminal, sandbox_of
from minikweb.kubelet.results import Results
from minikweb.runtime.protocol import ContainerStatus, PodStatus

Object = dict[str, Any]

CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")  # in this order
OURS = CONDITIONS[:4]  # the last one is the scheduler's


def compute(
    pod: Object,
    observed: PodStatus | None,
    *,
    now: datetime,
    host_ip: str,
    runtime: str,
    waiting: Mapping[str, Waiting],
    results: Results,
    failed: Waiting | None = None,
) -> Object:
    """The status to write. `runtime` prefixes container ids; `waiting` says why containers do not run.

    `results` are those of the probes.

    `failed` is a reason for which the pod as a whole has failed (DeadlineExceeded).
    """
    spec, status = pod["spec"], copy.deepcopy(pod.get("status") or {})
    seen = _Seen(pod, observed, runtime, waiting, results)
    init = [seen.status(c, is_init=True) for c in spec.get("initContainers") or ()]
    status["initContainerStatuses"] = init
    default = "ContainerCreating" if _init_is_over(spec, init) else "PodInitializing"
    main = status["containerStatuses"] = [seen.status(c, default=default) for c in spec["containers"]]
    if not init:
        del status["initContainerStatuses"]
    if ephemeral := spec.get("ephemeralContainers"):
        guests = [seen.status(c, default="ContainerCreating") for c in ephemeral]
        status["ephemeralContainerStatuses"] = [{**guest, "ready": False, "started": False} for guest in guests]
    if failed:
        status |= {"phase": "Failed", "reason": failed.reason, "message": failed.message}
    elif not is_terminal(pod):
        status["phase"] = phase(pod, init, main)
    status.setdefault("startTime", clock.format(now))
    _set_addresses(status, observed, host_ip)
    status["conditions"] = _conditions(pod, status, observed, init, main, now)
    status.setdefault("qosClass", qos_class(pod))
    if "generation" in pod["metadata"]:
        status["observedGeneration"] = pod["metadata"]["generation"]
    return status


class _Seen:
    """The containers of a pod as the runtime has them, each name newest first."""

    def __init__(
        self,
        pod: Object,
        observed: PodStatus | None,
        runtime: str,
        waiting: Mapping[str, Waiting],
        results: Results,
    ):
        self.runtime, self.waiting, self.results = runtime, waiting, results
        self.over = is_terminal(pod)
        self.before = {
            one["name"]: one
            for key in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
            for one in (pod.get("status") or {}).get(key) or ()
        }
        self.of_name: dict[str, list[ContainerStatus]] = {}
        for container in containers_of(observed):
            self.of_name.setdefault(container.name, []).append(container)

    def status(self, container: Object, *, is_init: bool = False, default: str = "PodInitializing") -> Object:
        """One entry of containerStatuses."""
        name = container["name"]
        runs = self.of_name.get(name, [])
        if not runs and "terminated" in self.before.get(name, {}).get("state", {}) and self.over:
            return self.before[name]  # somebody removed the container of a pod that is over
        latest = runs[0] if runs else None
        why = self.waiting.get(name)
        state = self._state(latest, why, default)
        last = runs if latest and "waiting" in state and latest.state == "exited" else runs[1:]
        dead = next((run for run in last if run.state == "exited"), None)
        started = latest is not None and latest.state == "running" and self.results.started(container, latest.id)
        ready = started and latest.ready and self.results.ready(container, latest.id)
        over = is_init and not is_sidecar(container) and latest is not None and latest.exit_code == 0
        status: Object = {
            "name": name,
            "state": state,
            "lastState": {"terminated": self._terminated(dead)} if dead else {},
            "ready": (ready and (not is_init or is_sidecar(container))) or over,
            "restartCount": latest.attempt if latest else self.before.get(name, {}).get("restartCount", 0),
            "image": latest.image if latest else container["image"],
            "imageID": latest.image_id if latest else "",
            "started": started,
        }
        if latest:
            status["containerID"] = self._id(latest)
        return status

    def _state(self, latest: ContainerStatus | None, why: Waiting | None, default: str) -> Object:
        if latest is not None and latest.state == "running":
            return {"running": {"startedAt": clock.format(latest.started_at or latest.created_at)}}
        if why is not None:
            return {"waiting": {"reason": why.reason, **({"message": why.message} if why.message else {})}}
        if latest is not None and latest.state == "exited":
            return {"terminated": self._terminated(latest)}
        return {"waiting": {"reason": default}}

    def _terminated(self, container: ContainerStatus) -> Object:
        finished = container.finished_at or container.created_at
        return {
            "exitCode": container.exit_code,
            "reason": container.reason,
            **({"message": container.message} if container.message else {}),
            "startedAt": clock.format(container.started_at or finished),
            "finishedAt": clock.format(finished),
            "containerID": self._id(container),
        }

    def _id(self, container: ContainerStatus) -> str:
        return f"{self.runtime}://{container.id}"


def phase(pod: Object, init: list[Object], main: list[Object]) -> str:
    """Pending, Running, Succeeded or Failed, from the containers' states and the restartPolicy."""
    policy = pod["spec"].get("restartPolicy", "Always")
    if policy == "Never" and any(_failed(one) for one in init if not _is_sidecar(pod, one)):
        return "Failed"
    begun = any("waiting" not in one["state"] or one["lastState"] for one in main)
    if not begun and not _init_is_over(pod["spec"], init):
        return "Pending"
    counts = Counter(_word(one) for one in main)
    if counts["waiting"]:
        return "Pending"
    if counts["running"] or policy == "Always":
        return "Running"
    if counts["succeeded"] == len(main):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def _word(status: Object) -> str:
    """running, succeeded, failed, or waiting for its first run."""
    state = status["state"]
    ended = state.get("terminated") or ("waiting" in state and status["lastState"].get("terminated"))
    if ended:
        return "failed" if ended["exitCode"] or "waiting" in state else "succeeded"
    return "running" if "running" in state else "waiting"


def _failed(status: Object) -> bool:
    return status["state"].get("terminated", {}).get("exitCode", 0) != 0


def _is_sidecar(pod: Object, status: Object) -> bool:
    return any(is_sidecar(c) and c["name"] == status["name"] for c in pod["spec"].get("initContainers") or ())


def _init_is_over(spec: Object, init: list[Object]) -> bool:
    """Whether each init container has succeeded, or runs where it is a sidecar."""
    return all(
        status["started"] if is_sidecar(container) else status["ready"]
        for container, status in zip(spec.get("initContainers") or (), init, strict=True)
    )


def _set_addresses(status: Object, observed: PodStatus | None, host_ip: str) -> None:
    status["hostIP"], status["hostIPs"] = host_ip, [{"ip": host_ip}]
    sandbox = sandbox_of(observed)
    if sandbox is not None and sandbox.state == "ready" and sandbox.ip:
        status["podIP"], status["podIPs"] = sandbox.ip, [{"ip": sandbox.ip}]


def _conditions(
    pod: Object,
    status: Object,
    observed: PodStatus | None,
    init: list[Object],
    main: list[Object],
    now: datetime,
) -> list[Object]:
    """Conditions of ours, fresh, in Kubernetes' order; those of others stay."""
    conditions: list[Object] = status.get("conditions") or []
    sandbox = sandbox_of(observed)
    ready_to_start = sandbox is not None and sandbox.state == "ready"
    containers_ready = _containers_ready(status["phase"], main)
    found = {
        "PodReadyToStartContainers": ("True" if ready_to_start else "False", "", ""),
        "Initialized": _initialized(pod, status["phase"], init),
        "ContainersReady": containers_ready,
        "Ready": _ready(pod, conditions, containers_ready),
    }
    for type_ in OURS:
        meta.set_condition(conditions, type_, *found[type_], now)
    rank = {type_: number for number, type_ in enumerate(CONDITIONS)}
    return sorted(conditions, key=lambda one: rank.get(one["type"], len(rank)))


def _initialized(pod: Object, phase: str, init: list[Object]) -> tuple[str, str, str]:
    """(status, reason, message) of the condition Initialized."""
    if phase == "Succeeded":
        return "True", "PodCompleted", ""
    incomplete = [one["name"] for one in init if not (one["started"] if _is_sidecar(pod, one) else one["ready"])]
    if incomplete:
        return "False", "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(incomplete)}]"
    return "True", "", ""


def _containers_ready(phase: str, main: list[Object]) -> tuple[str, str, str]:
    """(status, reason, message) of the condition ContainersReady."""
    if phase == "Succeeded":
        return "False", "PodCompleted", ""
    if phase == "Failed":
        return "False", "PodFailed", ""
    unready = [one["name"] for one in main if not one["ready"]]
    if unready:
        return "False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    return "True", "", ""


def _ready(pod: Object, conditions: list[Object], containers: tuple[str, str, str]) -> tuple[str, str, str]:
    """The condition Ready: the containers are, and each readiness gate's condition is True."""
    if containers[0] != "True":
        return containers
    for gate in pod["spec"].get("readinessGates") or ():
        type_ = gate["conditionType"]
        condition = meta.get_condition(conditions, type_)
        if condition is None:
            why = f'corresponding condition of pod readiness gate "{type_}" does not exist.'
            return "False", "ReadinessGatesNotReady", why
        if condition["status"] != "True":
            why = f'the status of pod readiness gate "{type_}" is not "True", but {condition["status"]}'
            return "False", "ReadinessGatesNotReady", why
    return "True", "", ""


def qos_class(pod: Object) -> str:
    """Guaranteed, Burstable or BestEffort (pkg/apis/core/v1/helper/qos)."""
    containers = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())]
    resources = [container.get("resources") or {} for container in containers]
    if not any(one.get("requests") or one.get("limits") for one in resources):
        return "BestEffort"
    for one in resources:
        limits, requests = one.get("limits") or {}, one.get("requests") or {}
        if not {"cpu", "memory"} <= limits.keys() or any(requests.get(k, limits[k]) != limits[k] for k in limits):
            return "Burstable"
    return "Guaranteed"
