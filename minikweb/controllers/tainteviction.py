"""Who may stay on a tainted node, and how long: a pod bears a NoExecute taint for its tolerationSeconds, then it ends.

Source: kubernetes/pkg/controller/tainteviction/taint_eviction.go. The time counts from the taint's timeAdded, so that
a restart of this process neither forgets nor prolongs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import NotFound
from minikweb.client.controller import Controller, key_of
from minikweb.controllers import podcontrol
from minikweb.kinds.taints import NO_EXECUTE, taints_of, tolerates

Object = dict[str, Any]


class TaintEvictionController(Controller):
    """Ends the pods that do not tolerate the NoExecute taints of their node (any more)."""

    name = "tainteviction"
    kind = "Pod"
    needs = ("Node",)
    source = "taint-eviction-controller"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        """The pods of a node whose taints change, and the pods that come to a tainted node."""
        if kind == "Node" and new and taints_of(new, NO_EXECUTE) != (taints_of(old, NO_EXECUTE) if old else []):
            yield from (key_of(pod) for pod in self.cache.by_index("Pod", "node", new["metadata"]["name"]))
        if kind == "Pod" and new and (old is None or where_and_how(old) != where_and_how(new)) and self.taints(new):
            yield key_of(new)

    def sync(self, namespace: str, name: str) -> float | None:
        pod = self.cache.get(self.kind, namespace, name)
        if pod is None or meta.is_being_deleted(pod) or podcontrol.is_terminal(pod):
            return None
        now = datetime.now(UTC)
        due = evicted_at(pod, self.taints(pod), now)
        if due is None:
            return None
        if due > now:
            return (due - now).total_seconds()
        self.evict(pod, now)
        return None

    def taints(self, pod: Object) -> list[Object]:
        """The NoExecute taints the pod has to bear."""
        node = self.cache.get("Node", None, pod["spec"].get("nodeName", ""))
        return taints_of(node, NO_EXECUTE) if node else []

    def evict(self, pod: Object, now: datetime) -> None:
        """Says why, in the pod's conditions, and deletes it."""
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        words = f"Marking for deletion Pod {namespace}/{name}"
        self.recorder.event(pod, "Normal", "TaintManagerEviction", words)
        condition = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "DeletionByTaintManager",
            "message": "Taint manager: deleting due to NoExecute taint",
            "lastTransitionTime": clock.format(now),
        }
        patch = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": {"conditions": [condition]}}
        with suppress(NotFound):
            self.client.patch("Pod", name, patch, namespace, type="strategic", subresource="status")
            self.client.delete("Pod", name, namespace, uid=pod["metadata"]["uid"])


def where_and_how(pod: Object) -> tuple:
    """What of a pod decides over its eviction."""
    return pod["spec"].get("nodeName"), pod["spec"].get("tolerations")


def evicted_at(pod: Object, taints: list[Object], now: datetime) -> datetime | None:
    """When the pod has to go: now for a taint it does not tolerate, later for tolerationSeconds, None for never."""
    tolerations = pod["spec"].get("tolerations") or []
    due = []
    for taint in taints:
        toleration = next((toleration for toleration in tolerations if tolerates(toleration, taint)), None)
        if toleration is None:
            return now
        if toleration.get("tolerationSeconds") is not None:
            due.append(_since(pod, taint, now) + timedelta(seconds=max(0, toleration["tolerationSeconds"])))
    return min(due, default=None)


def _since(pod: Object, taint: Object, now: datetime) -> datetime:
    """Since when the pod bears the taint."""
    began = [pod.get("status", {}).get("startTime"), taint.get("timeAdded")]
    return max((clock.parse(stamp) for stamp in began if stamp), default=now)
