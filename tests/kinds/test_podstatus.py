"""What kubectl says of a pod, and how it fares."""

from __future__ import annotations

import pytest

from minikweb.kinds.core import pod_status_word
from minikweb.kinds.podstatus import health
from tests.kinds.testdata import headers, load, printed


def test_it_works():
    assert printed("pod-running") == ["web-5d4b8c7f6-x7x2k", "1/1", "Running", "3 (2m ago)", "60m"]


@pytest.mark.parametrize(
    ("state", "ready", "word", "restarts"),
    [
        ("pending", "0/1", "Pending", "0"),
        ("unschedulable", "0/1", "Pending", "0"),
        ("schedulinggated", "0/1", "SchedulingGated", "0"),
        ("containercreating", "0/1", "ContainerCreating", "0"),
        ("notready", "0/1", "Running", "0"),
        ("crashloop", "0/1", "CrashLoopBackOff", "5 (2m ago)"),
        ("imagepullbackoff", "0/1", "ImagePullBackOff", "0"),
        ("errimagepull", "0/1", "ErrImagePull", "0"),
        ("configerror", "0/1", "CreateContainerConfigError", "0"),
        ("oomkilled", "0/1", "OOMKilled", "1"),
        ("failed", "0/1", "Error", "0"),
        ("signalled", "0/1", "Signal:9", "0"),
        ("exitcode", "0/1", "ExitCode:3", "0"),
        ("completed", "0/1", "Completed", "0"),
        ("job-running", "1/1", "Running", "0"),
        ("terminating", "1/1", "Terminating", "0"),
        ("nodelost", "1/1", "Unknown", "0"),
        ("evicted", "0/1", "Evicted", "0"),
        ("initialising", "0/1", "Init:1/2", "0"),
        ("initcrashloop", "0/1", "Init:CrashLoopBackOff", "2 (2m ago)"),
        ("initexitcode", "0/1", "Init:ExitCode:7", "0"),
        ("sidecar", "2/2", "Running", "1 (30m ago)"),
        ("partlycompleted", "1/2", "NotReady", "0"),
    ],
)
def test_it_prints_a_pod_as_kubectl_does(state, ready, word, restarts):
    assert printed(f"pod-{state}")[1:4] == [ready, word, restarts]


def test_a_pod_whose_containers_are_ready_runs_although_one_has_completed():
    pod = load("pod-partlycompleted")
    pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    assert pod_status_word(pod) == "Running"


def test_a_failed_container_outweighs_a_completed_one():
    pod = load("pod-partlycompleted")
    pod["status"]["containerStatuses"][0]["state"] = {"terminated": {"exitCode": 1, "reason": "Error"}}
    pod["status"]["containerStatuses"].reverse()
    assert pod_status_word(pod) == "Error"


def test_a_terminating_pod_that_has_ended_says_how():
    pod = load("pod-completed")
    pod["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    assert pod_status_word(pod) == "Completed"


def test_a_pod_that_nobody_has_looked_at_yet_has_no_word():
    assert pod_status_word({"metadata": {"name": "new"}, "spec": {"containers": []}}) == ""


def test_wide_adds_where_it_runs():
    assert headers("pod-running", wide=True)[5:] == ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
    assert printed("pod-running", wide=True)[5:] == ["10.244.1.5", "node-1", "<none>", "<none>"]
    assert printed("pod-pending", wide=True)[5:] == ["<none>", "<none>", "<none>", "<none>"]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("running", "Healthy"),
        ("pending", "Progressing"),
        ("unschedulable", "Progressing"),
        ("containercreating", "Progressing"),
        ("notready", "Progressing"),
        ("crashloop", "Degraded"),
        ("imagepullbackoff", "Degraded"),
        ("errimagepull", "Degraded"),
        ("configerror", "Degraded"),
        ("oomkilled", "Degraded"),
        ("failed", "Degraded"),
        ("evicted", "Degraded"),
        ("exitcode", "Degraded"),
        ("completed", "Healthy"),
        ("job-running", "Progressing"),
        ("terminating", "Progressing"),
        ("initialising", "Progressing"),
        ("initcrashloop", "Degraded"),
        ("sidecar", "Healthy"),
        ("partlycompleted", "Progressing"),
    ],
)
def test_it_knows_how_a_pod_fares(state, status):
    assert health(load(f"pod-{state}")).status == status


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("crashloop", "back-off 2m40s restarting failed container=web"),
        ("unschedulable", "0/3 nodes are available: 3 Insufficient cpu."),
        ("initcrashloop", "back-off 20s restarting failed container=migrate"),
        ("evicted", "The node was low on resource: memory."),
        ("running", ""),
    ],
)
def test_it_says_why(state, message):
    assert health(load(f"pod-{state}")).message == message
