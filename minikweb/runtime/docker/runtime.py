"""The Runtime on a Docker daemon: one per node process, thread-safe."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import docker

from minikweb.runtime.docker import (
    containers,
    images,
    installation,
    lastwords,
    sessions,
    stats,
    streams,
    tunnel,
    volumes,
)
from minikweb.runtime.docker.connection import connect, translated
from minikweb.runtime.docker.network import node_name
from minikweb.runtime.protocol import (
    ContainerConfig,
    ContainerNotFound,
    ContainerStats,
    ContainerStatus,
    Credential,
    Event,
    ListedContainer,
    LogOptions,
    Machine,
    PodRef,
    PodStatus,
    RuntimeFailure,
    RuntimeUnavailable,
    SandboxConfig,
    Volume,
)

STARTS = 4  # at once: more adds latency, not throughput (measured: 2.7/s with 4, 3.0/s with 20 on two cores)


class DockerRuntime:
    """The pods of one node of one cluster, as containers on the bridge `minikweb-<cluster>`."""

    name = "docker"
    blocks = True

    def __init__(self, cluster: str, node: str, pod_network: str, *, api: docker.APIClient | None = None):
        """pod_network is the cluster's, such as 10.244.0.0/16. Raises RuntimeUnavailable."""
        self.cluster, self.node, self.pod_network = cluster, node, pod_network
        self.api = api or connect()
        self.version = self.api.version()["Version"]
        self._slots = threading.BoundedSemaphore(STARTS)
        self._starter = ThreadPoolExecutor(STARTS, thread_name_prefix="sandbox")
        self._starting: dict[str, Future] = {}  # sandbox id → its start; kept once failed, dropped once running
        self._pods: dict[str, PodRef] = {}  # sandbox id → pod: asking Docker would wait for a start under way
        self._sandbox_of: dict[str, str] = {}  # container id → sandbox id, between create and start
        self._ended: dict[str, ContainerStatus] = {}  # what has ended changes no more: never inspected again
        self._with_volumes: set[str] = volumes.owners(self.api, cluster, node)  # uids of pods
        self._watching: Any = None
        self.is_near = True  # whether this machine is on the pods' bridge

    def setup(self) -> None:
        installation.ensure_network(self.api, self.cluster, self.pod_network)
        images.ensure(self.api, images.PAUSE)
        self.is_near = tunnel.is_on_the_bridge(self.pod_network)

    def machine(self) -> Machine:
        with translated():
            info = self.api.info()
        return Machine(
            cpus=info["NCPU"],
            memory=info["MemTotal"],
            architecture=info["Architecture"],
            kernel=info["KernelVersion"],
            os_image=info["OperatingSystem"],
            boot_id=info["ID"],
        )

    # --- images ---------------------------------------------------------------------------------

    def image_id(self, image: str, annotations: Mapping[str, str]) -> str | None:
        return images.image_id(self.api, image)

    def image_user(self, image: str) -> str:
        return images.user(self.api, image)

    def pull_image(self, image: str, annotations: Mapping[str, str], credential: Credential | None = None) -> str:
        return images.pull(self.api, image, credential)

    # --- sandboxes ------------------------------------------------------------------------------

    def run_pod_sandbox(self, config: SandboxConfig) -> str:
        arguments = containers.sandbox_arguments(self.cluster, self.node, images.PAUSE, config)
        if config.volumes:
            volumes.make(self.api, self.cluster, self.node, config)
            arguments["HostConfig"]["Mounts"] = volumes.in_sandbox(self.cluster, config)
            arguments["OpenStdin"] = True
            self._with_volumes.add(config.pod.uid)
        name = containers.container_name(containers.PAUSE, config.pod, config.attempt)
        sandbox_id = self._create(arguments, name, "FailedCreatePodSandBox")
        self._pods[sandbox_id] = config.pod
        self._starting[sandbox_id] = self._starter.submit(self._start_sandbox, sandbox_id, config.volumes)
        return sandbox_id

    def _start_sandbox(self, sandbox_id: str, filled: tuple[Volume, ...]) -> None:
        self._start(sandbox_id, "FailedCreatePodSandBox")
        volumes.write(self.api, sandbox_id, filled)
        self._starting.pop(sandbox_id, None)

    def stop_pod_sandbox(self, sandbox_id: str) -> None:
        self.stop_container(sandbox_id, 1)

    def remove_pod_sandbox(self, sandbox_id: str) -> None:
        ids = [entry["Id"] for entry in self._list(**{containers.SANDBOX: sandbox_id})]
        self._pods.pop(sandbox_id, None)
        start = self._starting.pop(sandbox_id, None)
        if start is not None and not start.cancel():
            with suppress(RuntimeFailure):
                start.result()
        together([lambda one=one: self.remove_container(one) for one in (*ids, sandbox_id)])

    def update_volume(self, sandbox_id: str, volume: Volume) -> None:
        if (start := self._starting.get(sandbox_id)) is not None:
            start.result()
        volumes.write(self.api, sandbox_id, (volume,))

    def volume_usage(self, sandbox_id: str, volume: str) -> int:
        if (start := self._starting.get(sandbox_id)) is not None:
            start.result()
        return volumes.usage(self.api, sandbox_id, volume)

    def remove_volumes(self, pod_uid: str) -> None:
        if pod_uid in self._with_volumes:
            volumes.remove(self.api, self.cluster, containers.UID, pod_uid)
            self._with_volumes.discard(pod_uid)

    def remove_store(self, store: str) -> None:
        volumes.remove_store(self.api, self.cluster, store)

    def volume_owners(self) -> set[str]:
        self._with_volumes |= volumes.owners(self.api, self.cluster, self.node)
        return set(self._with_volumes)

    # --- containers -----------------------------------------------------------------------------

    def create_container(self, sandbox_id: str, config: ContainerConfig) -> str:
        pod = self._pod_of(sandbox_id)
        arguments = containers.container_arguments(self.cluster, self.node, sandbox_id, pod, config)
        arguments["HostConfig"]["Mounts"] = volumes.in_container(self.cluster, pod, config.mounts)
        name = containers.container_name(config.name, pod, config.attempt)
        container_id = self._create(arguments, name, "CreateContainerError")
        self._sandbox_of[container_id] = sandbox_id
        if config.copies:
            self._copy(container_id, config)
        return container_id

    def _copy(self, container_id: str, config: ContainerConfig) -> None:
        """Docker mounts no single file of a volume: it is copied. It would not follow the volume's changes anyway."""
        start = self._starting.get(self._sandbox_of[container_id])
        if start is not None and any(mount.part for mount in config.mounts):
            start.result()  # Docker mounts all volumes for it, and their parts are made by then
        try:
            with translated("CreateContainerError"):
                self.api.put_archive(container_id, "/", volumes.archive(config.copies))
        except RuntimeFailure:
            self.remove_container(container_id)
            raise

    def start_container(self, container_id: str) -> None:
        start = self._starting.get(self._sandbox_of.pop(container_id, ""))
        if start is not None:
            start.result()
        self._start(container_id, "RunContainerError")

    def stop_container(self, container_id: str, grace_seconds: int) -> None:
        with suppress(ContainerNotFound), translated():
            self.api.stop(container_id, timeout=grace_seconds)

    def remove_container(self, container_id: str) -> None:
        self._ended.pop(container_id, None)
        with suppress(ContainerNotFound), translated():
            try:
                self.api.remove_container(container_id, force=True, v=True)
            except docker.errors.APIError as error:
                if error.status_code != 409:  # 409: its removal is already in progress
                    raise

    def _create(self, arguments: dict[str, Any], name: str, reason: str) -> str:
        """Creates a container; what a killed process of ours left under that name, never started, makes room."""
        with translated(reason):
            try:
                return self.api.create_container_from_config(arguments, name)["Id"]
            except docker.errors.APIError as error:
                if error.status_code != 409:
                    raise
            left = self.api.inspect_container(name)
            if left["State"]["Status"] != "created":
                raise RuntimeFailure(f"the name {name} is taken by container {left['Id'][:12]}", reason)
            self.api.remove_container(left["Id"], force=True)
            return self.api.create_container_from_config(arguments, name)["Id"]

    def _start(self, container_id: str, reason: str) -> None:
        with self._slots, translated(reason):
            self.api.start(container_id)

    def _pod_of(self, sandbox_id: str) -> PodRef:
        if sandbox_id not in self._pods:
            with translated("CreateContainerError"):
                own = self.api.inspect_container(sandbox_id)["Config"]["Labels"]
            self._pods[sandbox_id] = containers.pod_ref(own)
        return self._pods[sandbox_id]

    # --- what there is --------------------------------------------------------------------------

    def pods(self, uid: str | None = None) -> list[PodStatus]:
        found: dict[str, list[dict[str, Any]]] = {}
        for entry in self._list(**({containers.UID: uid} if uid else {})):
            if containers.UID in entry["Labels"]:  # the node's own container belongs to no pod
                found.setdefault(entry["Labels"][containers.UID], []).append(entry)
        return [self._pod_status(entries) for entries in found.values()]

    def _pod_status(self, entries: list[dict[str, Any]]) -> PodStatus:
        sandboxes = [
            containers.sandbox_status(entry, starting=self._is_starting(entry["Id"]))
            for entry in entries
            if entry["Labels"].get(containers.CONTAINER) == containers.PAUSE
        ]
        others = [entry for entry in entries if entry["Labels"].get(containers.CONTAINER) != containers.PAUSE]
        statuses = [status for entry in others if (status := self._inspect(entry["Id"])) is not None]
        return PodStatus(
            pod=containers.pod_ref(entries[0]["Labels"]),
            sandboxes=tuple(sorted(sandboxes, key=lambda s: s.attempt, reverse=True)),
            containers=tuple(sorted(statuses, key=lambda s: s.attempt, reverse=True)),
        )

    def _is_starting(self, sandbox_id: str) -> bool:
        start = self._starting.get(sandbox_id)
        return start is not None and (not start.done() or start.exception() is None)

    def _inspect(self, container_id: str) -> ContainerStatus | None:
        """The status of a container, None if it has just gone."""
        status = self._ended.get(container_id)
        if status is None:
            with suppress(ContainerNotFound), translated():
                inspected = self.api.inspect_container(container_id)
                status = containers.container_status(inspected)
                if status.state == "exited":
                    status = replace(status, message=status.message or lastwords.of(self.api, inspected))
                    self._ended[container_id] = status
        return status

    def _list(self, **own: str) -> list[dict[str, Any]]:
        labels = {containers.CLUSTER: self.cluster, containers.NODE: self.node} | own
        with translated():
            filters = {"label": [f"{name}={value}" for name, value in labels.items()]}
            return self.api.containers(all=True, filters=filters)

    def processes(self) -> list[ListedContainer]:
        return [containers.listed(entry) for entry in self._list()]

    def stats(self) -> list[ContainerStats]:
        entries = [one for one in self._list() if one["Labels"].get(containers.CONTAINER) != containers.PAUSE]
        return stats.of_containers(self.api, [one for one in entries if containers.UID in one["Labels"]])

    # --- streams --------------------------------------------------------------------------------

    def logs(self, container_id: str, options: LogOptions) -> streams.Logs:
        with translated():
            return streams.Logs(self.api, container_id, options)

    def exec(self, container_id: str, command: list[str], *, tty: bool, stdin: bool) -> sessions.Exec:
        with translated("ExecError"):
            return sessions.Exec(self.api, container_id, command, tty=tty, stdin=stdin)

    def attach(self, container_id: str, *, stdin: bool) -> sessions.Attached:
        with translated("AttachError"):
            return sessions.Attached(self.api, container_id, stdin=stdin)

    def port_forward(self, sandbox_id: str) -> sessions.PortForward:
        with translated("PortForwardError"):
            return sessions.PortForward(self.api, sandbox_id)

    def exec_sync(self, container_id: str, command: list[str], timeout: float) -> tuple[int, bytes]:
        with translated("ExecError"):
            return sessions.exec_sync(self.api, container_id, command, timeout)

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """Straight where this machine is on the bridge, else through the node's container."""
        if self.is_near:
            return socket.create_connection((host, port), timeout)
        return tunnel.connect(self.api, node_name(self.cluster, self.node), host, port, timeout)

    def events(self) -> Iterator[Event]:
        """Ends of containers and of sandboxes; what we start ourselves we know."""
        labels = [f"{containers.CLUSTER}={self.cluster}", f"{containers.NODE}={self.node}"]
        filters = {"type": ["container"], "event": ["die", "destroy", "oom"], "label": labels}
        with translated():
            self._watching = self.api.events(decode=True, filters=filters)
            for event in self._watching:
                yield Event(event["Actor"]["Attributes"].get(containers.UID, ""))
        raise RuntimeUnavailable("Docker closed its event stream")

    def close(self) -> None:
        self._starter.shutdown(wait=False, cancel_futures=True)
        if self._watching is not None:
            self._watching.close()


def together(calls: list[Callable[[], None]]) -> None:
    """Makes blocking calls at the same time and waits for all; raises the first failure."""
    if len(calls) == 1:
        return calls[0]()
    with ThreadPoolExecutor(min(len(calls), STARTS)) as pool:
        for future in [pool.submit(call) for call in calls]:
            future.result()
