"""Health in Argo CD's words, kind by kind."""

import pytest

from minikweb.gitops.health import DEGRADED, HEALTHY, PROGRESSING, SUSPENDED, UNKNOWN, of, worst


def obj(api, kind, spec=None, status=None, **meta):
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "x", **meta},
        "spec": spec or {},
        "status": status or {},
    }


def condition(kind, status="True", **fields):
    return {"conditions": [{"type": kind, "status": status, **fields}]}


def deployment(spec=None, **status):
    return obj(
        "apps/v1", "Deployment", {"replicas": 3, **(spec or {})}, {"observedGeneration": 1, **status}, generation=1
    )


def running(**status):
    return obj("v1", "Pod", {}, {"phase": "Running", **status})


DONE = {"updatedReplicas": 3, "replicas": 3, "availableReplicas": 3}
LATE = condition("Progressing", "False", reason="ProgressDeadlineExceeded")
BACKOFF = {
    "containerStatuses": [{"name": "a", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no image"}}}]
}
ENDED = {"containerStatuses": [{"name": "a", "state": {}, "lastState": {"terminated": {"exitCode": 1}}}]}
SPREADING = {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 1}
ENTRY = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}


@pytest.mark.parametrize(
    ("live", "status", "message"),
    [
        (deployment(**DONE), HEALTHY, ""),
        (deployment({"paused": True}), SUSPENDED, "Deployment is paused"),
        (deployment(observedGeneration=0), PROGRESSING, "generation less than desired"),
        (deployment(**LATE), DEGRADED, 'Deployment "x" exceeded its progress deadline'),
        (deployment(updatedReplicas=1), PROGRESSING, "1 out of 3 new replicas have been updated"),
        (deployment(updatedReplicas=3, replicas=4), PROGRESSING, "1 old replicas are pending termination"),
        (deployment(**DONE | {"availableReplicas": 2}), PROGRESSING, "2 of 3 updated replicas are available"),
        (running(**condition("Ready")), HEALTHY, ""),
        (running(), PROGRESSING, ""),
        (running(**ENDED), DEGRADED, ""),
        (running(**BACKOFF), DEGRADED, "no image"),
        (obj("v1", "Pod", {"restartPolicy": "Never"}, {"phase": "Succeeded"}), HEALTHY, ""),
        (obj("v1", "Pod", {"restartPolicy": "Never"}, {"phase": "Failed", "message": "ended"}), DEGRADED, "ended"),
        (obj("batch/v1", "Job"), PROGRESSING, ""),
        (obj("batch/v1", "Job", status=condition("Complete")), HEALTHY, ""),
        (obj("batch/v1", "Job", status=condition("Failed", message="deadline")), DEGRADED, "deadline"),
        (obj("batch/v1", "Job", status=condition("Suspended", message="later")), SUSPENDED, "later"),
        (obj("v1", "Service", {"type": "LoadBalancer"}), PROGRESSING, ""),
        (obj("v1", "Service", {"type": "LoadBalancer"}, ENTRY), HEALTHY, ""),
        (obj("v1", "Service", {"type": "ClusterIP"}), HEALTHY, ""),
        (obj("networking.k8s.io/v1", "Ingress"), PROGRESSING, ""),
        (obj("networking.k8s.io/v1", "Ingress", status=ENTRY), HEALTHY, ""),
        (obj("v1", "PersistentVolumeClaim", status={"phase": "Bound"}), HEALTHY, ""),
        (obj("v1", "PersistentVolumeClaim", status={"phase": "Pending"}), PROGRESSING, ""),
        (obj("v1", "PersistentVolumeClaim", status={"phase": "Lost"}), DEGRADED, ""),
        (obj("v1", "ConfigMap", deletionTimestamp="2026-11-23T12:00:00Z"), PROGRESSING, "Pending deletion"),
        (obj("apps/v1", "StatefulSet", {"replicas": 2}, {"readyReplicas": 1}), PROGRESSING, "1 pods to be ready"),
        (obj("apps/v1", "DaemonSet", status=SPREADING), PROGRESSING, "1 of 3 updated pods are available"),
        (obj("apps/v1", "ReplicaSet", status=condition("ReplicaFailure", message="quota")), DEGRADED, "quota"),
    ],
)
def test_an_object_is(live, status, message):
    found = of(live)
    assert found.status == status
    assert message in found.message
    assert bool(message) == bool(found.message)


def test_a_kind_that_has_no_health_has_none():
    assert of(obj("v1", "ConfigMap")) is None


def test_the_whole_is_as_its_worst_part():
    assert worst([HEALTHY, PROGRESSING, SUSPENDED]) == PROGRESSING
    assert worst([UNKNOWN, DEGRADED]) == UNKNOWN
    assert worst([]) == HEALTHY
