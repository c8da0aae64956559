"""The life of a cluster as its user sees it: start, stop, start again, nodes, reset, and what is refused."""

import json
import signal
import socket
import stat

import pytest

from tests.running import RunningCluster, is_alive, until

pytestmark = pytest.mark.cluster


def names(objects):
    return {(one["metadata"]["name"], one["metadata"]["uid"]) for one in objects}


def nodes(cluster):
    """Name → whether it is Ready."""
    return {
        node["metadata"]["name"]: any(
            one["type"] == "Ready" and one["status"] == "True" for one in node["status"].get("conditions", [])
        )
        for node in cluster.client.list("Node")["items"]
    }


def test_it_works(cluster):
    pods = cluster.wait_for_pods(3)
    assert all(pod["metadata"]["labels"]["app"] == "demo" for pod in pods)
    assert nodes(cluster) == {"node-1": True, "node-2": True, "node-3": True}
    assert {pod["spec"]["nodeName"] for pod in pods} <= set(nodes(cluster))
    assert cluster.page("/").lower().startswith("<!doctype html>")


def test_the_terminal_says_where_everything_is_and_what_runs_the_pods(cluster):
    said = cluster.said()
    assert cluster.url() in said
    assert f"export KUBECONFIG={cluster.kubeconfig}" in said
    assert "simulated" in said


def test_each_part_is_a_process_with_its_name(cluster):
    kubelets = {"kubelet-node-1", "kubelet-node-2", "kubelet-node-3"}
    until(lambda: set(cluster.pids()) == {"broker", "apiserver", "controllers", "web"} | kubelets, "the processes")


def test_secrets_are_readable_by_their_user_alone(cluster):
    for path in ("kubeconfig", "secret-key", "pki/ca.key", "tokens/admin", "tokens/node-1", "broker/url"):
        assert stat.S_IMODE((cluster.data / path).stat().st_mode) == 0o600, path


def test_a_second_up_on_the_same_data_says_so_and_stops(cluster):
    second = cluster.run("up")
    assert second.returncode == 1
    assert "already runs" in second.stderr and str(cluster.process.pid) in second.stderr
    assert "Traceback" not in second.stderr and len(second.stderr.splitlines()) == 1


def test_a_reset_is_refused_while_it_runs(cluster):
    done = cluster.run("reset", "--yes")
    assert done.returncode == 1
    assert "already runs" in done.stderr
    assert cluster.kubeconfig.exists()


def test_a_port_in_use_is_one_sentence(tmp_path):
    cluster = RunningCluster(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", cluster.api_port))
        taken.listen()
        done = cluster.run("up")
    assert done.returncode == 1
    assert f"Port {cluster.api_port}" in done.stderr and "MINIKWEB_API_PORT" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_data_of_a_newer_version_are_refused_in_one_sentence(tmp_path):
    cluster = RunningCluster(tmp_path)
    cluster.data.mkdir()
    (cluster.data / "cluster.json").write_text(json.dumps({"id": "abc", "version": 99}))
    done = cluster.run("up")
    assert done.returncode == 1
    assert "newer Minikweb" in done.stderr and len(done.stderr.splitlines()) == 1


def test_docker_that_does_not_answer_is_one_sentence_when_it_is_insisted_on(tmp_path):
    cluster = RunningCluster(tmp_path, runtime="docker", DOCKER_HOST=f"unix://{tmp_path}/absent.sock")
    done = cluster.run("up")
    assert done.returncode == 1
    assert "Docker does not answer" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("url", "why"), [("nonsense://", "cannot be used"), ("redis://127.0.0.1:1/0", "not answer")])
def test_a_broker_of_the_users_that_does_not_work_is_one_sentence(tmp_path, url, why):
    done = RunningCluster(tmp_path, REDIS_URL=url).run("up")
    assert done.returncode == 1
    assert "REDIS_URL" in done.stderr and why in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_damaged_database_is_one_sentence(tmp_path):
    cluster = RunningCluster(tmp_path)
    cluster.data.mkdir()
    (cluster.data / "lock").write_text("")
    (cluster.data / "cluster.sqlite3").write_text("this is no database, whatever its name says")
    done = cluster.run("up")
    assert done.returncode == 1
    assert "database" in done.stderr and len(done.stderr.splitlines()) == 1


def test_french_terminals_are_spoken_to_in_french(tmp_path):
    cluster = RunningCluster(tmp_path, runtime="podman", LC_ALL="fr_FR.UTF-8")
    done = cluster.run("up")
    assert done.returncode == 1
    assert "utilisez auto, docker ou simulated" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_every_process_and_the_next_start_brings_the_same_pods_back(fresh_cluster, number):
    before = names(fresh_cluster.wait_for_pods(3))
    children = fresh_cluster.pids()
    up = fresh_cluster.process
    up.send_signal(number)
    assert up.wait(15) == 0
    assert [name for name, pid in children.items() if is_alive(pid)] == []
    fresh_cluster.start()
    assert names(fresh_cluster.wait_for_pods(3)) == before


def test_the_demo_is_deployed_once(fresh_cluster):
    fresh_cluster.wait_for_pods(3)
    fresh_cluster.client.delete("Namespace", "demo")
    fresh_cluster.client.delete("Node", "node-3")
    until(lambda: "demo" not in fresh_cluster.kubectl("get", "namespaces"), "the end of the namespace")
    fresh_cluster.stop()
    fresh_cluster.start()
    assert "demo" not in fresh_cluster.kubectl("get", "namespaces")
    assert set(nodes(fresh_cluster)) == {"node-1", "node-2"}


def test_a_node_is_added_and_removed_by_its_object(fresh_cluster):
    done = fresh_cluster.run("node", "add")
    assert done.returncode == 0 and "node-4" in done.stdout
    until(lambda: nodes(fresh_cluster).get("node-4"), "node-4 Ready")
    pid = fresh_cluster.pids()["kubelet-node-4"]
    network = json.loads((fresh_cluster.data / "cluster.json").read_text())["podNetwork"]
    expected = network.replace(".0.0/16", ".4.0/24")
    assert fresh_cluster.client.get("Node", "node-4")["spec"]["podCIDR"] == expected
    fresh_cluster.kubectl("delete", "node", "node-4")
    until(lambda: not is_alive(pid), "the end of the kubelet")
    until(lambda: "kubelet-node-4" not in fresh_cluster.pids(), "no new kubelet")
    assert set(nodes(fresh_cluster)) == {"node-1", "node-2", "node-3"}


def test_the_pods_of_a_removed_node_are_replaced_on_the_others(fresh_cluster):
    on = {pod["spec"]["nodeName"] for pod in fresh_cluster.wait_for_pods(3)}
    gone = sorted(on)[0]
    assert fresh_cluster.run("node", "remove", gone).returncode == 0
    until(
        lambda: (
            len(fresh_cluster.running_pods()) == 3
            and gone not in {pod["spec"]["nodeName"] for pod in fresh_cluster.pods()}
        ),
        f"3 pods elsewhere than on {gone}",
    )


def test_reset_leaves_nothing(fresh_cluster):
    fresh_cluster.wait_for_pods(3)
    fresh_cluster.stop()
    assert fresh_cluster.run("reset").returncode == 0
    assert not fresh_cluster.data.exists()


def test_two_clusters_live_side_by_side(cluster, fresh_cluster):
    fresh_cluster.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "only-here"}})
    assert "only-here" not in cluster.kubectl("get", "namespaces")
    ids = [json.loads((one.data / "cluster.json").read_text())["id"] for one in (cluster, fresh_cluster)]
    assert ids[0] != ids[1]


def test_a_killed_up_takes_its_processes_along_and_the_next_start_finds_the_same_pods(fresh_cluster):
    before = names(fresh_cluster.wait_for_pods(3))
    fresh_cluster.kill()
    fresh_cluster.start()
    assert names(fresh_cluster.wait_for_pods(3)) == before
