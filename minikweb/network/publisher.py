"""Node ports and load balancers on localhost: a small container for each port, as k3s' ServiceLB has.

On a laptop the nodes' addresses are inside Docker, where a browser does not get to. A port that another program has is
told in an event of the Service; everything else works on.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from minikweb import settings
from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import NotFound
from minikweb.client.client import Client
from minikweb.client.controller import Controller
from minikweb.client.events import Recorder
from minikweb.client.informer import Cache
from minikweb.kinds.services import needs_node_ports
from minikweb.network import proxy
from minikweb.network.agent import KEY
from minikweb.network.nodes import RUNTIME_LABEL, address, is_on_docker, is_ready
from minikweb.runtime.docker.network import Publishers
from minikweb.runtime.protocol import RuntimeFailure

Object = dict[str, Any]

log = logging.getLogger(__name__)

LOCALHOST = "127.0.0.1"  # whatever MINIKWEB_BIND says: applications are shown to this machine alone
AGAIN = 30.0  # seconds: a port may be free then, or Docker have lost a publisher
AT_ONCE = 4
UNAVAILABLE = "PortUnavailable"  # of an event and of a port in a status
TAKEN = ("address already in use", "port is already allocated")


@dataclass(frozen=True)
class Publication:
    """A port of localhost and the node port behind it."""

    port: str  # 80/tcp
    node_port: int
    service: str  # namespace/name
    balanced: bool  # the port of a load balancer, not its node port
    nodes: tuple[str, ...]  # addresses

    @property
    def number(self) -> str:
        return self.port.partition("/")[0]

    def rules(self) -> str:
        """What the publisher's nftables do: on to one of the nodes."""
        protocol = self.port.partition("/")[2]
        targets = ", ".join(f"{number} : {ip} . {self.node_port}" for number, ip in enumerate(self.nodes))
        choice = f"dnat to numgen random mod {len(self.nodes)} map {{ {targets} }}" if self.nodes else "drop"
        return f"""\
table ip kube
delete table ip kube
table ip kube {{
  chain arriving {{
    type nat hook prerouting priority dstnat; policy accept;
    meta l4proto {protocol} th dport {self.number} {choice}
  }}
  chain leaving {{
    type nat hook postrouting priority srcnat; policy accept;
    ct status dnat masquerade
  }}
}}
"""


# --- What is to be published (pure) --------------------------------------------------------------------
def publications(services: Iterable[Object], slices: Iterable[Object], nodes: Iterable[Object]) -> list[Publication]:
    """Every port wanted on localhost, the oldest Service first; two may want the same."""
    ready = {node["metadata"]["name"]: address(node)[1] for node in nodes if is_ready(node)}
    slices, found = list(slices), []
    for service in sorted(services, key=lambda one: (one["metadata"].get("creationTimestamp", ""), _key(one))):
        if not needs_node_ports(service["spec"]) or meta.is_being_deleted(service):
            continue
        for port in proxy.ports([service], slices):
            if port.node_port:
                chosen = _nodes(port, ready)
                numbers = [port.node_port] + [port.port] * (service["spec"]["type"] == "LoadBalancer")
                found += [
                    Publication(f"{number}/{port.protocol}", port.node_port, _key(service), number == port.port, chosen)
                    for number in dict.fromkeys(numbers)
                ]
    return found


def _nodes(port: proxy.Port, ready: dict[str, str]) -> tuple[str, ...]:
    """The nodes to send to: with externalTrafficPolicy Local those where a pod answers."""
    wanted = {endpoint.node for endpoint in port.endpoints} if port.external_local else ready.keys()
    return tuple(sorted(ip for name, ip in ready.items() if name in wanted and ip))


def answering(service: Object, published: set[str]) -> list[Object] | None:
    """What status.loadBalancer.ingress says: the address, and which ports are not there; None where none is.

    published: those of this Service that are on localhost, such as 80/tcp.
    """
    if not published:
        return None
    ports = [(port["port"], port.get("protocol", "TCP")) for port in service["spec"].get("ports") or ()]
    missing = [
        {"port": number, "protocol": protocol, "error": UNAVAILABLE}
        for number, protocol in ports
        if f"{number}/{protocol.lower()}" not in published
    ]
    return [{"ip": LOCALHOST, "ipMode": "Proxy", **({"ports": missing} if missing else {})}]


def _key(service: Object) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


# --- Publishing ----------------------------------------------------------------------------------------
def publishers() -> Publishers:
    """Those of this installation. Raises RuntimeUnavailable."""
    return Publishers(json.loads((settings.DATA_DIR / "cluster.json").read_text())["id"])


class Publisher(Controller):
    """Keeps localhost's ports as the Services ask for, and writes a load balancer's address into its status."""

    name = "publisher"
    kind = "Service"
    needs = ("EndpointSlice", "Node")
    source = "service-controller"
    workers = 1

    def __init__(
        self, client: Client, cache: Cache, recorder: Recorder, connect: Callable[[], Publishers] = publishers
    ):
        super().__init__(client, cache, recorder)
        self._connect = connect
        self._publishers: Publishers | None = None
        self._told: dict[str, str] = {}  # port → the rules its publisher has, as far as this process knows
        self._refused: dict[str, str] = {}  # port → what was said of it

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == "Node" and old and new and _seen(old) == _seen(new):
            return
        yield KEY

    def sync(self, namespace: str, name: str) -> float | None:
        nodes, services = self.cache.list("Node"), self.cache.list("Service")
        if not is_on_docker(nodes):
            return None
        found = publications(services, self.cache.list("EndpointSlice"), nodes)
        if not found and not self._told and self._publishers is not None:
            return None
        wanted: dict[str, Publication] = {}
        for one in found:
            if wanted.setdefault(one.port, one).service != one.service:
                holder = wanted[one.port].service
                self._refuse(one, f"Port {one.number} of this machine belongs to the Service {holder} already")
        done = self._publish(wanted)
        for service in services:
            if service["spec"].get("type") == "LoadBalancer":
                mine = {port for port in done if wanted[port].service == _key(service)}
                self._write_status(service, answering(service, mine))
        return AGAIN if found else None

    def _publish(self, wanted: dict[str, Publication]) -> set[str]:
        """Makes the publishers those wanted; returns the ports of load balancers that are there."""
        self._publishers = self._publishers or self._connect()
        there = self._publishers.published()
        for port in there.keys() - wanted.keys():
            self._publishers.withdraw(port)
            self._told.pop(port, None)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            fine = list(pool.map(lambda one: self._publish_one(one, there), wanted.values()))
        return {one.port for one, is_there in zip(wanted.values(), fine, strict=True) if is_there and one.balanced}

    def _publish_one(self, one: Publication, there: dict[str, str]) -> bool:
        assert self._publishers is not None
        rules = one.rules()
        try:
            if there.get(one.port) != str(one.node_port):
                self._publishers.publish(one.port, str(one.node_port), rules, LOCALHOST)
            elif self._told.get(one.port) != rules:
                self._publishers.redirect(one.port, rules)
        except RuntimeFailure as failure:
            taken = any(words in failure.message for words in TAKEN)
            why = f"Port {one.number} of this machine is taken by another program" if taken else failure.message
            self._refuse(one, why)
            return False
        self._told[one.port] = rules
        self._refused.pop(f"{one.service} {one.port}", None)
        return True

    def _refuse(self, one: Publication, why: str) -> None:
        """Says once why a port is not there, and that the rest is."""
        if self._refused.get(f"{one.service} {one.port}") == why:
            return
        self._refused[f"{one.service} {one.port}"] = why
        namespace, _, name = one.service.partition("/")
        service = self.cache.get("Service", namespace, name)
        if service is not None:
            message = f"{why}: the Service does not answer at localhost:{one.number}; inside the cluster it does"
            self.recorder.event(service, "Warning", UNAVAILABLE, message)

    def _write_status(self, service: Object, ingress: list[Object] | None) -> None:
        found = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress")
        if (found or None) == ingress:
            return
        metadata = service["metadata"]
        patch = {"metadata": {"uid": metadata["uid"]}, "status": {"loadBalancer": {"ingress": ingress}}}
        with suppress(NotFound):
            self.client.patch("Service", metadata["name"], patch, metadata["namespace"], subresource="status")
        if ingress and not found:
            self.recorder.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")


def _seen(node: Object) -> tuple:
    """What of a node publishing depends on."""
    return address(node), is_ready(node), (node["metadata"].get("labels") or {}).get(RUNTIME_LABEL)
