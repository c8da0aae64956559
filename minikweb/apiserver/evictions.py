"""Eviction: a deletion that asks the pod's disruption budget first.

Source: pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from datetime import datetime

import orjson

from minikweb.apimachinery import clock, errors, meta
from minikweb.apimachinery.errors import Forbidden, InternalError, TooManyRequests
from minikweb.apiserver import deletion, objects
from minikweb.apiserver import update as updating
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds.policy import speaks_of
from minikweb.kinds.registry import Kind, Object
from minikweb.store.query import Query

RETRY_SECONDS = 10  # while a budget's controller has not looked at it
MOST = 2000  # evictions under way at once
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


def evict(server: Server, call: Call, pods: Kind, namespace: str, name: str, options: deletion.Options) -> None:
    """Raises TooManyRequests where a budget forbids it, NotFound, Conflict."""
    pod = objects.parse(objects.read(server, pods, namespace, name))
    if not _needs_no_budget(pod):
        _ask_budget(server, call, pod)
    if not call.dry_run:
        _mark(server, call, pods, pod)
    deletion.delete(server, call, pods, namespace, name, options)


def _needs_no_budget(pod: Object) -> bool:
    """It has ended, is ending, or has not begun."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or meta.is_being_deleted(pod)


def _ask_budget(server: Server, call: Call, pod: Object) -> None:
    """Takes one disruption from the pod's budget, if it has one."""
    kind = server.registry.of("policy/v1", "PodDisruptionBudget")
    assert kind
    namespace = pod["metadata"]["namespace"]
    bodies = server.storage.list(Query(kind.storage_key, namespace)).bodies
    budgets = [each for each in map(orjson.loads, bodies) if speaks_of(each, pod)]
    if len(budgets) > 1:
        why = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        raise InternalError(why)
    if not budgets or _is_free(budgets[0], pod):
        return
    if call.dry_run:
        _taken(budgets[0], pod, call.now)
        return
    name = budgets[0]["metadata"]["name"]
    change = lambda budget: _taken(budget, pod, call.now)  # noqa: E731 - made again on what is there
    updating.update(server, call, kind, namespace, name, change, subresource="status")


def _is_free(budget: Object, pod: Object) -> bool:
    """A pod that is not ready costs nothing, as the budget's policy says."""
    ready = meta.get_condition((pod.get("status") or {}).get("conditions"), "Ready")
    if ready and ready["status"] == "True":
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    desired = status.get("desiredHealthy", 0)
    return desired > 0 and status.get("currentHealthy", 0) >= desired


def _taken(budget: Object, pod: Object, now: datetime) -> Object:
    """The budget with one disruption less. Raises TooManyRequests, Forbidden."""
    name, status = budget["metadata"]["name"], budget.setdefault("status", {})
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        why = f"The disruption budget {name} is still being processed by the server."
        raise _refused(why, RETRY_SECONDS)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise Forbidden(f'poddisruptionbudgets.policy "{name}" is forbidden: pdb disruptions allowed is negative')
    if len(status.get("disruptedPods") or {}) > MOST:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        raise Forbidden(f'poddisruptionbudgets.policy "{name}" is forbidden: {why}')
    if allowed == 0:
        desired, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        raise _refused(f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently")
    status["disruptionsAllowed"] = allowed - 1
    status["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod["metadata"]["name"]: clock.format(now)}
    if allowed == 1:
        conditions = status.setdefault("conditions", [])
        meta.set_condition(conditions, "DisruptionAllowed", "False", "InsufficientPods", "", now)
    return budget


def _refused(why: str, seconds: int = 0) -> TooManyRequests:
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    if seconds:
        details["retryAfterSeconds"] = seconds
    return TooManyRequests(REFUSED, details=details)


def _mark(server: Server, call: Call, pods: Kind, pod: Object) -> None:
    """Writes down that it does not go by itself."""
    metadata = pod["metadata"]

    def marked(live: Object) -> Object:
        if live["metadata"]["uid"] != metadata["uid"]:
            raise errors.conflict("", "pods", metadata["name"], "there is another pod of that name now")
        conditions = live.setdefault("status", {}).setdefault("conditions", [])
        message = "Eviction API: evicting"
        meta.set_condition(conditions, "DisruptionTarget", "True", "EvictionByEvictionAPI", message, call.now)
        return live

    updating.update(server, call, pods, metadata["namespace"], metadata["name"], marked, subresource="status")
