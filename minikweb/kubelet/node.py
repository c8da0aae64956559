"""The node's side of its Node object: what the machine is, that it lives, and why it would not be ready.

Source: pkg/kubelet/kubelet_node_status.go, pkg/kubelet/nodestatus/setters.go. `up` or `node add` makes the object; a
kubelet never does, for a Node that was deleted must stay so.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock, errors, meta
from minikweb.apimachinery.patch import create_merge_patch
from minikweb.client.client import Client
from minikweb.client.events import Recorder
from minikweb.client.lease import NodeLease
from minikweb.kubelet.addresses import Addresses
from minikweb.runtime.protocol import Machine, Runtime

Object = dict[str, Any]

log = logging.getLogger(__name__)

HEARTBEAT = 10.0  # seconds between two renewals of the lease
REPORT = 300.0  # seconds after which an unchanged status is written again
RETRY = 0.2  # seconds between two tries to find the Node at the start
ENDPOINT = "minikweb.io/kubelet-endpoint"
RUNTIME = "minikweb.io/runtime"
MACHINE = "topology.minikweb.io/machine"  # nodes of one machine share its Docker volumes
PODS, SIMULATED_PODS = 110, 5000
FIRST_NODE_ADDRESS = 10  # node 1 has 10.x.0.11
OVERFLOW = ipaddress.ip_network("100.64.0.0/10")  # simulated pods beyond their podCIDR: addresses nobody routes
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


def machine_name(machine: Machine) -> str:
    """A word for the machine that is a label's value."""
    return hashlib.sha256(machine.boot_id.encode()).hexdigest()[:12]


def node_ip(pod_cidr: str) -> str:
    """The node's own address in the pods' network: 10.244.3.0/24 is node 3's, 10.244.0.13."""
    network = ipaddress.ip_network(pod_cidr)
    whole = network.supernet(new_prefix=16)
    number = (int(network.network_address) - int(whole.network_address)) // network.num_addresses
    return str(whole.network_address + FIRST_NODE_ADDRESS + number)


def addresses_of(pod_cidr: str, *, simulated: bool) -> Addresses:
    """The addresses of the node's pods; thousands of simulated ones do not fit in a /24."""
    if not simulated:
        return Addresses(pod_cidr)
    third = int(ipaddress.ip_network(pod_cidr).network_address) >> 8 & 0xFF
    return Addresses(pod_cidr, overflow=str(list(OVERFLOW.subnets(new_prefix=18))[third]))


def capacity(machine: Machine, *, simulated: bool) -> dict[str, str]:
    """status.capacity. A simulated node has room for thousands of pods, whatever the machine is."""
    if simulated:
        return {"cpu": "256", "memory": "1Ti", "ephemeral-storage": "1Ti", "pods": str(SIMULATED_PODS)}
    return {"cpu": str(machine.cpus), "memory": f"{machine.memory // 1024}Ki", "pods": str(PODS)}


class NodeAgent:
    """Registers the node's status, renews its lease, and tells when the Node is deleted."""

    def __init__(
        self,
        client: Client,
        recorder: Recorder,
        runtime: Runtime,
        node: str,
        endpoint: str,
        *,
        deleted: Callable[[], None],
    ):
        """endpoint is the kubelet server's, unix://…; `deleted` is called once when the Node object is gone."""
        self.client, self.recorder, self.runtime, self.name = client, recorder, runtime, node
        self.endpoint, self._deleted = endpoint, deleted
        self.version = ""  # as the API server says it: this is one program
        self.simulated = runtime.name == "simulated"
        self.machine = runtime.machine()
        self.runtime_failure = ""  # why the runtime does not answer, set by who watches it
        self.network_failure = ""  # why pods cannot talk, likewise
        self._lease = NodeLease(client, node)
        self._reported = datetime.min.replace(tzinfo=UTC)
        self._stopping = threading.Event()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def find(self) -> Object:
        """The Node object, waited for until it is there and has its podCIDR."""
        said = False
        while True:
            try:
                node = self.client.get("Node", self.name)
                if node["spec"].get("podCIDR"):
                    self.version = self.client.request("GET", "/version").json()["gitVersion"]
                    return node
                why = "has no podCIDR"
            except errors.ApiError as error:
                why = error.message
            if not said:
                log.info("waiting for the Node %s: %s", self.name, why)
                said = True
            time.sleep(RETRY)

    def start(self, node: Object) -> None:
        """Says that the node is ready, and goes on saying so."""
        self.recorder.event(node, "Normal", "Starting", "Starting kubelet.")
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wanted.set()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join(timeout=2)

    def report_network(self, failure: str) -> None:
        """The network has gone, or (failure = "") is back."""
        if failure != self.network_failure:
            self.network_failure = failure
            self.report_soon()

    def report_soon(self) -> None:
        """Something about the node has changed."""
        self._wanted.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.beat(datetime.now(UTC))
            except errors.NotFound:
                log.warning("the Node %s is deleted: its pods end here", self.name)
                return self._deleted()
            except errors.ApiError as error:
                log.warning("heartbeat: %s", error.message)
            except Exception:
                log.exception("heartbeat")
            self._wanted.wait(HEARTBEAT)
            self._wanted.clear()

    def beat(self, now: datetime) -> None:
        """One heartbeat: the lease, and the status where it changed or is old. Raises NotFound without a Node."""
        node = self.client.get("Node", self.name)
        self._lease.renew(now, self._owner(node))
        self._declare(node)
        status = self.status(node, now)
        old = node.get("status") or {}
        due = (now - self._reported).total_seconds() >= REPORT
        if not due and _without_heartbeats(old) == _without_heartbeats(status):
            return
        self.client.patch("Node", self.name, {"status": create_merge_patch(old, status)}, subresource="status")
        self._reported = now

    def _owner(self, node: Object) -> dict[str, str]:
        return {"apiVersion": "v1", "kind": "Node", "name": self.name, "uid": node["metadata"]["uid"]}

    def _declare(self, node: Object) -> None:
        """Labels and the annotation that say where the kubelet listens and what runs the pods."""
        machine = self.machine.architecture
        labels = {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": ARCHITECTURES.get(machine, machine),
            RUNTIME: self.runtime.name,
            MACHINE: machine_name(self.machine),
        }
        have = node["metadata"]
        change = create_merge_patch(have.get("labels") or {}, {**(have.get("labels") or {}), **labels})
        if change or (have.get("annotations") or {}).get(ENDPOINT) != self.endpoint:
            patch = {"metadata": {"labels": change, "annotations": {ENDPOINT: self.endpoint}}}
            self.client.patch("Node", self.name, patch)

    def status(self, node: Object, now: datetime) -> Object:
        """The Node's status as it should be."""
        status = dict(node.get("status") or {})
        amount = capacity(self.machine, simulated=self.simulated)
        status |= {
            "capacity": amount,
            "allocatable": amount,
            "addresses": [
                {"type": "InternalIP", "address": node_ip(node["spec"]["podCIDR"])},
                {"type": "Hostname", "address": self.name},
            ],
            "conditions": self._conditions(status.get("conditions") or [], now),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": self._info(node),
        }
        return status

    def _conditions(self, old: list[Object], now: datetime) -> list[Object]:
        conditions = [dict(one) for one in old]
        for type_, reason, message in PRESSURES:
            meta.set_condition(conditions, type_, "False", reason, message, now)
        if self.runtime_failure:
            message = f"container runtime is down: {self.runtime_failure}"
            meta.set_condition(conditions, "Ready", "False", "KubeletNotReady", message, now)
        elif self.network_failure:
            message = f"container runtime network not ready: {self.network_failure}"
            meta.set_condition(conditions, "Ready", "False", "KubeletNotReady", message, now)
        else:
            meta.set_condition(conditions, "Ready", "True", "KubeletReady", "kubelet is posting ready status", now)
        for one in conditions:
            if one["type"] == "Ready" or any(one["type"] == pressure[0] for pressure in PRESSURES):
                one["lastHeartbeatTime"] = clock.format(now)
        return conditions

    def _info(self, node: Object) -> Object:
        identity = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{node['metadata']['uid']}"))
        machine = self.machine
        return {
            "architecture": ARCHITECTURES.get(machine.architecture, machine.architecture),
            "bootID": machine.boot_id,
            "containerRuntimeVersion": f"{self.runtime.name}://{self.runtime.version}",
            "kernelVersion": machine.kernel,
            "kubeProxyVersion": "",
            "kubeletVersion": self.version,
            "machineID": identity.replace("-", ""),
            "operatingSystem": "linux",
            "osImage": machine.os_image,
            "systemUUID": identity,
        }


def _without_heartbeats(status: Object) -> Object:
    conditions = [
        {key: value for key, value in one.items() if key != "lastHeartbeatTime"}
        for one in status.get("conditions") or []
    ]
    return {**status, "conditions": conditions}
