"""Objects as the API shows them, with what the tests need to say about them."""

from __future__ import annotations

import uuid
from typing import Any

from minikweb.dashboard.tree import Entry, Tree, entry
from minikweb.kinds.registry import builtin

Object = dict[str, Any]
REGISTRY = builtin()
CREATED = "2026-11-23T11:00:00Z"


def made(kind: str, name: str, namespace: str = "demo", owner: Object | None = None, **parts: Any) -> Object:
    """An object whose uid follows from its kind and name."""
    declared = REGISTRY.named(kind)
    uid = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}/{namespace}/{name}"))
    metadata: Object = {"name": name, "uid": uid, "creationTimestamp": CREATED, "resourceVersion": "1"}
    if kind not in ("Namespace", "Node"):
        metadata["namespace"] = namespace
    if owner:
        metadata["ownerReferences"] = [reference(owner)]
    metadata |= parts.pop("metadata", {})
    return {
        "apiVersion": declared.api_version if declared else "v1",
        "kind": kind,
        "metadata": metadata,
        "spec": {},
        "status": {},
    } | parts


def reference(owner: Object) -> Object:
    meta = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
    }


def deployment(name: str = "web", replicas: int = 3, image: str = "demo:1", **parts: Any) -> Object:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "web", "image": image}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return made("Deployment", name, spec=spec, **parts)


def replica_set(
    owner: Object, revision: int, replicas: int = 3, image: str = "demo:1", cause: str = "", history: str = ""
) -> Object:
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    annotations |= {"kubernetes.io/change-cause": cause} if cause else {}
    annotations |= {"deployment.kubernetes.io/revision-history": history} if history else {}
    name = owner["metadata"]["name"]
    labels = {"app": name, "pod-template-hash": f"hash{revision}"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}}
    return made(
        "ReplicaSet",
        f"{name}-hash{revision}",
        owner=owner,
        metadata={"annotations": annotations},
        spec={"replicas": replicas, "template": template},
        status={"replicas": replicas, "readyReplicas": replicas},
    )


def pod(name: str, owner: Object | None = None, *, node: str = "node-1", **parts: Any) -> Object:
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {"name": "web", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": CREATED}}}
        ],
    }
    spec = {"nodeName": node, "containers": [{"name": "web", "image": "demo:1"}]}
    return made("Pod", name, owner=owner, **({"spec": spec, "status": status} | parts))


def crashing(name: str, owner: Object | None = None) -> Object:
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
    container = {"name": "web", "ready": False, "restartCount": 4, "state": {"waiting": waiting}}
    return pod(name, owner, status={"phase": "Running", "containerStatuses": [container]})


def entry_of(obj: Object) -> Entry:
    declared = REGISTRY.named(obj["kind"])
    assert declared
    return entry(obj, declared.health)


def tree_of(*objects: Object) -> Tree:
    return Tree(entry_of(obj) for obj in objects)


def rollout_objects(pods: int = 3) -> list[Object]:
    """The namespace demo with one Deployment, its current ReplicaSet, an old one, and its pods."""
    web = deployment(replicas=pods)
    current, old = replica_set(web, 2, pods), replica_set(web, 1, 0)
    return [made("Namespace", "demo"), web, current, old] + [pod(f"web-{i}", current) for i in range(pods)]
