"""The group autoscaling: Scale of v1, the body of every `scale` subresource, and the HorizontalPodAutoscaler of v2.

Source: pkg/apis/autoscaling/validation/validation.go (ValidateScale).
"""

from __future__ import annotations

from minikweb.kinds import formats
from minikweb.kinds.columns import AGE, NAME, count
from minikweb.kinds.horizontalpodautoscalers import HORIZONTAL_POD_AUTOSCALER
from minikweb.kinds.registry import Cause, Kind, Object


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

KINDS = [SCALE, HORIZONTAL_POD_AUTOSCALER]
