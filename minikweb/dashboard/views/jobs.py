"""What the panels of Jobs and CronJobs show, and a CronJob's Job of now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from minikweb.apimachinery import clock
from minikweb.dashboard import kubectl, live, reasons
from minikweb.dashboard.tree import Entry, pod_spec
from minikweb.dashboard.views.deployments import pods_of

Object = dict[str, Any]
Context = dict[str, Any]

LONGEST_NAME = 63  # of a Job: its pods carry it in a label
INSTANTIATE = "cronjob.kubernetes.io/instantiate"


def overview(job: Object, found: Entry) -> Context:
    """How far it is, how it ends, its pods, and what its word means."""
    spec, status = job["spec"], job.get("status", {})
    end = clock.parse(status["completionTime"]) if status.get("completionTime") else datetime.now(UTC)
    took = end - clock.parse(status["startTime"]) if status.get("startTime") else None
    return {
        "explanation": reasons.explain_job(job, found.word),
        "troubled": found.health in ("Degraded", "Suspended"),
        "counts": {key: status.get(key, 0) for key in ("active", "succeeded", "failed")},
        "wanted": spec.get("completions"),
        "parallelism": spec.get("parallelism", 1),
        "backoff_limit": spec.get("backoffLimit", 6),
        "deadline": spec.get("activeDeadlineSeconds"),
        "mode": spec.get("completionMode", "NonIndexed"),
        "duration": clock.human_duration(took) if took else "",
        "containers": pod_spec(job).get("containers", []),
        "pods": pods_of(found),
        "command": kubectl.describe(found.namespace, found.kind, found.name),
    }


def overview_of_cron_job(cron_job: Object, found: Entry) -> Context:
    """When it runs, what of its Jobs is kept, and these."""
    spec, status, tree = cron_job["spec"], cron_job.get("status", {}), live.hub().tree()
    return {
        "explanation": reasons.explain("Suspended") if spec.get("suspend") else None,
        "schedule": spec.get("schedule", ""),
        "time_zone": spec.get("timeZone", ""),
        "policy": spec.get("concurrencyPolicy", "Allow"),
        "last": status.get("lastScheduleTime", ""),
        "last_success": status.get("lastSuccessfulTime", ""),
        "kept": (spec.get("successfulJobsHistoryLimit", 3), spec.get("failedJobsHistoryLimit", 1)),
        "containers": pod_spec(cron_job).get("containers", []),
        "jobs": [tree.entries[id] for id in tree.children.get(found.id, ())],
        "command": kubectl.get(found.namespace, "jobs"),
    }


def job_of_now(cron_job: Object, name: str) -> Object:
    """The Job that `kubectl create job --from=cronjob/…` creates (kubectl/pkg/cmd/create/create_job.go)."""
    template, meta = cron_job["spec"]["jobTemplate"], cron_job["metadata"]
    given = template.get("metadata", {})
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": meta["name"], "uid": meta["uid"], "controller": True}
    metadata = {
        "name": name,
        "namespace": meta["namespace"],
        "labels": given.get("labels") or {},
        "annotations": {INSTANTIATE: "manual", **(given.get("annotations") or {})},
        "ownerReferences": [owner],
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}


def name_of_now(cron_job: Object, now: datetime) -> str:
    """A name that no Job has yet: the CronJob's, and the time of day."""
    tail = f"-manual-{now:%H%M%S}"
    return cron_job["metadata"]["name"][: LONGEST_NAME - len(tail)] + tail
