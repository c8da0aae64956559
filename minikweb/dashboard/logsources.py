"""Whose lines a log shows: the containers of a Pod, of a workload, of a Service, of a label selection.

A container is read once per instance: after a restart it is another one, and its log begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery import labels
from minikweb.dashboard import cluster, live
from minikweb.dashboard.tree import WORKLOADS

Object = dict[str, Any]

SELECTION = "Selection"  # stands where a kind does: pods by their labels


@dataclass(frozen=True)
class Source:
    """One container whose log can be read. `instance` changes when it is restarted; `finished`: nothing more comes."""

    pod: str
    container: str
    instance: str
    finished: bool
    restarts: int

    @property
    def key(self) -> str:
        return f"{self.pod}/{self.container}"


def sources(pods: Iterable[Object], container: str = "") -> list[Source]:
    """The containers that have said something, by age of their pods; "" for all containers."""
    ordered = sorted(pods, key=lambda pod: (pod["metadata"].get("creationTimestamp", ""), pod["metadata"]["name"]))
    return [source for pod in ordered for source in _of_pod(pod) if container in ("", source.container)]


def _of_pod(pod: Object) -> Iterator[Source]:
    status = pod.get("status", {})
    for reported in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for one in status.get(reported) or ():
            state = one.get("state") or {}
            ended = state.get("terminated") or (one.get("lastState") or {}).get("terminated")
            if "running" not in state and not ended:
                continue  # it has not started yet
            # While it waits for its restart, its last log is still there.
            id = one.get("containerID") or (ended or {}).get("containerID") or ""
            instance = f"{pod['metadata']['uid']} {one.get('restartCount', 0)} {id}"
            finished = "running" not in state
            yield Source(pod["metadata"]["name"], one["name"], instance, finished, one.get("restartCount", 0))


def containers(pods: Iterable[Object]) -> list[str]:
    """The names of their containers, each once, in the order they are declared."""
    found: dict[str, None] = {}
    for pod in pods:
        for part in ("initContainers", "containers"):
            found |= dict.fromkeys(container["name"] for container in pod["spec"].get(part) or ())
    return list(found)


def pods(kind: str, namespace: str, name: str, selector: str = "") -> list[Object]:
    """The pods meant, from the cache. Raises BadRequest for a selector that cannot be read."""
    if kind == "Pod":
        found = cluster.cache().get("Pod", namespace, name)
        return [found] if found else []
    if kind == SELECTION:
        wanted = labels.parse_selector(selector)
        return [pod for pod in cluster.cache().list("Pod", namespace or None) if wanted.matches(_labels(pod))]
    if kind == "Service":
        service = cluster.cache().get("Service", namespace, name) or {}
        chosen = service.get("spec", {}).get("selector") or {}
        listed = cluster.cache().list("Pod", namespace) if chosen else []
        return [pod for pod in listed if chosen.items() <= _labels(pod).items()]
    owner = cluster.cache().get(kind, namespace, name) if kind in WORKLOADS else None
    if owner is None:
        return []
    below = live.hub().tree().below(live.short_id(owner["metadata"]["uid"]))
    names = [entry.name for entry in below if entry.kind == "Pod"]
    return list(filter(None, (cluster.cache().get("Pod", namespace, pod) for pod in names)))


def _labels(pod: Object) -> dict[str, str]:
    return pod["metadata"].get("labels") or {}
