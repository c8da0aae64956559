"""Cluster IPs and node ports of Services. What is taken is read from the Services themselves.

Source: pkg/registry/core/service/{allocator,portallocator}.
"""

from __future__ import annotations

import ipaddress
import random
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import orjson

from minikweb.apimachinery import errors
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object
from minikweb.store.query import Query

SERVICE_NETWORK = ipaddress.ip_network("10.96.0.0/12")
STATIC = 256  # the first addresses are for those who ask for one: 10.96.0.1 the API, 10.96.0.10 DNS
NODE_PORTS = range(30000, 32768)
NONE = "None"

_allocating = threading.RLock()  # one process writes, so a lock in it is enough


def exclusive(kind: Kind) -> AbstractContextManager[object]:
    """What a write of this kind holds from the choice of addresses to its storage."""
    return _allocating if kind.kind == "Service" else nullcontext()


@contextmanager
def allocating(server: Server, service: Object) -> Iterator[None]:
    """Gives a new Service its addresses and ports, held until the block ends."""
    with _allocating:
        _allocate(server, service)
        yield


def keep(server: Server, new: Object, old: Object) -> None:
    """What an update leaves out stays; a Service that begins to need an address or a port gets it."""
    spec, before = new.setdefault("spec", {}), old.get("spec") or {}
    if _needs_address(spec) and _needs_address(before):
        for key in ("clusterIP", "clusterIPs"):
            if not spec.get(key) and before.get(key):
                spec[key] = before[key]
    if spec.get("type") == "ExternalName":
        spec.pop("clusterIP", None)
        spec.pop("clusterIPs", None)
    _keep_ports(spec, before)
    with _allocating:
        _allocate(server, new)


def _keep_ports(spec: Object, before: Object) -> None:
    if not _needs_ports(spec):
        for port in spec.get("ports") or ():
            port.pop("nodePort", None)
        return
    held = {(port.get("protocol", "TCP"), port["port"]): port.get("nodePort") for port in before.get("ports") or ()}
    for port in spec.get("ports") or ():
        node_port = held.get((port.get("protocol", "TCP"), port.get("port")))
        if not port.get("nodePort") and node_port:
            port["nodePort"] = node_port


def _needs_address(spec: Object) -> bool:
    return spec.get("type", "ClusterIP") != "ExternalName"


def _needs_ports(spec: Object) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer")


def _allocate(server: Server, service: Object) -> None:
    spec = service.setdefault("spec", {})
    if not _needs_address(spec):
        return
    wanted = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), "")
    if wanted == NONE:
        spec.update(clusterIP=NONE, clusterIPs=[NONE])
        return
    others = _others(server, service)
    spec["clusterIP"] = _address(service, wanted, {other.get("clusterIP") for other in others})
    spec["clusterIPs"] = [spec["clusterIP"]]
    if _needs_ports(spec):
        _allocate_ports(service, others)


def _others(server: Server, service: Object) -> list[Object]:
    """The specs of all other Services."""
    metadata = service["metadata"]
    here = (metadata.get("namespace"), metadata.get("name"))
    services = [orjson.loads(body) for body in server.storage.list(Query("services")).bodies]
    return [
        other["spec"]
        for other in services
        if (other["metadata"].get("namespace"), other["metadata"].get("name")) != here
    ]


def _address(service: Object, wanted: str, taken: set[str | None]) -> str:
    if wanted:
        if wanted in taken:
            raise _refused(
                service,
                "spec.clusterIPs",
                [wanted],
                "failed to allocate IP " + wanted + ": provided IP is already allocated",
            )
        try:
            inside = ipaddress.ip_address(wanted) in SERVICE_NETWORK
        except ValueError:
            raise _refused(
                service, "spec.clusterIPs[0]", wanted, "must be a valid IP address, (e.g. 10.9.8.7)"
            ) from None
        if not inside:
            why = (
                f"failed to allocate IP {wanted}: the provided IP is not in the valid range. "
                f"The range of valid IPs is {SERVICE_NETWORK}"
            )
            raise _refused(service, "spec.clusterIPs", [wanted], why)
        return wanted
    while True:
        address = str(SERVICE_NETWORK[random.randrange(STATIC, 65_536)])
        if address not in taken:
            return address


def _allocate_ports(service: Object, others: list[Object]) -> None:
    taken = {port.get("nodePort") for other in others for port in other.get("ports") or ()}
    for index, port in enumerate(service["spec"].get("ports") or ()):
        wanted = port.get("nodePort")
        if wanted in taken and wanted:
            raise _refused(service, f"spec.ports[{index}].nodePort", wanted, "provided port is already allocated")
        if wanted and wanted not in NODE_PORTS:
            why = "provided port is not in the valid range. The range of valid ports is 30000-32767"
            raise _refused(service, f"spec.ports[{index}].nodePort", wanted, why)
        port["nodePort"] = wanted or random.choice([each for each in NODE_PORTS if each not in taken])
        taken.add(port["nodePort"])


def _refused(service: Object, field: str, value: object, why: str) -> errors.Invalid:
    fault = errors.invalid_value(field, value, why)
    return errors.invalid("", "Service", service["metadata"].get("name", ""), [fault])
