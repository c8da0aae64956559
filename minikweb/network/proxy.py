"""What kube-proxy does: Services and their endpoints as nftables rules of one node. Pure: objects in, text out.

Source: pkg/proxy/nftables/proxier.go, pkg/proxy/topology.go, pkg/proxy/endpointslicecache.go. The whole table is
replaced in one transaction. Connections are counted per endpoint, so that balancing can be seen.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from minikweb.kinds.discovery import SERVICE_NAME
from minikweb.kinds.services import HEADLESS, needs_node_ports

Object = dict[str, Any]

SERVICE_NETWORK = "10.96.0.0/12"
LONGEST_NAME = 100
BUCKETS = 64  # of client addresses, for sessionAffinity
# Who was given how many connections: a table that is never replaced, so its counts outlive every change of the rules.
COUNTING = """\
table ip kube_counts {
  set served {
    type ipv4_addr . inet_proto . ipv4_addr . inet_service
    size 65535
    flags dynamic,timeout
    timeout 1d
    counter
  }
  chain count {
    type nat hook postrouting priority 90; policy accept;
  }
}
flush chain ip kube_counts count
add rule ip kube_counts count ct status dnat \
update @served { ct original ip daddr . meta l4proto . ip daddr . th dport }"""
COUNTS = ("nft", "-j", "list", "set", "ip", "kube_counts", "served")
PROTOCOLS = {6: "TCP", 17: "UDP"}
MASQUERADE = "0x4000"  # on a connection whose source becomes the node, so that answers come back this way


@dataclass(frozen=True, order=True)
class Endpoint:
    """One address and port that answers."""

    ip: str
    port: int
    node: str = ""


@dataclass(frozen=True)
class Port:
    """One port of one Service, and who answers it."""

    namespace: str
    service: str
    name: str
    protocol: str  # tcp or udp
    ips: tuple[str, ...]  # the cluster IP, then external ones
    port: int
    node_port: int = 0
    affinity: bool = False
    internal_local: bool = False  # internalTrafficPolicy
    external_local: bool = False  # externalTrafficPolicy
    endpoints: tuple[Endpoint, ...] = field(default=())

    @property
    def id(self) -> str:
        """A name for chains, unique since names of namespaces and Services hold no dots. nft takes 127 characters."""
        name = f"{self.namespace}.{self.service}.{self.port}.{self.protocol}".replace("-", "_")
        return name if len(name) < LONGEST_NAME else hashlib.sha256(name.encode()).hexdigest()


@dataclass(frozen=True)
class Node:
    """What the rules must know of the node they are for."""

    name: str
    ip: str
    pod_network: str  # the cluster's, such as 10.244.0.0/16
    others: tuple[tuple[str, str], ...] = ()  # (podCIDR, address) of the other nodes


# --- Objects → ports ---------------------------------------------------------------------------------
def ports(services: Iterable[Object], slices: Iterable[Object]) -> list[Port]:
    """The ports of all Services that have an address, with the endpoints to choose from."""
    of_service: dict[tuple[str, str], list[Object]] = {}
    for one in slices:
        name = (one["metadata"].get("labels") or {}).get(SERVICE_NAME)
        if name and one.get("addressType") == "IPv4":
            of_service.setdefault((one["metadata"]["namespace"], name), []).append(one)
    found = []
    for service in services:
        spec, meta = service["spec"], service["metadata"]
        if spec.get("clusterIP") in (None, "", HEADLESS) or spec.get("type") == "ExternalName":
            continue
        mine = of_service.get((meta["namespace"], meta["name"]), [])
        found += [_port(service, port, mine) for port in spec.get("ports") or () if _is_known(port)]
    return sorted(found, key=lambda port: port.id)


def with_api(found: Iterable[Port], api: Endpoint) -> list[Port]:
    """The same, and the API's own Service led to `api` where nobody has said where it answers."""
    own = ("default", "kubernetes")
    return [
        replace(port, endpoints=(api,)) if (port.namespace, port.service) == own and not port.endpoints else port
        for port in found
    ]


def _is_known(port: Object) -> bool:
    return port.get("protocol", "TCP") in ("TCP", "UDP")


def _port(service: Object, port: Object, slices: list[Object]) -> Port:
    spec, meta = service["spec"], service["metadata"]
    return Port(
        namespace=meta["namespace"],
        service=meta["name"],
        name=port.get("name") or "",
        protocol=port.get("protocol", "TCP").lower(),
        ips=(spec["clusterIP"], *(spec.get("externalIPs") or ())),
        port=port["port"],
        node_port=port.get("nodePort") or 0 if needs_node_ports(spec) else 0,
        affinity=spec.get("sessionAffinity") == "ClientIP",
        internal_local=spec.get("internalTrafficPolicy") == "Local",
        external_local=spec.get("externalTrafficPolicy") == "Local",
        endpoints=tuple(available(slices, port.get("name") or "", port.get("protocol", "TCP"))),
    )


def available(slices: Iterable[Object], name: str, protocol: str) -> list[Endpoint]:
    """Who may get a new connection: the ready ones; where there is none, those that still serve while they end."""
    ready, ending = set(), set()
    for one in slices:
        for number in _numbers(one, name, protocol):
            for endpoint in one.get("endpoints") or ():
                conditions = endpoint.get("conditions") or {}
                found = Endpoint(endpoint["addresses"][0], number, endpoint.get("nodeName") or "")
                if conditions.get("ready") is not False:  # unknown counts as ready
                    ready.add(found)
                elif conditions.get("serving") and conditions.get("terminating"):
                    ending.add(found)
    return sorted(ready or ending)


def _numbers(one: Object, name: str, protocol: str) -> Iterator[int]:
    for port in one.get("ports") or ():
        if (port.get("name") or "") == name and port.get("protocol", "TCP") == protocol and port.get("port"):
            yield port["port"]


def local(endpoints: Iterable[Endpoint], node: str) -> tuple[Endpoint, ...]:
    return tuple(endpoint for endpoint in endpoints if endpoint.node == node)


# --- Ports → nftables --------------------------------------------------------------------------------
def routes(node: Node) -> str:
    """`ip -batch`: the pods of each other node are behind it."""
    return "".join(f"route replace {cidr} via {address}\n" for cidr, address in node.others)


def rules(node: Node, found: list[Port], *, served_here: tuple[str, ...] = ()) -> str:
    """`nft -f`: the table `kube`, whole. Addresses `served_here` are the node's own (DNS), and left alone."""
    found = [port for port in found if port.ips[0] not in served_here]
    chains, cluster, external = [], [], []
    for port in found:
        inside = local(port.endpoints, node.name) if port.internal_local else port.endpoints
        if inside:
            chains.append(_chain(f"svc.{port.id}", port, inside))
            cluster += [f"{port.protocol} . {ip} . {port.port} : goto svc.{port.id}" for ip in port.ips]
        if port.node_port:
            external += _node_port(port, node, chains)
    return "\n".join(
        [
            COUNTING,
            "table ip kube",
            "delete table ip kube",
            "table ip kube {",
            *_map("services", "inet_proto . ipv4_addr . inet_service : verdict", cluster),
            *_map("nodeports", "inet_proto . inet_service : verdict", external),
            *_set("hairpin", "ipv4_addr . ipv4_addr", _hairpin(node, found)),
            *chains,
            *_hooks(node),
            "}",
            "",
        ]
    )


def _node_port(port: Port, node: Node, chains: list[str]) -> list[str]:
    """The elements of the map for a node port; its chain masks the source, unless only this node's pods answer."""
    chosen = local(port.endpoints, node.name) if port.external_local else port.endpoints
    if not chosen:
        return []
    before = "" if port.external_local else f"ct mark set {MASQUERADE}"
    chains.append(_chain(f"ext.{port.id}", port, chosen, before))
    return [f"{port.protocol} . {port.node_port} : goto ext.{port.id}"]


def _chain(name: str, port: Port, chosen: tuple[Endpoint, ...], before: str = "") -> str:
    """Sends to an endpoint, chosen at random or by the client's address."""
    if port.affinity:
        choice = f"jhash ip saddr mod {BUCKETS} seed 0x{BUCKETS:x}"
        targets = [chosen[_winner(bucket, chosen)] for bucket in range(BUCKETS)]
    else:
        choice, targets = f"numgen random mod {len(chosen)}", list(chosen)
    numbered = ", ".join(f"{number} : {one.ip} . {one.port}" for number, one in enumerate(targets))
    lines = [f"  chain {name} {{", f"    meta l4proto {port.protocol} dnat to {choice} map {{ {numbered} }}", "  }"]
    return "\n".join([lines[0], *([f"    {before}"] if before else []), *lines[1:]])


def _winner(bucket: int, endpoints: tuple[Endpoint, ...]) -> int:
    """Rendezvous hashing: when an endpoint goes or comes, only its share of the clients moves."""
    weights = [hashlib.sha256(f"{bucket} {one.ip} {one.port}".encode()).digest() for one in endpoints]
    return weights.index(max(weights))


def _hairpin(node: Node, found: list[Port]) -> list[str]:
    """Pods of this node that may reach themselves through a Service."""
    own = {endpoint.ip for port in found for endpoint in local(port.endpoints, node.name)}
    return [f"{ip} . {ip}" for ip in sorted(own)]


def _map(name: str, type_: str, elements: list[str]) -> list[str]:
    return [f"  map {name} {{", f"    type {type_}", *_elements(elements), "  }"]


def _set(name: str, type_: str, elements: list[str]) -> list[str]:
    return [f"  set {name} {{", f"    type {type_}", *_elements(elements), "  }"]


def _elements(elements: list[str]) -> list[str]:
    return [f"    elements = {{ {', '.join(elements)} }}"] if elements else []


def _hooks(node: Node) -> list[str]:
    """Where the kernel asks. What is still meant for a Service once all are sent on has nobody to answer."""
    return f"""\
  chain dispatch {{
    ip daddr {SERVICE_NETWORK} ip saddr != {node.pod_network} ct mark set {MASQUERADE}
    meta l4proto . ip daddr . th dport vmap @services
    fib daddr type local meta l4proto . th dport vmap @nodeports
  }}
  chain from_pods {{
    type nat hook prerouting priority dstnat; policy accept;
    goto dispatch
  }}
  chain from_node {{
    type nat hook output priority -100; policy accept;
    goto dispatch
  }}
  chain leaving {{
    type nat hook postrouting priority srcnat; policy accept;
    ct mark {MASQUERADE} masquerade
    ip saddr . ip daddr @hairpin masquerade
    ct status dnat ip daddr {_gateway(node.pod_network)} masquerade
    ip saddr {node.pod_network} ip daddr != {node.pod_network} masquerade
  }}
  chain refuse {{
    ip daddr {SERVICE_NETWORK} oifname != "lo" meta l4proto tcp reject with tcp reset
    ip daddr {SERVICE_NETWORK} oifname != "lo" reject with icmp port-unreachable
  }}
  chain crossing {{
    type filter hook forward priority filter; policy accept;
    goto refuse
  }}
  chain outgoing {{
    type filter hook output priority filter; policy accept;
    goto refuse
  }}""".split("\n")


def _gateway(pod_network: str) -> str:
    """The machine on the pods' bridge. It would answer a pod directly, past the node that changed the address."""
    return str(ipaddress.ip_network(pod_network).network_address + 1)


def counts(listed: str) -> list[Object]:
    """What the command COUNTS prints, as {address, protocol, endpoint, port, connections} of the last day.

    address: where the client asked: a Service's, or the node's for a node port.
    """
    (found,) = (one["set"] for one in json.loads(listed)["nftables"] if "set" in one)
    entries = []
    for element in found.get("elem") or ():
        address, protocol, endpoint, port = element["elem"]["val"]["concat"]
        entry = {"address": address, "protocol": _protocol(protocol), "endpoint": endpoint, "port": port}
        entries.append({**entry, "connections": element["elem"]["counter"]["packets"]})
    return sorted(entries, key=lambda one: (one["address"], one["protocol"], one["endpoint"], one["port"]))


def _protocol(shown: int | str) -> str:
    """nft shows a number, or a name where the system knows one."""
    return PROTOCOLS.get(shown, str(shown)) if isinstance(shown, int) else shown.upper()


def stale(before: Iterable[Port], now: Iterable[Port]) -> str:
    """Arguments of `conntrack -D`, a line each: UDP flows to endpoints that are gone would otherwise live on."""
    kept = {(ip, port.port): set(port.endpoints) for port in now if port.protocol == "udp" for ip in port.ips}
    lines = []
    for port in before:
        for ip in port.ips if port.protocol == "udp" else ():
            gone = set(port.endpoints) - kept.get((ip, port.port), set())
            lines += [f"-p udp --orig-dst {ip} --reply-src {one.ip}" for one in sorted(gone)]
    return "".join(line + "\n" for line in lines)
