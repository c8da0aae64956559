"""What the panels of Deployments, StatefulSets, DaemonSets and ReplicaSets show."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from minikweb.apimachinery import serializer
from minikweb.dashboard import cluster, difference, kubectl, live, reasons, rollout
from minikweb.dashboard.sight import PROBLEMS
from minikweb.dashboard.tree import Entry

Object = dict[str, Any]
Context = dict[str, Any]

PURPOSES = {
    "StatefulSet": _(
        "A StatefulSet gives each Pod a name of its own (-0, -1, …) that it keeps, with its volumes; they start in "
        "order and are replaced from the last to the first."
    ),
    "DaemonSet": _("A DaemonSet runs one Pod on each node that fits: its number follows the nodes."),
}


def revisions(workload: Object) -> list[rollout.Revision]:
    """The history of a Deployment, StatefulSet or DaemonSet, newest first."""
    cache, uid = cluster.cache(), workload["metadata"]["uid"]
    if workload["kind"] == "Deployment":
        return rollout.history(workload, cache.owned("ReplicaSet", uid))
    return rollout.past(workload, cache.owned("ControllerRevision", uid), cache.owned("Pod", uid))


def overview(obj: Object, found: Entry) -> Context:
    """Replicas, strategy, why it is not there yet, its pods."""
    spec = obj["spec"]
    pods = pods_of(found)
    explanation, message = _explained(obj, found, pods)
    template = spec.get("template", {}).get("spec", {})
    return {
        "counts": _counts(obj),
        "purpose": PURPOSES.get(obj["kind"], ""),
        "service": spec.get("serviceName", ""),
        "pace": rollout.pace(obj),
        "paused": spec.get("paused", False),
        "cause": obj["metadata"].get("annotations", {}).get(rollout.CHANGE_CAUSE, ""),
        "containers": template.get("containers", []),
        "revision": _revision(obj),
        "selector": spec.get("selector", {}).get("matchLabels", {}),
        "explanation": explanation,
        "message": message,
        "pods": pods,
        "command": kubectl.rollout("status", found.namespace, found.name, kind=found.kind),
    }


def _counts(obj: Object) -> dict[str, int]:
    """Of its pods: wanted, updated, ready and available, whatever the kind calls them."""
    status = obj.get("status", {})
    if obj["kind"] == "DaemonSet":
        keys = ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady", "numberAvailable")
        wanted, *counted = (status.get(key, 0) for key in keys)
    else:
        wanted = obj["spec"].get("replicas", 1)
        counted = [status.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "availableReplicas")]
    return dict(zip(("wanted", "updated", "ready", "available"), (wanted, *counted), strict=True))


def _revision(obj: Object) -> str:
    if obj["kind"] == "Deployment":
        return obj["metadata"].get("annotations", {}).get(rollout.REVISION, "")
    return next((str(found.number) for found in revisions(obj) if found.current), "")


def _explained(obj: Object, found: Entry, pods: list[Entry]) -> tuple[reasons.Explanation | None, str]:
    """Why it is not well, and Kubernetes' words for it: the first pod in trouble, else a rollout that is stuck."""
    sick = next((pod for pod in pods if pod.health in PROBLEMS), None)
    if sick:
        pod = cluster.cache().get("Pod", sick.namespace, sick.name)
        return reasons.explain_pod(pod, sick.word) if pod else None, sick.message
    conditions = obj.get("status", {}).get("conditions", ())
    stuck = any(condition.get("reason") == "ProgressDeadlineExceeded" for condition in conditions)
    return reasons.explain("ProgressDeadlineExceeded") if stuck else None, found.message


def overview_of_replica_set(obj: Object, found: Entry) -> Context:
    """Replicas, the revision it is, its pods."""
    return {
        "replicas": obj["spec"].get("replicas", 1),
        "containers": obj["spec"].get("template", {}).get("spec", {}).get("containers", []),
        "revision": found.revision,
        "selector": obj["spec"].get("selector", {}).get("matchLabels", {}),
        "pods": pods_of(found),
    }


def pods_of(found: Entry) -> list[Entry]:
    """The pods below, those in trouble first."""
    pods = [below for below in live.hub().tree().below(found.id) if below.kind == "Pod"]
    return sorted(pods, key=lambda pod: (pod.health == "Healthy", pod.created, pod.name))[:50]


def history(request: HttpRequest, obj: Object, found: Entry) -> Context:
    """The revisions, and the difference between ?from= and ?to= (by default the previous and the current)."""
    known = revisions(obj)
    by_number = {revision.number: revision for revision in known}
    old, new = (by_number.get(_number(request.GET.get(key, ""))) for key in ("from", "to"))
    if old is None and new is None and len(known) > 1 and "compare" not in request.GET:
        new = next((revision for revision in known if revision.current), known[0])
        old = next((revision for revision in known if revision.number < new.number), None)
    context: Context = {"revisions": known, "command": ""}
    context["command"] = kubectl.rollout("history", found.namespace, found.name, kind=found.kind)
    if old and new:
        context |= {"old": old, "new": new, **compared(old.template, new.template)}
    return context


def compared(old: Object, new: Object) -> Context:
    """Two pod templates: images first, then every line."""
    return {
        "image_changes": rollout.image_changes(old, new),
        "lines": difference.lines(serializer.dump_yaml(old), serializer.dump_yaml(new), context=4),
    }


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
