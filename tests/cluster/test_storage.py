"""Data in a claim's volume outlives its pod, its node's container and a restart of everything; then it is gone."""

import json
import subprocess

import pytest

from tests.clients.test_kubectl_storage import SET
from tests.running import RunningCluster, until

pytestmark = [pytest.mark.cluster, pytest.mark.docker, pytest.mark.kubectl]


@pytest.fixture
def cluster(tmp_path):
    running = RunningCluster(tmp_path, runtime="docker", nodes=2)
    try:
        yield running.start()
    finally:
        running.clean_up()


def volumes(cluster):
    """The names of the Docker volumes that are stores."""
    identity = json.loads((cluster.data / "cluster.json").read_text())["id"]
    filters = ["--filter", f"label=minikweb.cluster={identity}", "--filter", "label=minikweb.store"]
    listed = subprocess.run(["docker", "volume", "ls", "-q", *filters], capture_output=True, text=True, check=True)
    return listed.stdout.split()


def shell(cluster, script):
    return cluster.kubectl("exec", "db-0", "--", "sh", "-c", script)


def test_data_is_kept_as_long_as_its_claim(cluster):
    cluster.kubectl("apply", "-f", "-", stdin=SET.replace("replicas: 2", "replicas: 1"))
    cluster.kubectl("rollout", "status", "statefulset/db", "--timeout=90s")
    shell(cluster, "echo kept > /data/file")
    cluster.kubectl("drain", cluster.client.get("Pod", "db-0", "default")["spec"]["nodeName"], "--ignore-daemonsets")
    cluster.kubectl("rollout", "status", "statefulset/db", "--timeout=90s")
    assert shell(cluster, "cat /data/file") == "kept\n"
    cluster.stop()
    cluster.start()
    read = ["exec", "db-0", "--", "cat", "/data/file"]
    until(lambda: cluster.kubectl(*read, check=False) == "kept\n", "the pod is back with its data")
    assert len(volumes(cluster)) == 1
    cluster.kubectl("delete", "statefulset", "db")
    until(lambda: not volumes(cluster), "the Docker volume is gone with its claim")
