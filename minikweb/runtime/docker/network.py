"""What carries the pods' network at the daemon: one container per node, and one per port brought to localhost.

A node container is the default route of its node's pods, so its nftables see each packet, as a node's do in Kubernetes.
It holds what it was told (/etc/minikweb) and takes it up again by itself whenever it starts.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import docker

from minikweb.runtime.docker import containers, images
from minikweb.runtime.docker.connection import connect, translated
from minikweb.runtime.protocol import ContainerNotFound, RuntimeFailure, RuntimeUnavailable

PORT = "minikweb.port"  # on a publisher: what it brings to localhost, such as 30080/tcp
TARGET = "minikweb.target"  # on a publisher: where to, such as 30080
MACHINE = "host.docker.internal"  # Docker's own name for the machine, given on Linux, too
NAMES = "names.new"
STATE = "/etc/minikweb"  # in the container: what it was told
# A router that keeps source addresses, and never tells a pod of a shorter way past it.
SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "net.ipv4.conf.all.send_redirects": "0",
    "net.ipv4.conf.default.send_redirects": "0",
    "net.ipv4.conf.eth0.send_redirects": "0",
}


def node_name(cluster: str, node: str) -> str:
    """The name of a node's container."""
    return f"minikweb-{cluster}-{node}"


class NodeContainer:
    """The network side of one node. Thread-safe."""

    def __init__(self, cluster: str, node: str, ip: str, dns: str, *, api: docker.APIClient | None = None):
        """ip: the node's address on the cluster's bridge; dns: the address its pods ask. Raises RuntimeUnavailable."""
        self.cluster, self.node, self.ip, self.dns = cluster, node, ip, dns
        self.name = node_name(cluster, node)
        self.api = api or connect()
        self._watching: Any = None

    def ensure(self) -> None:
        """Makes it and starts it, unless it runs: one of an earlier process is adopted. Raises RuntimeFailure."""
        images.ensure(self.api, images.NODE)
        try:
            found = self._inspect()
            if found["Image"] != images.image_id(self.api, images.NODE):
                self.remove()
                raise ContainerNotFound(self.name)
        except ContainerNotFound:
            with translated("NetworkNotReady"):
                self.api.create_container_from_config(self._arguments(), self.name)
        with translated("NetworkNotReady"):
            self.api.start(self.name)  # no harm where it runs already

    def is_running(self) -> bool:
        """Raises RuntimeUnavailable."""
        try:
            return bool(self._inspect()["State"]["Running"])
        except ContainerNotFound:
            return False

    def apply(self, files: Mapping[str, str]) -> None:
        """Has it take up new routes, rules.nft or names.new (see images/node/node.sh). Raises RuntimeFailure."""
        with translated("NetworkNotReady"):
            self.api.put_archive(self.name, STATE, archive(files))
            if set(files) == {NAMES}:
                self.api.kill(self.name, "SIGHUP")
                return
        self.ask(["/node", "apply"])

    def ask(self, command: Sequence[str]) -> str:
        """What a command in it prints. Raises RuntimeFailure."""
        with translated("NetworkNotReady"):
            code, output = execute(self.api, self.name, list(command))
        if code:
            raise RuntimeFailure(f"{self.name}: {output.strip()[-500:]}", "NetworkNotReady")
        return output

    def machine(self) -> str:
        """The address at which containers find the machine the user sits at. Raises RuntimeFailure."""
        return self.ask(["getent", "ahostsv4", MACHINE]).split()[0]

    def events(self) -> Iterator[str]:
        """`start` and `die` of the container. Never ends by itself; raises RuntimeUnavailable."""
        filters = {"type": ["container"], "event": ["start", "die", "destroy"], "container": [self.name]}
        with translated():
            self._watching = self.api.events(decode=True, filters=filters)
            for event in self._watching:
                yield event["Action"]
        raise RuntimeUnavailable("Docker closed its event stream")

    def close(self) -> None:
        """Ends `events`; the container stays."""
        if self._watching is not None:
            self._watching.close()

    def remove(self) -> None:
        """The node is no more. Idempotent."""
        with suppress(ContainerNotFound), translated():
            self.api.remove_container(self.name, force=True, v=True)

    def _inspect(self) -> dict[str, Any]:
        with translated():
            return self.api.inspect_container(self.name)

    def _arguments(self) -> dict[str, Any]:
        own = {
            containers.CLUSTER: self.cluster,
            containers.NODE: self.node,
            containers.CONTAINER: containers.NODE_CONTAINER,
        }
        arguments = router_arguments(self.cluster, self.node, own, self.ip) | {"Env": [f"DNS={self.dns}"]}
        arguments["HostConfig"]["ExtraHosts"] = [f"{MACHINE}:host-gateway"]
        return arguments


class Publishers:
    """The containers that bring ports of the cluster to localhost."""

    def __init__(self, cluster: str, *, api: docker.APIClient | None = None):
        self.cluster = cluster
        self.api = api or connect()

    def published(self) -> dict[str, str]:
        """{port: target} of those that run: {"80/tcp": "30080"}."""
        return {one["Labels"][PORT]: one["Labels"][TARGET] for one in self._list() if one["State"] == "running"}

    def publish(self, port: str, target: str, rules: str, address: str) -> None:
        """Brings a port such as 80/tcp of that local address to where the rules say.

        Raises RuntimeFailure with Docker's words, as where another program has the port.
        """
        images.ensure(self.api, images.NODE)
        own = {containers.CLUSTER: self.cluster, containers.CONTAINER: containers.PUBLISHER, PORT: port, TARGET: target}
        arguments = router_arguments(self.cluster, "publisher", own)
        arguments["ExposedPorts"] = {port: {}}
        arguments["HostConfig"]["PortBindings"] = {port: [{"HostIp": address, "HostPort": port.partition("/")[0]}]}
        self.withdraw(port)
        with translated("NetworkNotReady"):
            self.api.create_container_from_config(arguments, self._name(port))
            try:
                self.api.put_archive(self._name(port), STATE, archive({"rules.nft": rules}))
                self.api.start(self._name(port))
            except Exception:
                self.withdraw(port)
                raise

    def redirect(self, port: str, rules: str) -> None:
        """Gives a publisher other rules; connections stay. Raises RuntimeFailure."""
        with translated("NetworkNotReady"):
            self.api.put_archive(self._name(port), STATE, archive({"rules.nft": rules}))
            execute(self.api, self._name(port), ["/node", "apply"])

    def withdraw(self, port: str) -> None:
        """Idempotent."""
        with suppress(ContainerNotFound), translated():
            self.api.remove_container(self._name(port), force=True, v=True)

    def _name(self, port: str) -> str:
        return f"minikweb-{self.cluster}-port-{port.replace('/', '-')}"

    def _list(self) -> list[dict[str, Any]]:
        labels = [f"{containers.CLUSTER}={self.cluster}", f"{containers.CONTAINER}={containers.PUBLISHER}"]
        with translated():
            return self.api.containers(all=True, filters={"label": labels})


def router_arguments(cluster: str, hostname: str, own: Mapping[str, str], ip: str = "") -> dict[str, Any]:
    """The body of POST /containers/create for a container that forwards packets on the cluster's bridge."""
    network = containers.network_name(cluster)
    endpoint = {"IPAMConfig": {"IPv4Address": ip}} if ip else {}
    return {
        "Image": images.NODE,
        "Hostname": hostname,
        "Labels": dict(own),
        "StopSignal": "SIGTERM",
        "HostConfig": {
            "NetworkMode": network,
            "CapAdd": ["NET_ADMIN"],
            "Sysctls": SYSCTLS,
            "LogConfig": {"Type": "json-file", "Config": containers.LOG_OPTIONS},
        },
        "NetworkingConfig": {"EndpointsConfig": {network: endpoint}},
    }


def execute(api: docker.APIClient, container: str, command: list[str]) -> tuple[int, str]:
    """Runs a command in a container; (exit code, its output)."""
    made = api.exec_create(container, command)["Id"]
    output = api.exec_start(made).decode(errors="replace")
    return api.exec_inspect(made)["ExitCode"] or 0, output


def archive(files: Mapping[str, str]) -> bytes:
    """Files as the tar stream that put_archive takes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            entry, data = tarfile.TarInfo(name), text.encode()
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()
