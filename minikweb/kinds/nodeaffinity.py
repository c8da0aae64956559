"""Which nodes a pod's spec asks for: nodeSelector and required node affinity. Pure.

Source: k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go.
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery import labels

Object = dict[str, Any]


def fits(spec: Object, node: Object) -> bool:
    """Whether the node has the labels of nodeSelector and fulfils one of the required terms, if there are any."""
    if not labels.from_labels(spec.get("nodeSelector")).matches(node["metadata"].get("labels")):
        return False
    required = of(spec).get("requiredDuringSchedulingIgnoredDuringExecution")
    return not required or any(matches_term(node, term) for term in required.get("nodeSelectorTerms") or ())


def of(spec: Object) -> Object:
    """The node affinity of a pod's spec, {} when it has none."""
    return (spec.get("affinity") or {}).get("nodeAffinity") or {}


def matches_term(node: Object, term: Object) -> bool:
    """Whether a node fulfils all of a NodeSelectorTerm; an empty term matches no node."""
    by_label, by_field = term.get("matchExpressions") or [], term.get("matchFields") or []
    fields = {"metadata.name": node["metadata"]["name"]}
    return bool(by_label or by_field) and (
        _selector(by_label).matches(node["metadata"].get("labels")) and _selector(by_field).matches(fields)
    )


def _selector(expressions: list[Object]) -> labels.Selector:
    """The selector of NodeSelectorRequirements, which know Gt and Lt besides the operators of labels."""
    listed = ((entry["key"], entry["operator"], tuple(entry.get("values") or ())) for entry in expressions)
    return labels.Selector(tuple(listed))
