"""The resource tree: Namespace › Deployment › ReplicaSet › Pod › container, CronJob › Job › Pod … Pure.

An `Entry` is all that a page says of one object; it only depends on that object, so it is made once per version.
`Tree` hangs the entries below their controllers. What of it a browser sees is `dashboard.sight`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from minikweb.kinds.podstatus import summary
from minikweb.kinds.registry import Health, HealthStatus

Object = dict[str, Any]

# From best to worst: a parent wears the worst of its children (Argo CD's order, gitops-engine pkg/health).
ORDER: tuple[HealthStatus, ...] = ("Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown")
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "CronJob", "Job")  # in the tree, above the pods
ROLLED_OUT = ("Deployment", "StatefulSet", "DaemonSet")  # what `kubectl rollout` knows
TREE_KINDS = ("Namespace", *WORKLOADS, "Pod")
CONFIG_KINDS = ("Ingress", "Service", "ConfigMap", "Secret")
OWN_KINDS = (*TREE_KINDS, *CONFIG_KINDS, "Node", "Container", "Group", "Event")  # any other is a custom resource's
CONFIG, OLD = "config", "old"  # the groups a namespace and a Deployment fold away
# What has pods of its own is at the level of ReplicaSets.
LEVELS = {"Namespace": 1, "Node": 1, "Deployment": 2, "CronJob": 2, "Ingress": 2, "Pod": 4, "Container": 5}
LEVELS |= dict.fromkeys(("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Service"), 3)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the tree. `id` is a valid HTML id; `owner` the id of the controller, "" for none."""

    id: str
    kind: str
    namespace: str
    name: str
    owner: str = ""
    owner_kind: str = ""
    owner_name: str = ""
    word: str = ""  # the status as kubectl prints it
    health: HealthStatus = "Healthy"
    message: str = ""
    ready: tuple[int, int] | None = None  # ready, wanted
    restarts: int | None = None
    created: str = ""  # RFC 3339
    node: str = ""
    images: tuple[str, ...] = ()
    revision: int = 0
    schedule: str = ""  # of a CronJob
    deleting: bool = False
    wanted: bool = True  # False: a ReplicaSet that neither has nor wants pods
    containers: tuple[Entry, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        """How URLs and the socket name the object: `Pod/demo/web-1`, `Namespace//demo`."""
        return f"{self.kind}/{self.namespace}/{self.name}"


def short_id(uid: str) -> str:
    """A uid as an HTML id and a cookie want it: 12 hexadecimal digits behind a letter."""
    return "o" + uid.replace("-", "")[:12]


def entry(obj: Object, health: Callable[[Object], Health]) -> Entry:
    """The entry of an object of any kind; `health` is its kind's."""
    meta, kind = obj["metadata"], obj["kind"]
    found = health(obj)
    owner = next((ref for ref in meta.get("ownerReferences", ()) if ref.get("controller")), None)
    deleting = "deletionTimestamp" in meta
    return Entry(
        id=short_id(meta["uid"]),
        kind=kind,
        namespace="" if kind == "Namespace" else meta.get("namespace", ""),
        name=meta["name"],
        owner=short_id(owner["uid"]) if owner else "",
        owner_kind=owner["kind"] if owner else "",
        owner_name=owner["name"] if owner else "",
        word=_word(kind, found, deleting),
        health=_health(obj, found, deleting),
        message=found.message,
        created=meta.get("creationTimestamp", ""),
        deleting=deleting,
        labels=tuple(sorted(meta.get("labels", {}).items())),
        **_PARTICULARS.get(kind, _nothing)(obj),
    )


def _word(kind: str, found: Health, deleting: bool) -> str:
    """kubectl's word. Workloads show their health: their counts have a column; a ConfigMap has nothing to show."""
    if deleting:
        return "Terminating"
    if kind in ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "CronJob"):
        return found.status
    return found.word or ("" if found.status == "Healthy" else found.status)


def _health(obj: Object, found: Health, deleting: bool) -> HealthStatus:
    """The kind's health; a Pod that no node has room for is a problem, not progress."""
    if deleting and found.status == "Healthy":
        return "Progressing"
    conditions = obj.get("status", {}).get("conditions") or ()
    if obj["kind"] == "Pod" and any(c.get("reason") == "Unschedulable" for c in conditions):
        return "Missing"
    return found.status


def _nothing(obj: Object) -> dict[str, Any]:
    return {}


def _deployment(obj: Object) -> dict[str, Any]:
    wanted = obj["spec"].get("replicas", 1)
    return {
        "ready": (obj.get("status", {}).get("readyReplicas", 0), wanted),
        "images": _images(obj["spec"].get("template", {}).get("spec", {})),
    }


def _replica_set(obj: Object) -> dict[str, Any]:
    status, wanted = obj.get("status", {}), obj["spec"].get("replicas", 1)
    revision = obj["metadata"].get("annotations", {}).get("deployment.kubernetes.io/revision", "0")
    return _deployment(obj) | {
        "revision": int(revision) if revision.isdigit() else 0,
        "wanted": bool(wanted or status.get("replicas", 0)),
    }


def _daemon_set(obj: Object) -> dict[str, Any]:
    status = obj.get("status", {})
    return _deployment(obj) | {"ready": (status.get("numberReady", 0), status.get("desiredNumberScheduled", 0))}


def _job(obj: Object) -> dict[str, Any]:
    succeeded = obj.get("status", {}).get("succeeded", 0)
    return _deployment(obj) | {"ready": (succeeded, obj["spec"].get("completions") or 1)}


def _cron_job(obj: Object) -> dict[str, Any]:
    return {"schedule": obj["spec"].get("schedule", ""), "images": _images(pod_spec(obj))}


def pod_spec(obj: Object) -> Object:
    """The pod spec of a workload's template; of a CronJob that of its Jobs."""
    spec = obj["spec"].get("jobTemplate", obj).get("spec", {})
    return spec.get("template", {}).get("spec", {})


def _pod(obj: Object) -> dict[str, Any]:
    counted = summary(obj)
    return {
        "ready": (counted.ready, counted.total),
        "restarts": counted.restarts,
        "node": obj["spec"].get("nodeName", ""),
        "images": _images(obj["spec"]),
        "containers": tuple(_containers(obj)),
    }


def _images(pod_spec: Object) -> tuple[str, ...]:
    return tuple(container.get("image", "") for container in pod_spec.get("containers", ()))


def _containers(pod: Object) -> Iterator[Entry]:
    spec, status, meta = pod["spec"], pod.get("status", {}), pod["metadata"]
    groups = (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses"))
    for declared, reported in groups:
        states = {state["name"]: state for state in status.get(reported, ())}
        for container in spec.get(declared, ()):
            yield _container(meta, container, states.get(container["name"], {}), init=declared == "initContainers")


def _container(meta: Object, container: Object, status: Object, *, init: bool) -> Entry:
    word, health, message = container_state(status, init=init)
    return Entry(
        id=f"{short_id(meta['uid'])}-{container['name']}",
        kind="Container",
        namespace=meta.get("namespace", ""),
        name=container["name"],
        owner=short_id(meta["uid"]),
        owner_kind="Pod",
        owner_name=meta["name"],
        word=word,
        health=health,
        message=message,
        ready=None,
        restarts=status.get("restartCount", 0),
        created=next(iter(status.get("state", {}).values()), {}).get("startedAt", ""),
        images=(container.get("image", ""),),
    )


def container_state(status: Object, *, init: bool = False) -> tuple[str, HealthStatus, str]:
    """(word, health, message) of one containerStatus; {} when the kubelet has not reported yet."""
    state = status.get("state", {})
    if "running" in state:
        return ("Running", "Healthy" if status.get("ready") or init else "Progressing", "")
    if "terminated" in state:
        ended = state["terminated"]
        fine = ended.get("exitCode", 0) == 0
        word = ended.get("reason") or ("Completed" if fine else "Error")
        return word, "Healthy" if fine else "Degraded", ended.get("message", "")
    waiting = state.get("waiting", {})
    reason = waiting.get("reason", "")
    calm = reason in ("", "ContainerCreating", "PodInitializing")
    return reason or "Waiting", "Progressing" if calm else "Degraded", waiting.get("message", "")


_PARTICULARS: dict[str, Callable[[Object], dict[str, Any]]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _deployment,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Pod": _pod,
}


class Tree:
    """Entries below their controllers, in an order that only changes where an object comes or goes.

    `namespaces`  the ids of the roots, by name
    `children`    id → ids; ReplicaSets and Jobs newest first, Pods oldest first, the rest by name
    """

    def __init__(self, entries: Iterable[Entry]):
        self.entries = {found.id: found for found in entries}
        self.children: dict[str, list[str]] = {}
        self._parents: dict[str, str] = {}
        self._namespace_ids = {e.name: e.id for e in self.entries.values() if e.kind == "Namespace"}
        for found in list(self.entries.values()):
            self._hang(found)
        for ids in self.children.values():
            ids.sort(key=self._order)
        self.namespaces = sorted(self._namespace_ids.values(), key=lambda id: self.entries[id].name)

    def _hang(self, found: Entry) -> None:
        """Puts an entry below its controller, inventing the parent that the API has not shown us (yet)."""
        if found.kind == "Namespace":
            return
        parent = found.owner if self._hangs_on_owner(found) else ""
        if parent and parent not in self.entries:
            stranger = Entry(parent, found.owner_kind, found.namespace, found.owner_name, health="Unknown")
            self._add(stranger, self.root_of(found))
        elif not parent:
            parent = self.root_of(found)
            if found.kind in CONFIG_KINDS:
                parent = self._group(parent, CONFIG, found.namespace)
        elif found.kind == "ReplicaSet" and not found.wanted:
            parent = self._group(parent, OLD, found.namespace)
        self._link(found.id, parent)

    def _hangs_on_owner(self, found: Entry) -> bool:
        """Workloads always do; anything else does below a custom resource that it was made from."""
        if found.kind in TREE_KINDS:
            return not self._is_above(found.id, found.owner)
        owner = self.entries.get(found.owner)
        return owner is not None and owner.kind not in OWN_KINDS and not self._is_above(found.id, found.owner)

    def _is_above(self, id: str, other: str) -> bool:
        """Whether an entry is above another one already: owners may name each other in a circle."""
        while other and other != id:
            other = self._parents.get(other, "")
        return bool(other)

    def _link(self, id: str, parent: str) -> None:
        self._parents[id] = parent
        self.children.setdefault(parent, []).append(id)

    def _add(self, new: Entry, parent: str) -> None:
        self.entries[new.id] = new
        self._link(new.id, parent)

    def root_of(self, found: Entry) -> str:
        """The id of the namespace an entry is in, which is invented if the API has not shown it."""
        if found.namespace not in self._namespace_ids:
            root = Entry(f"ns-{found.namespace}", "Namespace", "", found.namespace, health="Unknown")
            self.entries[root.id] = root
            self._namespace_ids[found.namespace] = root.id
        return self._namespace_ids[found.namespace]

    def _group(self, parent: str, name: str, namespace: str) -> str:
        group = f"{parent}-{name}"
        if group not in self.entries:
            self._add(Entry(group, "Group", namespace, name, owner=parent), parent)
        return group

    def _order(self, id: str) -> tuple[Any, ...]:
        found = self.entries[id]
        if found.kind == "Group":
            return 9, "", ""
        if found.kind == "ReplicaSet":
            return 2, -found.revision, found.name
        if found.kind == "Pod":
            return 3, found.created, found.name
        if found.kind == "Job":
            return 4, -int(re.sub(r"\D", "", found.created) or 0), found.name
        return (0 if found.kind == "Deployment" else 1), found.kind, found.name

    def parent(self, id: str) -> Entry | None:
        """What an entry hangs on: its controller, a group or its namespace; None for a namespace."""
        return self.entries.get(self._parents.get(id, ""))

    def above(self, id: str) -> Iterator[Entry]:
        """The parents of an entry, nearest first."""
        found = self.parent(id)
        while found is not None:
            yield found
            found = self.parent(found.id)

    def below(self, id: str) -> Iterator[Entry]:
        """Every entry under one, itself excluded, groups included, containers not."""
        for child in self.children.get(id, ()):
            yield self.entries[child]
            yield from self.below(child)

    def tally(self, id: str) -> dict[HealthStatus, int]:
        """How the pods below an entry fare: health → count, worst first; healths nobody has are left out."""
        counts: dict[HealthStatus, int] = {}
        for found in self.below(id):
            if found.kind == "Pod":
                counts[found.health] = counts.get(found.health, 0) + 1
        return {health: counts[health] for health in reversed(ORDER) if health in counts}


def worst(healths: Iterable[HealthStatus]) -> HealthStatus:
    """The worst of several healths; Healthy for none."""
    return max(healths, key=ORDER.index, default="Healthy")
