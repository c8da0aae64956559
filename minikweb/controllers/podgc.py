"""Pods that nobody looks after any more: of nodes that no longer exist, ending before they had a node, and the oldest
of those that have ended when there are very many.

Source: kubernetes/pkg/controller/podgc/gc_controller.go. Upstream waits 40 s in case its caches lag behind; here the
API is asked instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import NotFound
from minikweb.client.controller import Controller, key_of
from minikweb.controllers import podcontrol

Object = dict[str, Any]


TERMINATED = "terminated"  # the index of pods that have ended
MOST_TERMINATED = 1000  # upstream keeps 12,500 (--terminated-pod-gc-threshold): more than a laptop's pages want to show
OLDEST = "/terminated"  # the key under which there may be too many


def terminated(pod: Object) -> list[str]:
    """The index function of TERMINATED."""
    return [TERMINATED] if podcontrol.is_terminal(pod) else []


class PodGarbageCollector(Controller):
    """Ends at once, without a kubelet's word, the pods that have none."""

    name = "podgc"
    kind = "Pod"
    needs = ("Node",)
    source = "pod-garbage-collector"

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        cache.informer("Pod").add_indexer(TERMINATED, terminated)
        self.most_terminated = MOST_TERMINATED

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == "Node" and new is None:
            yield from (key_of(pod) for pod in self.cache.by_index("Pod", "node", old["metadata"]["name"]))
        if kind == "Pod" and new and self.may_be_lost(new):
            yield key_of(new)
        if kind == "Pod" and new and podcontrol.is_terminal(new) and not (old and podcontrol.is_terminal(old)):
            yield OLDEST

    def may_be_lost(self, pod: Object) -> bool:
        node = pod["spec"].get("nodeName")
        return self.cache.get("Node", None, node) is None if node else meta.is_being_deleted(pod)

    def sync(self, namespace: str, name: str) -> None:
        if not namespace:
            self.end_the_oldest()
            return
        pod = self.cache.get(self.kind, namespace, name)
        if pod is None or not self.may_be_lost(pod):
            return
        node = pod["spec"].get("nodeName")
        if not node:
            self.end(pod, [])
        elif not self.exists(node):
            self.end(pod, [lost_node_condition(datetime.now(UTC))])

    def end_the_oldest(self) -> None:
        """Of the pods that have ended, as many as are too many."""
        ended = [pod for pod in self.cache.by_index("Pod", TERMINATED, TERMINATED) if not meta.is_being_deleted(pod)]
        ended.sort(key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
        for pod in ended[: max(0, len(ended) - self.most_terminated)]:
            self.end(pod, [])

    def exists(self, node: str) -> bool:
        try:
            self.client.get("Node", node)
        except NotFound:
            return False
        return True

    def end(self, pod: Object, conditions: list[Object]) -> None:
        """Marks the pod as failed, unless it has ended by itself, and removes it."""
        name, namespace, uid = pod["metadata"]["name"], pod["metadata"]["namespace"], pod["metadata"]["uid"]
        status = (
            {"conditions": conditions} if podcontrol.is_terminal(pod) else {"phase": "Failed", "conditions": conditions}
        )
        patch = {"metadata": {"uid": uid}, "status": status}
        with suppress(NotFound):
            self.client.patch(self.kind, name, patch, namespace, type="strategic", subresource="status")
            self.client.delete(self.kind, name, namespace, uid=uid, grace_period_seconds=0)


def lost_node_condition(now: datetime) -> Object:
    return {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByPodGC",
        "message": "PodGC: node no longer exists",
        "lastTransitionTime": clock.format(now),
    }
