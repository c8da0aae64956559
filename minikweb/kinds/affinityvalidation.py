"""What is wrong with a pod's affinity, to nodes and to other pods: the scheduler takes what is stored for well-formed.

Source: pkg/apis/core/validation/validation.go (validateAffinity).
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery.errors import forbidden_value, invalid_value, required
from minikweb.kinds import formats
from minikweb.kinds.labelselectors import validate_label_selector
from minikweb.kinds.registry import Cause

Spec = dict[str, Any]

REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")


def validate_affinity(path: str, affinity: Spec) -> list[Cause]:
    """The causes for spec.affinity."""
    causes = _node_affinity(f"{path}.nodeAffinity", affinity.get("nodeAffinity") or {})
    for key in ("podAffinity", "podAntiAffinity"):
        causes += _pod_affinity(f"{path}.{key}", affinity.get(key) or {})
    return causes


def _weight(path: str, preferred: Spec) -> list[Cause]:
    weight = preferred.get("weight", 0)
    return [] if 1 <= weight <= 100 else [invalid_value(f"{path}.weight", weight, "must be in the range 1-100")]


# --- Pods ------------------------------------------------------------------------------------------


def _pod_affinity(path: str, rules: Spec) -> list[Cause]:
    causes = []
    for index, term in enumerate(rules.get(REQUIRED) or []):
        causes += _pod_term(f"{path}.{REQUIRED}[{index}]", term)
    for index, preferred in enumerate(rules.get(PREFERRED) or []):
        here = f"{path}.{PREFERRED}[{index}]"
        causes += _weight(here, preferred) + _pod_term(
            f"{here}.podAffinityTerm", preferred.get("podAffinityTerm") or {}
        )
    return causes


def _pod_term(path: str, term: Spec) -> list[Cause]:
    causes = []
    for key in ("labelSelector", "namespaceSelector"):
        causes += validate_label_selector(f"{path}.{key}", term.get(key) or {})
    for index, namespace in enumerate(term.get("namespaces") or []):
        causes += formats.dns_label(f"{path}.namespaces[{index}]", namespace)
    if not term.get("topologyKey"):
        return [*causes, required(f"{path}.topologyKey", "can not be empty")]
    return causes + formats.qualified_name(f"{path}.topologyKey", term["topologyKey"])


# --- Nodes -----------------------------------------------------------------------------------------


def _node_affinity(path: str, rules: Spec) -> list[Cause]:
    hard, causes = rules.get(REQUIRED), []
    if hard is not None:
        causes += _node_selector(f"{path}.{REQUIRED}", hard)
    for index, preferred in enumerate(rules.get(PREFERRED) or []):
        here = f"{path}.{PREFERRED}[{index}]"
        causes += _weight(here, preferred) + _node_term(f"{here}.preference", preferred.get("preference") or {})
    return causes


def _node_selector(path: str, selector: Spec) -> list[Cause]:
    terms = selector.get("nodeSelectorTerms") or []
    if not terms:
        return [required(f"{path}.nodeSelectorTerms", "must have at least one node selector term")]
    causes = []
    for index, term in enumerate(terms):
        causes += _node_term(f"{path}.nodeSelectorTerms[{index}]", term)
    return causes


def _node_term(path: str, term: Spec) -> list[Cause]:
    causes = []
    for index, expression in enumerate(term.get("matchExpressions") or []):
        causes += _node_requirement(f"{path}.matchExpressions[{index}]", expression)
    for index, expression in enumerate(term.get("matchFields") or []):
        here, key = f"{path}.matchFields[{index}]", expression.get("key") or ""
        if expression.get("operator") not in ("In", "NotIn"):
            operator = expression.get("operator") or ""
            causes.append(invalid_value(f"{here}.operator", operator, "not a valid selector operator"))
        elif len(expression.get("values") or []) != 1:
            causes.append(required(f"{here}.values", "must be only one value when `operator` is 'In' or 'NotIn'"))
        if key != "metadata.name":
            causes.append(invalid_value(f"{here}.key", key, "not a valid field selector key"))
    return causes


def _node_requirement(path: str, expression: Spec) -> list[Cause]:
    operator, values = expression.get("operator"), expression.get("values") or []
    causes = []
    if operator in ("In", "NotIn") and not values:
        causes.append(required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist") and values:
        causes.append(
            forbidden_value(f"{path}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
        )
    elif operator in ("Gt", "Lt") and len(values) != 1:
        causes.append(required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'"))
    elif operator not in _NODE_OPERATORS:
        causes.append(invalid_value(f"{path}.operator", operator or "", "not a valid selector operator"))
    return causes + formats.qualified_name(f"{path}.key", expression.get("key"))
