"""What containers do right after their start and before their end, and what they leave as their last words."""

import pytest

from tests.docker.conftest import ended, shell, until
from tests.kubelet.conftest import container, pod

pytestmark = pytest.mark.docker


def command(script):
    return {"exec": {"command": ["sh", "-c", script]}}


def shared(*containers):
    """A pod whose containers write in one volume that a further container reads."""
    mount = {"volumeMounts": [{"name": "work", "mountPath": "/work"}]}
    return {"volumes": [{"name": "work", "emptyDir": {}}], "containers": [one | mount for one in containers]}


def read(node, obj, path, name="app"):
    container_id = node.container(obj, name)["containerID"].removeprefix("docker://")
    return node.runtime.exec_sync(container_id, ["cat", path], 10)[1].decode()


def test_a_post_start_hook_has_run_when_the_container_is_running(node):
    web = pod(containers=[container(lifecycle={"postStart": command("echo hello > /started")})])
    node.run(web)
    assert "running" in node.container(web)["state"]
    assert read(node, web, "/started") == "hello\n"


def test_a_post_start_hook_that_fails_ends_the_container(node):
    web = pod(terminationGracePeriodSeconds=1, containers=[container(lifecycle={"postStart": command("exit 3")})])
    node.run(web)
    waiting = node.container(web)["state"]["waiting"]
    assert waiting["reason"] == "PostStartHookError"
    assert node.recorded.said("Killing") == ["FailedPostStartHook"]
    (failed,) = node.recorded.said("FailedPostStartHook")
    assert failed == "PostStartHook failed: command 'sh -c exit 3' exited with 3: "


def test_a_pre_stop_hook_runs_before_sigterm(node):
    leaver = shell(
        'trap "echo term >> /work/said; exit 0" TERM; touch /work/ready; while true; do sleep 0.1; done',
        lifecycle={"preStop": command("echo hook >> /work/said")},
        livenessProbe=command("false") | {"periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": 5},
    )
    web = pod(**shared(leaver, container("reader")))
    node.run(web)
    until(lambda: read(node, web, "/work/ready", "reader") == "", "the trap")
    node.kubelet.prober.run_due()
    until(lambda: read(node, web, "/work/said", "reader") == "hook\nterm\n", "hook and signal")


def test_a_sidecar_ends_after_the_others(node):
    talk = 'trap "sleep 0.5; echo {0} >> /work/said; exit 0" TERM; while true; do sleep 0.1; done'
    mount = {"volumeMounts": [{"name": "work", "mountPath": "/work"}]}
    sidecars = [shell(talk.format(name), name=name) | mount | {"restartPolicy": "Always"} for name in ("one", "two")]
    fields = shared(shell(talk.format("main"), name="app"))
    web = pod(meta={"finalizers": ["test/wait"]}, initContainers=sidecars, **fields)
    node.run(web)
    until(lambda: node.sync(web) or node.status(web)["phase"] == "Running", "the pod")
    node.delete(web)
    until(
        lambda: node.pod(web)["status"]["phase"] == "Failed" or node.pod(web)["status"]["phase"] == "Succeeded", "end"
    )
    finished = {
        one["name"]: one["state"]["terminated"]["finishedAt"]
        for key in ("initContainerStatuses", "containerStatuses")
        for one in node.status(web)[key]
    }
    assert finished["app"] <= finished["two"] <= finished["one"]
    assert node.recorded.said("Killing") == [f"Stopping container {name}" for name in ("app", "two", "one")]


@pytest.mark.parametrize(
    ("script", "fields", "message"),
    [
        ("echo enough > /said; exit 1", {"terminationMessagePath": "/said"}, "enough\n"),
        ("seq 3; exit 1", {"terminationMessagePolicy": "FallbackToLogsOnError"}, "1\n2\n3\n"),
        ("echo fine; exit 0", {"terminationMessagePolicy": "FallbackToLogsOnError"}, None),
    ],
)
def test_last_words(node, script, fields, message):
    job = pod(restartPolicy="Never", containers=[shell(script, **fields)])
    node.run(job)
    ended(node, job)
    assert node.container(job)["state"]["terminated"].get("message") == message


def test_a_container_that_joins_sees_the_processes_of_its_target(node):
    web = pod(containers=[shell("exec sleep 4321")])
    node.run(web)
    guest = {**container("debugger", command=["sleep", "1234"]), "targetContainerName": "app"}
    node.pod(web)["spec"]["ephemeralContainers"] = [guest]
    node.sync(web)
    (status,) = node.status(web)["ephemeralContainerStatuses"]
    container_id = status["containerID"].removeprefix("docker://")
    look = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"
    _, processes = node.runtime.exec_sync(container_id, ["sh", "-c", look], 10)
    assert b"sleep 4321" in processes and b"sleep 1234" in processes
