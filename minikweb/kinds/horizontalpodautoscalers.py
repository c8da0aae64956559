"""HorizontalPodAutoscaler of autoscaling/v2.

Source: pkg/apis/autoscaling/{v2/defaults.go,validation/validation.go}, pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from datetime import datetime

from minikweb.apimachinery.errors import invalid_value
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, NONE, count
from minikweb.kinds.registry import Cause, Column, Kind, Object

_UNKNOWN = "<unknown>"


def _default(autoscaler: Object) -> None:
    spec = autoscaler.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _prepare_for_create(autoscaler: Object) -> None:
    autoscaler["status"] = {"desiredReplicas": 0, "currentMetrics": None}


def _validate(autoscaler: Object, old: Object | None) -> list[Cause]:
    spec = autoscaler["spec"]
    least, most = spec["minReplicas"], spec.get("maxReplicas") or 0
    causes = []
    if least < 1:
        causes.append(invalid_value("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        causes.append(invalid_value("spec.maxReplicas", most, "must be greater than 0"))
    elif most < least:
        causes.append(invalid_value("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    target = spec.get("scaleTargetRef") or {}
    for key in ("kind", "name"):
        causes += formats.named(f"spec.scaleTargetRef.{key}", target.get(key), lambda name: [])
    return causes


def _reference(autoscaler: Object, now: datetime) -> str:
    target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    return f"{target.get('kind')}/{target.get('name')}"


def _targets(autoscaler: Object, now: datetime) -> str:
    """What is measured of what is wished: nothing measures here, so the first half is unknown."""
    cells = []
    for metric in (autoscaler.get("spec") or {}).get("metrics") or ():
        source = metric.get("resource") or metric.get("containerResource")
        if not source:
            cells.append(f"{_UNKNOWN}/{_UNKNOWN}")
            continue
        target = source.get("target") or {}
        utilization = target.get("averageUtilization")
        wanted = f"{utilization}%" if utilization is not None else target.get("averageValue") or _UNKNOWN
        cells.append(f"{source.get('name')}: {_UNKNOWN}/{wanted}")
    return ", ".join(cells) or NONE


def _least(autoscaler: Object, now: datetime) -> str:
    found = (autoscaler.get("spec") or {}).get("minReplicas")
    return "<unset>" if found is None else str(found)


HORIZONTAL_POD_AUTOSCALER = Kind(
    group="autoscaling",
    version="v2",
    kind="HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    namespaced=True,
    schema="io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    short_names=("hpa",),
    categories=("all",),
    subresources=("status",),
    columns=(
        NAME,
        Column("Reference", _reference, description="What it scales."),
        Column("Targets", _targets, description="Measured and wished values."),
        Column("MinPods", _least, description="The fewest pods."),
        count("MaxPods", "spec", "maxReplicas", "The most pods."),
        count("Replicas", "status", "currentReplicas", "How many there are."),
        AGE,
    ),
    default=_default,
    prepare_for_create=_prepare_for_create,
    prepare_for_update=strategy.keep_status,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate,
    inert="nothing measures pods here yet: a HorizontalPodAutoscaler scales nothing",
)
