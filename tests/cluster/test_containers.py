"""The same life with real containers, as the docker command sees them: adopted, stopped, brought back, removed."""

import json
import subprocess
from collections import Counter

import pytest

from tests.running import RunningCluster, until

pytestmark = [pytest.mark.cluster, pytest.mark.docker]


@pytest.fixture
def cluster(tmp_path):
    running = RunningCluster(tmp_path, runtime="docker", nodes=2)
    try:
        running.start()
        running.wait_for_pods(3)
        yield running
    finally:
        running.clean_up()


def containers(cluster, *, running=True, **labels):
    """Full id → labels of the cluster's containers."""
    identity = json.loads((cluster.data / "cluster.json").read_text())["id"]
    wanted = {"minikweb.cluster": identity} | {f"minikweb.{name}": value for name, value in labels.items()}
    filters = [word for name, value in wanted.items() for word in ("--filter", f"label={name}={value}")]
    listing = ["docker", "ps", "--no-trunc", "--format", "{{.ID}}\t{{.Labels}}", *filters]
    listed = subprocess.run([*listing, *([] if running else ["--all"])], capture_output=True, text=True, check=True)
    found = {}
    for line in listed.stdout.splitlines():
        container, text = line.split("\t")
        found[container] = dict(pair.split("=", 1) for pair in text.split(",") if "=" in pair)
    return found


def parts(cluster):
    """How many running containers there are of each (pod uid, container name), sandboxes included."""
    found = containers(cluster).values()
    return Counter((one["minikweb.uid"], one["minikweb.container"]) for one in found if "minikweb.uid" in one)


def expected(pods):
    """One sandbox and one container for each pod."""
    return Counter((pod["metadata"]["uid"], part) for pod in pods for part in ("POD", "demo"))


def uids(pods):
    return {pod["metadata"]["uid"] for pod in pods}


def roll_out(cluster, image):
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "demo", "image": image}]}}}}
    cluster.client.patch("Deployment", "demo", patch, "demo", type="strategic")
    until(lambda: any(image_of(pod) == image for pod in cluster.pods()), "the first new pod")


def image_of(pod):
    return pod["spec"]["containers"][0]["image"]


def wait_for_image(cluster, image):
    until(
        lambda: len(cluster.pods()) == 3 == sum(image_of(pod) == image for pod in cluster.running_pods()),
        f"three pods of {image}",
    )
    until(lambda: parts(cluster) == expected(cluster.pods()), "one container and one sandbox per pod")


def test_it_works(cluster):
    assert parts(cluster) == expected(cluster.pods())
    assert {labels["minikweb.node"] for labels in containers(cluster).values()} == {"node-1", "node-2"}
    assert "Docker" in cluster.said()


def test_containers_that_outlived_a_killed_up_are_adopted(cluster):
    before = set(containers(cluster))
    cluster.kill()
    assert set(containers(cluster)) == before
    cluster.start()
    pods = cluster.wait_for_pods(3)
    assert [one["restartCount"] for pod in pods for one in pod["status"]["containerStatuses"]] == [0, 0, 0]
    assert set(containers(cluster)) == before


def test_a_stop_ends_the_containers_and_the_next_start_brings_the_same_pods_back(cluster):
    before = uids(cluster.pods())
    assert cluster.stop() < 15
    assert containers(cluster) == {}
    cluster.start()
    pods = cluster.wait_for_pods(3)
    assert uids(pods) == before
    until(lambda: parts(cluster) == expected(pods), "one container and one sandbox per pod")


@pytest.mark.parametrize("process", ["kubelet-node-1", "apiserver", "controllers"])
def test_a_rollout_survives_the_death_of_a_process(cluster, process):
    roll_out(cluster, "minikweb/demo:2")
    cluster.kill_process(process)
    wait_for_image(cluster, "minikweb/demo:2")


def test_a_rollout_survives_the_death_of_everything(cluster):
    roll_out(cluster, "minikweb/demo:2")
    cluster.kill()
    cluster.start()
    wait_for_image(cluster, "minikweb/demo:2")


def test_a_pod_that_was_deleted_while_its_node_was_away_leaves_no_container(cluster):
    pod = cluster.pods()[0]
    cluster.kill()
    stray = containers(cluster, uid=pod["metadata"]["uid"])
    assert stray
    cluster.start()
    cluster.client.delete("Pod", pod["metadata"]["name"], "demo", grace_period_seconds=0)
    until(lambda: not set(stray) & set(containers(cluster, running=False)), "the end of its containers")
    cluster.wait_for_pods(3)


def test_the_containers_of_a_removed_node_go_with_it(cluster):
    assert containers(cluster, node="node-2")
    cluster.kubectl("delete", "node", "node-2")
    until(lambda: not containers(cluster, running=False, node="node-2"), "no container of node-2")
    until(lambda: len(cluster.running_pods()) == 3 == len(cluster.pods()), "three pods on node-1")


def test_reset_removes_all_that_is_ours_and_nothing_else(cluster):
    docker = ["docker", "run", "--detach", "--rm", "--label", "minikweb.cluster=somebody-elses", "minikweb/demo:1"]
    foreign = subprocess.run(docker, capture_output=True, text=True, check=True).stdout.strip()
    identity = json.loads((cluster.data / "cluster.json").read_text())["id"]
    try:
        cluster.stop()
        assert cluster.run("reset").returncode == 0
        for what in (["ps", "--all"], ["network", "ls"], ["volume", "ls"]):
            command = ["docker", *what, "--quiet", "--filter", f"label=minikweb.cluster={identity}"]
            assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""
        alive = subprocess.run(["docker", "inspect", "--format", "{{.State.Running}}", foreign], capture_output=True)
        assert alive.stdout.strip() == b"true"
    finally:
        subprocess.run(["docker", "rm", "--force", foreign], capture_output=True)
