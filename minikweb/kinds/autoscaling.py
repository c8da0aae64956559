"""The group autoscaling: v1. So far only Scale, the body of every `scale` subresource.

Source: pkg/registry/apps/deployment/storage/storage.go (scaleFromDeployment).
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery.labels import from_label_selector
from minikweb.kinds import formats
from minikweb.kinds.columns import AGE, NAME, count
from minikweb.kinds.registry import Cause, Kind, Object


def scale_of(obj: Object) -> Object:
    """The Scale of a Deployment, ReplicaSet or StatefulSet."""
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: dict[str, Any] = {"replicas": (obj.get("status") or {}).get("replicas") or 0}
    if selector := str(from_label_selector(obj["spec"].get("selector"))):
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": obj["spec"].get("replicas", 1)},
        "status": status,
    }


def _default(scale: Object) -> None:
    scale.setdefault("spec", {}).setdefault("replicas", 0)


def _validate(scale: Object, old: Object | None) -> list[Cause]:
    return formats.nonnegative("spec.replicas", scale["spec"]["replicas"])


SCALE = Kind(
    group="autoscaling",
    version="v1",
    kind="Scale",
    plural="scales",
    namespaced=True,
    schema="io.k8s.api.autoscaling.v1.Scale",
    verbs=(),
    columns=(
        NAME,
        count("Desired", "spec", "replicas", "How many pods there should be."),
        count("Available", "status", "replicas", "How many pods there are."),
        AGE,
    ),
    default=_default,
    validate=_validate,
    virtual=True,
)

KINDS = [SCALE]
