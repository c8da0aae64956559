"""Other ways to hang the same entries: along the network (Ingress › Service › Pod), and by node. Pure.

An object that stands in two places (a Pod behind two Services) has a second id there, so that each row is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from minikweb.dashboard import reach
from minikweb.dashboard.tree import Entry, Tree, short_id, worst

Object = dict[str, Any]

ARRANGEMENTS = ("", "network", "node")  # "" is the tree of owners
UNREACHED, UNPLACED = "unreached", "unplaced"  # the groups of pods without a Service, without a node


class Arranged(Tree):
    """A tree that is built by hand: roots first, then `hang`."""

    def __init__(self, roots: Iterable[Entry]):
        super().__init__(())
        for root in roots:
            self.entries[root.id] = root
            self.namespaces.append(root.id)

    def hang(self, found: Entry, parent: str) -> str:
        """Puts an entry below another; returns the id it has there."""
        here = found if found.id not in self.entries else _again(found, parent)
        if here.id not in self.entries:
            self._add(here, parent)
        return here.id


def _again(found: Entry, parent: str) -> Entry:
    inside = tuple(replace(container, id=f"{parent}-{container.id}") for container in found.containers)
    return replace(found, id=f"{parent}-{found.id}", containers=inside)


def by_network(tree: Tree, services: Iterable[Object], ingresses: Iterable[Object]) -> Tree:
    """Namespace › Ingress › Service › Pod; Services no Ingress leads to stand beside, pods without one in a group."""
    arranged = Arranged(tree.entries[id] for id in tree.namespaces)
    pods: dict[str, list[Entry]] = {}
    for found in tree.entries.values():
        if found.kind == "Pod":
            pods.setdefault(found.namespace, []).append(found)
    exposed: dict[tuple[str, str], list[str]] = {}  # (namespace, Service) → the ids of its Ingresses
    for ingress in sorted(ingresses, key=_name):
        if known := tree.entries.get(short_id(ingress["metadata"]["uid"])):
            id = arranged.hang(known, tree.root_of(known))
            for name in reach.backends(ingress):
                exposed.setdefault((known.namespace, name), []).append(id)
    reached = set()
    for service in sorted(services, key=_name):
        known = tree.entries.get(short_id(service["metadata"]["uid"]))
        if known is None:
            continue
        chosen = [pod for pod in pods.get(known.namespace, ()) if reach.selects(service, dict(pod.labels))]
        reached.update(pod.id for pod in chosen)
        for parent in exposed.get((known.namespace, known.name), [tree.root_of(known)]):
            id = arranged.hang(_answering(known, chosen), parent)
            for pod in sorted(chosen, key=lambda pod: (pod.created, pod.name)):
                arranged.hang(pod, id)
    _rest(arranged, tree, pods, reached)
    return arranged


def _name(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _answering(service: Entry, pods: list[Entry]) -> Entry:
    """The Service with how many of its pods answer."""
    if not pods:
        return service
    ready = sum(1 for pod in pods if pod.ready and pod.ready[0] == pod.ready[1] and pod.health == "Healthy")
    health = "Healthy" if ready else worst(pod.health for pod in pods)
    return replace(service, ready=(ready, len(pods)), health=health)


def _rest(arranged: Arranged, tree: Tree, pods: Mapping[str, list[Entry]], reached: set[str]) -> None:
    for listed in pods.values():
        alone = [pod for pod in listed if pod.id not in reached]
        if not alone:
            continue
        root = tree.root_of(alone[0])
        group = arranged.hang(Entry(f"{root}-{UNREACHED}", "Group", alone[0].namespace, UNREACHED, owner=root), root)
        for pod in sorted(alone, key=lambda pod: pod.name):
            arranged.hang(pod, group)


def by_node(tree: Tree, nodes: Iterable[Entry], namespace: str = "") -> Tree:
    """Node › Pod, of one namespace or of all; what waits for a node stands in a group of its own."""
    arranged = Arranged(sorted(nodes, key=lambda node: node.name))
    ids = {arranged.entries[id].name: id for id in arranged.namespaces}
    pods = [found for found in tree.entries.values() if found.kind == "Pod" and namespace in ("", found.namespace)]
    for pod in sorted(pods, key=lambda pod: (pod.namespace, pod.name)):
        if pod.node not in ids:
            name = pod.node or UNPLACED
            root = Entry(f"node-{name}", "Node" if pod.node else "Group", "", name, health="Unknown")
            arranged.entries[root.id] = root
            arranged.namespaces.append(root.id)
            ids[pod.node] = root.id
        arranged.hang(pod, ids[pod.node])
    return arranged
