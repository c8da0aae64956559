"""The cluster's Node objects: making them, and following them to start and stop their kubelets."""

from __future__ import annotations

import contextlib
import ipaddress
import platform
import re
import socket
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from minikweb.apimachinery import clock, errors
from minikweb.client.client import Client
from minikweb.management.datafolder import Refusal
from minikweb.management.supervisor import Supervisor

Object = dict[str, Any]

RUNTIME_LABEL = "minikweb.io/runtime"
RETRY_SECONDS = 0.2  # between two tries to reach an API server that is not there
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def node_object(name: str, pod_cidr: str, runtime: str) -> Object:
    """A Node as its machine is described at birth; status is the kubelet's to write."""
    machine = platform.machine().lower()
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": ARCHITECTURES.get(machine, machine),
        RUNTIME_LABEL: runtime,
    }
    spec = {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": spec}


def next_name(taken: Iterable[str]) -> str:
    """node-1, node-2 …: the first that is free."""
    names = set(taken)
    return next(name for number in range(1, 1000) if (name := f"node-{number}") not in names)


def pod_cidr(name: str, network: str, taken: Iterable[str]) -> str:
    """A /24 of the cluster's /16 for the node: its own number's where it has one that is free, else the first free.

    The first and the last /24 are kept for the nodes themselves and for Docker's own choices.
    """
    ranges = [str(one) for one in ipaddress.ip_network(network).subnets(new_prefix=24)][1:-1]
    busy = set(taken)
    number = re.fullmatch(r"node-(\d+)", name)
    preferred = ranges[int(number[1]) - 1 : int(number[1])] if number and int(number[1]) else []
    for candidate in (*preferred, *ranges):
        if candidate not in busy:
            return candidate
    raise Refusal(_("The cluster's network %(network)s has no room for another node.") % {"network": network})


def add_node(client: Client, network: str, runtime: str, name: str | None = None) -> str:
    """Creates a Node and returns its name. Raises Refusal if there is one of that name."""
    existing = client.list("Node")["items"]
    name = name or next_name(node["metadata"]["name"] for node in existing)
    cidr = pod_cidr(name, network, (node["spec"].get("podCIDR", "") for node in existing))
    try:
        client.create(node_object(name, cidr, runtime))
    except errors.AlreadyExists as error:
        raise Refusal(_("There is a node named %(name)s already.") % {"name": name}) from error
    return name


def missing(node: Object, network: str, runtime: str, taken: Iterable[str]) -> Object:
    """What a Node that somebody else created lacks to be run here, as a merge patch; {} for nothing.

    The label of the runtime says what really runs its pods today.
    """
    wanted = node_object(node["metadata"]["name"], "", runtime)["metadata"]["labels"]
    present = node["metadata"].get("labels") or {}
    labels = {key: value for key, value in wanted.items() if key not in present or key == RUNTIME_LABEL}
    labels = {key: value for key, value in labels.items() if present.get(key) != value}
    patch: Object = {"metadata": {"labels": labels}} if labels else {}
    if not node.get("spec", {}).get("podCIDR"):
        cidr = pod_cidr(node["metadata"]["name"], network, taken)
        patch["spec"] = {"podCIDR": cidr, "podCIDRs": [cidr]}
    return patch


def is_ready(node: Object, since: datetime) -> bool:
    """Whether the node's kubelet has said so after `since`: what it said before an earlier stop does not count."""
    for condition in node.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready" and condition["status"] == "True":
            return clock.parse(condition["lastHeartbeatTime"]) >= since.replace(microsecond=0)
    return False


class NodeWatch:
    """Calls `changed` with all Nodes, first and after every change, without a thread.

    The watch is only a doorbell: whatever it says, the Nodes are listed anew. So nothing is ever missed or misread.
    """

    def __init__(
        self, supervisor: Supervisor, client: Client, door: Path, token: Path, changed: Callable[[list[Object]], None]
    ):
        self._supervisor = supervisor
        self._client = client
        self._door = door  # the API server's socket
        self._token = token  # the file of our bearer token
        self._changed = changed
        self._socket: socket.socket | None = None
        self._rung = False
        self._next_try = 0.0

    def poll(self) -> None:
        """To be called after every step of the supervisor."""
        if self._socket is None and time.monotonic() >= self._next_try:
            self._open()
        if self._rung:
            self._rung = False
            try:
                self._changed(self._client.list("Node")["items"])
            except errors.ApiError:
                self.close()

    def close(self) -> None:
        """Hangs up; `poll` tries again after a moment."""
        self._next_try = time.monotonic() + RETRY_SECONDS
        if self._socket is not None:
            self._supervisor.unwatch(self._socket)
            self._socket.close()
            self._socket = None

    def _open(self) -> None:
        door = socket.socket(socket.AF_UNIX)
        door.settimeout(1)
        try:
            door.connect(str(self._door))
            door.sendall(
                f"GET /api/v1/nodes?watch=true HTTP/1.1\r\nHost: minikweb\r\nConnection: close\r\nUser-Agent: up\r\n"
                f"Authorization: Bearer {self._token.read_text().strip()}\r\n\r\n".encode()
            )
        except OSError:
            door.close()
            self._next_try = time.monotonic() + RETRY_SECONDS
            return
        door.setblocking(False)
        self._socket = door
        self._supervisor.watch(door, self._ring)

    def _ring(self) -> None:
        assert self._socket is not None
        self._rung = True
        with contextlib.suppress(BlockingIOError):
            try:
                while self._socket.recv(65536):
                    pass
            except ConnectionError:
                pass
            self.close()
