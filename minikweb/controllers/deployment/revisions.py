"""Which ReplicaSet is the one of the Deployment's template, which revision each one is, and which are forgotten. Pure.

Source: kubernetes/pkg/controller/deployment/util/deployment_util.go. `kubectl rollout history` reads the revisions
from the annotations made here, `kubectl rollout undo` writes an old ReplicaSet's template into the Deployment.
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.serializer import deep_copy, dump_json
from minikweb.controllers import history

Object = dict[str, Any]

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
ROLLBACK_TO = "deprecated.deployment.rollback.to"

NOT_COPIED = {LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO}
HISTORY_CHARACTERS = 2000
UNLIMITED = 2**31 - 1  # as a limit: none


def template_hash(template: Object, collisions: int | None = None) -> str:
    """The label of the pods of one template: ten characters or fewer, another one after a collision."""
    text = dump_json(_comparable(template)) + (b"" if collisions is None else b"/%d" % collisions)
    return history.short_hash(text)


def same_template(one: Object, other: Object) -> bool:
    """Whether two templates make the same pods; the hash label is not part of that."""
    return _comparable(one) == _comparable(other)


def _comparable(template: Object) -> Object:
    given = template.get("metadata") or {}
    labels = {key: value for key, value in (given.get("labels") or {}).items() if key != HASH_LABEL}
    metadata = {key: value for key, value in {**given, "labels": labels}.items() if value}
    return {"metadata": metadata, "spec": template.get("spec", {})}


def by_age(replicasets: list[Object]) -> list[Object]:
    """Oldest first; the name decides among those of the same second."""
    return sorted(replicasets, key=lambda rs: (rs["metadata"].get("creationTimestamp", ""), rs["metadata"]["name"]))


def find_new(deployment: Object, replicasets: list[Object]) -> Object | None:
    """The ReplicaSet of the Deployment's template: the oldest, should there be several."""
    wanted = deployment["spec"]["template"]
    return next((rs for rs in by_age(replicasets) if same_template(rs["spec"]["template"], wanted)), None)


def find_old(replicasets: list[Object], new: Object | None) -> list[Object]:
    """All others, oldest first."""
    return [rs for rs in by_age(replicasets) if new is None or rs["metadata"]["uid"] != new["metadata"]["uid"]]


def revision(obj: Object) -> int:
    """Its revision; 0 when it has none that is a number."""
    try:
        return int(obj["metadata"].get("annotations", {}).get(REVISION, 0))
    except ValueError:
        return 0


def next_revision(old: list[Object]) -> int:
    """The revision that the new ReplicaSet is to have."""
    return max((revision(rs) for rs in old), default=0) + 1


def annotations_of_new(deployment: Object, new: Object, number: int) -> dict[str, str]:
    """The annotations of the new ReplicaSet: the Deployment's (change-cause among them) and its place in the history.

    A ReplicaSet that is rolled back to gets a higher revision and remembers those it had.
    """
    annotations = dict(new["metadata"].get("annotations") or {})
    before, earlier = annotations.get(REVISION), revision(new)
    given = deployment["metadata"].get("annotations") or {}
    annotations.update((key, value) for key, value in given.items() if key not in NOT_COPIED)
    if earlier < number:
        annotations[REVISION] = str(number)
        if before:
            annotations[REVISION_HISTORY] = _history(annotations.get(REVISION_HISTORY, ""), before)
    return annotations


def _history(history: str, before: str) -> str:
    """The comma-separated earlier revisions with one more, the oldest dropped when it grows too long."""
    revisions = [*filter(None, history.split(",")), before]
    while len(",".join(revisions)) > HISTORY_CHARACTERS:
        revisions.pop(0)
    return ",".join(revisions)


def new_replicaset(deployment: Object, number: int) -> Object:
    """The ReplicaSet of the Deployment's template, with no replicas yet."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    digest = template_hash(spec["template"], deployment.get("status", {}).get("collisionCount"))
    template, selector = deep_copy(spec["template"]), deep_copy(spec["selector"])
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels[HASH_LABEL] = selector.setdefault("matchLabels", {})[HASH_LABEL] = digest
    replicaset = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name'][: 253 - 1 - len(digest)]}-{digest}",
            "namespace": metadata["namespace"],
            "labels": dict(labels),
            "ownerReferences": [meta.owner_reference(deployment)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    }
    if spec.get("minReadySeconds"):
        replicaset["spec"]["minReadySeconds"] = spec["minReadySeconds"]
    replicaset["metadata"]["annotations"] = annotations_of_new(deployment, replicaset, number)
    return replicaset


def to_forget(deployment: Object, old: list[Object]) -> list[Object]:
    """The old ReplicaSets beyond revisionHistoryLimit, lowest revision first; never one that has or awaits pods."""
    limit = deployment["spec"].get("revisionHistoryLimit", UNLIMITED)
    if limit == UNLIMITED:
        return []
    alive = [rs for rs in by_age(old) if not meta.is_being_deleted(rs)]
    oldest = sorted(alive, key=revision)[: max(0, len(alive) - limit)]
    return [rs for rs in oldest if _is_idle(rs)]


def _is_idle(replicaset: Object) -> bool:
    status = replicaset.get("status", {})
    is_observed = status.get("observedGeneration", 0) >= replicaset["metadata"].get("generation", 0)
    return is_observed and not status.get("replicas") and not replicaset["spec"]["replicas"]
