"""Objects as the API server would give them, in one line each."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from minikweb.apimachinery import clock, meta
from minikweb.controllers.deployment import revisions, rolling

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def ago(seconds: float) -> str:
    return clock.format(NOW - timedelta(seconds=seconds))


def metadata(
    name: str, *, age: float = 60, owner: dict | None = None, namespace: str | None = "default", **more
) -> dict:
    number = next(_numbers)
    found = {
        "name": name,
        "uid": f"uid-{number}",
        "resourceVersion": str(number),
        "creationTimestamp": ago(age),
        **more,
    }
    if namespace:
        found["namespace"] = namespace
    if owner:
        found["ownerReferences"] = [meta.owner_reference(owner)]
    return found


def template(image: str = "web:1", labels: dict | None = None) -> dict:
    return {
        "metadata": {"labels": labels or {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": image}], "restartPolicy": "Always"},
    }


def pod(
    name: str = "",
    *,
    node: str = "node-1",
    phase: str = "Running",
    ready: float | None = 30,
    status=None,
    spec=None,
    **more,
) -> dict:
    """A pod, ready since `ready` seconds (None = not ready)."""
    labels = more.pop("labels", {"app": "web"})
    conditions = [] if ready is None else [{"type": "Ready", "status": "True", "lastTransitionTime": ago(ready)}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(name or f"pod-{next(_numbers)}", labels=labels, **more),
        "spec": {
            "containers": [{"name": "web", "image": "web:1"}],
            **({"nodeName": node} if node else {}),
            **(spec or {}),
        },
        "status": {"phase": phase, "conditions": conditions, **(status or {})},
    }


def replicaset(
    name: str = "web-1", replicas: int = 3, *, image: str = "web:1", status=None, observed=True, **more
) -> dict:
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template(image)}
    if "min_ready_seconds" in more:
        spec["minReadySeconds"] = more.pop("min_ready_seconds")
    counts = {"observedGeneration": 1 if observed else 0, "replicas": 0, **(status or {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata(name, generation=1, labels={"app": "web"}, **more),
        "spec": spec,
        "status": counts,
    }


def deployment(
    replicas: int = 3,
    *,
    image: str = "web:1",
    surge: int | str = "25%",
    unavailable: int | str = "25%",
    spec=None,
    **more,
) -> dict:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    status = more.pop("status", {})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(more.pop("name", "web"), generation=1, **more),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(image),
            "strategy": strategy,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            **(spec or {}),
        },
        "status": status,
    }


def running(
    name: str, replicas: int, *, of: dict, available: int | None = None, pods: int | None = None, **more
) -> dict:
    """A ReplicaSet of a Deployment with `available` pods out of `pods`, sized for the Deployment as it is."""
    available = replicas if available is None else available
    annotations = {
        revisions.DESIRED_REPLICAS: str(of["spec"]["replicas"]),
        revisions.MAX_REPLICAS: str(rolling.max_replicas(of)),
        **more.pop("annotations", {}),
    }
    counts = {
        "replicas": replicas if pods is None else pods,
        "readyReplicas": available,
        "availableReplicas": available,
    }
    return replicaset(name, replicas, status=counts, owner=of, annotations=annotations, **more)


def node(
    name: str = "node-1", *, ready: str | None = "True", taints=None, labels=None, unschedulable=False, **resources
):
    conditions = [] if ready is None else [{"type": "Ready", "status": ready, "lastHeartbeatTime": ago(5)}]
    amounts = {"cpu": "4", "memory": "8Gi", "pods": "110", **resources}
    spec = {"taints": taints} if taints else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata(name, namespace=None, labels={"kubernetes.io/hostname": name, **(labels or {})}),
        "spec": {**spec, **({"unschedulable": True} if unschedulable else {})},
        "status": {"conditions": conditions, "capacity": amounts, "allocatable": amounts},
    }
