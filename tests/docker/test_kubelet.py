"""The kubelet on real containers: what the simulated ones cannot show."""

import pytest

from minikweb.kubelet.server import Server
from minikweb.runtime.docker import installation
from tests.docker.conftest import ended, shell, until
from tests.kubelet.conftest import Cached, container, pod

pytestmark = pytest.mark.docker


def test_a_pod_of_two_containers_runs(node):
    web = pod(containers=[container("a"), container("b", env=[{"name": "PORT", "value": "8081"}])])
    node.run(web)
    assert node.status(web)["phase"] == "Running"
    assert [one["ready"] for one in node.status(web)["containerStatuses"]] == [True, True]
    assert node.container(web, "a")["containerID"].startswith("docker://")


def test_an_environment_and_an_init_container(node):
    job = pod(
        restartPolicy="Never",
        initContainers=[shell("exit 0") | {"name": "first"}],
        containers=[
            shell(
                'test "$WHO" = job && test "$(hostname)" = job',
                env=[{"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            )
        ],
        name="job",
    )
    node.run(job)
    ended(node, job)
    until(lambda: len(node.runtime.pods(job["metadata"]["uid"])[0].containers) == 2, "the main container")
    until(lambda: node.sync(job) or node.status(job)["phase"] == "Succeeded", "its success")


def test_out_of_memory_is_said(node):
    hungry = pod(
        restartPolicy="Never",
        containers=[shell("x=a; while true; do x=$x$x; done", resources={"limits": {"memory": "8Mi"}})],
    )
    node.run(hungry)
    ended(node, hungry)
    assert node.container(hungry)["state"]["terminated"]["reason"] == "OOMKilled"
    assert node.status(hungry)["phase"] == "Failed"


def test_a_command_that_does_not_exist_ends_in_crash_loop_with_dockers_words(node):
    broken = pod(containers=[container(command=["/no/such"])])
    node.run(broken)
    assert node.container(broken)["state"]["waiting"]["reason"] == "RunContainerError"
    node.sync(broken)
    node.sync(broken)
    state = node.container(broken)
    assert state["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert state["lastState"]["terminated"]["reason"] == "StartError"
    assert "/no/such" in state["lastState"]["terminated"]["message"]


def test_an_image_that_cannot_be_had(node):
    web = pod(containers=[container(image="minikweb/no-such-image:1")])
    node.run(web)
    waiting = until(
        lambda: node.sync(web) and node.container(web)["state"]["waiting"]["reason"] == "ImagePullBackOff"
        and node.container(web)["state"]["waiting"],
        "the back-off",
    )  # fmt: skip
    assert waiting["message"].startswith('Back-off pulling image "minikweb/no-such-image:1": ErrImagePull: ')


def test_deletion_ends_the_containers_and_leaves_nothing(node):
    web = pod()
    node.run(web)
    node.delete(web)
    until(lambda: node.pod(web) is None and not node.runtime.pods(web["metadata"]["uid"]), "the pod's end")


def test_after_a_stop_of_everything_the_same_pod_runs_again(node):
    web = pod()
    node.run(web)
    before = node.status(web)["podIP"]
    installation.stop_all(node.runtime.cluster)
    node.sync(web)
    assert node.status(web)["phase"] == "Running"
    assert node.status(web)["podIP"] == before
    assert node.container(web)["restartCount"] == 1


def test_logs_are_followed_over_the_kubelets_server(node, tmp_path):
    from minikweb.client.transport import HttpTransport

    talker = pod(restartPolicy="Never", containers=[shell("seq 1 5000; sleep 1; echo end")])
    node.run(talker)
    server = Server(Cached(node.api), node.runtime, tmp_path / "k.sock")
    server.start()
    transport = HttpTransport.unix(server.socket)
    try:
        path = f"/containerLogs/default/{talker['metadata']['name']}/app?follow=true"
        body = b"".join(transport.stream("GET", path, {}, 30))
        assert body.split() == [str(n).encode() for n in range(1, 5001)] + [b"end"]
    finally:
        transport.close()
        server.stop()


def http(path, **fields):
    return {"httpGet": {"port": 8080, "path": path}, "periodSeconds": 1, "timeoutSeconds": 2, **fields}


@pytest.fixture
def probing(node):
    node.kubelet.prober.start()
    yield node
    node.kubelet.prober.close()


def test_a_readiness_probe_makes_a_pod_ready_and_not_ready_again(probing):
    node = probing
    web = pod(
        containers=[
            container(env=[{"name": "READY_AFTER", "value": "2"}], readinessProbe=http("/ready", failureThreshold=1))
        ]
    )
    node.run(web)
    assert not node.container(web)["ready"]
    until(lambda: node.container(web)["ready"], "readiness")
    assert "Readiness probe failed: HTTP probe failed with statuscode: 503" in node.recorded.said("Unhealthy")
    code, _ = node.runtime.exec_sync(
        node.container(web)["containerID"].removeprefix("docker://"),
        ["wget", "-qO-", "http://127.0.0.1:8080/unready"],
        5,
    )
    assert code == 0
    until(lambda: not node.container(web)["ready"], "unreadiness")
    assert node.condition(web, "Ready")["reason"] == "ContainersNotReady"
    assert node.container(web)["restartCount"] == 0


def test_a_liveness_probe_restarts_a_container_that_has_broken(probing):
    node = probing
    web = pod(
        containers=[
            container(env=[{"name": "FAIL_AFTER", "value": "1"}], livenessProbe=http("/healthz", failureThreshold=2))
        ]
    )
    node.run(web)
    until(lambda: node.container(web)["restartCount"] >= 1, "the restart")
    assert "Container app failed liveness probe, will be restarted" in node.recorded.said("Killing")
    assert "Liveness probe failed: HTTP probe failed with statuscode: 500" in node.recorded.said("Unhealthy")


def test_commands_and_ports_are_probed(probing):
    node = probing
    web = pod(
        containers=[
            container(
                startupProbe={
                    "exec": {"command": ["sh", "-c", "test -e /tmp/x || { touch /tmp/x; echo not yet; false; }"]}
                }
                | {"periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 10},
                readinessProbe={"tcpSocket": {"port": 8080}, "periodSeconds": 1, "timeoutSeconds": 2},
            )
        ]
    )
    node.run(web)
    until(lambda: node.container(web)["ready"], "readiness")
    assert node.container(web)["started"]
    assert node.recorded.said("Unhealthy") == ["Startup probe failed: not yet\n"]


def test_a_command_that_takes_too_long_is_a_failure(probing):
    node = probing
    web = pod(
        containers=[
            container(readinessProbe={"exec": {"command": ["sleep", "60"]}, "periodSeconds": 1, "timeoutSeconds": 1})
        ]
    )
    node.run(web)
    until(lambda: node.recorded.said("Unhealthy"), "the failure")
    assert node.recorded.said("Unhealthy")[0] == (
        'Readiness probe failed: command timed out: "sleep 60" timed out after 1s'
    )


def test_a_container_has_no_more_rights_than_its_security_context_says(node):
    context = {
        "runAsUser": 1000,
        "runAsGroup": 3000,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    script = (
        'test "$(id -u):$(id -g)" = 1000:3000 && ! touch /x && grep -q "NoNewPrivs:.1" /proc/self/status '
        '&& grep -q "CapBnd:.0000000000000000" /proc/self/status'
    )
    job = pod(restartPolicy="Never", containers=[shell(script, securityContext=context)])
    node.run(job)
    ended(node, job)
    assert node.status(job)["phase"] == "Succeeded"


def test_containers_may_share_processes_and_have_names_of_other_hosts(node):
    web = pod(
        restartPolicy="Never",
        shareProcessNamespace=True,
        hostAliases=[{"ip": "10.9.9.9", "hostnames": ["elsewhere"]}],
        containers=[
            container("server"),
            shell(
                'until pidof demo; do sleep 0.1; done; grep -q "10.9.9.9.elsewhere" /etc/hosts && kill $(pidof demo)',
                name="other",
            ),
        ],
    )
    node.run(web)
    until(lambda: node.sync(web) or node.status(web)["phase"] == "Succeeded", "the end of both")


def test_services_are_found_by_variables(node):
    service = {"metadata": {"name": "kubernetes", "namespace": "default"}}
    service["spec"] = {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443}]}
    node.api.add({"kind": "Service", **service})
    job = pod(restartPolicy="Never", containers=[shell('test "$KUBERNETES_SERVICE_HOST" = 10.96.0.1')])
    node.run(job)
    ended(node, job)
    assert node.status(job)["phase"] == "Succeeded"
