"""What is to be done for a pod, from its spec and what runs of it. Pure.

Source: pkg/kubelet/kuberuntime/kuberuntime_manager.go (computePodActions), kuberuntime_container.go
(computeInitContainerActions).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikweb.kubelet.backoff import Backoff, go_duration
from minikweb.kubelet.results import Results
from minikweb.runtime.protocol import ContainerStatus, PodStatus, SandboxStatus

Object = dict[str, Any]

KEPT_DEAD = 2  # per container: the last state, and the one before it for a container that runs again


@dataclass(frozen=True)
class Waiting:
    """Why a container does not run, as in status.containerStatuses[].state.waiting."""

    reason: str
    message: str = ""


@dataclass(frozen=True)
class Start:
    """A container to create and start."""

    container: Object  # its spec
    attempt: int
    is_init: bool = False
    is_restart: bool = False  # it ran before: the back-off counts it
    is_ephemeral: bool = False  # it has come to look around


@dataclass(frozen=True)
class Stop:
    """A running container to end."""

    container: ContainerStatus
    why: str = ""  # the event's message where it is not just stopped
    grace: int | None = None  # seconds, where not the pod's


@dataclass
class Plan:
    """What to do now, in this order, and when to look again."""

    stop: list[Stop] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)  # ids of containers nobody will ask for any more
    sandbox_attempt: int | None = None  # a new sandbox is needed, with this attempt
    stop_sandbox: str = ""  # the pod is over: its sandbox's id
    start: list[Start] = field(default_factory=list)
    waiting: dict[str, Waiting] = field(default_factory=dict)  # by container name
    again: float | None = None  # seconds

    def look_again_in(self, seconds: float) -> None:
        self.again = seconds if self.again is None else min(self.again, seconds)


def plan(pod: Object, observed: PodStatus | None, now: datetime, backoff: Backoff, results: Results) -> Plan:
    """What brings the containers of a pod that is neither over nor being deleted closer to its spec."""
    sandbox = sandbox_of(observed)
    made = Plan(remove=superfluous(observed))
    if sandbox is None or sandbox.state != "ready":
        return _begin(pod, observed, sandbox, made)
    latest = latest_of(observed)
    step = _Step(pod, latest, sandbox, now, backoff, results, made)
    step.ephemeral()
    if step.init_is_over():
        for container in pod["spec"]["containers"]:
            step.container(container)
        _end_when_all_ended(pod, latest, sandbox, made)
    return made


def _begin(pod: Object, observed: PodStatus | None, sandbox: SandboxStatus | None, made: Plan) -> Plan:
    """There is no sandbox, or a dead one: the pod starts anew in another one."""
    latest = latest_of(observed)
    wanted = [c for c in pod["spec"]["containers"] if _runs_again(pod, latest.get(c["name"]))]
    made.stop = [Stop(c) for c in latest.values() if c.state == "running"]
    if not wanted:
        return made
    made.sandbox_attempt = 0 if sandbox is None else sandbox.attempt + 1
    made.remove += [c.id for c in latest.values() if c.state == "created"]
    first_of_init = (pod["spec"].get("initContainers") or [])[:1]
    for container in first_of_init or wanted:
        before = latest.get(container["name"])
        made.start.append(Start(container, _next_attempt(pod, container, before), is_init=bool(first_of_init)))
    if first_of_init and is_sidecar(first_of_init[0]):
        made.look_again_in(0)  # the next one follows as soon as it runs
    return made


class _Step:
    """Adds to the plan what one container after the other needs, in a sandbox that is ready."""

    def __init__(
        self,
        pod: Object,
        latest: dict[str, ContainerStatus],
        sandbox: SandboxStatus,
        now: datetime,
        backoff: Backoff,
        results: Results,
        made: Plan,
    ):
        self.pod, self.latest = pod, latest
        self.current = {name: c for name, c in latest.items() if c.sandbox_id == sandbox.id}
        self.now, self.backoff, self.results, self.made = now, backoff, results, made

    def ephemeral(self) -> None:
        """Containers that have come to look around begin once, whatever the others do."""
        for container in self.pod["spec"].get("ephemeralContainers") or ():
            status = self.latest.get(container["name"])
            if status is None or status.state == "created":
                if status is not None:
                    self.made.remove.append(status.id)
                self.made.start.append(Start(container, 0, is_ephemeral=True))

    def init_is_over(self) -> bool:
        """Looks at the init containers in their order; whether the others may run."""
        begun = any(c["name"] in self.current for c in self.pod["spec"]["containers"])
        for container in self.pod["spec"].get("initContainers") or ():
            status = self.current.get(container["name"])
            if is_sidecar(container):
                self.container(container, is_init=True)
                if not begun and not self._has_started(container, status):
                    if status is None or status.state != "running":  # else the prober wakes us
                        self.made.look_again_in(0 if status is None else 1)
                    return False
            elif begun:
                continue
            elif status is None or status.state == "created":
                self._start(container, status, is_init=True)
                return False
            elif status.state != "exited":
                return False
            elif status.exit_code != 0:
                self._init_failed(container, status)
                return False
        return True

    def _init_failed(self, container: Object, status: ContainerStatus) -> None:
        if self.pod["spec"].get("restartPolicy", "Always") != "Never":
            self._restart(container, status, is_init=True)

    def container(self, container: Object, *, is_init: bool = False) -> None:
        """One container that runs beside the others."""
        status = self.current.get(container["name"])
        if status is None or status.state == "created":
            if status is not None or is_init or _runs_again(self.pod, self.latest.get(container["name"])):
                self._start(container, status, is_init=is_init)
        elif status.state == "exited":
            if is_sidecar(container) or _runs_again(self.pod, status):
                self._restart(container, status, is_init=is_init)
        elif status.image != container["image"]:
            why = f"Container {container['name']} definition changed, will be restarted"
            self.made.stop.append(Stop(status, why))
        elif kind := self.results.failed(container, status.id):
            self._end_failed(container, status, kind)

    def _has_started(self, container: Object, status: ContainerStatus | None) -> bool:
        return status is not None and status.state == "running" and self.results.started(container, status.id)

    def _end_failed(self, container: Object, status: ContainerStatus, kind: str) -> None:
        """A probe has found it dead, or never alive."""
        why = f"Container {container['name']} failed {kind.removesuffix('Probe')} probe"
        if is_sidecar(container) or self.pod["spec"].get("restartPolicy", "Always") != "Never":
            why += ", will be restarted"
        self.made.stop.append(Stop(status, why, container[kind].get("terminationGracePeriodSeconds")))

    def _start(self, container: Object, status: ContainerStatus | None, *, is_init: bool) -> None:
        """Starts one that has not run in this sandbox; one that was created and never started makes room."""
        before = self.latest.get(container["name"])
        attempt = _next_attempt(self.pod, container, before)
        if status is not None:
            self.made.remove.append(status.id)
        self.made.start.append(Start(container, attempt, is_init=is_init))

    def _restart(self, container: Object, status: ContainerStatus, *, is_init: bool) -> None:
        """Starts one that has ended, now or after its back-off."""
        key = backoff_key(self.pod, container)
        wait = self.backoff.remaining(key, status.finished_at or self.now, self.now).total_seconds()
        if wait <= 0:
            self.made.start.append(Start(container, status.attempt + 1, is_init=is_init, is_restart=True))
            return
        delay = go_duration(self.backoff.delay(key))
        message = f"back-off {delay} restarting failed container={container['name']} pod={full_name(self.pod)}"
        self.made.waiting[container["name"]] = Waiting("CrashLoopBackOff", message)
        self.made.look_again_in(wait)


def _next_attempt(pod: Object, container: Object, before: ContainerStatus | None) -> int:
    """The restart count of the next run; where somebody removed the containers, the status remembers."""
    if before is not None:
        return before.attempt if before.state == "created" else before.attempt + 1
    pod_status = pod.get("status") or {}
    for one in (*(pod_status.get("containerStatuses") or ()), *(pod_status.get("initContainerStatuses") or ())):
        if one["name"] == container["name"] and one.get("containerID"):
            return one["restartCount"] + 1
    return 0


def _end_when_all_ended(pod: Object, latest: dict[str, ContainerStatus], sandbox: SandboxStatus, made: Plan) -> None:
    """A pod whose containers have all ended for good needs its sidecars and its sandbox no longer."""
    names = [c["name"] for c in pod["spec"]["containers"]]
    if made.start or made.waiting or any(n not in latest or latest[n].state != "exited" for n in names):
        return
    made.stop = first_to_end(pod, latest.values())
    made.stop_sandbox = sandbox.id
    made.again = None


def _runs_again(pod: Object, status: ContainerStatus | None) -> bool:
    """Whether a container that ended so is to run again by the pod's restartPolicy; one that never ran is."""
    if status is None or status.state != "exited":
        return True
    policy = pod["spec"].get("restartPolicy", "Always")
    return policy == "Always" or (policy == "OnFailure" and status.exit_code != 0)


def specs(pod: Object) -> list[Object]:
    """The specs of all its containers."""
    return [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]


def is_sidecar(container: Object) -> bool:
    """An init container that goes on running beside the others."""
    return container.get("restartPolicy") == "Always"


def superfluous(observed: PodStatus | None) -> list[str]:
    """Dead containers that are no longer anybody's last or previous state."""
    of_name: dict[str, list[ContainerStatus]] = {}
    for container in containers_of(observed):
        of_name.setdefault(container.name, []).append(container)
    return [c.id for same in of_name.values() for c in same[KEPT_DEAD:] if c.state == "exited"]


def sandbox_of(observed: PodStatus | None) -> SandboxStatus | None:
    """The newest sandbox that is ready, else the newest."""
    found = observed.sandboxes if observed else ()
    return next((one for one in found if one.state == "ready"), found[0] if found else None)


def containers_of(observed: PodStatus | None) -> tuple[ContainerStatus, ...]:
    return observed.containers if observed else ()


def latest_of(observed: PodStatus | None) -> dict[str, ContainerStatus]:
    """The newest container of each name; they come newest first."""
    found: dict[str, ContainerStatus] = {}
    for container in containers_of(observed):
        found.setdefault(container.name, container)
    return found


def backoff_key(pod: Object, container: Object) -> str:
    return f"{pod['metadata']['uid']}/{container['name']}"


def full_name(pod: Object) -> str:
    """name_namespace(uid), as the kubelet's messages say it."""
    meta = pod["metadata"]
    return f"{meta['name']}_{meta['namespace']}({meta['uid']})"


def is_terminal(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def pods_grace(pod: Object) -> int:
    """Seconds between SIGTERM and SIGKILL, where nobody says otherwise."""
    return int(pod["spec"].get("terminationGracePeriodSeconds", 30))


def first_to_end(pod: Object, containers: Iterable[ContainerStatus]) -> list[Stop]:
    """Of a pod that ends: its running containers, but sidecars only after the others, and the last one first."""
    running = {c.name: c for c in containers if c.state == "running"}
    sidecars = [c["name"] for c in pod["spec"].get("initContainers") or () if is_sidecar(c)]
    others = [Stop(c) for name, c in running.items() if name not in sidecars]
    return others or [Stop(running[name]) for name in reversed(sidecars) if name in running][:1]


def grace_seconds(pod: Object, now: datetime, deadline: datetime) -> int:
    """How long a pod being deleted may take yet: its grace, less what has passed of it; at least one second."""
    grace = pod["metadata"].get("deletionGracePeriodSeconds")
    if grace is None:
        grace = pod["spec"].get("terminationGracePeriodSeconds", 30)
    left = (deadline - now).total_seconds()
    return max(1, min(int(grace), round(left))) if grace else 0
