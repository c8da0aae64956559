"""Pods that run, end, and are run again."""

import pytest

from minikweb.kubelet.kubelet import DEADLINE_EXCEEDED
from minikweb.runtime.protocol import ContainerConfig, PodRef, SandboxConfig
from tests.kubelet.conftest import Node, container, pod


def test_a_pod_runs_after_one_look_and_one_write(node):
    web = pod()
    assert node.run(web) is None
    status = node.status(web)
    assert status["phase"] == "Running"
    assert status["podIP"] == "10.244.1.2"
    assert status["podIPs"] == [{"ip": "10.244.1.2"}]
    assert status["hostIP"] == "10.244.0.11"
    assert status["startTime"] == "2026-11-23T12:00:00Z"
    assert status["qosClass"] == "BestEffort"
    app = node.container(web)
    assert (app["ready"], app["started"], app["restartCount"]) == (True, True, 0)
    assert app["state"] == {"running": {"startedAt": "2026-11-23T12:00:00Z"}}
    assert app["containerID"].startswith("simulated://")
    assert [(one["type"], one["status"]) for one in status["conditions"]] == [
        ("PodReadyToStartContainers", "True"),
        ("Initialized", "True"),
        ("Ready", "True"),
        ("ContainersReady", "True"),
    ]
    assert len(node.api.writes) == 1
    assert node.recorded.reasons == ["Pulled", "Created", "Started"]
    assert set(node.recorded.paths) == {"spec.containers{app}"}


def test_looking_again_changes_nothing(node):
    web = pod()
    node.run(web)
    node.clock.advance(100)
    assert node.sync(web) is None
    assert len(node.api.writes) == 1
    assert len(node.recorded.events) == 3


def test_every_pod_has_an_address_of_its_own(node):
    pods = [pod(f"web-{n}") for n in range(5)]
    for one in pods:
        node.run(one)
    assert len({node.status(one)["podIP"] for one in pods}) == 5


def test_a_crash_is_restarted_at_once_and_then_with_growing_back_off(node):
    web = pod(annotations={"crash-after": "1", "exit-code": "3"})
    node.run(web)
    node.clock.advance(1)
    node.sync(web)
    app = node.container(web)
    assert app["restartCount"] == 1
    assert "running" in app["state"]
    assert app["lastState"]["terminated"]["exitCode"] == 3
    assert app["lastState"]["terminated"]["reason"] == "Error"

    node.clock.advance(1)
    assert node.sync(web) == pytest.approx(10)
    app = node.container(web)
    uid = web["metadata"]["uid"]
    assert app["restartCount"] == 1
    assert app["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=app pod=web_default({uid})",
    }
    assert node.status(web)["phase"] == "Running"
    assert node.condition(web, "Ready")["message"] == "containers with unready status: [app]"
    assert f"Back-off restarting failed container app in pod web_default({uid})" in node.recorded.said("BackOff")

    node.clock.advance(10)
    node.sync(web)
    assert node.container(web)["restartCount"] == 2
    node.clock.advance(1)
    assert node.sync(web) == pytest.approx(20)
    assert "back-off 20s" in node.container(web)["state"]["waiting"]["message"]


def test_ten_minutes_of_running_forget_the_back_off(node):
    web = pod(annotations={"crash-after": "700"})
    node.run(web)
    for restarts in (1, 2, 3):
        node.clock.advance(700)
        node.sync(web)
        assert node.container(web)["restartCount"] == restarts


def test_a_pod_that_need_not_run_again_succeeds(node):
    job = pod(restartPolicy="Never")
    node.run(job)
    node.clock.advance(2)
    node.sync(job)
    status = node.status(job)
    assert status["phase"] == "Succeeded"
    assert node.container(job)["state"]["terminated"]["reason"] == "Completed"
    assert node.condition(job, "Ready")["reason"] == "PodCompleted"
    assert node.condition(job, "Initialized")["reason"] == "PodCompleted"
    assert node.runtime.pods(job["metadata"]["uid"])[0].sandboxes[0].state == "not-ready"
    written = len(node.api.writes)
    node.sync(job)
    node.sync(job)
    assert len(node.api.writes) <= written + 1


@pytest.mark.parametrize(("policy", "phase"), [("Never", "Failed"), ("OnFailure", "Running")])
def test_a_failure_counts_by_the_restart_policy(node, policy, phase):
    job = pod(restartPolicy=policy, annotations={"exit-code": "2", "duration": "1"})
    node.run(job)
    node.clock.advance(1)
    node.sync(job)
    assert node.status(job)["phase"] == phase
    assert node.container(job)["restartCount"] == (0 if policy == "Never" else 1)


def test_init_containers_run_one_after_the_other_and_first(node):
    web = pod(initContainers=[container("one"), container("two")])
    node.run(web)
    assert [one["name"] for one in node.status(web)["initContainerStatuses"] if "running" in one["state"]] == ["one"]
    assert node.status(web)["phase"] == "Pending"
    assert node.container(web)["state"]["waiting"]["reason"] == "PodInitializing"
    assert node.condition(web, "Initialized")["message"] == "containers with incomplete status: [one two]"
    node.clock.advance(1)
    node.sync(web)
    assert node.condition(web, "Initialized")["message"] == "containers with incomplete status: [two]"
    node.clock.advance(1)
    node.sync(web)
    assert node.status(web)["phase"] == "Running"
    assert [one["ready"] for one in node.status(web)["initContainerStatuses"]] == [True, True]
    assert node.condition(web, "Initialized")["status"] == "True"
    node.sync(web)
    assert node.container(web)["restartCount"] == 0


def test_a_sidecar_runs_before_and_beside_the_others_and_ends_after_them(node):
    job = pod(
        initContainers=[container("sidecar", restartPolicy="Always")],
        restartPolicy="Never",
        annotations={"duration": "5"},
    )
    assert node.run(job) == 0
    node.sync(job)
    (sidecar,) = node.status(job)["initContainerStatuses"]
    assert "running" in sidecar["state"]
    assert sidecar["ready"]
    assert node.status(job)["phase"] == "Running"
    node.clock.advance(5)
    node.sync(job)
    node.sync(job)
    assert node.status(job)["phase"] == "Succeeded"
    assert "terminated" in node.status(job)["initContainerStatuses"][0]["state"]


def test_a_container_that_is_never_ready_says_so(node):
    web = pod(annotations={"ready": "never"})
    node.run(web)
    assert node.status(web)["phase"] == "Running"
    assert node.container(web)["ready"] is False
    assert node.condition(web, "ContainersReady")["reason"] == "ContainersNotReady"


def test_a_readiness_gate_is_waited_for(node):
    web = pod(readinessGates=[{"conditionType": "example.com/lb"}])
    node.run(web)
    assert node.condition(web, "ContainersReady")["status"] == "True"
    assert node.condition(web, "Ready")["reason"] == "ReadinessGatesNotReady"


def test_a_new_image_restarts_its_container(node):
    web = pod()
    node.run(web)
    node.pod(web)["spec"]["containers"][0]["image"] = "minikweb/demo:2"
    node.sync(web)
    node.sync(web)
    assert node.container(web)["image"] == "minikweb/demo:2"
    assert node.container(web)["restartCount"] == 1
    assert node.recorded.said("Killing") == ["Container app definition changed, will be restarted"]


def test_a_pod_past_its_deadline_fails(node):
    job = pod(restartPolicy="Never", activeDeadlineSeconds=60, annotations={"duration": "1000"})
    assert node.run(job) == 60
    node.clock.advance(60)
    node.sync(job)
    assert (node.status(job)["phase"], node.status(job)["reason"]) == ("Failed", DEADLINE_EXCEEDED.reason)
    node.sync(job)
    assert "terminated" in node.container(job)["state"]


def test_conditions_keep_the_time_of_their_last_change(node):
    web = pod(annotations={"crash-after": "60"})
    node.run(web)
    node.clock.advance(60)
    node.sync(web)
    node.clock.advance(60)
    node.sync(web)
    assert node.condition(web, "Ready")["lastTransitionTime"] == "2026-11-23T12:02:00Z"
    assert node.condition(web, "PodReadyToStartContainers")["lastTransitionTime"] == "2026-11-23T12:00:00Z"


def test_conditions_of_others_stay(node):
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-23T11:59:59Z"}
    web = pod(status={"phase": "Pending", "conditions": [scheduled, {"type": "mine", "status": "True"}]})
    node.run(web)
    assert [one["type"] for one in node.status(web)["conditions"]][-2:] == ["PodScheduled", "mine"]
    assert node.condition(web, "PodScheduled") == scheduled


def test_a_container_that_somebody_removed_is_made_again_and_counted(node):
    web = pod()
    node.run(web)
    (status,) = node.runtime.pods(web["metadata"]["uid"])
    node.runtime.remove_pod_sandbox(status.sandboxes[0].id)
    node.sync(web)
    assert node.container(web)["restartCount"] == 1
    assert "running" in node.container(web)["state"]
    assert node.status(web)["podIP"] == "10.244.1.2"


def test_a_stopped_sandbox_is_replaced_and_the_pod_keeps_its_address(node):
    web = pod()
    node.run(web)
    (status,) = node.runtime.pods(web["metadata"]["uid"])
    node.runtime.stop_container(status.containers[0].id, 0)
    node.runtime.stop_pod_sandbox(status.sandboxes[0].id)
    node.sync(web)
    assert node.container(web)["restartCount"] == 1
    assert node.status(web)["podIP"] == "10.244.1.2"
    assert [s.attempt for s in node.runtime.pods(web["metadata"]["uid"])[0].sandboxes] == [1, 0]
    assert "SandboxChanged" in node.recorded.reasons


def test_another_kubelet_on_the_same_runtime_adopts_what_runs(node):
    web = pod()
    node.run(web)
    before = node.runtime.pods()
    heir = Node(node.runtime)
    heir.clock.now = node.clock.now
    for found in heir.runtime.pods():
        heir.kubelet.adopt(found)
    heir.run(node.pod(web))
    assert heir.runtime.pods() == before
    assert heir.api.writes == []
    fresh = pod("fresh")
    heir.run(fresh)
    assert heir.status(fresh)["podIP"] == "10.244.1.3"


def test_what_runs_of_no_pod_is_removed(node):
    stray = SandboxConfig(pod=PodRef("default", "gone", "uid-gone"), ip="10.244.1.9", hostname="gone")
    node.runtime.run_pod_sandbox(stray)
    for found in node.runtime.pods():
        assert node.kubelet.adopt(found) == "default/gone"
    node.kubelet.sync("default", "gone")
    assert node.runtime.pods() == []


def test_a_namesake_takes_over_only_after_its_predecessor_is_removed(node):
    first = pod("db-0")
    node.run(first)
    second = pod("db-0")
    node.run(second)
    assert [status.pod.uid for status in node.runtime.pods()] == [second["metadata"]["uid"]]


def test_dead_containers_are_kept_only_as_last_and_previous(node):
    web = pod(annotations={"crash-after": "700"})
    node.run(web)
    for _ in range(5):
        node.clock.advance(700)
        node.sync(web)
    (status,) = node.runtime.pods(web["metadata"]["uid"])
    assert [one.attempt for one in status.containers] == [5, 4, 3]
    node.sync(web)
    (status,) = node.runtime.pods(web["metadata"]["uid"])
    assert [one.attempt for one in status.containers] == [5, 4]


def test_a_sandbox_that_was_on_its_way_up_does_not_double_the_pod(node):
    """A kubelet was killed while Docker started a sandbox; its heir made another; now the first one runs."""
    web = pod()
    node.run(web)
    (before,) = node.runtime.pods(web["metadata"]["uid"])
    late = SandboxConfig(pod=before.pod, ip="10.244.1.2", hostname="web", attempt=1)
    node.runtime.stop_pod_sandbox(node.runtime.run_pod_sandbox(late))
    node.sync(web)
    (after,) = node.runtime.pods(web["metadata"]["uid"])
    assert [(one.attempt, one.state) for one in after.sandboxes] == [(1, "not-ready"), (0, "ready")]
    assert node.container(web)["restartCount"] == 0


def test_a_container_that_was_never_started_makes_room_and_counts_as_no_restart(node):
    web = pod()
    ref = PodRef("default", "web", web["metadata"]["uid"])
    sandbox = node.runtime.run_pod_sandbox(SandboxConfig(pod=ref, ip="10.244.1.2", hostname="web"))
    node.runtime.create_container(sandbox, ContainerConfig(name="app", image="minikweb/demo:1", attempt=0))
    node.run(web)
    (after,) = node.runtime.pods(web["metadata"]["uid"])
    assert [(one.attempt, one.state) for one in after.containers] == [(0, "running")]
    assert node.container(web)["restartCount"] == 0
