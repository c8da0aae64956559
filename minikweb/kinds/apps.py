"""The group apps: v1.

Source: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go, pkg/registry/apps;
Argo CD's health.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import forbidden_value, invalid_value, not_supported, required
from minikweb.apimachinery.labels import from_label_selector, validate_key, validate_value
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, TEMPLATE, Column, count
from minikweb.kinds.podspec import default_pod_spec, fill
from minikweb.kinds.podvalidation import validate_pod_spec
from minikweb.kinds.registry import Cause, Health, Kind, Object

Spec = dict[str, Any]

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def default_template(spec: Spec) -> None:
    """Defaults of the pod template of a workload's spec."""
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    default_pod_spec(template.setdefault("spec", {}))


# --- Selector and template ---------------------------------------------------------------------------


def _validate_selector_and_template(spec: Spec) -> list[Cause]:
    selector = spec.get("selector")
    if selector is None:
        causes = [required("spec.selector")]
    else:
        causes = validate_label_selector("spec.selector", selector)
        if causes:
            return [*causes, invalid_value("spec.selector", selector, "invalid label selector")]
        if not (selector.get("matchLabels") or selector.get("matchExpressions")):
            causes.append(invalid_value("spec.selector", selector, "empty selector is invalid for deployment"))
    labels = spec["template"]["metadata"].get("labels") or {}
    if not from_label_selector(selector).matches(labels):
        detail = "`selector` does not match template `labels`"
        causes.append(invalid_value("spec.template.metadata.labels", labels, detail))
    return causes + validate_template("spec.template", spec["template"]) + _validate_restarts(spec["template"]["spec"])


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


def _validate_restarts(spec: Spec) -> list[Cause]:
    """Pods that are to be there for ever are restarted for ever."""
    causes, path = [], "spec.template.spec"
    if spec.get("restartPolicy") != "Always":
        causes.append(not_supported(f"{path}.restartPolicy", spec.get("restartPolicy"), ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        detail = "activeDeadlineSeconds in ReplicaSet is not Supported"
        causes.append(forbidden_value(f"{path}.activeDeadlineSeconds", detail))
    return causes


def _validate_counts(status: Spec, *names: str) -> list[Cause]:
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


# --- Deployment --------------------------------------------------------------------------------------


def _default_deployment(deployment: Object) -> None:
    spec = deployment.setdefault("spec", {})
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    fill(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        fill(spec["strategy"], rollingUpdate={})
        fill(spec["strategy"]["rollingUpdate"], maxUnavailable="25%", maxSurge="25%")
    default_template(spec)


def _prepare_deployment_for_create(deployment: Object) -> None:
    strategy.first_generation(deployment)
    deployment["status"] = {}


def _asked_of_deployment(deployment: Object) -> Any:
    """Annotations count: they are copied to the ReplicaSets."""
    return deployment["spec"], deployment["metadata"].get("annotations") or {}


def _prepare_deployment_for_update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    strategy.next_generation(new, old, _asked_of_deployment)


def _prepare_for_status_update(new: Object, old: Object) -> None:
    strategy.keep_spec(new, old)
    strategy.restore(new["metadata"], old["metadata"], "labels", "generation")


def _validate_deployment(deployment: Object, old: Object | None) -> list[Cause]:
    spec = deployment["spec"]
    causes = formats.nonnegative("spec.replicas", spec["replicas"]) + _validate_selector_and_template(spec)
    causes += _validate_strategy("spec.strategy", spec["strategy"])
    for key in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        causes += formats.nonnegative(f"spec.{key}", spec.get(key))
    if spec["progressDeadlineSeconds"] <= (spec.get("minReadySeconds") or 0):
        detail = "must be greater than minReadySeconds"
        causes.append(invalid_value("spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], detail))
    if old:
        causes += formats.immutable("spec.selector", spec.get("selector"), old["spec"].get("selector"))
        counts = ("updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
        causes += _validate_counts(deployment.get("status") or {}, *counts)
    return causes


def _validate_strategy(path: str, chosen: Spec) -> list[Cause]:
    if chosen["type"] == "Recreate":
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden_value(f"{path}.rollingUpdate", detail)] if chosen.get("rollingUpdate") is not None else []
    if chosen["type"] != "RollingUpdate":
        return [not_supported(path, chosen, ("Recreate", "RollingUpdate"))]
    rolling = chosen["rollingUpdate"]
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    causes = formats.integer_or_percent(f"{path}.rollingUpdate.maxUnavailable", unavailable)
    causes += formats.integer_or_percent(f"{path}.rollingUpdate.maxSurge", surge)
    if not causes and _size(unavailable) == _size(surge) == 0:
        detail = "may not be 0 when `maxSurge` is 0"
        causes.append(invalid_value(f"{path}.rollingUpdate.maxUnavailable", unavailable, detail))
    if not causes and isinstance(unavailable, str) and _size(unavailable) > 100:
        detail = "must not be greater than 100%"
        causes.append(invalid_value(f"{path}.rollingUpdate.maxUnavailable", unavailable, detail))
    return causes


def _size(value: int | str) -> int:
    return int(value.rstrip("%")) if isinstance(value, str) else value


def _ready_of_desired(deployment: Object, now: datetime | None = None) -> str:
    ready = (deployment.get("status") or {}).get("readyReplicas") or 0
    return f"{ready}/{deployment['spec'].get('replicas', 1)}"


def deployment_health(deployment: Object) -> Health:
    """Argo CD's reading of a Deployment; the word is ready/desired."""
    spec, status = deployment["spec"], deployment.get("status") or {}
    word = _ready_of_desired(deployment)
    if deployment["metadata"].get("deletionTimestamp"):
        return Health("Progressing", word, "The Deployment is being deleted.")
    if spec.get("paused"):
        return Health("Suspended", word, "Deployment is paused")
    progressing = meta.get_condition(status.get("conditions"), "Progressing") or {}
    if progressing.get("reason") == "ProgressDeadlineExceeded" and _is_observed(deployment):
        detail = f'Deployment "{deployment["metadata"]["name"]}" exceeded its progress deadline'
        return Health("Degraded", word, detail)
    waiting = _waiting_for(deployment, spec, status)
    if waiting:
        return Health("Progressing", word, f"Waiting for rollout to finish: {waiting}")
    return Health("Healthy", word)


def _is_observed(obj: Object) -> bool:
    """Whether the controller has seen the newest spec."""
    return obj["metadata"].get("generation", 0) <= (obj.get("status") or {}).get("observedGeneration", 0)


def _waiting_for(deployment: Object, spec: Spec, status: Spec) -> str:
    desired = spec.get("replicas", 1)
    total, updated, available = (status.get(f"{key}eplicas") or 0 for key in ("r", "updatedR", "availableR"))
    if not _is_observed(deployment):
        return "observed deployment generation less than desired generation"
    if updated < desired:
        return f"{updated} out of {desired} new replicas have been updated..."
    if total > updated:
        return f"{total - updated} old replicas are pending termination..."
    if available < updated:
        return f"{available} of {updated} updated replicas are available..."
    return ""


DEPLOYMENT = Kind(
    group="apps",
    version="v1",
    kind="Deployment",
    plural="deployments",
    namespaced=True,
    schema="io.k8s.api.apps.v1.Deployment",
    short_names=("deploy",),
    categories=("all",),
    subresources=("scale", "status"),
    columns=(
        NAME,
        Column("Ready", _ready_of_desired, description="How many pods are ready, of how many."),
        count("Up-to-date", "status", "updatedReplicas", "How many pods have the newest template.", "string"),
        count("Available", "status", "availableReplicas", "How many pods have been ready for long enough.", "string"),
        AGE,
        *TEMPLATE,
    ),
    default=_default_deployment,
    prepare_for_create=_prepare_deployment_for_create,
    prepare_for_update=_prepare_deployment_for_update,
    prepare_for_status_update=_prepare_for_status_update,
    validate=_validate_deployment,
    health=deployment_health,
)


# --- ReplicaSet --------------------------------------------------------------------------------------


def _default_replica_set(replica_set: Object) -> None:
    spec = replica_set.setdefault("spec", {})
    fill(spec, replicas=1)
    default_template(spec)
    replica_set.setdefault("status", {}).setdefault("replicas", 0)


def _prepare_replica_set_for_create(replica_set: Object) -> None:
    strategy.first_generation(replica_set)
    replica_set["status"] = {"replicas": 0}


def _prepare_replica_set_for_update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    strategy.next_generation(new, old, strategy.spec_of)


def _prepare_replica_set_for_status_update(new: Object, old: Object) -> None:
    strategy.keep_spec(new, old)
    strategy.restore(new["metadata"], old["metadata"], "generation")


def _validate_replica_set(replica_set: Object, old: Object | None) -> list[Cause]:
    spec = replica_set["spec"]
    causes = formats.nonnegative("spec.replicas", spec["replicas"])
    causes += formats.nonnegative("spec.minReadySeconds", spec.get("minReadySeconds"))
    causes += _validate_selector_and_template(spec)
    if old:
        causes += formats.immutable("spec.selector", spec.get("selector"), old["spec"].get("selector"))
        counts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        causes += _validate_counts(replica_set.get("status") or {}, *counts)
    return causes


def replica_set_health(replica_set: Object) -> Health:
    """Argo CD's reading of a ReplicaSet; the word is ready/desired."""
    desired, status = replica_set["spec"].get("replicas", 1), replica_set.get("status") or {}
    word = f"{status.get('readyReplicas') or 0}/{desired}"
    failure = meta.get_condition(status.get("conditions"), "ReplicaFailure") or {}
    if not _is_observed(replica_set):
        detail = "Waiting for rollout to finish: observed replica set generation less than desired generation"
        return Health("Progressing", word, detail)
    if failure.get("status") == "True":
        return Health("Degraded", word, failure.get("message", ""))
    available = status.get("availableReplicas") or 0
    if available < desired:
        detail = f"Waiting for rollout to finish: {available} out of {desired} new replicas are available..."
        return Health("Progressing", word, detail)
    return Health("Healthy", word)


REPLICA_SET = Kind(
    group="apps",
    version="v1",
    kind="ReplicaSet",
    plural="replicasets",
    namespaced=True,
    schema="io.k8s.api.apps.v1.ReplicaSet",
    short_names=("rs",),
    categories=("all",),
    subresources=("scale", "status"),
    columns=(
        NAME,
        count("Desired", "spec", "replicas", "How many pods there should be."),
        count("Current", "status", "replicas", "How many pods there are."),
        count("Ready", "status", "readyReplicas", "How many of them are ready."),
        AGE,
        *TEMPLATE,
    ),
    default=_default_replica_set,
    prepare_for_create=_prepare_replica_set_for_create,
    prepare_for_update=_prepare_replica_set_for_update,
    prepare_for_status_update=_prepare_replica_set_for_status_update,
    validate=_validate_replica_set,
    selectable={"status.replicas": strategy.number("status", "replicas")},
    health=replica_set_health,
)

KINDS = [DEPLOYMENT, REPLICA_SET]
