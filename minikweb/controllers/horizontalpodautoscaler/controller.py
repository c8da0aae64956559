"""Asks what the pods of a target use, and sets its number of replicas.

Source: kubernetes/pkg/controller/podautoscaler/horizontal.go (reconcileAutoscaler).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock, meta, quantity
from minikweb.apimachinery.errors import ApiError, NotFound
from minikweb.apimachinery.labels import parse_selector
from minikweb.apimachinery.patch import create_merge_patch
from minikweb.client.controller import Controller, key_of
from minikweb.controllers.horizontalpodautoscaler import behavior, measure
from minikweb.controllers.horizontalpodautoscaler.measure import NotMeasured, Proposal

Object = dict[str, Any]

PERIOD = 15.0  # seconds between two looks; --horizontal-pod-autoscaler-sync-period
METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"


class HorizontalPodAutoscalerController(Controller):
    """Each autoscaler is looked at every PERIOD."""

    name = "horizontalpodautoscaler"
    kind = "HorizontalPodAutoscaler"
    needs = ("Pod",)
    source = "horizontal-pod-autoscaler"

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        self.memories: dict[str, behavior.Memory] = {}  # by uid
        self.now = lambda: datetime.now(UTC)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == self.kind and new is not None and (old is None or old["spec"] != new["spec"]):
            yield key_of(new)
        elif kind == self.kind and new is None:
            self.memories.pop(old["metadata"]["uid"], None)

    def sync(self, namespace: str, name: str) -> float | None:
        autoscaler = self.cache.get(self.kind, namespace, name)
        if autoscaler is None or meta.is_being_deleted(autoscaler):
            return None
        look = Look(autoscaler, self.now())
        try:
            self.scale(look)
        finally:
            patch = create_merge_patch(autoscaler.get("status") or {}, look.status)
            if patch:
                with suppress(NotFound):
                    body = {"metadata": {"uid": autoscaler["metadata"]["uid"]}, "status": patch}
                    self.client.patch(self.kind, name, body, namespace, subresource="status")
        return PERIOD

    def scale(self, look: Look) -> None:
        """One look: the target, its metrics, and the change."""
        try:
            path = self.scale_path(look)
            target = self.client.request("GET", path).json()
        except ApiError as error:
            words = f"the HPA controller was unable to get the target's current scale: {error.message}"
            look.condition("AbleToScale", "False", "FailedGetScale", words)
            self.recorder.event(look.autoscaler, "Warning", "FailedGetScale", error.message)
            return
        words = "the HPA controller was able to get the target's current scale"
        look.condition("AbleToScale", "True", "SucceededGetScale", words)
        current = target["spec"].get("replicas", 0)
        self.begin(look, current)
        look.status |= {"currentReplicas": target["status"].get("replicas", 0), "desiredReplicas": current}
        wanted, reason = self.wanted(look, target, current)
        if wanted is None or wanted == current:
            return
        self.resize(look, path, current, wanted, reason)

    def resize(self, look: Look, path: str, current: int, wanted: int, reason: str) -> None:
        """Writes the target's scale."""
        try:
            body, headers = {"spec": {"replicas": wanted}}, {"Content-Type": "application/merge-patch+json"}
            self.client.request("PATCH", path, body=body, headers=headers)
        except ApiError as error:
            words = f"the HPA controller was unable to update the target scale: {error.message}"
            look.condition("AbleToScale", "False", "FailedUpdateScale", words)
            failed = f"New size: {wanted}; reason: {reason}; error: {error.message}"
            self.recorder.event(look.autoscaler, "Warning", "FailedRescale", failed)
            return
        words = f"the HPA controller was able to update the target scale to {wanted}"
        look.condition("AbleToScale", "True", "SucceededRescale", words)
        self.recorder.event(look.autoscaler, "Normal", "SuccessfulRescale", f"New size: {wanted}; reason: {reason}")
        behavior.remember(look.spec, self.memory(look), wanted - current, look.now)
        look.status |= {"desiredReplicas": wanted, "lastScaleTime": clock.format(look.now)}

    def wanted(self, look: Look, target: Object, current: int) -> tuple[int | None, str]:
        """How many replicas there should be now (None: leave them), and why."""
        least, most = look.spec.get("minReplicas", 1), look.spec["maxReplicas"]
        if current == 0 and least != 0:
            words = "scaling is disabled since the replica count of the target is zero"
            look.condition("ScalingActive", "False", "ScalingDisabled", words)
            return None, ""
        if current > most:
            return most, "Current number of replicas above Spec.MaxReplicas"
        if current < least:
            return least, "Current number of replicas below Spec.MinReplicas"
        proposals = self.proposals(look, target, current)
        if not proposals:
            return None, ""
        name, proposal = max(proposals, key=lambda each: each[1].replicas)
        outcome = behavior.follow(look.spec, current, proposal.replicas, self.memory(look), look.now)
        for type_, condition in outcome.conditions.items():
            look.condition(type_, *condition)
        look.status["desiredReplicas"] = outcome.replicas
        return outcome.replicas, f"{name} above target" if outcome.replicas > current else "All metrics below target"

    def begin(self, look: Look, current: int) -> None:
        """Of an autoscaler that is new to us what is there counts as recommended: it does not shrink at once."""
        fresh = behavior.Memory(recommended=[(look.now, current)])
        self.memories.setdefault(look.autoscaler["metadata"]["uid"], fresh)

    def memory(self, look: Look) -> behavior.Memory:
        return self.memories[look.autoscaler["metadata"]["uid"]]

    def scale_path(self, look: Look) -> str:
        reference, namespace = look.spec["scaleTargetRef"], look.autoscaler["metadata"]["namespace"]
        kind = self.client.kind_of({"apiVersion": reference.get("apiVersion") or "v1", "kind": reference["kind"]})
        return kind.path(namespace, reference["name"], "scale")

    # --- metrics ------------------------------------------------------------------------------------

    def proposals(self, look: Look, target: Object, current: int) -> list[tuple[str, Proposal]]:
        """What each metric asks for. A metric that fails counts for nothing, unless less pods were the answer then."""
        found, statuses, failures = [], [], []
        for metric in look.spec.get("metrics") or ():
            try:
                name, proposal, status = self.propose(look, metric, target, current)
            except NotMeasured as failure:
                failures.append((metric, str(failure)))
                continue
            found.append((name, proposal))
            statuses.append(status)
        look.status["currentMetrics"] = statuses or None
        if failures and (not found or max(each.replicas for _, each in found) < current):
            self.say_failure(look, failures)
            return []
        words = f"the HPA was able to successfully calculate a replica count from {found[0][0]}"
        look.condition("ScalingActive", "True", "ValidMetricFound", words)
        return found

    def say_failure(self, look: Look, failures: list[tuple[Object, str]]) -> None:
        metric, why = failures[0]
        reason = f"FailedGet{metric['type']}Metric"
        look.condition("ScalingActive", "False", reason, f"the HPA was unable to compute the replica count: {why}")
        self.recorder.event(look.autoscaler, "Warning", reason, why)
        many = f"invalid metrics ({len(failures)} invalid out of {len(look.spec['metrics'])})"
        words = f"{many}, first error is: {why}"
        self.recorder.event(look.autoscaler, "Warning", "FailedComputeMetricsReplicas", words)

    def propose(self, look: Look, metric: Object, target: Object, current: int) -> tuple[str, Proposal, Object]:
        """(the metric's name, what it asks for, its status). Raises NotMeasured."""
        key = {"Resource": "resource", "ContainerResource": "containerResource"}.get(metric["type"])
        if key is None:
            kind = "external" if metric["type"] == "External" else "custom"
            why = f"unable to fetch metrics from {kind} metrics API: no {kind} metrics API is served here"
            raise NotMeasured(f"failed to get {metric['type'].lower()} metric value: {why}")
        source = metric[key]
        resource, container, wish = source["name"], source.get("container", ""), source["target"]
        if wish.get("averageUtilization") is not None:
            name, what = f"{resource} resource utilization (percentage of request)", "utilization"
        else:
            name, what = f"{resource} resource", "usage"
        try:
            pods, groups = self.measured(look, target, resource, container)
            proposal = self.reckon(pods, groups, source, current)
        except NotMeasured as failure:
            raise NotMeasured(f"failed to get {resource} {what}: {failure}") from failure
        now = {"averageValue": _written(resource, proposal.average)}
        if proposal.utilization is not None:
            now["averageUtilization"] = proposal.utilization
        told = {"name": resource, "current": now, **({"container": container} if container else {})}
        return name, proposal, {"type": metric["type"], key: told}

    def reckon(self, pods: list[Object], groups: measure.Groups, source: Object, current: int) -> Proposal:
        resource, wish = source["name"], source["target"]
        if wish.get("averageUtilization") is None:
            return measure.by_average(groups, measure.units(resource, wish["averageValue"]), current)
        asked = measure.requests_of(pods, resource, source.get("container", ""))
        return measure.by_utilization(groups, asked, wish["averageUtilization"], current)

    def measured(
        self, look: Look, target: Object, resource: str, container: str
    ) -> tuple[list[Object], measure.Groups]:
        """The pods of the target and what is known of each. Raises NotMeasured."""
        namespace, text = look.autoscaler["metadata"]["namespace"], target["status"].get("selector") or ""
        if not text:
            raise NotMeasured("selector is required")
        path = METRICS.format(namespace=namespace)
        try:
            items = self.client.request("GET", path, query={"labelSelector": text}).json()["items"]
        except ApiError as error:
            why = f"unable to fetch metrics from resource metrics API: {error.message}"
            raise NotMeasured(f"unable to get metrics for resource {resource}: {why}") from error
        if not items:
            why = "no metrics returned from resource metrics API"
            raise NotMeasured(f"unable to get metrics for resource {resource}: {why}")
        selector = parse_selector(text)
        pods = [
            pod for pod in self.cache.list("Pod", namespace) if selector.matches(pod["metadata"].get("labels") or {})
        ]
        usage = measure.usage_of(items, resource, container)
        return pods, measure.group(pods, usage, resource, look.now)


class Look:
    """One look at an autoscaler: its status as it becomes."""

    def __init__(self, autoscaler: Object, now: datetime):
        self.autoscaler, self.now, self.spec = autoscaler, now, autoscaler["spec"]
        before = autoscaler.get("status") or {}
        conditions = [dict(each) for each in before.get("conditions") or []]
        self.status: Object = {
            "currentReplicas": 0,
            **before,
            "conditions": conditions,
            "observedGeneration": autoscaler["metadata"].get("generation"),
        }
        if self.status["observedGeneration"] is None:
            del self.status["observedGeneration"]

    def condition(self, type_: str, status: str, reason: str, message: str) -> None:
        meta.set_condition(self.status["conditions"], type_, status, reason, message, self.now)


def _written(resource: str, amount: int) -> str:
    return quantity.canonical(f"{amount}m") if resource == "cpu" else str(amount)
