"""What a ReplicaSet is: as many pods of one template as asked for, whatever ends one of them.

Source: kubernetes/pkg/controller/replicaset/replica_set.go and replica_set_utils.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import ApiError, NotFound
from minikweb.apimachinery.labels import from_label_selector, from_labels
from minikweb.apimachinery.patch import create_merge_patch
from minikweb.client.controller import Controller
from minikweb.controllers import podcontrol

Object = dict[str, Any]

BURST_REPLICAS = 500  # pods made or ended by one sync


class ReplicaSetController(Controller):
    """Keeps as many pods as the ReplicaSet asks for."""

    name = "replicaset"
    kind = "ReplicaSet"
    owns = ("Pod",)

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        cache.informer("Pod").add_indexer(podcontrol.ORPHANS, podcontrol.orphans)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        """Leaves out changes that no ReplicaSet looks at: its own status, where a pod runs, its containers' details."""
        look = what_matters if kind == "Pod" else what_is_asked
        if old and new and look(old) == look(new):
            return
        yield from super().keys(kind, old, new)
        if kind == "Pod" and new and not meta.controller_of(new):
            yield from podcontrol.matching_owners(self.cache, self.kind, new)

    def sync(self, namespace: str, name: str) -> float | None:
        replicaset = self.cache.get(self.kind, namespace, name)
        if replicaset is None:
            return None
        pods = self.claim_pods(replicaset)
        active = [pod for pod in pods if podcontrol.is_active(pod)]
        failure = None if meta.is_being_deleted(replicaset) else self.manage_replicas(replicaset, active)
        now = datetime.now(UTC)
        self.update_status(replicaset, calculate_status(replicaset, pods, failure, now))
        if failure:
            raise failure
        return podcontrol.seconds_until_available(active, min_ready_seconds(replicaset), now)

    def claim_pods(self, replicaset: Object) -> list[Object]:
        """Its pods: those that name it as their controller and those without one that its selector matches."""
        selector = from_label_selector(replicaset["spec"]["selector"])
        pods = [pod for pod in podcontrol.candidates(self.cache, "Pod", replicaset) if not podcontrol.is_terminal(pod)]
        return podcontrol.claim(self.client, replicaset, selector, pods)

    def manage_replicas(self, replicaset: Object, active: list[Object]) -> ApiError | None:
        """Makes the pods that lack or ends those too many; returns the first failure."""
        missing = replicaset["spec"]["replicas"] - len(active)
        if missing > 0:
            template, count = replicaset["spec"]["template"], min(missing, BURST_REPLICAS)
            return podcontrol.create_pods(self.client, self.recorder, replicaset, template, count)
        if missing < 0:
            pods = pods_to_delete(replicaset, active, self.related_pods(replicaset), datetime.now(UTC))
            return podcontrol.delete_pods(self.client, self.recorder, replicaset, pods)
        return None

    def related_pods(self, replicaset: Object) -> list[Object]:
        """The pods of all ReplicaSets of the same owner."""
        owner = meta.controller_of(replicaset)
        family = self.cache.owned(self.kind, owner["uid"]) if owner else [replicaset]
        return [pod for member in family for pod in self.cache.owned("Pod", member["metadata"]["uid"])]

    def update_status(self, replicaset: Object, status: Object) -> None:
        """Writes what has changed, if anything has."""
        patch = create_merge_patch(replicaset.get("status", {}), status)
        if not patch:
            return
        name, namespace = replicaset["metadata"]["name"], replicaset["metadata"]["namespace"]
        with suppress(NotFound):  # deleted meanwhile
            self.client.patch(self.kind, name, {"status": patch}, namespace, subresource="status")


def what_matters(pod: Object) -> tuple:
    """What of a pod a ReplicaSet's plan and status are made from."""
    metadata = pod["metadata"]
    return (
        pod.get("status", {}).get("phase") in ("Succeeded", "Failed"),
        podcontrol.ready_since(pod),
        metadata.get("deletionTimestamp"),
        metadata.get("labels"),
        metadata.get("ownerReferences"),
    )


def what_is_asked(replicaset: Object) -> tuple:
    """What of a ReplicaSet is its user's word, not this controller's."""
    metadata = replicaset["metadata"]
    return metadata["uid"], metadata.get("generation"), metadata.get("deletionTimestamp")


def min_ready_seconds(replicaset: Object) -> int:
    return replicaset["spec"].get("minReadySeconds", 0)


def pods_to_delete(replicaset: Object, active: list[Object], related: list[Object], now: datetime) -> list[Object]:
    """Which of the active pods to end, so that as many remain as asked for."""
    excess = min(len(active) - replicaset["spec"]["replicas"], BURST_REPLICAS)
    if excess >= len(active):
        return active
    return podcontrol.rank_for_deletion(active, related, min_ready_seconds(replicaset), now)[:excess]


def calculate_status(replicaset: Object, pods: list[Object], failure: ApiError | None, now: datetime) -> Object:
    """The status that its pods (active and terminating) and the last attempt to manage them add up to."""
    active = [pod for pod in pods if podcontrol.is_active(pod)]
    wait, template = min_ready_seconds(replicaset), from_labels(replicaset["spec"]["template"]["metadata"]["labels"])
    counts = {
        "fullyLabeledReplicas": sum(template.matches(pod["metadata"].get("labels")) for pod in active),
        "readyReplicas": sum(podcontrol.ready_since(pod) is not None for pod in active),
        "availableReplicas": sum(podcontrol.is_available(pod, wait, now) for pod in active),
    }
    status = {
        "replicas": len(active),
        **{name: count for name, count in counts.items() if count},
        "terminatingReplicas": sum(podcontrol.is_terminating(pod) for pod in pods),
        "observedGeneration": replicaset["metadata"].get("generation", 0),
    }
    conditions = failure_conditions(replicaset, len(active), failure, now)
    return {**status, "conditions": conditions} if conditions else status


def failure_conditions(replicaset: Object, active: int, failure: ApiError | None, now: datetime) -> list[Object]:
    """Its conditions, with ReplicaFailure there exactly while pods can be neither made nor ended."""
    conditions = replicaset.get("status", {}).get("conditions", [])
    failing = any(condition["type"] == "ReplicaFailure" for condition in conditions)
    if failure is None:
        return [condition for condition in conditions if condition["type"] != "ReplicaFailure"]
    if failing:
        return conditions
    return [
        *conditions,
        {
            "type": "ReplicaFailure",
            "status": "True",
            "reason": "FailedCreate" if active < replicaset["spec"]["replicas"] else "FailedDelete",
            "message": failure.message,
            "lastTransitionTime": clock.format(now),
        },
    ]
