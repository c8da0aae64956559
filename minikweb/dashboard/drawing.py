"""The topology: the tree and the network as one stable drawing, Ingress → Service → workload → ReplicaSet → Pod. Pure.

Each kind has its column, each leaf its row; a parent stands in the row of its first child. The order never depends on
health or time: what is new slots in, what is below moves down, nothing changes places. Healthy pods of one owner are
one node ("Pod × 12"), those with a problem stand beside it, each by itself.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from minikweb.dashboard import reach
from minikweb.dashboard.sight import PROBLEMS
from minikweb.dashboard.tree import CONFIG_KINDS, WORKLOADS, Entry, Tree, short_id, worst
from minikweb.kinds.registry import HealthStatus

Object = dict[str, Any]

COLUMNS = ("Ingress", "Service", "Workload", "ReplicaSet", "Pod")
_COLUMN = {"Ingress": 0, "Service": 1, "ReplicaSet": 3, "Job": 3, "Pod": 4}
ALONE = 3  # so many pods of one owner are drawn one by one
DRAWN_OUT = 8  # pods with a problem beside a group
MOST = 250  # nodes


@dataclass(frozen=True, slots=True)
class Node:
    """A box: one object, or `count` pods of one owner (`path` is then the owner's)."""

    id: str
    kind: str
    namespace: str
    name: str
    path: str
    column: int
    row: int
    health: HealthStatus = "Healthy"
    word: str = ""
    ready: tuple[int, int] | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Edge:
    """A line between two boxes: "owner" (controls) or "traffic" (sends requests to)."""

    start: str
    end: str
    kind: str

    @property
    def id(self) -> str:
        return f"{self.start}--{self.end}"


@dataclass
class Drawing:
    """`lanes`: (namespace, row of its title). `hidden`: how many objects were left out since there are too many."""

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    lanes: list[tuple[str, int]] = field(default_factory=list)
    rows: int = 0
    hidden: int = 0


def draw(
    tree: Tree,
    services: Iterable[Object],
    ingresses: Iterable[Object],
    namespace: str = "",
    kept: Container[str] | None = None,
) -> Drawing:
    """The drawing of one namespace or of all; of `kept` ids only, if given (see sight.matching)."""
    pen = _Pen(tree, kept)
    services, ingresses = sorted(services, key=_key), sorted(ingresses, key=_key)
    for root in tree.namespaces:
        name = tree.entries[root].name
        if namespace in ("", name):
            pen.lane(
                root,
                [each for each in services if _key(each)[0] == name],
                [each for each in ingresses if _key(each)[0] == name],
            )
    return pen.drawing


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


class _Pen:
    """Draws lane after lane; `row` is the next free one."""

    def __init__(self, tree: Tree, kept: Container[str] | None):
        self.tree = tree
        self.kept = kept
        self.drawing = Drawing()
        self.row = 0
        self.box_of: dict[str, Node] = {}  # the box in which a pod of this lane is
        self.taken: set[tuple[int, int]] = set()

    def lane(self, root: str, services: list[Object], ingresses: list[Object]) -> None:
        """A namespace with all that is in it; nothing for an empty one."""
        begin, count = self.row, len(self.drawing.nodes)
        self.row += 1
        self.box_of = {}
        tops = list(self._tops(root))
        for top in sorted(tops, key=lambda each: (each.kind == "Pod", each.name)):
            if top.kind != "Pod":
                self._workload(top)
        self._pods(root, [each for each in tops if each.kind == "Pod"])
        self._network(begin + 1, services, ingresses)
        if len(self.drawing.nodes) == count:
            self.row = begin
            return
        self.drawing.lanes.append((self.tree.entries[root].name, begin))
        self.drawing.rows = self.row

    def _tops(self, id: str) -> Iterator[Entry]:
        """The workloads and pods that hang below an entry, directly or below its custom resources."""
        for each in self._children(id):
            if each.kind in (*WORKLOADS, "Pod"):
                yield each
            elif each.kind not in ("Group", *CONFIG_KINDS):
                yield from self._tops(each.id)

    def _children(self, id: str) -> list[Entry]:
        found = [self.tree.entries[child] for child in self.tree.children.get(id, ())]
        return [each for each in found if self.kept is None or each.id in self.kept]

    def _workload(self, found: Entry) -> Node | None:
        """A workload and all below it; None when there is no room any more."""
        column = _COLUMN.get(found.kind, 2) if found.owner else 2
        box = self._box(found, column, self.row)
        if box is None:
            return None
        begin = self.row
        below = [each for each in self._children(found.id) if each.kind in (*WORKLOADS, "Pod")]
        for child in sorted(below, key=lambda each: (each.created, each.name)):
            if child.kind != "Pod" and (made := self._workload(child)):
                self._edge(box.id, made.id, "owner")
        for made in self._pods(found.id, [each for each in below if each.kind == "Pod"]):
            self._edge(box.id, made.id, "owner")
        self.row = max(self.row, begin + 1)
        return box

    def _pods(self, owner: str, pods: list[Entry]) -> list[Node]:
        """The boxes of the pods of one owner: one by one if they are few or in trouble, else together."""
        pods = sorted(pods, key=lambda pod: (pod.created, pod.name))
        bad = [pod for pod in pods if pod.health in PROBLEMS][:DRAWN_OUT]
        alone = pods if len(pods) <= ALONE else bad
        together = [pod for pod in pods if pod not in alone]
        boxes = []
        if together and (box := self._group(owner, together)):
            boxes.append(box)
        for pod in alone:
            if box := self._box(pod, _COLUMN["Pod"], self.row):
                self.row += 1
                self.box_of[pod.id] = box
                boxes.append(box)
        return boxes

    def _group(self, owner: str, pods: list[Entry]) -> Node | None:
        parent = self.tree.entries[owner]
        ready = sum(1 for pod in pods if pod.ready and pod.ready[0] == pod.ready[1])
        group = Entry(f"{owner}-pods", "Pod", pods[0].namespace, parent.name, ready=(ready, len(pods)))
        health = worst(pod.health for pod in pods)
        box = self._box(group, _COLUMN["Pod"], self.row, path=parent.path, count=len(pods), health=health)
        if box:
            self.row += 1
            self.box_of |= {pod.id: box for pod in pods}
        return box

    def _network(self, first: int, services: list[Object], ingresses: list[Object]) -> None:
        """Services beside the first of their pods, Ingresses beside the first of their Services."""
        alike: dict[tuple[tuple[str, str], ...], set[Node]] = {}  # labels → the boxes of the pods that have them
        for id, box in self.box_of.items():
            alike.setdefault(self.tree.entries[id].labels, set()).add(box)
        boxes: dict[str, Node] = {}
        for service in services:
            chosen = [found for labels, found in alike.items() if reach.selects(service, dict(labels))]
            ends = sorted(set().union(*chosen), key=lambda box: box.row)
            if box := self._beside(service, ends, first):
                boxes[_key(service)[1]] = box
        for ingress in ingresses:
            self._beside(ingress, [boxes[name] for name in reach.backends(ingress) if name in boxes], first)

    def _beside(self, obj: Object, ends: list[Node], first: int) -> Node | None:
        found = self.tree.entries.get(short_id(obj["metadata"]["uid"]))
        if found is None or (self.kept is not None and found.id not in self.kept and not ends):
            return None
        column = _COLUMN[found.kind]
        row = ends[0].row if ends else max(self.row, first)
        while (column, row) in self.taken:
            row += 1
        box = self._box(found, column, row)
        if box:
            self.row = max(self.row, row + 1)
            for end in dict.fromkeys(ends):
                self._edge(box.id, end.id, "traffic")
        return box

    def _box(
        self,
        found: Entry,
        column: int,
        row: int,
        path: str = "",
        count: int = 1,
        health: HealthStatus | None = None,
    ) -> Node | None:
        if len(self.drawing.nodes) >= MOST:
            self.drawing.hidden += count
            return None
        box = Node(
            id=found.id, kind=found.kind, namespace=found.namespace, name=found.name, path=path or found.path,
            column=column, row=row, health=health or found.health, word=found.word, ready=found.ready, count=count,
        )  # fmt: skip
        self.drawing.nodes.append(box)
        self.taken.add((column, row))
        return box

    def _edge(self, start: str, end: str, kind: str) -> None:
        self.drawing.edges.append(Edge(start, end, kind))
