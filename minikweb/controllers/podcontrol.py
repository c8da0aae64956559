"""What controllers of pods share: which pods are theirs, which count, how they are made, which end first.

Source: kubernetes/pkg/controller/controller_utils.go and controller_ref_manager.go.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import ApiError, NotFound
from minikweb.apimachinery.labels import Selector, from_label_selector
from minikweb.apimachinery.serializer import deep_copy
from minikweb.client.client import Client
from minikweb.client.events import Recorder
from minikweb.client.informer import Cache

Object = dict[str, Any]

PARALLEL_WRITES = 4  # more only queues in the API server, which has one writer
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
ORPHANS = "orphans"  # the index of what has no controller, by namespace


# --- The state of a pod ------------------------------------------------------------------------------
def is_terminal(pod: Object) -> bool:
    """Whether its containers have ended for good."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def is_active(pod: Object) -> bool:
    """Whether it counts as a replica: neither ended nor asked to end."""
    return not is_terminal(pod) and "deletionTimestamp" not in pod["metadata"]


def is_terminating(pod: Object) -> bool:
    """Whether it was asked to end and has not."""
    return not is_terminal(pod) and "deletionTimestamp" in pod["metadata"]


def ready_since(pod: Object) -> str | None:
    """Since when its condition Ready is True, as the API writes it; None when it is not."""
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "Ready":
            return condition.get("lastTransitionTime", "") if condition["status"] == "True" else None
    return None


def is_available(pod: Object, min_ready_seconds: int, now: datetime) -> bool:
    """Whether it has been ready for at least `min_ready_seconds`."""
    since = ready_since(pod)
    if since is None or not min_ready_seconds:
        return since is not None
    return bool(since) and clock.parse(since) + timedelta(seconds=min_ready_seconds) <= now


def seconds_until_available(pods: Iterable[Object], min_ready_seconds: int, now: datetime) -> float | None:
    """When the next ready pod becomes available; None if none waits for that."""
    ready = [since for pod in pods if (since := ready_since(pod))] if min_ready_seconds else []
    waits = [(clock.parse(since) - now).total_seconds() + min_ready_seconds for since in ready]
    return min((wait for wait in waits if wait > 0), default=None)


# --- Which pods end first -----------------------------------------------------------------------------
def rank_for_deletion(
    pods: list[Object], related: Iterable[Object], min_ready_seconds: int, now: datetime
) -> list[Object]:
    """The pods, those to be deleted first in front; `related` are all pods of the same owner's family.

    In this order: unscheduled, pending, not ready, not yet available, of lower deletion cost, with more siblings on
    its node, ready for less long, restarted more, younger. Times are compared by powers of two, so that the choice
    among pods of about the same age is spread. Upstream leaves out availability; with it a rollout keeps its promise
    with minReadySeconds too.
    """
    siblings: dict[str, int] = {}
    for pod in related:
        if is_active(pod):
            node = pod["spec"].get("nodeName", "")
            siblings[node] = siblings.get(node, 0) + 1

    def order(pod: Object) -> tuple:
        since, node = ready_since(pod), pod["spec"].get("nodeName", "")
        return (
            bool(node),
            {"Running": 2, "Unknown": 1}.get(pod.get("status", {}).get("phase", ""), 0),
            since is not None,
            is_available(pod, min_ready_seconds, now),
            _deletion_cost(pod),
            -siblings.get(node, 0),
            _age_rank(since, now),
            -_restarts(pod),
            _age_rank(pod["metadata"].get("creationTimestamp"), now),
            pod["metadata"]["uid"],
        )

    return sorted(pods, key=order)


def _deletion_cost(pod: Object) -> int:
    try:
        return int(pod["metadata"].get("annotations", {}).get(DELETION_COST, 0))
    except ValueError:
        return 0


def _age_rank(since: str | None, now: datetime) -> int:
    """The power of two of an age in seconds; -1 when there is no age."""
    seconds = (now - clock.parse(since)).total_seconds() if since else 0
    return int(math.log2(seconds)) + 1 if seconds >= 1 else -1


def _restarts(pod: Object) -> int:
    statuses = pod.get("status", {}).get("containerStatuses", ())
    return max((status.get("restartCount", 0) for status in statuses), default=0)


# --- Which objects are mine ----------------------------------------------------------------------------
def orphans(obj: Object) -> list[str]:
    """The index function of ORPHANS."""
    return [] if meta.controller_of(obj) else [obj["metadata"].get("namespace", "")]


def candidates(cache: Cache, kind: str, owner: Object) -> list[Object]:
    """What the owner may claim: what names it as an owner, and what has no controller in its namespace."""
    informer = cache.informer(kind)
    found = informer.by_index("owner", owner["metadata"]["uid"])
    return found + informer.by_index(ORPHANS, owner["metadata"]["namespace"])


def claim(client: Client, owner: Object, selector: Selector, objects: Iterable[Object]) -> list[Object]:
    """The objects that are the owner's, after adopting orphans the selector matches and releasing what it does not.

    Raises the ApiError of an adoption or release that failed for another reason than the object being gone.
    """
    uid, leaving = owner["metadata"]["uid"], "deletionTimestamp" in owner["metadata"]
    claimed, fresh = [], None
    for obj in objects:
        controller, matches = meta.controller_of(obj), selector.matches(obj["metadata"].get("labels"))
        if controller:
            if controller["uid"] == uid and matches:
                claimed.append(obj)
            elif controller["uid"] == uid and not leaving:
                _set_owners(client, obj, [o for o in obj["metadata"]["ownerReferences"] if o["uid"] != uid])
        elif matches and not leaving and "deletionTimestamp" not in obj["metadata"]:
            fresh = fresh or client.get(owner["kind"], owner["metadata"]["name"], owner["metadata"]["namespace"])
            if fresh["metadata"]["uid"] != uid or "deletionTimestamp" in fresh["metadata"]:
                continue  # the cache lags: the owner is gone, it must not gain children
            reference = meta.owner_reference(owner)
            if _set_owners(client, obj, [*obj["metadata"].get("ownerReferences", ()), reference]):
                claimed.append(obj)
    return claimed


def _set_owners(client: Client, obj: Object, owners: list[Object]) -> bool:
    """Writes the owner references unless the object has changed (Conflict) or is gone (False)."""
    identity = {key: obj["metadata"][key] for key in ("uid", "resourceVersion")}
    patch = {"metadata": {**identity, "ownerReferences": owners or None}}
    try:
        client.patch(obj["kind"], obj["metadata"]["name"], patch, obj["metadata"]["namespace"])
    except NotFound:
        return False
    return True


def matching_owners(cache: Cache, kind: str, obj: Object) -> Iterator[str]:
    """The keys of the owners of `kind` whose selector matches an orphan."""
    namespace = obj["metadata"].get("namespace", "")
    for owner in cache.list(kind, namespace):
        if from_label_selector(owner["spec"].get("selector")).matches(obj["metadata"].get("labels")):
            yield f"{namespace}/{owner['metadata']['name']}"


# --- Making and ending pods -----------------------------------------------------------------------------
def pod_from_template(template: Object, owner: Object) -> Object:
    """A pod as its owner's template wants it; the server completes its name."""
    given = template.get("metadata", {})
    kept = {key: deep_copy(given[key]) for key in ("labels", "annotations", "finalizers") if given.get(key)}
    metadata = {
        "generateName": f"{owner['metadata']['name']}-",
        "namespace": owner["metadata"]["namespace"],
        **kept,
        "ownerReferences": [meta.owner_reference(owner)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": deep_copy(template["spec"])}


def create_pods(client: Client, recorder: Recorder, owner: Object, template: Object, count: int) -> ApiError | None:
    """Makes pods of one template; returns the first failure, after which no more are tried."""
    return create_each(client, recorder, owner, [pod_from_template(template, owner)] * count)[1]


def create_each(
    client: Client, recorder: Recorder, owner: Object, pods: list[Object]
) -> tuple[list[Object], ApiError | None]:
    """Makes these pods, slowly at first; returns those made and the first failure, after which no more are tried."""
    done: list[Object] = []

    def create(pod: Object) -> ApiError | None:
        try:
            made = client.create(pod)
        except ApiError as error:
            if is_namespace_terminating(error):
                return None  # nothing can be created there any more, and that is as it should be
            recorder.event(owner, "Warning", "FailedCreate", f"Error creating: {error.message}")
            return error
        done.append(made)
        recorder.event(owner, "Normal", "SuccessfulCreate", f"Created pod: {made['metadata']['name']}")
        return None

    return done, slow_start_batch(create, pods, first=1)


def delete_pods(client: Client, recorder: Recorder, owner: Object, pods: list[Object]) -> ApiError | None:
    """Asks pods to end; returns the first failure."""

    def delete(pod: Object) -> ApiError | None:
        name = pod["metadata"]["name"]
        try:
            client.delete("Pod", name, pod["metadata"]["namespace"], uid=pod["metadata"]["uid"])
        except NotFound:
            return None
        except ApiError as error:
            recorder.event(owner, "Warning", "FailedDelete", f"Error deleting: {error.message}")
            return error
        recorder.event(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {name}")
        return None

    return slow_start_batch(delete, pods, first=len(pods))


def slow_start_batch(call: Callable[[Any], ApiError | None], items: Iterable[Any], first: int) -> ApiError | None:
    """Calls for each item, in batches that double from `first`, and stops after the batch with a failure.

    So a thousand pods that a quota refuses cost one refused request, not a thousand.
    """
    waiting, size = list(items), max(first, 1)
    with ThreadPoolExecutor(PARALLEL_WRITES, thread_name_prefix="batch") as pool:
        while waiting:
            batch, waiting = waiting[:size], waiting[size:]
            results = pool.map(call, batch) if len(batch) > 1 else map(call, batch)
            failures = [failure for failure in results if failure]
            if failures:
                return failures[0]
            size *= 2
    return None


def is_namespace_terminating(error: ApiError) -> bool:
    """Whether a create was refused since its namespace is being deleted."""
    return any(cause.get("reason") == "NamespaceTerminating" for cause in error.details.get("causes", ()))
