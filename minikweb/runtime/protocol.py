"""The verbs of a container runtime (Kubernetes' CRI, cri-api/pkg/apis/runtime/v1/api.proto, as far as needed).

Times are aware datetimes in UTC; sizes are bytes; CPU is in cores.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol


class RuntimeFailure(Exception):
    """A verb failed. `reason` is the kubelet's word for it where there is one (ErrImagePull, CreateContainerError…)."""

    def __init__(self, message: str, reason: str = "RunContainerError"):
        super().__init__(message)
        self.message = message
        self.reason = reason


class ImageNotFound(RuntimeFailure):
    """The image is neither here nor to be had."""


class RuntimeUnavailable(RuntimeFailure):
    """The daemon does not answer; the message says what the user can do."""


class NotSupported(RuntimeFailure):
    """The runtime has no such thing (exec in the simulated one); rendered as 501 `needs Docker`."""


class CommandTimeout(RuntimeFailure):
    """A command in a container took longer than it may."""


class ContainerNotFound(RuntimeFailure):
    """No container or sandbox of ours has this id."""


@dataclass(frozen=True)
class PodRef:
    """Whose sandbox or container this is; written in labels, so that `docker ps` reads like the lesson."""

    namespace: str
    name: str
    uid: str


@dataclass(frozen=True)
class Credential:
    """Who one is to a registry."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class File:
    """A file of a volume that Kubernetes fills."""

    data: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Volume:
    """One volume of a pod; it lives as long as the pod, over all its sandboxes, unless it is a store's."""

    name: str  # as the pod calls it
    memory: bool = False
    size: int | None = None  # bytes, of one in memory
    group: int | None = None  # the pod's fsGroup
    files: Mapping[str, File] | None = None  # by path, behind the link `..data`; None: an empty directory
    parts: tuple[str, ...] = ()  # folders of it that containers mount by themselves
    store: str = ""  # the name of what keeps its content when the pod is gone
    folder: str = ""  # where in the store it is; `parts` begin with it


@dataclass(frozen=True)
class Mount:
    """A volume in a container."""

    volume: str
    path: str
    read_only: bool = False
    part: str = ""  # only this folder of it
    store: str = ""  # as of the volume


@dataclass(frozen=True)
class SandboxConfig:
    """A pod's sandbox: the pause container that holds its network and its shared IPC."""

    pod: PodRef
    ip: str  # from the node's podCIDR; stable over restarts of the pod's containers
    hostname: str
    gateway: str = ""  # the node's address, through which all of the pod's packets go; "" leaves the network as it is
    attempt: int = 0  # 0, 1, 2 …: how many sandboxes the pod had before
    dns_servers: tuple[str, ...] = ()
    dns_searches: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    hosts: tuple[tuple[str, str], ...] = ()  # (name, address) in /etc/hosts, beside the pod's own
    volumes: tuple[Volume, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ContainerConfig:
    """One container as the kubelet wants it; command and args are already expanded."""

    name: str
    image: str
    attempt: int  # 0, 1, 2 …: the restart count when it was made
    command: tuple[str, ...] = ()  # replaces the image's entrypoint
    args: tuple[str, ...] = ()  # replaces the image's cmd
    env: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = ""
    tty: bool = False
    stdin: bool = False
    stdin_once: bool = False  # its input ends with the first who attaches
    cpu_limit: float | None = None
    memory_limit: int | None = None
    cpu_request: float | None = None
    user: str = ""  # "uid" or "uid:gid" in place of the image's
    groups: tuple[int, ...] = ()  # beside the user's own
    read_only: bool = False  # its root file system
    add_capabilities: tuple[str, ...] = ()
    drop_capabilities: tuple[str, ...] = ()
    no_new_privileges: bool = False
    unconfined: bool = False  # without the runtime's seccomp profile
    share_processes: bool = False  # it sees the processes of the pod's other containers
    processes_of: str = ""  # the id of one container whose processes it sees
    mounts: tuple[Mount, ...] = ()
    copies: Mapping[str, File] = field(default_factory=dict)  # single files of volumes, by path in the container
    last_words: str = ""  # a file whose content is the message of its end
    logs_are_last_words: bool = False  # the end of its log is, where it fails and there is no such file
    runs_to_completion: bool = False  # an init container, or restartPolicy is not Always
    annotations: Mapping[str, str] = field(default_factory=dict)  # the simulated runtime reads the wished fate here


SandboxState = Literal["ready", "not-ready"]
ContainerState = Literal["created", "running", "exited", "unknown"]


@dataclass(frozen=True)
class SandboxStatus:
    id: str
    pod: PodRef
    node: str
    state: SandboxState
    ip: str
    attempt: int
    created_at: datetime


@dataclass(frozen=True)
class ContainerStatus:
    id: str
    sandbox_id: str
    pod: PodRef
    name: str
    attempt: int
    state: ContainerState
    image: str  # as asked for
    image_id: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    reason: str = ""  # Completed, Error, OOMKilled, StartError
    message: str = ""
    ready: bool = True  # false only where the simulated fate says so; probes are the kubelet's
    alive: bool = True  # the same: what a liveness probe would find
    ending: bool = False  # it was asked to end and takes its moment


@dataclass(frozen=True)
class PodStatus:
    """All that the runtime has of one pod, the newest first. Both lists hold what ended too."""

    pod: PodRef
    sandboxes: tuple[SandboxStatus, ...]
    containers: tuple[ContainerStatus, ...]


@dataclass(frozen=True)
class Event:
    """Something happened to a pod of this node: look again. Carries no state."""

    pod_uid: str


@dataclass(frozen=True)
class ListedContainer:
    """One line of `docker ps -a` for this node."""

    id: str
    image: str
    command: str
    created_at: datetime
    status: str  # as Docker words it: "Up 5 minutes"
    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class ContainerStats:
    """What a running container has used until an instant."""

    container_id: str
    pod: PodRef
    name: str
    at: datetime
    cpu_seconds: float  # of all its life
    memory: int  # bytes; the working set


@dataclass(frozen=True)
class Machine:
    """Where the containers run: on Docker Desktop a virtual machine, not this one."""

    cpus: int
    memory: int  # bytes
    architecture: str  # as `uname -m` says it
    kernel: str
    os_image: str
    boot_id: str


class ExecSession(Protocol):
    """A command running in a container. Bytes in, bytes out."""

    def read(self) -> tuple[int, bytes] | None:
        """The next (stream, data), stream 1 = stdout, 2 = stderr; None at the end. Blocks."""

    def write(self, data: bytes) -> None: ...

    def close_stdin(self) -> None: ...

    def resize(self, width: int, height: int) -> None: ...

    def exit_code(self) -> int:
        """After read() gave None."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class LogOptions:
    """What part of a log: tail lines (None = all), since an instant, follow new lines, byte limit."""

    follow: bool = False
    tail: int | None = None
    since: datetime | None = None
    timestamps: bool = False
    limit_bytes: int | None = None


class LogStream(Protocol):
    """Lines as they come, several in one item where they came together. `close` may come from another thread."""

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def close(self) -> None:
        """Ends the stream, also a read that waits."""


class Runtime(Protocol):
    """One node's container runtime. It sees only what carries this cluster's and this node's labels."""

    name: str  # "docker" or "simulated"
    version: str
    blocks: bool  # whether pulling and stopping take time, so that the caller lends them a thread of their own

    def setup(self) -> None:
        """Makes what every pod needs (network, pause image). May be called again at any time."""

    def machine(self) -> Machine:
        """What a node of this runtime has."""

    def image_id(self, image: str, annotations: Mapping[str, str]) -> str | None:
        """The id of an image that is here, or None. `annotations` are the pod's. Raises InvalidImageName."""

    def image_user(self, image: str) -> str:
        """As whom an image that is here runs: "", a name or a number, and perhaps ":" and a group."""

    def pull_image(self, image: str, annotations: Mapping[str, str], credential: Credential | None = None) -> str:
        """Fetches it and returns its id. May take minutes. Raises ImageNotFound with reason ErrImagePull."""

    def run_pod_sandbox(self, config: SandboxConfig) -> str:
        """Makes the sandbox and returns its id; it may still be starting: `start_container` waits for it.

        A second sandbox of the same pod has a higher attempt. Raises RuntimeFailure(FailedCreatePodSandBox).
        """

    def stop_pod_sandbox(self, sandbox_id: str) -> None:
        """Ends the sandbox itself; its containers have ended before. Idempotent."""

    def remove_pod_sandbox(self, sandbox_id: str) -> None:
        """Removes it and its containers, ended or not, at once. Idempotent."""

    def update_volume(self, sandbox_id: str, volume: Volume) -> None:
        """Gives a volume other files, in one step; containers see them at once."""

    def volume_usage(self, sandbox_id: str, volume: str) -> int:
        """How many bytes a volume takes. Not while `update_volume` is under way."""

    def remove_volumes(self, pod_uid: str) -> None:
        """Removes a pod's volumes; its containers are gone. Idempotent."""

    def volume_owners(self) -> set[str]:
        """The uids of the pods that have volumes."""

    def remove_store(self, store: str) -> None:
        """Removes what a volume kept beyond its pods. Idempotent. Raises RuntimeFailure while a container has it."""

    def create_container(self, sandbox_id: str, config: ContainerConfig) -> str:
        """Creates a container in the sandbox and returns its id; raises RuntimeFailure(CreateContainerError)."""

    def start_container(self, container_id: str) -> None:
        """Starts it; raises RuntimeFailure with the runtime's own words.

        The reason is RunContainerError, or FailedCreatePodSandBox where its sandbox could not start.
        """

    def stop_container(self, container_id: str, grace_seconds: int) -> None:
        """SIGTERM, then SIGKILL after the grace. Blocks until it has ended. Idempotent."""

    def remove_container(self, container_id: str) -> None:
        """Removes one, ended or not. Idempotent."""

    def pods(self, uid: str | None = None) -> list[PodStatus]:
        """The pods of this node that have a sandbox or a container, or only the one of that uid."""

    def logs(self, container_id: str, options: LogOptions) -> LogStream:
        """The container's output, each line ending in a newline, with an RFC 3339 stamp in front if asked."""

    def exec(self, container_id: str, command: list[str], *, tty: bool, stdin: bool) -> ExecSession:
        """Runs a command in a running container."""

    def attach(self, container_id: str, *, stdin: bool) -> ExecSession:
        """Joins a running container's main process, from now on."""

    def port_forward(self, sandbox_id: str) -> ExecSession:
        """A TCP connection to localhost of the pod; the first write is the port in decimal, so one can be kept ready.

        `close_stdin` ends our direction of it; stream 2 says why it could not be made.
        """

    def exec_sync(self, container_id: str, command: list[str], timeout: float) -> tuple[int, bytes]:
        """(exit code, both outputs) of a command in a running container. Raises CommandTimeout."""

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """A TCP connection to an address of the pods' network, as its node has. Raises OSError."""

    def stats(self) -> list[ContainerStats]:
        """What each running container of this node uses; sandboxes are left out. Takes up to some seconds."""

    def events(self) -> Iterator[Event]:
        """Never ends by itself; raises RuntimeUnavailable when the daemon is gone."""

    def processes(self) -> list[ListedContainer]:
        """What `docker ps -a` shows of this node."""

    def close(self) -> None:
        """Ends `events`; containers stay as they are."""
