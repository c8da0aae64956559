"""A container that joins a running pod."""

from tests.kubelet.conftest import container, pod


def joined(node, **fields):
    web = pod()
    node.run(web)
    node.pod(web)["spec"]["ephemeralContainers"] = [container("debugger", **fields)]
    node.sync(web)
    return web


def guest(node, web):
    (found,) = node.status(web)["ephemeralContainerStatuses"]
    return found


def test_it_runs_beside_the_others(node):
    web = joined(node)
    assert "running" in guest(node, web)["state"]
    assert guest(node, web)["ready"] is False
    assert node.container(web)["restartCount"] == 0
    assert "spec.ephemeralContainers{debugger}" in node.recorded.paths
    assert node.condition(web, "Ready")["status"] == "True"


def test_it_is_never_started_again(node):
    web = joined(node)
    (status,) = node.runtime.pods(web["metadata"]["uid"])
    debugger = next(one for one in status.containers if one.name == "debugger")
    node.runtime.stop_container(debugger.id, 0)
    for _ in range(3):
        node.sync(web)
    assert "terminated" in guest(node, web)["state"]
    assert node.status(web)["phase"] == "Running"


def test_it_sees_the_processes_of_a_container_that_runs(node):
    seen = []
    real = node.runtime.create_container
    node.runtime.create_container = lambda sandbox, config: seen.append(config) or real(sandbox, config)
    web = joined(node, targetContainerName="app")
    app = node.container(web)["containerID"].partition("//")[2]
    assert [config.processes_of for config in seen] == ["", app]


def test_a_target_that_does_not_run_is_waited_for(node):
    web = joined(node, targetContainerName="nobody")
    assert guest(node, web)["state"]["waiting"]["message"] == 'unable to find target container "nobody"'


def test_it_ends_with_its_pod(node):
    web = joined(node)
    node.delete(web)
    assert node.runtime.pods() == []
