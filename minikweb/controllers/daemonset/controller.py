"""The DaemonSet controller: reads, plans, acts, writes the status.

Source: kubernetes/pkg/controller/daemon/daemon_controller.go and update.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import ApiError, NotFound
from minikweb.apimachinery.labels import from_label_selector
from minikweb.apimachinery.patch import create_merge_patch
from minikweb.client.controller import Controller, key_of
from minikweb.controllers import history, podcontrol
from minikweb.controllers.daemonset import placement
from minikweb.controllers.daemonset.plan import Look, Plan, plan, status

Object = dict[str, Any]

FIRST_WAIT, LONGEST_WAIT = 1.0, 900.0  # seconds before a failed pod of a node is replaced again


class DaemonSetController(Controller):
    """Keeps one pod on each node that fits."""

    name = "daemonset"
    kind = "DaemonSet"
    owns = ("Pod", history.KIND)
    needs = ("Node",)

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        for kind in self.owns:
            cache.informer(kind).add_indexer(podcontrol.ORPHANS, podcontrol.orphans)
        self.failures: dict[tuple[str, str], tuple[float, datetime]] = {}  # (uid, node) → (wait, since when)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        yield from super().keys(kind, old, new)
        if kind in self.owns and new and not meta.controller_of(new):
            yield from podcontrol.matching_owners(self.cache, self.kind, new)
        if kind == "Node" and (old is None or new is None or what_matters(old) != what_matters(new)):
            yield from (key_of(daemon_set) for daemon_set in self.cache.list(self.kind))

    def sync(self, namespace: str, name: str) -> float | None:
        daemon_set = self.cache.get(self.kind, namespace, name)
        if daemon_set is None or meta.is_being_deleted(daemon_set):
            return None
        pods = self.claim_pods(daemon_set)
        revisions = history.claim(self.client, self.cache, daemon_set)
        current, others = history.keep(self.client, daemon_set, revisions)
        digest, now = history.hash_of(current), datetime.now(UTC)
        look = Look(daemon_set, self.cache.list("Node"), pods, digest, now)
        failure, wait = self.carry_out(look, plan(look))
        live = {pod["metadata"].get("labels", {}).get(history.HASH_LABEL) for pod in pods}
        history.forget(self.client, daemon_set, others, live)
        self.update_status(daemon_set, status(look))
        if failure:
            raise failure
        waits = [wait, podcontrol.seconds_until_available(pods, daemon_set["spec"].get("minReadySeconds", 0), now)]
        return min((each for each in waits if each is not None), default=None)

    def claim_pods(self, daemon_set: Object) -> list[Object]:
        selector = from_label_selector(daemon_set["spec"]["selector"])
        found = podcontrol.candidates(self.cache, "Pod", daemon_set)
        return podcontrol.claim(self.client, daemon_set, selector, found)

    def carry_out(self, look: Look, step: Plan) -> tuple[ApiError | None, float | None]:
        """Returns the first failure, and when a failed pod may be replaced."""
        daemon_set = look.daemon_set
        delete, wait = self.ended_to_delete(look, step.ended)
        pods = [placement.new_pod(daemon_set, node, look.digest) for node in step.create]
        _, failure = podcontrol.create_each(self.client, self.recorder, daemon_set, pods)
        other = podcontrol.delete_pods(self.client, self.recorder, daemon_set, step.delete + delete)
        return failure or other, wait

    def ended_to_delete(self, look: Look, ended: list[Object]) -> tuple[list[Object], float | None]:
        """Pods that have ended and may be replaced now, and the seconds until another one may."""
        found, waits = [], []
        for pod in ended:
            metadata, node = pod["metadata"], placement.node_of(pod)
            where = f"{metadata['namespace']}/{metadata['name']} on node {node}"
            if pod["status"]["phase"] == "Succeeded":
                words = f"Found succeeded daemon pod {where}, will try to delete it"
                self.recorder.event(look.daemon_set, "Normal", "SucceededDaemonPod", words)
            elif left := self.backoff(look, node):
                waits.append(left)
                continue
            else:
                words = f"Found failed daemon pod {where}, will try to kill it"
                self.recorder.event(look.daemon_set, "Warning", "FailedDaemonPod", words)
            found.append(pod)
        return found, min(waits, default=None)

    def backoff(self, look: Look, node: str) -> float:
        """Seconds that a node's failed pod still stays; 0, and twice as long for the next one, when they are over."""
        key = look.daemon_set["metadata"]["uid"], node
        wait, since = self.failures.get(key, (0.0, look.now))
        passed = (look.now - since).total_seconds()
        if passed < wait:
            return wait - passed
        following = FIRST_WAIT if not wait or passed > 2 * LONGEST_WAIT else min(2 * wait, LONGEST_WAIT)
        self.failures[key] = following, look.now
        return 0.0

    def update_status(self, daemon_set: Object, new_status: Object) -> None:
        """Writes what has changed, if anything has."""
        patch = create_merge_patch(daemon_set.get("status", {}), new_status)
        if not patch:
            return
        name, namespace = daemon_set["metadata"]["name"], daemon_set["metadata"]["namespace"]
        with suppress(NotFound):  # deleted meanwhile
            self.client.patch(self.kind, name, {"status": patch}, namespace, subresource="status")


def what_matters(node: Object) -> tuple:
    """What of a node decides on whether a daemon belongs there."""
    spec = node.get("spec", {})
    return node["metadata"].get("labels"), spec.get("taints"), spec.get("unschedulable")
