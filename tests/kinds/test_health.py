"""How the other kinds fare."""

from __future__ import annotations

import pytest

from minikweb.kinds.registry import Health
from tests.kinds.testdata import kind_of, load


def health(name: str) -> Health:
    obj = load(name)
    return kind_of(obj).health(obj)


def test_it_works():
    assert health("deployment-healthy") == Health("Healthy", "3/3")


@pytest.mark.parametrize(
    ("name", "status", "word"),
    [
        ("deployment-new", "Progressing", "0/3"),
        ("deployment-progressing", "Progressing", "3/3"),
        ("deployment-oldreplicas", "Progressing", "3/3"),
        ("deployment-unavailable", "Progressing", "2/3"),
        ("deployment-unobserved", "Progressing", "3/3"),
        ("deployment-degraded", "Degraded", "3/3"),
        ("deployment-suspended", "Suspended", "3/3"),
        ("deployment-scaledtozero", "Healthy", "0/0"),
        ("replicaset-healthy", "Healthy", "3/3"),
        ("replicaset-progressing", "Progressing", "1/3"),
        ("replicaset-degraded", "Degraded", "0/3"),
        ("node-ready", "Healthy", "Ready"),
        ("node-notready", "Degraded", "NotReady"),
        ("node-unreachable", "Unknown", "NotReady"),
        ("node-cordoned", "Suspended", "Ready,SchedulingDisabled"),
        ("node-new", "Unknown", "Unknown"),
        ("namespace-active", "Healthy", "Active"),
        ("namespace-terminating", "Progressing", "Terminating"),
        ("service-clusterip", "Healthy", "ClusterIP"),
        ("service-pending", "Progressing", "LoadBalancer"),
        ("service-loadbalancer", "Healthy", "LoadBalancer"),
        ("event-counted", "Degraded", "Warning"),
        ("event-single", "Healthy", "Normal"),
        ("configmap-filled", "Healthy", ""),
    ],
)
def test_it_knows_how_an_object_fares(name, status, word):
    found = health(name)
    assert (found.status, found.word) == (status, word)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("deployment-progressing", "Waiting for rollout to finish: 1 out of 3 new replicas have been updated..."),
        ("deployment-oldreplicas", "Waiting for rollout to finish: 1 old replicas are pending termination..."),
        ("deployment-unavailable", "Waiting for rollout to finish: 1 of 3 updated replicas are available..."),
        ("deployment-degraded", 'Deployment "web" exceeded its progress deadline'),
        ("deployment-suspended", "Deployment is paused"),
        ("replicaset-degraded", 'pods "web-5d4b8c7f6-" is forbidden: exceeded quota'),
        ("namespace-terminating", "Some resources are remaining: pods. has 2 resource instances"),
        ("node-unreachable", "Kubelet stopped posting node status."),
    ],
)
def test_it_says_why(name, message):
    assert health(name).message == message
