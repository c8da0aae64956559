"""Pods that nobody looks after any more: of nodes that no longer exist, and ending before they had a node.

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


class PodGarbageCollector(Controller):
    """Ends at once, without a kubelet's word, the pods that have none."""

    name = "podgc"
    kind = "Pod"
    needs = ("Node",)
    source = "pod-garbage-collector"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == "Node" and new is None:
            yield from (key_of(pod) for pod in self.cache.by_index("Pod", "node", old["metadata"]["name"]))
        if kind == "Pod" and new and self.may_be_lost(new):
            yield key_of(new)

    def may_be_lost(self, pod: Object) -> bool:
        node = pod["spec"].get("nodeName")
        return self.cache.get("Node", None, node) is None if node else meta.is_being_deleted(pod)

    def sync(self, namespace: str, name: str) -> None:
        pod = self.cache.get(self.kind, namespace, name)
        if pod is None or not self.may_be_lost(pod):
            return
        node = pod["spec"].get("nodeName")
        if not node:
            self.end(pod, [])
        elif not self.exists(node):
            self.end(pod, [lost_node_condition(datetime.now(UTC))])

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
