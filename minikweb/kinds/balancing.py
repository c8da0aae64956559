"""How the connections to a Service were shared among its endpoints. Pure: objects and the nodes' counts → a list.

A node's counts are what `nodes/<name>/proxy/connections` answers (see network/proxy.py, counts).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from minikweb.kinds.services import needs_node_ports

Object = dict[str, Any]

SERVICE_NETWORK = ipaddress.ip_network("10.96.0.0/12")


@dataclass(frozen=True)
class Share:
    """One endpoint of a Service. pod is "" for an endpoint that is none."""

    pod: str
    node: str
    ip: str
    port: int
    protocol: str  # TCP or UDP
    ready: bool  # whether it gets new connections
    connections: int  # of the last day, through all nodes


def shares(service: Object, slices: Iterable[Object], counts: Iterable[Iterable[Object]]) -> list[Share]:
    """All endpoints of the slices, by pod and port, with what all nodes together gave them for this Service.

    slices: this Service's. What came through a node port or a load balancer counts, too; where two Services open node
    ports for the same pods, both show it.
    """
    given: dict[tuple[str, int, str], int] = {}
    for count in (one for node in counts for one in node):
        if _is_for(service, count["address"]):
            key = (count["endpoint"], count["port"], count["protocol"])
            given[key] = given.get(key, 0) + count["connections"]
    found = {}
    for one in slices:
        for port in one.get("ports") or ():
            for endpoint in one.get("endpoints") or ():
                share = _share(endpoint, port, given)
                found[share.ip, share.port, share.protocol] = share
    return sorted(found.values(), key=lambda share: (share.pod, share.ip, share.port, share.protocol))


def _share(endpoint: Object, port: Object, given: dict[tuple[str, int, str], int]) -> Share:
    target = endpoint.get("targetRef") or {}
    ip, number, protocol = endpoint["addresses"][0], port.get("port") or 0, port.get("protocol", "TCP")
    return Share(
        pod=target.get("name", "") if target.get("kind") == "Pod" else "",
        node=endpoint.get("nodeName") or "",
        ip=ip,
        port=number,
        protocol=protocol,
        ready=(endpoint.get("conditions") or {}).get("ready") is not False,
        connections=given.get((ip, number, protocol), 0),
    )


def _is_for(service: Object, address: str) -> bool:
    """Whether who asked at that address asked for this Service."""
    spec = service["spec"]
    if address in (spec.get("clusterIP"), *(spec.get("externalIPs") or ())):
        return True
    return needs_node_ports(spec) and ipaddress.ip_address(address) not in SERVICE_NETWORK
