"""NetworkPolicies as nftables rules of one node: who may open a connection to or from its pods. Pure: objects → text.

Source: k8s.io/api/networking/v1 (types.go) and the concept page "Network Policies". Each node judges its own pods: the
sender's what leaves, the receiver's what arrives. What is judged is the opening of a connection, after a Service's
address has become a pod's; what is open already goes on. A node reaches its own pods in any case.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from minikweb.apimachinery.labels import from_label_selector
from minikweb.network import dns

Object = dict[str, Any]

TABLE = "kube_policy"
DIRECTIONS = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
ENDED = ("Succeeded", "Failed")
EVERY_PORT = (0, 65535)


@dataclass(frozen=True)
class Pod:
    """What a policy sees of a pod."""

    namespace: str
    name: str
    ip: str
    node: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    ports: tuple[tuple[str, str, int], ...] = ()  # (name, protocol, number) of those that have a name


# The DNS server is the node's own (as NodeLocal DNSCache), yet policies speak of it as of the pods it usually is.
DNS = Pod(
    "kube-system",
    "kube-dns",
    dns.ADDRESS,
    labels=(("k8s-app", "kube-dns"),),
    ports=(("dns", "udp", 53), ("dns-tcp", "tcp", 53)),
)


# --- Objects -------------------------------------------------------------------------------------------
def pods_of(objects: Iterable[Object]) -> list[Pod]:
    """Those that have an address."""
    found = [_pod(one) for one in objects if (one.get("status") or {}).get("phase") not in ENDED]
    return sorted((pod for pod in found if pod.ip), key=lambda pod: (pod.namespace, pod.name))


def _pod(obj: Object) -> Pod:
    meta, spec = obj["metadata"], obj["spec"]
    containers = [*(spec.get("initContainers") or ()), *spec["containers"]]
    ports = [port for container in containers for port in container.get("ports") or () if port.get("name")]
    return Pod(
        namespace=meta["namespace"],
        name=meta["name"],
        ip=(obj.get("status") or {}).get("podIP") or "",
        node=spec.get("nodeName") or "",
        labels=tuple(sorted((meta.get("labels") or {}).items())),
        ports=tuple((port["name"], port.get("protocol", "TCP").lower(), port["containerPort"]) for port in ports),
    )


def selects(policy: Object, pod: Pod) -> bool:
    same = policy["metadata"]["namespace"] == pod.namespace
    return same and from_label_selector(policy["spec"].get("podSelector") or {}).matches(dict(pod.labels))


# --- Rules ---------------------------------------------------------------------------------------------
@dataclass
class Table:
    """What is written down while the rules are made."""

    pods: list[Pod]  # everywhere
    namespaces: dict[str, dict[str, str]]  # name → labels
    here: list[Pod]  # those of the node
    sets: dict[tuple[str, ...], str] = field(default_factory=dict)  # addresses → the name of their set
    chains: dict[str, list[str]] = field(default_factory=dict)  # name → rules

    def set_of(self, ips: Iterable[str]) -> str:
        """The name of the set of these addresses; equal ones share one."""
        return self.sets.setdefault(tuple(sorted(ips)), f"peers_{len(self.sets)}")


def rules(node: str, policies: Iterable[Object], pods: Iterable[Object], namespaces: Iterable[Object]) -> str:
    """`nft -f`: the table `kube_policy`, whole; without a policy for a pod of this node it is removed."""
    everyone = [*pods_of(pods), DNS]
    labels = {one["metadata"]["name"]: one["metadata"].get("labels") or {} for one in namespaces}
    table = Table(everyone, labels, [pod for pod in everyone if pod.node == node])
    known = sorted(policies, key=lambda one: (one["metadata"]["namespace"], one["metadata"]["name"]))
    isolated = {direction: dict(_isolated(table, known, direction)) for direction in DIRECTIONS}
    removed = [f"table ip {TABLE}", f"delete table ip {TABLE}"]
    if not any(isolated.values()):
        return "\n".join([*removed, ""])
    sets = [
        f"  set {name} {{\n    type ipv4_addr\n    elements = {{ {', '.join(ips)} }}\n  }}"
        for ips, name in table.sets.items()
    ]
    chains = [f"  chain {name} {{\n{_indented(lines)}  }}" for name, lines in table.chains.items()]
    hooks = _hooks(isolated["Egress"], isolated["Ingress"])
    return "\n".join([*removed, f"table ip {TABLE} {{", *sets, *chains, *hooks, "}", ""])


def _indented(lines: Iterable[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)


def _isolated(table: Table, policies: list[Object], direction: str) -> Iterator[tuple[str, str]]:
    """(address, chain) of the node's pods that a policy selects: all their policies together say what is allowed."""
    numbers: dict[tuple[int, ...], str] = {}
    for pod in table.here:
        chosen = tuple(
            number
            for number, policy in enumerate(policies)
            if direction in policy["spec"]["policyTypes"] and selects(policy, pod)
        )
        if not chosen:
            continue
        if chosen not in numbers:
            numbers[chosen] = name = f"{direction.lower()}_of_{len(numbers)}"
            jumps = [f"jump {_chain_of(table, policies[number], number, direction)}" for number in chosen]
            table.chains[name] = [*jumps, "counter drop"]
        yield pod.ip, numbers[chosen]


def _chain_of(table: Table, policy: Object, number: int, direction: str) -> str:
    """The chain of what one policy allows."""
    name = f"{direction.lower()}_{number}"
    if name not in table.chains:
        meta = policy["metadata"]
        rules_of = policy["spec"].get(DIRECTIONS[direction][0]) or ()
        lines = [line for rule in rules_of for line in _allowed(table, policy, rule, direction)]
        table.chains[name] = [f'comment "{meta["namespace"]}/{meta["name"]}"', *lines]
    return name


def _allowed(table: Table, policy: Object, rule: Object, direction: str) -> Iterator[str]:
    """A rule allows each of its peers on each of its ports; without peers everybody, without ports everything."""
    selected = [pod for pod in table.here if selects(policy, pod)] if direction == "Ingress" else table.pods
    ports = list(_ports(rule.get("ports") or (), selected))
    for peer in _peers(table, policy, rule.get(DIRECTIONS[direction][1]) or (), direction):
        for port in ports:
            yield " ".join(filter(None, [peer, port, "accept"]))


def _peers(table: Table, policy: Object, peers: Iterable[Object], direction: str) -> Iterator[str]:
    """Each as a match; "" matches everybody."""
    side = "saddr" if direction == "Ingress" else "daddr"
    peers = list(peers)
    if not peers:
        yield ""
    ips: set[str] = set()
    for peer in peers:
        if block := peer.get("ipBlock"):
            yield from _block(block, side)
        else:
            ips |= {pod.ip for pod in table.pods if _is_peer(table, policy, peer, pod)}
    if ips:
        yield f"ip {side} @{table.set_of(ips)}"


def _is_peer(table: Table, policy: Object, peer: Object, pod: Pod) -> bool:
    """Without namespaceSelector a pod of the policy's namespace; without podSelector each pod of the namespaces."""
    namespaces = peer.get("namespaceSelector")
    if namespaces is not None:
        labels = table.namespaces.get(pod.namespace)
        if labels is None or not from_label_selector(namespaces).matches(labels):
            return False
    elif pod.namespace != policy["metadata"]["namespace"]:
        return False
    return from_label_selector(peer.get("podSelector") or {}).matches(dict(pod.labels))


def _block(block: Object, side: str) -> Iterator[str]:
    """Of IPv4; the table sees nothing else."""
    network = ipaddress.ip_network(block["cidr"], strict=False)
    if network.version != 4:
        return
    excepted = [ipaddress.ip_network(one, strict=False) for one in block.get("except") or ()]
    left_out = ", ".join(map(str, ipaddress.collapse_addresses(excepted)))
    yield f"ip {side} {network}" + (f" ip {side} != {{ {left_out} }}" if left_out else "")


def _ports(ports: Iterable[Object], pods: Iterable[Pod]) -> Iterator[str]:
    """Each protocol's ports as a match; names are looked up on the pods that are connected to."""
    ports, pods = list(ports), list(pods)
    if not ports:
        yield ""
    for protocol in dict.fromkeys(port.get("protocol", "TCP").lower() for port in ports):
        mine = [port for port in ports if port.get("protocol", "TCP").lower() == protocol]
        if numbers := _merged([_range(port) for port in mine if not isinstance(port.get("port"), str)]):
            whole = numbers == [EVERY_PORT]
            shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in numbers)
            yield f"meta l4proto {protocol}" if whole else f"{protocol} dport {{ {shown} }}"
        names = {port["port"] for port in mine if isinstance(port.get("port"), str)}
        pairs = [
            f"{pod.ip} . {port[2]}" for pod in pods for port in pod.ports if port[0] in names and port[1] == protocol
        ]
        if pairs:
            yield f"ip daddr . {protocol} dport {{ {', '.join(dict.fromkeys(pairs))} }}"


def _range(port: Object) -> tuple[int, int]:
    """(first, last); a protocol alone is all its ports."""
    if port.get("port") is None:
        return EVERY_PORT
    return port["port"], port.get("endPort") or port["port"]


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping ones as one: nft takes no port twice."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _hooks(egress: dict[str, str], ingress: dict[str, str]) -> list[str]:
    """First what leaves, then what arrives: a packet between two pods of the node has to pass both."""
    known = [
        "tcp flags & (syn | ack) != syn accept",  # also of connections that the node has not seen opening
        "ct state established,related accept",
        "ip saddr . ip daddr @themselves accept",
    ]
    selves = ", ".join(f"{ip} . {ip}" for ip in sorted({*egress, *ingress}))
    return [
        f"  set themselves {{\n    type ipv4_addr . ipv4_addr\n    elements = {{ {selves} }}\n  }}",
        *_map("egress", egress),
        *_map("ingress", ingress),
        _hook("leaving", "forward priority -20", [*known, "ip saddr vmap @egress"]),
        _hook("asking", "input priority -20", [*known, f"ip daddr {dns.ADDRESS} ip saddr vmap @egress"]),
        _hook("arriving", "forward priority -10", [*known, "ip daddr vmap @ingress"]),
    ]


def _hook(name: str, where: str, lines: Iterable[str]) -> str:
    return f"  chain {name} {{\n    type filter hook {where}; policy accept;\n{_indented(lines)}  }}"


def _map(name: str, chains: dict[str, str]) -> list[str]:
    elements = ", ".join(f"{ip} : goto {chain}" for ip, chain in chains.items())
    shown = f"    elements = {{ {elements} }}\n" if elements else ""
    return [f"  map {name} {{\n    type ipv4_addr : verdict\n{shown}  }}"]
