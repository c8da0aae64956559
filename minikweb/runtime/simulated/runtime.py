"""The Runtime of simulated containers: one per node process, thread-safe, cheap for thousands of pods.

Nothing runs between two looks; a file in the data folder lets the pods outlive their node's process.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import math
import os
import platform
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from minikweb.runtime import imagename
from minikweb.runtime.protocol import (
    ContainerConfig,
    ContainerNotFound,
    ContainerStats,
    ContainerStatus,
    Credential,
    Event,
    ExecSession,
    ImageNotFound,
    ListedContainer,
    LogOptions,
    Machine,
    NotSupported,
    PodRef,
    PodStatus,
    RuntimeFailure,
    SandboxConfig,
    SandboxStatus,
    Volume,
)
from minikweb.runtime.simulated.fate import (
    FATE,
    IMAGE,
    Container,
    Sandbox,
    end_of,
    instant,
    is_alive,
    ready_after,
    stop_share,
    used,
)
from minikweb.runtime.simulated.lines import Lines

SAVE_EVERY = 1.0  # seconds; what a killed process had not yet written is simply run again


class SimulatedRuntime:
    """The pods of one node, in memory and in `file`; `file` None keeps them in memory alone."""

    name = "simulated"
    blocks = False
    version = "1"

    def __init__(
        self, node: str, file: Path | None = None, *, clock: Callable[[], float] = time.time, stops_take: float = 0.0
    ):
        """stops_take: seconds from a stop to the container's end, on average."""
        self.node, self.file, self.clock, self.stops_take = node, file, clock, stops_take
        self._sandboxes: dict[str, Sandbox] = {}
        self._containers: dict[str, Container] = {}
        self._of_pod: dict[str, set[str]] = {}  # pod uid → ids of its sandboxes
        self._of_sandbox: dict[str, set[str]] = {}  # sandbox id → ids of its containers
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._due: list[tuple[float, str]] = []  # heap of (instant, pod uid): changes to come
        self._happened: list[str] = []  # pod uids whose change was asked for from outside
        self._dirty = False
        self._closed = False
        self._load()
        if file is not None:
            threading.Thread(target=self._keep_saving, name="simulated-save", daemon=True).start()

    def setup(self) -> None:
        """Nothing to make."""

    def machine(self) -> Machine:
        return Machine(os.cpu_count() or 1, 0, platform.machine(), platform.release(), "simulated", "simulated")

    # --- images ---------------------------------------------------------------------------------

    def image_id(self, image: str, annotations: Mapping[str, str]) -> str | None:
        name = imagename.qualified(image)
        if annotations.get(IMAGE) == "absent":
            return None
        return "sha256:" + hashlib.sha256(name.encode()).hexdigest()

    def image_user(self, image: str) -> str:
        """Anybody but root: nothing is known of the image."""
        return "65534"

    def pull_image(self, image: str, annotations: Mapping[str, str], credential: Credential | None = None) -> str:
        found = self.image_id(image, annotations)
        if found is None:
            raise ImageNotFound(f"{image}: not found (the annotation {IMAGE} says so)", "ErrImagePull")
        return found

    # --- sandboxes ------------------------------------------------------------------------------

    def run_pod_sandbox(self, config: SandboxConfig) -> str:
        sandbox = Sandbox(uuid.uuid4().hex * 2, config.pod, config.ip, config.attempt, self.clock())
        with self._lock:
            self._add_sandbox(sandbox)
            self._dirty = True
        return sandbox.id

    def stop_pod_sandbox(self, sandbox_id: str) -> None:
        with self._lock:
            sandbox = self._sandboxes.get(sandbox_id)
            if sandbox is not None:
                sandbox.stopped = self._dirty = True

    def remove_pod_sandbox(self, sandbox_id: str) -> None:
        with self._lock:
            sandbox = self._sandboxes.pop(sandbox_id, None)
            if sandbox is None:
                return
            for container_id in self._of_sandbox.pop(sandbox_id, ()):
                self._containers.pop(container_id, None)
            siblings = self._of_pod.get(sandbox.pod.uid, set())
            siblings.discard(sandbox_id)
            if not siblings:
                self._of_pod.pop(sandbox.pod.uid, None)
            self._dirty = True
            self._changed.notify_all()

    def update_volume(self, sandbox_id: str, volume: Volume) -> None:
        """Nobody reads it."""

    def volume_usage(self, sandbox_id: str, volume: str) -> int:
        return 0

    def remove_volumes(self, pod_uid: str) -> None:
        """There are none."""

    def volume_owners(self) -> set[str]:
        return set()

    def remove_store(self, store: str) -> None:
        """There are none."""

    # --- containers -----------------------------------------------------------------------------

    def create_container(self, sandbox_id: str, config: ContainerConfig) -> str:
        with self._lock:
            if sandbox_id not in self._sandboxes:
                raise RuntimeFailure(f"no sandbox {sandbox_id[:12]}", "CreateContainerError")
            container = Container(
                id=uuid.uuid4().hex * 2,
                sandbox_id=sandbox_id,
                name=config.name,
                image=config.image,
                attempt=config.attempt,
                command=" ".join((*config.command, *config.args)),
                annotations={k: v for k, v in config.annotations.items() if k.startswith(FATE)},
                runs_to_completion=config.runs_to_completion,
                created=self.clock(),
            )
            self._containers[container.id] = container
            self._of_sandbox[sandbox_id].add(container.id)
            self._dirty = True
        return container.id

    def start_container(self, container_id: str) -> None:
        with self._lock:
            container = self._container(container_id)
            container.started = self.clock()
            self._dirty = True
            self._schedule(container)
            self._changed.notify_all()

    def stop_container(self, container_id: str, grace_seconds: int) -> None:
        with self._lock:
            container = self._containers.get(container_id)
            if container is None or container.stopped is not None:
                return
            moment = self.stops_take * stop_share(container) if grace_seconds else 0.0
            container.stopped = self.clock() + moment
            uid = self._sandboxes[container.sandbox_id].pod.uid
            if moment:
                heapq.heappush(self._due, (container.stopped, uid))
            else:
                self._happened.append(uid)
            self._dirty = True
            self._changed.notify_all()

    def remove_container(self, container_id: str) -> None:
        with self._lock:
            container = self._containers.pop(container_id, None)
            if container is not None:
                self._of_sandbox.get(container.sandbox_id, set()).discard(container_id)
                self._dirty = True
                self._changed.notify_all()

    def _container(self, container_id: str) -> Container:
        container = self._containers.get(container_id)
        if container is None:
            raise ContainerNotFound(f"no container {container_id[:12]}")
        return container

    # --- what there is --------------------------------------------------------------------------

    def pods(self, uid: str | None = None) -> list[PodStatus]:
        with self._lock:
            return [self._pod_status(one) for one in ([uid] if uid else list(self._of_pod)) if one in self._of_pod]

    def _pod_status(self, uid: str) -> PodStatus:
        sandboxes = sorted((self._sandboxes[id] for id in self._of_pod[uid]), key=lambda s: s.attempt, reverse=True)
        ids = [id for sandbox in sandboxes for id in self._of_sandbox[sandbox.id]]
        containers = sorted((self._containers[id] for id in ids), key=lambda c: c.attempt, reverse=True)
        pod = sandboxes[0].pod
        now = self.clock()
        return PodStatus(
            pod,
            tuple(self._sandbox_status(sandbox) for sandbox in sandboxes),
            tuple(self._status(container, pod, now) for container in containers),
        )

    def _sandbox_status(self, sandbox: Sandbox) -> SandboxStatus:
        state = "not-ready" if sandbox.stopped else "ready"
        return SandboxStatus(
            sandbox.id, sandbox.pod, self.node, state, sandbox.ip, sandbox.attempt, instant(sandbox.created)
        )

    def _status(self, container: Container, pod: PodRef, now: float) -> ContainerStatus:
        end = end_of(container)
        ended = end is not None and end[0] <= now
        state = "created" if container.started is None else "exited" if ended else "running"
        return ContainerStatus(
            id=container.id,
            sandbox_id=container.sandbox_id,
            pod=pod,
            name=container.name,
            attempt=container.attempt,
            state=state,
            image=container.image,
            image_id=self.image_id(container.image, {}) or "",
            created_at=instant(container.created),
            started_at=instant(container.started) if container.started is not None else None,
            finished_at=instant(end[0]) if end and ended else None,
            exit_code=end[1] if end and ended else None,
            reason=("Error" if end[1] else "Completed") if end and ended else "",
            ready=now >= (container.started or now) + ready_after(container),
            alive=is_alive(container, now),
            ending=container.stopped is not None and not ended,
        )

    def processes(self) -> list[ListedContainer]:
        """Nothing: there are no containers for `docker ps` to show."""
        return []

    # --- streams --------------------------------------------------------------------------------

    def logs(self, container_id: str, options: LogOptions) -> Lines:
        with self._lock:
            container = self._container(container_id)
        return Lines(container, options, clock=self.clock, is_here=lambda: container_id in self._containers)

    def exec(self, container_id: str, command: list[str], *, tty: bool, stdin: bool) -> ExecSession:
        raise NotSupported("exec needs Docker: this node's containers are simulated", "NotSupported")

    def attach(self, container_id: str, *, stdin: bool) -> ExecSession:
        raise NotSupported("attach needs Docker: this node's containers are simulated", "NotSupported")

    def port_forward(self, sandbox_id: str) -> ExecSession:
        raise NotSupported("port-forward needs Docker: this node's containers are simulated", "NotSupported")

    def stats(self) -> list[ContainerStats]:
        """Of the containers whose annotations say what they use."""
        with self._lock:
            now, found = self.clock(), []
            for container in self._containers.values():
                use, end = used(container), end_of(container)
                if use is None or container.started is None or (end and end[0] <= now):
                    continue
                pod, seconds = self._sandboxes[container.sandbox_id].pod, use[0] * (now - container.started)
                found.append(ContainerStats(container.id, pod, container.name, instant(now), seconds, use[1]))
        if not found:
            raise NotSupported("metrics need Docker: this node's containers are simulated", "NotSupported")
        return found

    def exec_sync(self, container_id: str, command: list[str], timeout: float) -> tuple[int, bytes]:
        raise NotSupported("exec needs Docker: this node's containers are simulated", "NotSupported")

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        raise ConnectionRefusedError("connections need Docker: this node's containers are simulated")

    def events(self) -> Iterator[Event]:
        while True:
            with self._lock:
                while not self._happened and not self._overdue():
                    if self._closed:
                        return
                    self._changed.wait(self._due[0][0] - self.clock() if self._due else None)
                uids = dict.fromkeys(self._happened + self._overdue(take=True))
                self._happened.clear()
            yield from (Event(uid) for uid in uids)

    def _overdue(self, *, take: bool = False) -> list[str]:
        """Pods of which a container's end has come."""
        now, found = self.clock(), []
        if not take:
            return [self._due[0][1]] if self._due and self._due[0][0] <= now else []
        while self._due and self._due[0][0] <= now:
            found.append(heapq.heappop(self._due)[1])
        return found

    def _schedule(self, container: Container) -> None:
        """Notes when a container that has been started will be ready and when it will end."""
        if container.started is None:
            return
        end, wait, uid = end_of(container), ready_after(container), self._sandboxes[container.sandbox_id].pod.uid
        if end is not None:
            heapq.heappush(self._due, (end[0], uid))
        if 0 < wait < math.inf:
            heapq.heappush(self._due, (container.started + wait, uid))

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._changed.notify_all()
        self._save()

    # --- the file -------------------------------------------------------------------------------

    def _add_sandbox(self, sandbox: Sandbox) -> None:
        self._sandboxes[sandbox.id] = sandbox
        self._of_pod.setdefault(sandbox.pod.uid, set()).add(sandbox.id)
        self._of_sandbox.setdefault(sandbox.id, set())

    def _load(self) -> None:
        if self.file is None or not self.file.exists():
            return
        with suppress(ValueError, TypeError, KeyError):  # a torn or foreign file: the kubelet runs everything again
            kept = json.loads(self.file.read_text())
            for one in kept["sandboxes"]:
                self._add_sandbox(Sandbox(**{**one, "pod": PodRef(**one["pod"])}))
            for one in kept["containers"]:
                container = Container(**one)
                self._containers[container.id] = container
                self._of_sandbox[container.sandbox_id].add(container.id)
                self._schedule(container)

    def _keep_saving(self) -> None:
        while not self._closed:
            time.sleep(SAVE_EVERY)
            self._save()

    def _save(self) -> None:
        with self._lock:
            if self.file is None or not self._dirty:
                return
            self._dirty = False
            kept: dict[str, Any] = {
                "sandboxes": [asdict(one) for one in self._sandboxes.values()],
                "containers": [asdict(one) for one in self._containers.values()],
            }
        self.file.parent.mkdir(parents=True, exist_ok=True)
        beside = self.file.with_suffix(".new")
        beside.write_text(json.dumps(kept))
        os.replace(beside, self.file)
