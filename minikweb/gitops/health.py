"""How an object is, in Argo CD's words.

Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/health/, gitops-engine/pkg/health/health_<kind>.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Object = dict[str, Any]

HEALTHY, SUSPENDED, PROGRESSING = "Healthy", "Suspended", "Progressing"
MISSING, DEGRADED, UNKNOWN = "Missing", "Degraded", "Unknown"
ORDER = (HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED, UNKNOWN)  # from the best to the worst


class Health(NamedTuple):
    status: str
    message: str = ""


def of(obj: Object) -> Health | None:
    """Of a live object; None for a kind whose being there is all there is to say."""
    if obj["metadata"].get("deletionTimestamp"):
        return Health(PROGRESSING, "Pending deletion")
    group = obj.get("apiVersion", "").rpartition("/")[0]
    judge = _JUDGES.get((group, obj.get("kind", "")))
    return judge(obj) if judge else None


def worst(found: Iterable[str]) -> str:
    """The health of the whole: its worst part's, Healthy where there is none."""
    return max(found, key=ORDER.index, default=HEALTHY)


def _condition(obj: Object, kind: str, status: str = "True") -> Object | None:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one["type"] == kind and one["status"] == status), None)


def _is_observed(obj: Object) -> bool:
    return obj["metadata"].get("generation", 0) <= (obj.get("status") or {}).get("observedGeneration", 0)


def _waiting(what: str) -> Health:
    return Health(PROGRESSING, f"Waiting for rollout to finish: {what}")


def _deployment(obj: Object) -> Health:
    spec, status, name = obj["spec"], obj.get("status") or {}, obj["metadata"]["name"]
    if spec.get("paused"):
        return Health(SUSPENDED, "Deployment is paused")
    if not _is_observed(obj):
        return _waiting("observed deployment generation less than desired generation")
    progressing = _condition(obj, "Progressing", "False")
    if progressing and progressing.get("reason") == "ProgressDeadlineExceeded":
        return Health(DEGRADED, f'Deployment "{name}" exceeded its progress deadline')
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    total, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    if updated < wanted:
        return _waiting(f"{updated} out of {wanted} new replicas have been updated...")
    if total > updated:
        return _waiting(f"{total - updated} old replicas are pending termination...")
    if available < updated:
        return _waiting(f"{available} of {updated} updated replicas are available...")
    return Health(HEALTHY)


def _stateful_set(obj: Object) -> Health:
    spec, status = obj["spec"], obj.get("status") or {}
    if not _is_observed(obj):
        return Health(PROGRESSING, "Waiting for statefulset spec update to be observed...")
    wanted, updated = spec.get("replicas", 1), status.get("updatedReplicas", 0)
    if status.get("readyReplicas", 0) < wanted:
        return Health(PROGRESSING, f"Waiting for {wanted - status.get('readyReplicas', 0)} pods to be ready...")
    strategy = spec.get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    if strategy.get("type", "RollingUpdate") == "RollingUpdate" and partition:
        if updated < wanted - partition:
            done = f"{updated} out of {wanted - partition} new pods have been updated..."
            return Health(PROGRESSING, f"Waiting for partitioned roll out to finish: {done}")
        return Health(HEALTHY, f"partitioned roll out complete: {updated} new pods have been updated...")
    if strategy.get("type") == "OnDelete":
        return Health(HEALTHY, f"statefulset has {status.get('readyReplicas', 0)} ready pods")
    if status.get("updateRevision") != status.get("currentRevision"):
        at = f"waiting for statefulset rolling update to complete {updated} pods at revision"
        return Health(PROGRESSING, f"{at} {status.get('updateRevision')}...")
    complete = f"statefulset rolling update complete {status.get('currentReplicas', 0)} pods at revision"
    return Health(HEALTHY, f"{complete} {status.get('currentRevision')}...")


def _daemon_set(obj: Object) -> Health:
    status, name = obj.get("status") or {}, obj["metadata"]["name"]
    if not _is_observed(obj):
        return _waiting("observed daemon set generation less than desired generation")
    wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    if (obj["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        return Health(HEALTHY, f"daemon set {updated} out of {wanted} new pods have been updated")
    rollout = f'Waiting for daemon set "{name}" rollout to finish:'
    if updated < wanted:
        return Health(PROGRESSING, f"{rollout} {updated} out of {wanted} new pods have been updated...")
    available = status.get("numberAvailable", 0)
    if available < wanted:
        return Health(PROGRESSING, f"{rollout} {available} of {wanted} updated pods are available...")
    return Health(HEALTHY)


def _replica_set(obj: Object) -> Health:
    status = obj.get("status") or {}
    if not _is_observed(obj):
        return _waiting("observed replica set generation less than desired generation")
    failure = _condition(obj, "ReplicaFailure")
    if failure:
        return Health(DEGRADED, failure.get("message", ""))
    wanted, available = obj["spec"].get("replicas", 1), status.get("availableReplicas", 0)
    if available < wanted:
        return _waiting(f"{available} out of {wanted} new replicas are available...")
    return Health(HEALTHY)


def _pod(obj: Object) -> Health:
    status = obj.get("status") or {}
    phase, containers = status.get("phase"), status.get("containerStatuses") or ()
    if obj["spec"].get("restartPolicy", "Always") == "Always":
        troubles = [trouble for one in containers if (trouble := _waiting_in_vain(one))]
        if troubles:
            return Health(DEGRADED, ", ".join(troubles))
    if phase == "Succeeded":
        return Health(HEALTHY, status.get("message", ""))
    if phase == "Failed":
        return Health(DEGRADED, status.get("message") or _why_failed(containers))
    if phase == "Running":
        return _running(obj, containers)
    return Health(PROGRESSING if phase == "Pending" else UNKNOWN, status.get("message", ""))


def _waiting_in_vain(container: Object) -> str:
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    in_vain = reason.startswith("Err") or reason.endswith(("Error", "BackOff"))
    return waiting.get("message") or reason if in_vain else ""


def _why_failed(containers: Iterable[Object]) -> str:
    for one in containers:
        ended = (one.get("state") or {}).get("terminated")
        if ended and ended.get("message"):
            return ended["message"]
        if ended and ended.get("reason") == "OOMKilled":
            return "OOMKilled"
        if ended and ended.get("exitCode"):
            return f"container {one['name']!r} failed with exit code {ended['exitCode']}".replace("'", '"')
    return ""


def _running(obj: Object, containers: Iterable[Object]) -> Health:
    message = (obj.get("status") or {}).get("message", "")
    if obj["spec"].get("restartPolicy", "Always") != "Always":
        return Health(PROGRESSING, message)  # it has to end
    if _condition(obj, "Ready"):
        return Health(HEALTHY, message)
    if any((one.get("lastState") or {}).get("terminated") for one in containers):
        return Health(DEGRADED, message)  # it ran, and does not get ready again
    return Health(PROGRESSING, message)


def _job(obj: Object) -> Health:
    failed, complete = _condition(obj, "Failed"), _condition(obj, "Complete")
    if failed:
        return Health(DEGRADED, failed.get("message", ""))
    if complete:
        return Health(HEALTHY, complete.get("message", ""))
    if _condition(obj, "Suspended"):
        return Health(SUSPENDED, _condition(obj, "Suspended").get("message", ""))
    return Health(PROGRESSING)


def _service(obj: Object) -> Health:
    if obj["spec"].get("type") != "LoadBalancer" or _entries(obj):
        return Health(HEALTHY)
    return Health(PROGRESSING)


def _ingress(obj: Object) -> Health:
    return Health(HEALTHY if _entries(obj) else PROGRESSING)


def _entries(obj: Object) -> list[Object]:
    return ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []


def _claim(obj: Object) -> Health:
    phase = (obj.get("status") or {}).get("phase", "")
    return Health({"Lost": DEGRADED, "Pending": PROGRESSING, "Bound": HEALTHY}.get(phase, UNKNOWN))


def _autoscaler(obj: Object) -> Health:
    for kind, reasons in (
        ("AbleToScale", ("FailedGetScale", "FailedUpdateScale")),
        ("ScalingActive", ("FailedGetResourceMetric", "InvalidSelector", "InvalidMetricSourceType")),
    ):
        found = _condition(obj, kind, "False")
        if found and found.get("reason") in reasons:
            return Health(DEGRADED, found.get("message", ""))
    active = _condition(obj, "AbleToScale") or _condition(obj, "ScalingLimited")
    return Health(HEALTHY, active.get("message", "")) if active else Health(PROGRESSING, "Waiting to Autoscale")


_JUDGES: dict[tuple[str, str], Callable[[Object], Health]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("", "Pod"): _pod,
    ("batch", "Job"): _job,
    ("", "Service"): _service,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("", "PersistentVolumeClaim"): _claim,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
}
