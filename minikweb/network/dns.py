"""The names of the cluster, as each node's DNS server is told them. Pure: objects in, its configuration out.

Source: the specification of Kubernetes' DNS-based service discovery, 1.1.0. The server is unbound (images/node): what
is not in the cluster's domain it asks the machine's resolver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from minikweb.kinds.discovery import SERVICE_NAME
from minikweb.kinds.services import HEADLESS

Object = dict[str, Any]

DOMAIN = "cluster.local"
ADDRESS = "10.96.0.10"
TTL = 5  # seconds, as CoreDNS answers for a cluster


def names(services: Iterable[Object], slices: Iterable[Object], pods: Iterable[Object] = ()) -> str:
    """The zones and records of all Services and pods, one per line and sorted."""
    of_service: dict[tuple[str, str], list[Object]] = {}
    for one in slices:
        service = (one["metadata"].get("labels") or {}).get(SERVICE_NAME)
        if service and one.get("addressType") == "IPv4":
            of_service.setdefault((one["metadata"]["namespace"], service), []).append(one)
    lines, aliases = set(_of_pods(pods)), {}
    for service in services:
        meta, spec = service["metadata"], service["spec"]
        if spec.get("type") == "ExternalName":
            aliases[_name(service)] = spec["externalName"].removesuffix(".")
        else:
            lines.update(_of_service(service, of_service.get((meta["namespace"], meta["name"]), [])))
    lines.update([line for name, target in aliases.items() for line in _alias(name, target, lines)])
    soa = f"{DOMAIN}. {TTL} IN SOA ns.dns.{DOMAIN}. hostmaster.{DOMAIN}. 1 7200 1800 86400 {TTL}"
    return "\n".join([f'local-zone: "{DOMAIN}." static', _data(soa), *sorted(lines), ""])


def _name(service: Object) -> str:
    return f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc.{DOMAIN}"


def _alias(name: str, target: str, lines: set[str]) -> Iterator[str]:
    """An ExternalName. unbound follows an alias out of its own zones only where the alias is a zone of its own."""
    if target.endswith(f".{DOMAIN}"):
        start = f'local-data: "{target}. {TTL} IN A '
        yield from (line.replace(target, name, 1) for line in lines if line.startswith(start))
    else:
        yield f'local-zone: "{name}." redirect'
        yield _data(f"{name}. {TTL} IN CNAME {target}.")


def _of_service(service: Object, slices: list[Object]) -> Iterator[str]:
    spec, name = service["spec"], _name(service)
    if spec.get("clusterIP") == HEADLESS:
        yield from _of_endpoints(name, slices, bool(spec.get("publishNotReadyAddresses")))
    elif spec.get("clusterIP"):
        yield _address(name, spec["clusterIP"])
        yield f'local-data-ptr: "{spec["clusterIP"]} {TTL} {name}."'
        for port in spec.get("ports") or ():
            yield from _port(name, port.get("name"), port.get("protocol", "TCP"), port["port"], name)


def _of_endpoints(name: str, slices: list[Object], everyone: bool) -> Iterator[str]:
    """A headless Service is the list of its pods; each also has a name of its own under it."""
    for one in slices:
        for endpoint in one.get("endpoints") or ():
            if not everyone and (endpoint.get("conditions") or {}).get("ready") is False:
                continue
            address = endpoint["addresses"][0]
            own = f"{endpoint.get('hostname') or address.replace('.', '-')}.{name}"
            yield _address(name, address)
            yield _address(own, address)
            yield f'local-data-ptr: "{address} {TTL} {own}."'
            for port in one.get("ports") or ():
                yield from _port(name, port.get("name"), port.get("protocol", "TCP"), port.get("port"), own)


def _of_pods(pods: Iterable[Object]) -> Iterator[str]:
    """A pod's name is its address: 10-244-1-7.default.pod.cluster.local; of pods that are there alone."""
    for pod in pods:
        address = (pod.get("status") or {}).get("podIP")
        if address and pod["status"].get("phase") not in ("Succeeded", "Failed"):
            yield _address(f"{address.replace('.', '-')}.{pod['metadata']['namespace']}.pod.{DOMAIN}", address)


def _port(name: str, port: str | None, protocol: str, number: int | None, target: str) -> Iterator[str]:
    """A named port is found by SRV."""
    if port and number:
        yield _data(f"_{port}._{protocol.lower()}.{name}. {TTL} IN SRV 0 100 {number} {target}.")


def _address(name: str, address: str) -> str:
    return _data(f"{name}. {TTL} IN A {address}")


def _data(record: str) -> str:
    return f'local-data: "{record}"'
