"""What only real containers can show."""

import threading

import pytest

from minikweb.runtime.docker import installation
from minikweb.runtime.docker.runtime import DockerRuntime
from minikweb.runtime.protocol import ContainerConfig, LogOptions, RuntimeFailure
from tests.runtime.conftest import Pods, docker_runtime

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def runtime():
    yield from docker_runtime()


@pytest.fixture
def pods(runtime):
    pods = Pods(runtime)
    pods.made = len(runtime.pods()) + 20
    yield pods
    for pod in runtime.pods():
        for sandbox in pod.sandboxes:
            runtime.remove_pod_sandbox(sandbox.id)


def run_in(runtime, container_id, *command, stdin=None, tty=False):
    """(exit code, stdout, stderr) of a command in a container."""
    session = runtime.exec(container_id, list(command), tty=tty, stdin=stdin is not None)
    if stdin is not None:
        session.write(stdin)
        session.close_stdin()
    out = {1: b"", 2: b""}
    while (item := session.read()) is not None:
        out[item[0]] += item[1]
    return session.exit_code(), out[1], out[2]


def test_containers_of_a_pod_share_its_address_and_host_name(runtime, pods):
    sandbox_id, uid = pods.sandbox("shared")
    pods.run(sandbox_id)
    shell = pods.run(sandbox_id, "exec sleep 100", name="shell")
    ip = pods.pod(uid).sandboxes[0].ip
    assert run_in(runtime, shell, "hostname") == (0, b"shared\n", b"")
    assert ip.encode() in run_in(runtime, shell, "ip", "-4", "addr")[1]
    answer = run_in(runtime, shell, "sh", "-c", "printf 'GET / HTTP/1.0\r\n\r\n' | nc 127.0.0.1 8080")[1]
    assert answer.endswith(b"Hello from Minikweb version 1, pod shared, request 1\n")


def test_exec_carries_input_both_outputs_and_the_exit_code(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    container_id = pods.run(sandbox_id)
    assert run_in(runtime, container_id, "sh", "-c", "cat; echo oops >&2; exit 7", stdin=b"hello\n") == (
        7,
        b"hello\n",
        b"oops\n",
    )
    assert run_in(runtime, container_id, "tty", tty=True)[1].startswith(b"/dev/pts")
    for _ in range(10):  # output that comes together with the answer's head is not lost
        assert run_in(runtime, container_id, "echo", "at once")[1] == b"at once\n"


def test_a_command_that_does_not_exist_says_so(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    container_id = pods.run(sandbox_id)
    code, out, _ = run_in(runtime, container_id, "no-such-command")
    assert code in (126, 127)
    assert b"no-such-command" in out

    wanted = ContainerConfig(name="broken", image="minikweb/demo:1", attempt=0, command=("/no/such/file",))
    broken = runtime.create_container(sandbox_id, wanted)
    with pytest.raises(RuntimeFailure, match="/no/such/file") as failure:
        runtime.start_container(broken)
    assert failure.value.reason == "RunContainerError"
    status = pods.container(broken)
    assert (status.state, status.exit_code, status.reason) == ("exited", 128, "StartError")
    assert "/no/such/file" in status.message


def test_a_container_over_its_memory_is_oom_killed(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    hungry = "x=a; while true; do x=$x$x; done"
    ended = pods.until_ended(pods.run(sandbox_id, hungry, memory_limit=8 << 20))
    assert ended.reason == "OOMKilled"
    assert ended.exit_code == 137


def test_environment_directory_user_and_limits_reach_the_container(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    container_id = pods.run(
        sandbox_id,
        'echo "$GREETING $PWD $(id -u)"',
        env={"GREETING": "bon jour"},
        working_dir="/tmp",
        user="1000",
        cpu_limit=0.5,
        memory_limit=64 << 20,
    )
    pods.until_ended(container_id)
    assert b"".join(runtime.logs(container_id, LogOptions())) == b"bon jour /tmp 1000\n"
    host = runtime.api.inspect_container(container_id)["HostConfig"]
    assert (host["NanoCpus"], host["Memory"]) == (500_000_000, 64 << 20)


def test_a_container_that_ignores_sigterm_is_killed_after_its_grace(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    container_id = pods.run(sandbox_id, "trap '' TERM; echo ready; while true; do sleep 1; done")
    next(runtime.logs(container_id, LogOptions(follow=True)))
    runtime.stop_container(container_id, 1)
    assert pods.container(container_id).exit_code == 137


def test_two_containers_of_one_pod_start_at_the_same_time(runtime, pods):
    sandbox_id, uid = pods.sandbox()
    threads = [threading.Thread(target=pods.run, args=(sandbox_id,), kwargs={"name": name}) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {c.name for c in pods.pod(uid).containers if c.state == "running" or c.exit_code == 1} == {"a", "b"}


def test_an_address_in_use_fails_the_sandbox_with_dockers_words(runtime, pods):
    first, uid = pods.sandbox("first")
    pods.run(first)
    pods.made -= 1
    second, _ = pods.sandbox("second")
    with pytest.raises(RuntimeFailure, match="[Aa]ddress already in use") as failure:
        pods.run(second)
    assert failure.value.reason == "FailedCreatePodSandBox"


def test_another_node_and_another_cluster_are_not_seen(runtime, pods):
    pods.sandbox()
    assert DockerRuntime(runtime.cluster, "node-2", runtime.pod_network).pods() == []
    assert DockerRuntime("another", "node-1", runtime.pod_network).pods() == []


def test_docker_ps_of_the_node_reads_like_the_lesson(runtime, pods):
    sandbox_id, uid = pods.sandbox("web")
    pods.run(sandbox_id)
    names = sorted(one.name for one in runtime.processes())
    assert names == [f"k8s_POD_web_default_{uid}_0", f"k8s_app_web_default_{uid}_0"]
    assert all(one.status.startswith("Up") for one in runtime.processes())
    assert {one.labels["minikweb.node"] for one in runtime.processes()} == {"node-1"}


def test_stopping_all_leaves_what_the_next_start_needs(runtime, pods):
    sandbox_id, uid = pods.sandbox()
    container_id = pods.run(sandbox_id)
    assert installation.stop_all(runtime.cluster) == 2
    status = pods.pod(uid)
    assert status.sandboxes[0].state == "not-ready"
    assert status.containers[0].state == "exited"
    assert status.containers[0].exit_code == 0  # the demo ends well on SIGTERM
    again, _ = pods.sandbox(uid=uid, attempt=1)
    pods.run(again, attempt=1)
    assert [s.state for s in pods.pod(uid).sandboxes] == ["ready", "not-ready"]
    assert container_id in {c.id for c in pods.pod(uid).containers}


def test_a_followed_log_keeps_up_with_a_fast_writer(runtime, pods):
    sandbox_id, _ = pods.sandbox()
    container_id = pods.run(sandbox_id, "seq 1 20000")
    lines = b"".join(runtime.logs(container_id, LogOptions(follow=True))).splitlines()
    assert [int(line) for line in lines] == list(range(1, 20001))
