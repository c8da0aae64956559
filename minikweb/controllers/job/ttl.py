"""What ttlSecondsAfterFinished does: a Job that has been over for so long is removed, its pods with it.

Source: kubernetes/pkg/controller/ttlafterfinished/ttlafterfinished_controller.go.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from minikweb.apimachinery import clock, meta
from minikweb.apimachinery.errors import NotFound
from minikweb.client.controller import Controller
from minikweb.controllers.job.verdict import finished_condition

Object = dict[str, Any]


class TTLAfterFinishedController(Controller):
    """Deletes Jobs whose time after the end is over."""

    name = "ttlafterfinished"
    kind = "Job"
    source = "ttl-after-finished-controller"

    def sync(self, namespace: str, name: str) -> float | None:
        job = self.cache.get(self.kind, namespace, name)
        left = job and seconds_left(job, datetime.now(UTC))
        if job is None or left is None or left > 0:
            return left
        with suppress(NotFound):
            fresh = self.client.get(self.kind, name, namespace)  # the time may have been prolonged meanwhile
            left = seconds_left(fresh, datetime.now(UTC))
            if left is None or left > 0:
                return left
            uid, revision = fresh["metadata"]["uid"], fresh["metadata"]["resourceVersion"]
            self.client.delete(
                self.kind, name, namespace, propagation_policy="Foreground", uid=uid, resource_version=revision
            )
        return None


def seconds_left(job: Object, now: datetime) -> float | None:
    """Until it is to be removed; None when it is not over, stays for ever or is being deleted already."""
    ttl, condition = job["spec"].get("ttlSecondsAfterFinished"), finished_condition(job)
    if ttl is None or condition is None or meta.is_being_deleted(job):
        return None
    return (clock.parse(condition["lastTransitionTime"]) + timedelta(seconds=ttl) - now).total_seconds()
