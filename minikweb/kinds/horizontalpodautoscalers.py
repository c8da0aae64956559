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
    """What is measured of what is wished."""
    spec, status = autoscaler.get("spec") or {}, autoscaler.get("status") or {}
    measured = {_source(each)[0]: _source(each)[1] for each in status.get("currentMetrics") or ()}
    cells = []
    for metric in spec.get("metrics") or ():
        key, source = _source(metric)
        if not source:
            cells.append(f"{_UNKNOWN}/{_UNKNOWN}")
            continue
        found, target = (measured.get(key) or {}).get("current") or {}, source.get("target") or {}
        if target.get("averageUtilization") is not None:
            share = found.get("averageUtilization")
            cells.append(f"{source.get('name')}: {_percent(share)}/{target['averageUtilization']}%")
        else:
            used, wished = (each.get("averageValue") or _UNKNOWN for each in (found, target))
            cells.append(f"{source.get('name')}: {used}/{wished}")
    return ", ".join(cells) or NONE


def _source(metric: Object) -> tuple[tuple[str, str, str], Object]:
    """What tells a metric from others, and its source where it is of a resource."""
    source = metric.get("resource") or metric.get("containerResource") or {}
    return (metric.get("type", ""), source.get("name", ""), source.get("container", "")), source


def _percent(share: int | None) -> str:
    return _UNKNOWN if share is None else f"{share}%"


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
)
