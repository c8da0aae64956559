"""Starting what a plan says: the sandbox, images, environment, containers, and what went wrong with each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.client.events import Recorder
from minikweb.kubelet import configs, env, hooks, links
from minikweb.kubelet.addresses import Addresses, NoAddressLeft
from minikweb.kubelet.backoff import Backoff
from minikweb.kubelet.images import Images
from minikweb.kubelet.mounting import Volumes
from minikweb.kubelet.pods import Plan, Start, Waiting, backoff_key, full_name, latest_of, pods_grace, sandbox_of
from minikweb.kubelet.probes import Target
from minikweb.kubelet.volumes import MountFailed
from minikweb.runtime.protocol import PodStatus, Runtime, RuntimeFailure, Volume

Object = dict[str, Any]

MISSING_CONFIG = 2.0  # seconds until a ConfigMap or Secret that was missing is looked for again
CANNOT_MOUNT = 1.0  # seconds until what a volume is made of is looked for again
CANNOT_CREATE = 10.0  # seconds until a container that could not be created is tried again
UNSUPPORTED = 300.0  # seconds between two tellings


@dataclass(frozen=True)
class Host:
    """What a node's pods see of it."""

    node: str
    ip: str
    addresses: Addresses
    allocatable: dict[str, str]  # cpu and memory, as quantities
    dns: str = ""  # the cluster's DNS server; "" where the node gives its pods no network

    def facts(self) -> dict[str, str]:
        """For the downward API."""
        own = {"status.hostIP": self.ip, "status.hostIPs": self.ip}
        return own | {f"allocatable.{name}": amount for name, amount in self.allocatable.items()}


@dataclass(frozen=True)
class At:
    """Where the containers of a pod start."""

    sandbox_id: str
    ip: str
    volumes: tuple[Volume, ...]


@dataclass
class Outcome:
    """Why containers of a pod do not run, by name, and when to try again."""

    waiting: dict[str, Waiting] = field(default_factory=dict)
    again: float | None = None

    def wait(self, name: str, why: Waiting, seconds: float | None) -> None:
        self.waiting[name] = why
        if seconds is not None:
            self.again = seconds if self.again is None else min(self.again, seconds)


class SandboxFailed(Exception):
    """The pod's sandbox could not be had; the message is told already."""


class Starter:
    """Carries out the starts of one node's pods."""

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        runtime: Runtime,
        host: Host,
        images: Images,
        volumes: Volumes,
        backoff: Backoff,
        clock: Callable[[], datetime],
        services: Callable[[], list[Object]],
    ):
        self.client, self.recorder, self.runtime, self.host = client, recorder, runtime, host
        self.images, self.volumes, self.backoff, self.clock = images, volumes, backoff, clock
        self.services = services

    def carry_out(self, pod: Object, plan: Plan, observed: PodStatus | None) -> Outcome:
        """Starts what the plan says. Containers start side by side where starting takes time."""
        outcome = Outcome(dict(plan.waiting), plan.again)
        self._tell_back_off(pod, plan)
        if not plan.start:
            return outcome
        if self.runtime.blocks and (problem := configs.unsupported(pod)):
            self.recorder.event(pod, "Warning", *problem)
            outcome.again = UNSUPPORTED
            return outcome
        try:
            self._start_all(pod, plan, observed, outcome)
        except MountFailed as failure:
            self.recorder.event(pod, "Warning", "FailedMount", str(failure))
            outcome.again = CANNOT_MOUNT
        except SandboxFailed:
            outcome.again = max(1.0, self._sandbox_wait(pod))
        return outcome

    def _start_all(self, pod: Object, plan: Plan, observed: PodStatus | None, outcome: Outcome) -> None:
        volumes = self.volumes.of_pod(pod)
        sandbox_id, ip = self._sandbox(pod, plan, observed, volumes)
        at = At(sandbox_id, ip, volumes)
        if self.runtime.blocks and len(plan.start) > 1:
            with ThreadPoolExecutor(len(plan.start)) as pool:
                calls = [pool.submit(self._start, pod, start, at, outcome) for start in plan.start]
                for call in calls:
                    call.result()
        else:
            for start in plan.start:
                self._start(pod, start, at, outcome)

    # --- the sandbox ----------------------------------------------------------------------------

    def _sandbox(
        self, pod: Object, plan: Plan, observed: PodStatus | None, volumes: tuple[Volume, ...]
    ) -> tuple[str, str]:
        """(id, address) of the pod's sandbox, the one there is or a new one. Raises SandboxFailed."""
        uid, existing = pod["metadata"]["uid"], sandbox_of(observed)
        if plan.sandbox_attempt is None:
            assert existing is not None
            return existing.id, existing.ip
        if existing is not None:
            self.recorder.event(
                pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created."
            )
        failed_before = bool(self.backoff.delay(self._sandbox_key(pod)))
        wanted = "" if failed_before else (pod.get("status") or {}).get("podIP", "")
        try:
            # A predecessor of this process may have been killed with a sandbox on its way up: it must not come later.
            for old in observed.sandboxes if observed else ():
                self.runtime.stop_pod_sandbox(old.id)
            ip = self.host.addresses.allocate(uid, wanted)
            gateway = self.host.ip if self.host.dns else ""
            config = configs.sandbox(pod, ip, plan.sandbox_attempt, gateway=gateway, dns=self.host.dns, volumes=volumes)
            sandbox_id = self.runtime.run_pod_sandbox(config)
        except (RuntimeFailure, NoAddressLeft) as failure:
            raise self._sandbox_failed(pod, str(failure)) from failure
        self.volumes.written(pod, sandbox_id, volumes)
        return sandbox_id, ip

    def _sandbox_failed(self, pod: Object, why: str) -> SandboxFailed:
        message = f"Failed to create pod sandbox: {why}"
        self.recorder.event(pod, "Warning", "FailedCreatePodSandBox", message)
        self.host.addresses.release(pod["metadata"]["uid"])
        self.backoff.next(self._sandbox_key(pod), self.clock())
        return SandboxFailed(message)

    def _sandbox_wait(self, pod: Object) -> float:
        now = self.clock()
        return self.backoff.remaining(self._sandbox_key(pod), now, now).total_seconds()

    def _sandbox_key(self, pod: Object) -> str:
        return f"{pod['metadata']['uid']}/POD"

    # --- one container --------------------------------------------------------------------------

    def _start(self, pod: Object, start: Start, at: At, outcome: Outcome) -> None:
        name = start.container["name"]
        kind = "initContainers" if start.is_init else "ephemeralContainers" if start.is_ephemeral else "containers"
        tell = partial(self._tell, pod, f"spec.{kind}{{{name}}}")
        why, again = self.images.ensure(pod, start.container, tell)
        if why is not None:
            outcome.wait(name, why, again)
            return
        try:
            self._check_user(pod, start.container)
            environment = self._environment(pod, start.container, at.ip)
            config = configs.container(pod, start, environment, at.volumes)
            if target_name := start.container.get("targetContainerName"):
                config = replace(config, processes_of=self._running(pod, target_name))
            container_id = self.runtime.create_container(at.sandbox_id, config)
        except env.ConfigError as error:
            tell("Warning", "Failed", f"Error: {error}")
            outcome.wait(name, Waiting("CreateContainerConfigError", str(error)), MISSING_CONFIG)
            return
        except RuntimeFailure as failure:
            tell("Warning", "Failed", f"Error: {failure.message}")
            outcome.wait(name, Waiting("CreateContainerError", failure.message), CANNOT_CREATE)
            return
        tell("Normal", "Created", "Container created")
        if start.is_restart:
            self.backoff.next(backoff_key(pod, start.container), self.clock())
        target = Target(pod, start.container, container_id, at.ip)
        self._run(target, at.sandbox_id, outcome, tell)

    def _run(self, target: Target, sandbox_id: str, outcome: Outcome, tell: partial[None]) -> None:
        name = target.container["name"]
        try:
            self.runtime.start_container(target.container_id)
        except RuntimeFailure as failure:
            if failure.reason == "FailedCreatePodSandBox":
                self.runtime.remove_pod_sandbox(sandbox_id)
                raise self._sandbox_failed(target.pod, failure.message) from failure
            tell("Warning", "Failed", f"Error: {failure.message}")
            outcome.wait(name, Waiting("RunContainerError", failure.message), 1.0)
            return
        tell("Normal", "Started", "Container started")
        hook = (target.container.get("lifecycle") or {}).get("postStart")
        if hook and self.runtime.blocks and (why := hooks.run(self.runtime, target, hook)):
            tell("Warning", "FailedPostStartHook", f"PostStartHook failed: {why}")
            tell("Normal", "Killing", "FailedPostStartHook")
            self.runtime.stop_container(target.container_id, pods_grace(target.pod))
            outcome.wait(name, Waiting("PostStartHookError", f"PostStartHook failed: {why}"), 1.0)

    def _running(self, pod: Object, name: str) -> str:
        """The id of a running container of the pod. Raises ConfigError."""
        for status in self.runtime.pods(pod["metadata"]["uid"]):
            found = latest_of(status).get(name)
            if found and found.state == "running":
                return found.id
        raise env.ConfigError(f'unable to find target container "{name}"')

    def _check_user(self, pod: Object, container: Object) -> None:
        """Raises ConfigError where it would run as root and must not."""
        context = {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}
        if context.get("runAsNonRoot"):
            why = configs.breaks_non_root(pod, container, self.runtime.image_user(container["image"]))
            if why:
                raise env.ConfigError(why)

    def _environment(self, pod: Object, container: Object, ip: str) -> dict[str, str]:
        facts = self.host.facts() | {"status.podIP": ip, "status.podIPs": ip}
        read = partial(self._read, pod["metadata"]["namespace"])
        return env.environment(pod, container, read, facts=facts, services=links.variables(pod, self.services()))

    def _read(self, namespace: str, kind: str, name: str) -> Object | None:
        try:
            return self.client.get(kind, name, namespace)
        except errors.NotFound:
            return None

    # --- what is told ---------------------------------------------------------------------------

    def _tell(self, pod: Object, field_path: str, type_: str, reason: str, message: str) -> None:
        self.recorder.event(pod, type_, reason, message, field_path=field_path)

    def _tell_back_off(self, pod: Object, plan: Plan) -> None:
        for name, why in plan.waiting.items():
            if why.reason == "CrashLoopBackOff":
                message = f"Back-off restarting failed container {name} in pod {full_name(pod)}"
                self._tell(pod, f"spec.containers{{{name}}}", "Warning", "BackOff", message)
