"""ResourceQuota and LimitRange: how much a namespace, a pod and a container may ask for.

Source: pkg/apis/core/validation/validation.go, pkg/apis/core/v1/defaults.go, pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.apimachinery.errors import duplicate, forbidden_value, invalid_value, required
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, UNKNOWN
from minikweb.kinds.registry import Cause, Column, Kind, Object

PAIRS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))  # scopes that exclude each other
PLAIN_SCOPES = (*PAIRS[0], *PAIRS[1], "CrossNamespacePodAffinity")  # without values
SCOPES = (*PLAIN_SCOPES, "PriorityClass")
SELECTOR = "spec.scopeSelector.matchExpressions"


def _amounts(path: str, found: dict[str, Any] | None) -> list[Cause]:
    return [fault for key, value in (found or {}).items() for fault in formats.resource_amount(f"{path}[{key}]", value)]


# --- ResourceQuota -----------------------------------------------------------------------------------


def _validate_quota(quota: Object, old: Object | None) -> list[Cause]:
    spec = quota.get("spec") or {}
    causes = _amounts("spec.hard", spec.get("hard")) + _validate_scopes(spec)
    if old and spec.get("scopes") != (old.get("spec") or {}).get("scopes"):
        causes.append(invalid_value("spec.scopes", spec.get("scopes"), "field is immutable"))
    return causes


def _validate_scopes(spec: Object) -> list[Cause]:
    """One that means nothing would make nothing of the quota, silently."""
    scopes = spec.get("scopes") or []
    causes = [invalid_value("spec.scopes", scopes, "unsupported scope") for each in scopes if each not in SCOPES]
    requirements = (spec.get("scopeSelector") or {}).get("matchExpressions") or ()
    causes += [fault for each in requirements for fault in _validate_requirement(each)]
    for field, names in (("spec.scopes", scopes), (SELECTOR, [each.get("scopeName") for each in requirements])):
        if any(one in names and other in names for one, other in PAIRS):
            causes.append(invalid_value(field, names, "conflicting scopes"))
    return causes


def _validate_requirement(requirement: Object) -> list[Cause]:
    name, operator, values = (requirement.get(key) or "" for key in ("scopeName", "operator", "values"))
    causes = [] if name in SCOPES else [invalid_value(f"{SELECTOR}.scopeName", name, "unsupported scope")]
    if name in PLAIN_SCOPES and operator != "Exists":
        causes.append(invalid_value(f"{SELECTOR}.operator", operator, f"must be Exists for the scope {name}"))
    if operator in ("In", "NotIn"):
        missing = f"must be at least one value when `operator` is {operator}"
        causes += [] if values else [required(f"{SELECTOR}.values", missing)]
    elif operator in ("Exists", "DoesNotExist"):
        many = f"must be no value when `operator` is {operator}"
        causes += [invalid_value(f"{SELECTOR}.values", values, many)] if values else []
    else:
        causes.append(invalid_value(f"{SELECTOR}.operator", operator, "not a valid selector operator"))
    return causes


def _prepare_quota(quota: Object) -> None:
    quota.pop("status", None)


def _used(of_limits: bool) -> Callable[[Object, datetime], str]:
    """The used and allowed amounts, of limits or of everything else: `cpu: 1/2, pods: 3/10`."""

    def cell(quota: Object, now: datetime) -> str:
        hard = (quota.get("spec") or {}).get("hard") or {}
        used = (quota.get("status") or {}).get("used") or {}
        names = [name for name in sorted(hard) if name.startswith("limits") is of_limits]
        return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in names)

    return cell


RESOURCE_QUOTA = Kind(
    group="",
    version="v1",
    kind="ResourceQuota",
    plural="resourcequotas",
    namespaced=True,
    schema="io.k8s.api.core.v1.ResourceQuota",
    short_names=("quota",),
    subresources=("status",),
    columns=(
        NAME,
        Column("Request", _used(False), description="What is requested, of what may be."),
        Column("Limit", _used(True), description="What limits allow, of what may be."),
        AGE,
    ),
    prepare_for_create=_prepare_quota,
    prepare_for_update=strategy.keep_status,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate_quota,
)


# --- LimitRange --------------------------------------------------------------------------------------


def _default_range(limit_range: Object) -> None:
    """A container that says nothing gets the most it may; one that names a limit requests as much."""
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        if item.get("type") != "Container":
            continue
        default = {**(item.get("max") or {}), **(item.get("default") or {})}
        requests = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
        if default:
            item["default"] = default
        if requests:
            item["defaultRequest"] = requests


def _validate_range(limit_range: Object, old: Object | None) -> list[Cause]:
    causes, seen = [], set()
    for index, item in enumerate((limit_range.get("spec") or {}).get("limits") or ()):
        path = f"spec.limits[{index}]"
        kind = item.get("type", "")
        if kind in seen:
            causes.append(duplicate(f"{path}.type", kind))
        seen.add(kind)
        for key in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
            causes += _amounts(f"{path}.{key}", item.get(key))
        if kind == "Pod":
            for key in ("default", "defaultRequest"):
                if item.get(key):
                    causes.append(forbidden_value(f"{path}.{key}", "may not be specified when `type` is 'Pod'"))
        causes += [] if causes else _validate_order(path, item)
    return causes


def _validate_order(path: str, item: Object) -> list[Cause]:
    """min ≤ defaultRequest ≤ default ≤ max."""
    causes = []
    order = [(key, item.get(key) or {}) for key in ("min", "defaultRequest", "default", "max")]
    for place, (low, lows) in enumerate(order):
        for high, highs in order[place + 1 :]:
            for resource in lows.keys() & highs.keys():
                if quantity.parse(lows[resource]) > quantity.parse(highs[resource]):
                    detail = f"{low} value {lows[resource]} is greater than {high} value {highs[resource]}"
                    causes.append(invalid_value(f"{path}.{low}[{resource}]", lows[resource], detail))
    return causes


def _created_at(obj: Object, now: datetime) -> str:
    return obj["metadata"].get("creationTimestamp") or UNKNOWN


LIMIT_RANGE = Kind(
    group="",
    version="v1",
    kind="LimitRange",
    plural="limitranges",
    namespaced=True,
    schema="io.k8s.api.core.v1.LimitRange",
    short_names=("limits",),
    columns=(NAME, Column("Created At", _created_at, description="When it was created.")),
    default=_default_range,
    validate=_validate_range,
)
