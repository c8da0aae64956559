"""How many pods of a PodDisruptionBudget may go right now. Evictions ask its status (see apiserver/evictions.py).

Source: kubernetes/pkg/controller/disruption/disruption.go.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import ApiError, NotFound
from minikweb.apimachinery.patch import create_merge_patch
from minikweb.client.controller import Controller, key_of
from minikweb.controllers import podcontrol
from minikweb.kinds.policy import speaks_of

Object = dict[str, Any]

SCALES = ("Deployment", "ReplicaSet", "StatefulSet")
EVICTED = timedelta(minutes=2)  # after which a pod that was evicted and is still there counts again
ALLOWED = "DisruptionAllowed"


@dataclass(frozen=True)
class Numbers:
    """Pods there should be, must be, and how it was reckoned; `problem` when it could not."""

    expected: int = 0
    desired: int = 0
    problem: str = ""


def share(value: int | str, of: int) -> int:
    """A number or a percentage, rounded up."""
    return math.ceil(of * int(value.rstrip("%")) / 100) if isinstance(value, str) else value


def numbers(spec: Object, pods: int, scale: int) -> Numbers:
    """`pods` match the budget; `scale` is what their controllers want together."""
    most, least = spec.get("maxUnavailable"), spec.get("minAvailable")
    if most is not None:
        return Numbers(scale, max(0, scale - share(most, scale)))
    if isinstance(least, str):
        return Numbers(scale, share(least, scale))
    return Numbers(pods, 1 if least is None else least)


def disrupted(budget: Object, pods: list[Object], now: datetime) -> dict[str, str]:
    """The pods whose eviction was granted and that are still there: name → when."""
    there = {pod["metadata"]["name"] for pod in pods if not meta.is_being_deleted(pod)}
    granted = (budget.get("status") or {}).get("disruptedPods") or {}
    return {name: at for name, at in granted.items() if name in there and now < clock.parse(at) + EVICTED}


def status(budget: Object, pods: list[Object], found: Numbers, now: datetime) -> Object:
    """The status of a budget."""
    granted = disrupted(budget, pods, now)
    healthy = sum(
        not meta.is_being_deleted(pod)
        and pod["metadata"]["name"] not in granted
        and podcontrol.ready_since(pod) is not None
        for pod in pods
    )
    allowed = max(0, healthy - found.desired) if found.expected > 0 and not found.problem else 0
    conditions = [dict(each) for each in (budget.get("status") or {}).get("conditions") or []]
    reason = "SyncFailed" if found.problem else "SufficientPods" if allowed else "InsufficientPods"
    meta.set_condition(conditions, ALLOWED, "True" if allowed else "False", reason, found.problem, now)
    for condition in conditions:
        condition["observedGeneration"] = budget["metadata"].get("generation", 0)
    counts = {} if found.problem else {"desiredHealthy": found.desired, "expectedPods": found.expected}
    return {
        **{key: (budget.get("status") or {}).get(key, 0) for key in ("desiredHealthy", "expectedPods")},
        **counts,
        "currentHealthy": healthy,
        "disruptionsAllowed": allowed,
        "observedGeneration": budget["metadata"].get("generation", 0),
        "conditions": conditions,
        **({"disruptedPods": granted} if granted else {}),
    }


class DisruptionController(Controller):
    """Keeps the status of each budget."""

    name = "disruption"
    kind = "PodDisruptionBudget"
    needs = ("Pod", *SCALES)
    source = "controllermanager"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == self.kind:
            yield from (key_of(new),) if new else ()
            return
        budgets = self.cache.list(self.kind, (new or old)["metadata"]["namespace"])
        if not budgets or (
            kind != "Pod" and old and new and old["spec"].get("replicas") == new["spec"].get("replicas")
        ):
            return
        for budget in budgets:
            if kind != "Pod" or any(speaks_of(budget, version) for version in (old, new) if version):
                yield key_of(budget)

    def sync(self, namespace: str, name: str) -> float | None:
        budget = self.cache.get(self.kind, namespace, name)
        if budget is None:
            return None
        pods = [pod for pod in self.cache.list("Pod", namespace) if speaks_of(budget, pod)]
        now = datetime.now(UTC)
        wanted = status(budget, pods, self.numbers(budget, pods), now)
        patch = create_merge_patch(budget.get("status") or {}, wanted)
        if patch:
            self.write(budget, patch)
        ends = [clock.parse(at) + EVICTED - now for at in wanted.get("disruptedPods", {}).values()]
        return max(0.1, min(ends).total_seconds()) if ends else None

    def write(self, budget: Object, patch: Object) -> None:
        """Not over an eviction that was granted meanwhile: the version decides."""
        metadata = budget["metadata"]
        own = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        with suppress(NotFound):
            body = {"metadata": own, "status": patch}
            self.client.patch(self.kind, metadata["name"], body, metadata["namespace"], subresource="status")

    def numbers(self, budget: Object, pods: list[Object]) -> Numbers:
        spec = budget.get("spec") or {}
        if spec.get("maxUnavailable") is None and not isinstance(spec.get("minAvailable"), str):
            return numbers(spec, len(pods), 0)
        try:
            scale = sum(self.scales(pods).values())
        except ApiError as error:
            self.recorder.event(
                budget,
                "Warning",
                "CalculateExpectedPodCountFailed",
                f"Failed to calculate the number of expected pods: {error.message}",
            )
            return Numbers(problem=error.message)
        return numbers(spec, len(pods), scale)

    def scales(self, pods: list[Object]) -> dict[str, int]:
        """uid of a controller → how many pods it wants. Raises what the API says of a controller without a scale."""
        found: dict[str, int] = {}
        for pod in pods:
            owner = meta.controller_of(pod)
            if owner is None:
                raise NotFound(f'found no controller ref for pod "{pod["metadata"]["name"]}"')
            namespace = pod["metadata"]["namespace"]
            above = self.cache.get("ReplicaSet", namespace, owner["name"]) if owner["kind"] == "ReplicaSet" else None
            owner = (above and meta.controller_of(above)) or owner
            if owner["uid"] not in found:
                found[owner["uid"]] = self.scale(owner, namespace)
        return found

    def scale(self, owner: Object, namespace: str) -> int:
        if owner["kind"] in SCALES and (obj := self.cache.get(owner["kind"], namespace, owner["name"])):
            return obj["spec"].get("replicas", 1)
        kind = self.client.kind_of(owner)
        if "scale" not in kind.subresources:
            raise NotFound(f"{kind.resource} does not implement the scale subresource")
        answer = self.client.request("GET", kind.path(namespace, owner["name"], "scale"))
        return answer.json()["spec"].get("replicas", 0)
