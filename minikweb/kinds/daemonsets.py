"""The DaemonSet of apps/v1: a pod on each node that fits.

Source: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go, pkg/registry/apps/daemonset;
Argo CD's health.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikweb.apimachinery.errors import invalid_value, not_supported, required
from minikweb.kinds import columns, formats, strategy
from minikweb.kinds.columns import AGE, NAME, TEMPLATE, Column, count
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Health, Kind, Object
from minikweb.kinds.workloads import (
    default_template,
    is_observed,
    not_above_100_percent,
    size,
    validate_rolling_update,
    validate_selector_and_template,
)

Spec = dict[str, Any]

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"  # where apps/v1 keeps the field of older versions
_COUNTS = (
    "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration",
    "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount",
)  # fmt: skip


def _default(daemon_set: Object) -> None:
    spec = daemon_set.setdefault("spec", {})
    fill(spec, revisionHistoryLimit=10, updateStrategy={})
    fill(spec["updateStrategy"], type="RollingUpdate")
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        fill(spec["updateStrategy"], rollingUpdate={})
        fill(spec["updateStrategy"]["rollingUpdate"], maxUnavailable=1, maxSurge=0)
    default_template(spec)


def _prepare_for_create(daemon_set: Object) -> None:
    strategy.first_generation(daemon_set)
    daemon_set["status"] = _no_status()
    _set_template_generation(daemon_set, 1)


def _no_status() -> Object:
    """The counts that the API always writes."""
    shown = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
    return dict.fromkeys(shown, 0)


def _prepare_for_update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    strategy.next_generation(new, old, strategy.spec_of)
    generation = template_generation(old)
    if generation:
        _set_template_generation(new, generation + (new["spec"]["template"] != old["spec"]["template"]))


def template_generation(daemon_set: Object) -> int:
    """How many templates it has had; 0 when that is not known."""
    text = (daemon_set["metadata"].get("annotations") or {}).get(TEMPLATE_GENERATION, "")
    return int(text) if text.isdigit() else 0


def _set_template_generation(daemon_set: Object, generation: int) -> None:
    annotations = daemon_set["metadata"].get("annotations") or {}
    daemon_set["metadata"]["annotations"] = {**annotations, TEMPLATE_GENERATION: str(generation)}


def _prepare_for_status_update(new: Object, old: Object) -> None:
    strategy.keep_spec(new, old)
    strategy.restore(new["metadata"], old["metadata"], "generation")


def _validate(daemon_set: Object, old: Object | None) -> list[Cause]:
    spec, status = daemon_set["spec"], daemon_set.get("status") or {}
    causes = validate_selector_and_template(spec, "daemonset", "DaemonSet")
    for key in ("minReadySeconds", "revisionHistoryLimit"):
        causes += formats.nonnegative(f"spec.{key}", spec.get(key))
    causes += _validate_strategy("spec.updateStrategy", spec["updateStrategy"])
    if old:
        causes += formats.immutable("spec.selector", spec.get("selector"), old["spec"].get("selector"))
        causes += [cause for key in _COUNTS for cause in formats.nonnegative(f"status.{key}", status.get(key))]
    return causes


def _validate_strategy(path: str, chosen: Spec) -> list[Cause]:
    if chosen["type"] == "OnDelete":
        return []
    if chosen["type"] != "RollingUpdate":
        return [not_supported(path, chosen, ("RollingUpdate", "OnDelete"))]
    rolling, path = chosen["rollingUpdate"], f"{path}.rollingUpdate"
    causes = validate_rolling_update(path, rolling)
    if causes:
        return causes
    for key in ("maxUnavailable", "maxSurge"):
        causes += not_above_100_percent(f"{path}.{key}", rolling[key])
    unavailable, surge = size(rolling["maxUnavailable"]), size(rolling["maxSurge"])
    if unavailable and surge:
        detail = "may not be set when maxUnavailable is non-zero"
        causes.append(invalid_value(f"{path}.maxSurge", rolling["maxSurge"], detail))
    elif not unavailable and not surge:
        causes.append(required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    return causes


def _node_selector(daemon_set: Object, now: datetime) -> str:
    return columns.labels(daemon_set["spec"]["template"].get("spec", {}).get("nodeSelector"))


def health(daemon_set: Object) -> Health:
    """Argo CD's reading of a DaemonSet; the word is ready/desired."""
    status, name = daemon_set.get("status") or {}, daemon_set["metadata"]["name"]
    keys = ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady")
    desired, updated, available, ready = (status.get(key) or 0 for key in keys)
    word = f"{ready}/{desired}"
    if not is_observed(daemon_set):
        detail = "Waiting for rollout to finish: observed daemon set generation less than desired generation"
        return Health("Progressing", word, detail)
    if daemon_set["spec"]["updateStrategy"]["type"] == "OnDelete":
        return Health("Healthy", word, f"daemon set {updated} out of {desired} new pods have been updated")
    waiting = ""
    if updated < desired:
        waiting = f"{updated} out of {desired} new pods have been updated..."
    elif available < desired:
        waiting = f"{available} of {desired} updated pods are available..."
    if waiting:
        return Health("Progressing", word, f'Waiting for daemon set "{name}" rollout to finish: {waiting}')
    return Health("Healthy", word)


DAEMON_SET = Kind(
    group="apps",
    version="v1",
    kind="DaemonSet",
    plural="daemonsets",
    namespaced=True,
    schema="io.k8s.api.apps.v1.DaemonSet",
    short_names=("ds",),
    categories=("all",),
    subresources=("status",),
    columns=(
        NAME,
        count("Desired", "status", "desiredNumberScheduled", "How many nodes should run its pod."),
        count("Current", "status", "currentNumberScheduled", "How many of them have one."),
        count("Ready", "status", "numberReady", "How many of these are ready."),
        count("Up-to-date", "status", "updatedNumberScheduled", "How many of these have the newest template."),
        count("Available", "status", "numberAvailable", "How many of these have been ready for long enough."),
        Column("Node Selector", _node_selector, description="The labels that a node needs."),
        AGE,
        *TEMPLATE,
    ),
    default=_default,
    prepare_for_create=_prepare_for_create,
    prepare_for_update=_prepare_for_update,
    prepare_for_status_update=_prepare_for_status_update,
    validate=_validate,
    health=health,
)
