"""How a pod is written in Docker's words and read back. Pure: plain dicts in the shapes of Docker's Engine API.

Names are those of the kubelet's containers, so that Docker's embedded DNS never answers for a Service.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from minikweb.runtime.protocol import (
    ContainerConfig,
    ContainerStatus,
    ListedContainer,
    PodRef,
    SandboxConfig,
    SandboxStatus,
)

CLUSTER = "minikweb.cluster"
NODE = "minikweb.node"
NAMESPACE = "minikweb.namespace"
POD = "minikweb.pod"
UID = "minikweb.uid"
CONTAINER = "minikweb.container"
ATTEMPT = "minikweb.attempt"
SANDBOX = "minikweb.sandbox"  # on a container: the id of its pod's sandbox
IP = "minikweb.ip"  # on a sandbox
LAST_WORDS = "minikweb.last-words"  # on a container: the file of its termination message
LOGS = "minikweb.logs-are-last-words"
IMAGE = "minikweb.image"  # on a container: its image as asked for
PAUSE = "POD"  # the value of CONTAINER on a sandbox
NODE_CONTAINER, PUBLISHER = "NODE", "PUBLISHER"  # and on what carries the network, see network.py
ROUTERS = (NODE_CONTAINER, PUBLISHER)

START_ERROR = 128  # the exit code of what could not start, as containerd reports it
# A rotation under a follower makes Docker repeat lines (seen with 20.10): let it be rare.
LOG_OPTIONS = {"max-size": "50m", "max-file": "2"}


def network_name(cluster: str) -> str:
    return f"minikweb-{cluster}"


def container_name(container: str, pod: PodRef, attempt: int) -> str:
    return f"k8s_{container}_{pod.name}_{pod.namespace}_{pod.uid}_{attempt}"


def labels(cluster: str, node: str, pod: PodRef, container: str, attempt: int) -> dict[str, str]:
    """The labels of every container of ours: what `docker ps` shows and what we find it by."""
    return {
        CLUSTER: cluster,
        NODE: node,
        NAMESPACE: pod.namespace,
        POD: pod.name,
        UID: pod.uid,
        CONTAINER: container,
        ATTEMPT: str(attempt),
    }


def sandbox_arguments(cluster: str, node: str, image: str, config: SandboxConfig) -> dict[str, Any]:
    """The body of POST /containers/create for the pause container of a pod."""
    network = network_name(cluster)
    return {
        "Image": image,
        "Cmd": pause_arguments(config),
        "Hostname": config.hostname,
        "Labels": labels(cluster, node, config.pod, PAUSE, config.attempt) | {IP: config.ip},
        "HostConfig": {
            "NetworkMode": network,
            "IpcMode": "shareable",
            "LogConfig": {"Type": "none"},
            "CapAdd": ["NET_ADMIN"] if config.gateway else [],  # for its route; then it drops all it has
            "SecurityOpt": ["seccomp=unconfined"],  # starts 15 ms sooner; it runs nothing but our pause
            "Dns": list(config.dns_servers),
            "DnsSearch": list(config.dns_searches),
            "DnsOptions": list(config.dns_options),
            "ExtraHosts": [f"{name}:{address}" for name, address in config.hosts],
            "CpuShares": 1024,  # pause needs none; what it carries for port-forward must not starve beside busy pods
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"IPAMConfig": {"IPv4Address": config.ip}}}},
    }


def pause_arguments(config: SandboxConfig) -> list[str]:
    """What pause does first: the way through the node, and the resolv.conf of Kubernetes instead of Docker's."""
    if not config.gateway:
        return []
    return ["offlink", config.gateway] + ([resolv_conf(config)] if config.dns_servers else [])


def resolv_conf(config: SandboxConfig) -> str:
    """The file that all containers of the pod read."""
    lines = [f"nameserver {server}" for server in config.dns_servers]
    if config.dns_searches:
        lines.append(f"search {' '.join(config.dns_searches)}")
    if config.dns_options:
        lines.append(f"options {' '.join(config.dns_options)}")
    return "\n".join(lines) + "\n"


def _processes(sandbox_id: str, config: ContainerConfig) -> str:
    """Whose processes a container sees, as Docker's PidMode."""
    if config.share_processes:
        return f"container:{sandbox_id}"
    return f"container:{config.processes_of}" if config.processes_of else ""


def container_arguments(
    cluster: str, node: str, sandbox_id: str, pod: PodRef, config: ContainerConfig
) -> dict[str, Any]:
    """The body of POST /containers/create for one container of a pod; it lives in the sandbox's network and IPC."""
    own = labels(cluster, node, pod, config.name, config.attempt) | {SANDBOX: sandbox_id, IMAGE: config.image}
    own |= {LAST_WORDS: config.last_words} if config.last_words else {}
    own |= {LOGS: "true"} if config.logs_are_last_words else {}
    return {
        "Image": config.image,
        "Entrypoint": list(config.command) or None,
        "Cmd": list(config.args) or None,
        "Env": [f"{name}={value}" for name, value in config.env.items()],
        "WorkingDir": config.working_dir,
        "User": config.user,
        "Tty": config.tty,
        "OpenStdin": config.stdin,
        "StdinOnce": config.stdin_once,
        "Labels": own,
        "HostConfig": {
            "NetworkMode": f"container:{sandbox_id}",
            "IpcMode": f"container:{sandbox_id}",
            "LogConfig": {"Type": "json-file", "Config": LOG_OPTIONS},
            "GroupAdd": [str(group) for group in config.groups],
            "ReadonlyRootfs": config.read_only,
            "CapAdd": list(config.add_capabilities),
            "CapDrop": list(config.drop_capabilities),
            "PidMode": _processes(sandbox_id, config),
            "SecurityOpt": security(config),
            **resources(config),
        },
    }


def security(config: ContainerConfig) -> list[str]:
    options = ["no-new-privileges:true"] if config.no_new_privileges else []
    return options + (["seccomp=unconfined"] if config.unconfined else [])


def resources(config: ContainerConfig) -> dict[str, int]:
    """Limits and shares. No swap beyond the memory limit, or OOMKilled would never come."""
    wanted: dict[str, int] = {}
    if config.cpu_limit is not None:
        wanted["NanoCpus"] = int(config.cpu_limit * 1_000_000_000)
    if config.memory_limit is not None:
        wanted["Memory"] = wanted["MemorySwap"] = config.memory_limit
    request = config.cpu_request if config.cpu_request is not None else config.cpu_limit
    wanted["CpuShares"] = max(2, int(1024 * (request or 0)))
    return wanted


def pod_ref(own: Mapping[str, str]) -> PodRef:
    return PodRef(own.get(NAMESPACE, ""), own.get(POD, ""), own.get(UID, ""))


def sandbox_status(entry: Mapping[str, Any], *, starting: bool) -> SandboxStatus:
    """From an entry of GET /containers/json."""
    own = entry["Labels"]
    return SandboxStatus(
        id=entry["Id"],
        pod=pod_ref(own),
        node=own.get(NODE, ""),
        state="ready" if starting or entry["State"] == "running" else "not-ready",
        ip=own.get(IP, ""),
        attempt=int(own.get(ATTEMPT, 0)),
        created_at=datetime.fromtimestamp(entry["Created"], UTC),
    )


def container_status(inspected: Mapping[str, Any]) -> ContainerStatus:
    """From GET /containers/<id>/json."""
    own, state = inspected["Config"]["Labels"], inspected["State"]
    created = instant(inspected["Created"])
    assert created is not None
    started, finished = instant(state["StartedAt"]), instant(state["FinishedAt"])
    word, code, reason = outcome(state)
    ended = word == "exited"
    return ContainerStatus(
        id=inspected["Id"],
        sandbox_id=own.get(SANDBOX, ""),
        pod=pod_ref(own),
        name=own.get(CONTAINER, ""),
        attempt=int(own.get(ATTEMPT, 0)),
        state=word,
        image=own.get(IMAGE) or inspected["Config"]["Image"],
        image_id=inspected["Image"],
        created_at=created,
        started_at=started or (created if ended else None),
        finished_at=(finished or started or created) if ended else None,
        exit_code=code,
        reason=reason,
        message=state.get("Error", "") if ended else "",
    )


def outcome(state: Mapping[str, Any]) -> tuple[Any, int | None, str]:
    """(state, exit code, reason) of a container, from Docker's State."""
    word = state["Status"]
    if word in ("running", "paused", "restarting"):
        return "running", None, ""
    if word == "created" and not state.get("Error"):
        return "created", None, ""
    if word == "created":
        return "exited", START_ERROR, "StartError"
    if state.get("OOMKilled"):
        return "exited", state["ExitCode"], "OOMKilled"
    return "exited", state["ExitCode"], "Error" if state["ExitCode"] else "Completed"


def listed(entry: Mapping[str, Any]) -> ListedContainer:
    """A line of `docker ps -a`, from an entry of GET /containers/json."""
    return ListedContainer(
        id=entry["Id"],
        image=entry["Image"],
        command=entry["Command"],
        created_at=datetime.fromtimestamp(entry["Created"], UTC),
        status=entry["Status"],
        name=entry["Names"][0].lstrip("/") if entry.get("Names") else "",
        labels=entry["Labels"],
    )


def instant(text: str) -> datetime | None:
    """Docker's time (nanoseconds, UTC) as a datetime; its zero time is None."""
    if text.startswith("0001-"):
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction + '000000')[:6]}+00:00")
