"""What is wrong with a LabelSelector. Source: apimachinery/pkg/apis/meta/v1/validation (ValidateLabelSelector)."""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery.errors import forbidden_value, invalid_value, required
from minikweb.apimachinery.labels import validate_key, validate_value
from minikweb.kinds import formats
from minikweb.kinds.registry import Cause

Spec = dict[str, Any]

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def validate_label_selector(path: str, selector: Spec) -> list[Cause]:
    """The causes for a metav1.LabelSelector."""
    causes = formats.label_map(f"{path}.matchLabels", selector.get("matchLabels"))
    for index, expression in enumerate(selector.get("matchExpressions") or []):
        here = f"{path}.matchExpressions[{index}]"
        operator, values = expression.get("operator") or "", expression.get("values") or []
        if operator not in _OPERATORS:
            causes.append(invalid_value(f"{here}.operator", operator, "not a valid selector operator"))
        elif operator in ("In", "NotIn") and not values:
            causes.append(required(f"{here}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
        elif operator in ("Exists", "DoesNotExist") and values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            causes.append(forbidden_value(f"{here}.values", detail))
        key = expression.get("key") or ""
        causes += [invalid_value(f"{here}.key", key, problem) for problem in validate_key(key)]
        for number, value in enumerate(values):
            causes += [invalid_value(f"{here}.values[{number}]", value, problem) for problem in validate_value(value)]
    return causes
