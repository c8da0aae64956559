"""The group apps: v1. Its other kinds are in daemonsets.py, statefulsets.py and controllerrevisions.py.

Source: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go, pkg/registry/apps;
Argo CD's health.
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import forbidden_value, invalid_value, not_supported
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, TEMPLATE, Column, count
from minikweb.kinds.controllerrevisions import CONTROLLER_REVISION
from minikweb.kinds.daemonsets import DAEMON_SET
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Health, Kind, Object
from minikweb.kinds.statefulsets import STATEFUL_SET
from minikweb.kinds.workloads import (
    default_template,
    is_observed,
    not_above_100_percent,
    ready_of_desired,
    size,
    validate_counts,
    validate_rolling_update,
    validate_selector_and_template,
)

Spec = dict[str, Any]

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
    causes = formats.nonnegative("spec.replicas", spec["replicas"]) + validate_selector_and_template(spec)
    causes += _validate_strategy("spec.strategy", spec["strategy"])
    for key in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        causes += formats.nonnegative(f"spec.{key}", spec.get(key))
    if spec["progressDeadlineSeconds"] <= (spec.get("minReadySeconds") or 0):
        detail = "must be greater than minReadySeconds"
        causes.append(invalid_value("spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], detail))
    if old:
        causes += formats.immutable("spec.selector", spec.get("selector"), old["spec"].get("selector"))
        counts = ("updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")
        causes += validate_counts(deployment.get("status") or {}, *counts)
    return causes


def _validate_strategy(path: str, chosen: Spec) -> list[Cause]:
    if chosen["type"] == "Recreate":
        detail = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden_value(f"{path}.rollingUpdate", detail)] if chosen.get("rollingUpdate") is not None else []
    if chosen["type"] != "RollingUpdate":
        return [not_supported(path, chosen, ("Recreate", "RollingUpdate"))]
    rolling, path = chosen["rollingUpdate"], f"{path}.rollingUpdate"
    causes = validate_rolling_update(path, rolling)
    if not causes and size(rolling["maxUnavailable"]) == size(rolling["maxSurge"]) == 0:
        detail = "may not be 0 when `maxSurge` is 0"
        causes.append(invalid_value(f"{path}.maxUnavailable", rolling["maxUnavailable"], detail))
    if not causes:
        causes = not_above_100_percent(f"{path}.maxUnavailable", rolling["maxUnavailable"])
    return causes


def deployment_health(deployment: Object) -> Health:
    """Argo CD's reading of a Deployment; the word is ready/desired."""
    spec, status = deployment["spec"], deployment.get("status") or {}
    word = ready_of_desired(deployment)
    if deployment["metadata"].get("deletionTimestamp"):
        return Health("Progressing", word, "The Deployment is being deleted.")
    if spec.get("paused"):
        return Health("Suspended", word, "Deployment is paused")
    progressing = meta.get_condition(status.get("conditions"), "Progressing") or {}
    if progressing.get("reason") == "ProgressDeadlineExceeded" and is_observed(deployment):
        detail = f'Deployment "{deployment["metadata"]["name"]}" exceeded its progress deadline'
        return Health("Degraded", word, detail)
    waiting = _waiting_for(deployment, spec, status)
    if waiting:
        return Health("Progressing", word, f"Waiting for rollout to finish: {waiting}")
    return Health("Healthy", word)


def _waiting_for(deployment: Object, spec: Spec, status: Spec) -> str:
    desired = spec.get("replicas", 1)
    total, updated, available = (status.get(f"{key}eplicas") or 0 for key in ("r", "updatedR", "availableR"))
    if not is_observed(deployment):
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
        Column("Ready", ready_of_desired, description="How many pods are ready, of how many."),
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
    causes += validate_selector_and_template(spec)
    if old:
        causes += formats.immutable("spec.selector", spec.get("selector"), old["spec"].get("selector"))
        counts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
        causes += validate_counts(replica_set.get("status") or {}, *counts)
    return causes


def replica_set_health(replica_set: Object) -> Health:
    """Argo CD's reading of a ReplicaSet; the word is ready/desired."""
    desired, status = replica_set["spec"].get("replicas", 1), replica_set.get("status") or {}
    word = f"{status.get('readyReplicas') or 0}/{desired}"
    failure = meta.get_condition(status.get("conditions"), "ReplicaFailure") or {}
    if not is_observed(replica_set):
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

KINDS = [DEPLOYMENT, REPLICA_SET, DAEMON_SET, STATEFUL_SET, CONTROLLER_REVISION]
