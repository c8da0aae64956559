"""What the kinds that make pods from a template share: its defaults, its selector, the counts of their status.

Source: pkg/apis/apps/validation/validation.go.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikweb.apimachinery.errors import forbidden_value, invalid_value, not_supported, required
from minikweb.apimachinery.labels import from_label_selector
from minikweb.kinds import formats
from minikweb.kinds.labelselectors import validate_label_selector
from minikweb.kinds.podspec import default_pod_spec
from minikweb.kinds.podvalidation import validate_pod_spec
from minikweb.kinds.registry import Cause, Object

Spec = dict[str, Any]


def default_template(spec: Spec) -> None:
    """Defaults of the pod template of a workload's spec."""
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))


# --- Selector and template ---------------------------------------------------------------------------


def validate_selector_and_template(spec: Spec, word: str = "deployment", who: str = "ReplicaSet") -> list[Cause]:
    """The causes for spec.selector and spec.template; `word` and `who` are what the messages call the workload."""
    selector = spec.get("selector")
    if selector is None:
        causes = [required("spec.selector")]
    else:
        causes = validate_label_selector("spec.selector", selector)
        if causes:
            return [*causes, invalid_value("spec.selector", selector, "invalid label selector")]
        if not (selector.get("matchLabels") or selector.get("matchExpressions")):
            causes.append(invalid_value("spec.selector", selector, f"empty selector is invalid for {word}"))
    labels = spec["template"]["metadata"].get("labels") or {}
    if not from_label_selector(selector).matches(labels):
        detail = "`selector` does not match template `labels`"
        causes.append(invalid_value("spec.template.metadata.labels", labels, detail))
    causes += validate_template("spec.template", spec["template"])
    return causes + validate_restarts(spec["template"]["spec"], who)


def validate_template(path: str, template: Spec) -> list[Cause]:
    """The causes for a PodTemplateSpec."""
    causes = formats.label_map(f"{path}.labels", template["metadata"].get("labels"))
    for key in template["metadata"].get("annotations") or {}:
        causes += formats.qualified_name(f"{path}.annotations", key.lower())
    causes += validate_pod_spec(f"{path}.spec", template["spec"])
    if template["spec"].get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        causes.append(forbidden_value(f"{path}.spec.ephemeralContainers", detail))
    return causes


def validate_restarts(spec: Spec, who: str) -> list[Cause]:
    """Pods that are to be there for ever are restarted for ever."""
    causes, path = [], "spec.template.spec"
    if spec.get("restartPolicy") != "Always":
        causes.append(not_supported(f"{path}.restartPolicy", spec.get("restartPolicy"), ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        detail = f"activeDeadlineSeconds in {who} is not Supported"
        causes.append(forbidden_value(f"{path}.activeDeadlineSeconds", detail))
    return causes


def validate_counts(status: Spec, *names: str) -> list[Cause]:
    """The counts of a status: none below 0, none above status.replicas."""
    causes = []
    total = status.get("replicas") or 0
    for name in ("replicas", "observedGeneration", *names):
        causes += formats.nonnegative(f"status.{name}", status.get(name))
    for name in names:
        if (status.get(name) or 0) > total and name != "unavailableReplicas":
            causes.append(invalid_value(f"status.{name}", status[name], "cannot be greater than status.replicas"))
    if (status.get("availableReplicas") or 0) > (status.get("readyReplicas") or 0):
        value = status["availableReplicas"]
        causes.append(invalid_value("status.availableReplicas", value, "cannot be greater than readyReplicas"))
    return causes


def validate_rolling_update(path: str, rolling: Spec) -> list[Cause]:
    """The causes for maxUnavailable and maxSurge, each an integer or a percentage."""
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    causes = formats.integer_or_percent(f"{path}.maxUnavailable", unavailable)
    return causes + formats.integer_or_percent(f"{path}.maxSurge", surge)


def not_above_100_percent(path: str, value: int | str) -> list[Cause]:
    """A percentage that is one of a whole."""
    too_much = isinstance(value, str) and size(value) > 100
    return [invalid_value(path, value, "must not be greater than 100%")] if too_much else []


def size(value: int | str) -> int:
    """The number of `5` and of `5%`."""
    return int(value.rstrip("%")) if isinstance(value, str) else value


# --- How it fares ------------------------------------------------------------------------------------


def ready_of_desired(obj: Object, now: datetime | None = None) -> str:
    """`2/3`: the pods that are ready, of spec.replicas."""
    ready = (obj.get("status") or {}).get("readyReplicas") or 0
    return f"{ready}/{obj['spec'].get('replicas', 1)}"


def is_observed(obj: Object) -> bool:
    """Whether the controller has seen the newest spec."""
    return obj["metadata"].get("generation", 0) <= (obj.get("status") or {}).get("observedGeneration", 0)
