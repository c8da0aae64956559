"""The group policy: v1. Eviction is the body of a pod's `eviction` subresource.

Source: pkg/apis/policy/validation/validation.go, pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from minikweb.apimachinery.errors import invalid_value
from minikweb.apimachinery.labels import from_label_selector
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, count
from minikweb.kinds.labelselectors import validate_label_selector
from minikweb.kinds.registry import Cause, Column, Kind, Object

EVICTION = Kind(
    group="policy",
    version="v1",
    kind="Eviction",
    plural="evictions",
    namespaced=True,
    schema="io.k8s.api.policy.v1.Eviction",
    verbs=(),
    virtual=True,
)


def _validate(budget: Object, old: Object | None) -> list[Cause]:
    spec = budget.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        return [invalid_value("spec", spec, "minAvailable and maxUnavailable cannot be both set")]
    causes = validate_label_selector("spec.selector", spec.get("selector") or {})
    causes += formats.integer_or_percent("spec.minAvailable", least) if least is not None else []
    return causes + (formats.integer_or_percent("spec.maxUnavailable", most) if most is not None else [])


def speaks_of(budget: Object, pod: Object) -> bool:
    """Whether the budget counts the pod; one without a selector counts none."""
    selector = (budget.get("spec") or {}).get("selector")
    if selector is None or budget["metadata"]["namespace"] != pod["metadata"]["namespace"]:
        return False
    return from_label_selector(selector).matches(pod["metadata"].get("labels") or {})


def _prepare_for_create(budget: Object) -> None:
    strategy.first_generation(budget)
    budget["status"] = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}


def _prepare_for_update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    strategy.next_generation(new, old, strategy.spec_of)


def _bound(key: str) -> Callable[[Object, datetime], str]:
    def cell(budget: Object, now: datetime) -> str:
        found = (budget.get("spec") or {}).get(key)
        return "N/A" if found is None else str(found)

    return cell


POD_DISRUPTION_BUDGET = Kind(
    group="policy",
    version="v1",
    kind="PodDisruptionBudget",
    plural="poddisruptionbudgets",
    namespaced=True,
    schema="io.k8s.api.policy.v1.PodDisruptionBudget",
    short_names=("pdb",),
    subresources=("status",),
    columns=(
        NAME,
        Column("Min Available", _bound("minAvailable"), description="How many pods must stay."),
        Column("Max Unavailable", _bound("maxUnavailable"), description="How many pods may be away."),
        count("Allowed Disruptions", "status", "disruptionsAllowed", "How many evictions are allowed now."),
        AGE,
    ),
    prepare_for_create=_prepare_for_create,
    prepare_for_update=_prepare_for_update,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate,
)

KINDS = [EVICTION, POD_DISRUPTION_BUDGET]
