"""Rollouts as `kubectl rollout` sees them: history, diff, undo, restart, pause, new images. Pure.

Source: k8s.io/kubectl/pkg/polymorphichelpers/{history,rollback,objectrestarter,objectpauser}.go. A Deployment's
revision is a ReplicaSet, that of a StatefulSet or DaemonSet a ControllerRevision; undoing is writing its template
back, which the controller answers with a new revision number.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from minikweb.apimachinery import clock

Object = dict[str, Any]

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
CHANGE_CAUSE = "kubernetes.io/change-cause"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
CONTROLLER_REVISION_HASH = "controller-revision-hash"
POD_TEMPLATE_HASH = "pod-template-hash"
# Annotations that stay the Deployment's own when a ReplicaSet's come back.
OWN_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)


@dataclass(frozen=True)
class Revision:
    """One line of the history. `earlier`: the numbers this template had before it was rolled back to."""

    number: int
    name: str  # the ReplicaSet's or ControllerRevision's
    created: str
    images: tuple[str, ...]
    cause: str
    current: bool
    replicas: int
    earlier: tuple[int, ...] = ()
    template: Object = field(default_factory=dict, compare=False)
    annotations: Object = field(default_factory=dict, compare=False)


def history(deployment: Object, replica_sets: Iterable[Object]) -> list[Revision]:
    """The revisions of a Deployment, newest first, from the ReplicaSets it owns."""
    wanted = deployment["spec"].get("template", {})
    found = [_revision(rs, wanted) for rs in replica_sets]
    return sorted((revision for revision in found if revision.number), key=lambda r: -r.number)


def _revision(rs: Object, wanted: Object) -> Revision:
    meta = rs["metadata"]
    annotations = meta.get("annotations", {})
    template = without_hash(rs["spec"].get("template", {}))
    earlier = annotations.get(REVISION_HISTORY, "")
    return Revision(
        number=_number(annotations.get(REVISION, "")),
        name=meta["name"],
        created=meta.get("creationTimestamp", ""),
        images=images(template),
        cause=annotations.get(CHANGE_CAUSE, ""),
        current=template == without_hash(wanted),
        replicas=rs.get("status", {}).get("replicas", 0),
        earlier=tuple(_number(part) for part in earlier.split(",") if _number(part)),
        template=template,
        annotations=annotations,
    )


def past(owner: Object, controller_revisions: Iterable[Object], pods: Iterable[Object]) -> list[Revision]:
    """The revisions of a StatefulSet or DaemonSet, newest first; `pods` are its own."""
    counts = Counter(pod["metadata"].get("labels", {}).get(CONTROLLER_REVISION_HASH, "") for pod in pods)
    wanted = without_hash(owner["spec"].get("template", {}))
    found = [_controller_revision(each, wanted, counts) for each in controller_revisions]
    return sorted(found, key=lambda revision: -revision.number)


def _controller_revision(revision: Object, wanted: Object, counts: Mapping[str, int]) -> Revision:
    meta = revision["metadata"]
    template = without_hash(revision.get("data", {}).get("spec", {}).get("template", {}))
    template.pop("$patch", None)
    # A StatefulSet's pods are labelled with the revision's name, a DaemonSet's with its hash.
    hashes = {meta["name"], meta.get("labels", {}).get(CONTROLLER_REVISION_HASH, meta["name"])}
    annotations = meta.get("annotations") or {}
    return Revision(
        number=revision.get("revision", 0),
        name=meta["name"],
        created=meta.get("creationTimestamp", ""),
        images=images(template),
        cause=annotations.get(CHANGE_CAUSE, ""),
        current=template == wanted,
        replicas=sum(counts.get(hash, 0) for hash in hashes),
        template=template,
        annotations=annotations,
    )


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def without_hash(template: Object) -> Object:
    """A pod template as the user wrote it: without the hash that tells ReplicaSets apart."""
    clean = deepcopy(template)
    metadata = clean.get("metadata", {})
    metadata.pop("creationTimestamp", None)
    metadata.get("labels", {}).pop(POD_TEMPLATE_HASH, None)
    return clean


def images(template: Object) -> tuple[str, ...]:
    """The images of a pod template, in the order of its containers."""
    return tuple(container.get("image", "") for container in template.get("spec", {}).get("containers", ()))


def image_changes(old: Object, new: Object) -> list[tuple[str, str, str]]:
    """(container, old image, new image) where they differ; "" for a container that one side has not."""
    before = {c["name"]: c.get("image", "") for c in old.get("spec", {}).get("containers", ())}
    after = {c["name"]: c.get("image", "") for c in new.get("spec", {}).get("containers", ())}
    names = list(before) + [name for name in after if name not in before]
    pairs = [(name, before.get(name, ""), after.get(name, "")) for name in names]
    return [(name, was, will) for name, was, will in pairs if was != will]


def undo(deployment: Object, revision: Revision) -> list[Object]:
    """The JSON patch of `kubectl rollout undo --to-revision`."""
    kept = deployment["metadata"].get("annotations", {})
    annotations = {key: kept[key] for key in OWN_ANNOTATIONS if key in kept}
    annotations |= {key: value for key, value in revision.annotations.items() if key not in OWN_ANNOTATIONS}
    return [
        {"op": "replace", "path": "/spec/template", "value": revision.template},
        {"op": "replace" if "annotations" in deployment["metadata"] else "add",
         "path": "/metadata/annotations", "value": annotations},
    ]  # fmt: skip


def put_back(revision: Revision) -> Object:
    """The strategic merge patch of `kubectl rollout undo` on a StatefulSet or DaemonSet: the revision's data."""
    return {"spec": {"template": {**revision.template, "$patch": "replace"}}}


def restart(now: datetime) -> Object:
    """The merge patch of `kubectl rollout restart`."""
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: clock.format(now)}}}}}


def pause(paused: bool) -> Object:
    """The merge patch of `kubectl rollout pause` and `resume`."""
    return {"spec": {"paused": True if paused else None}}


def set_images(chosen: dict[str, str], cause: str = "") -> Object:
    """The strategic merge patch of `kubectl set image` (container → image), with the reason noted if there is one."""
    containers = [{"name": name, "image": image} for name, image in chosen.items()]
    patch: Object = {"spec": {"template": {"spec": {"containers": containers}}}}
    return patch | ({"metadata": {"annotations": {CHANGE_CAUSE: cause}}} if cause else {})


@dataclass(frozen=True)
class Pace:
    """What a rolling update will do: at most `most` pods at once, at least `least` of them available."""

    strategy: str
    pods: int
    most: int
    least: int


def pace(workload: Object) -> Pace:
    """The pace of the next rollout."""
    return _PACES.get(workload["kind"], _pace_of_deployment)(workload)


def _pace_of_stateful_set(stateful_set: Object) -> Pace:
    """From the last ordinal to the first (or the partition), one by one unless maxUnavailable says more."""
    spec, update = stateful_set["spec"], stateful_set["spec"].get("updateStrategy", {})
    rolling, pods = update.get("rollingUpdate") or {}, spec.get("replicas", 1)
    replaced = max(pods - (rolling.get("partition") or 0), 0)
    at_once = max(_share(rolling.get("maxUnavailable") or 1, pods, math.ceil), 1)
    return Pace(update.get("type", "RollingUpdate"), replaced, pods, max(pods - at_once, 0))


def _pace_of_daemon_set(daemon_set: Object) -> Pace:
    """Node by node; maxSurge and maxUnavailable round up."""
    update = daemon_set["spec"].get("updateStrategy", {})
    rolling, pods = update.get("rollingUpdate") or {}, daemon_set.get("status", {}).get("desiredNumberScheduled", 0)
    surge = _share(rolling.get("maxSurge", 0), pods, math.ceil)
    unavailable = _share(rolling.get("maxUnavailable", 1), pods, math.ceil)
    return Pace(update.get("type", "RollingUpdate"), pods, pods + surge, max(pods - unavailable, 0))


def _pace_of_deployment(deployment: Object) -> Pace:
    """Surge rounds up, unavailability down; never both 0."""
    spec = deployment["spec"]
    pods = spec.get("replicas", 1)
    strategy = spec.get("strategy", {})
    if strategy.get("type") == "Recreate":
        return Pace("Recreate", pods, pods, 0)
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), pods, math.ceil)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), pods, math.floor)
    if surge == unavailable == 0:
        unavailable = 1
    return Pace("RollingUpdate", pods, pods + surge, max(pods - unavailable, 0))


_PACES = {"StatefulSet": _pace_of_stateful_set, "DaemonSet": _pace_of_daemon_set}


def _share(value: int | str, total: int, rounding: Any) -> int:
    if isinstance(value, str) and value.endswith("%"):
        return int(rounding(int(value[:-1]) * total / 100))
    return int(value)
