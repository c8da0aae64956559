"""kill -9 of each process in the middle of a rollout: it comes back, the rollout converges, all is there once."""

import pytest

from minikweb.apimachinery import errors
from tests.running import until

pytestmark = pytest.mark.cluster

REPLICAS = 10
MOST = 13  # with maxSurge 25 %, rounded up


def deployment(image):
    container = {"name": "web", "image": image}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": REPLICAS,
            "minReadySeconds": 1,  # simulated pods are ready at once: without it there is no middle to kill in
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
        },
    }


class Rollout:
    """A Deployment of ten pods whose image is being changed."""

    def __init__(self, cluster):
        self.cluster = cluster
        cluster.client.create(deployment("minikweb/demo:1"))
        cluster.wait_for_pods(REPLICAS, "default", "app=web")

    def begin(self):
        """Changes the image, and returns while some pods are new and some are old."""
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "minikweb/demo:2"}]}}}}
        self.cluster.client.patch("Deployment", "web", patch, "default", type="strategic")
        until(lambda: len(self.pods("minikweb/demo:2")) > 1, "the first new pods")
        assert self.pods("minikweb/demo:1"), "the rollout is over too soon to kill something in its middle"

    def pods(self, image):
        found = self.cluster.pods("default", "app=web")
        return [pod for pod in found if pod["spec"]["containers"][0]["image"] == image]

    def finish(self):
        """Waits for the end; at no time are there more pods than the Deployment allows."""
        until(self._is_done, "the end of the rollout", 90)
        revisions = self.cluster.client.list("ReplicaSet", "default")["items"]
        assert sorted(one["spec"]["replicas"] for one in revisions) == [0, REPLICAS]

    def _is_done(self):
        try:
            pods = self.cluster.pods("default", "app=web")
            status = self.cluster.client.get("Deployment", "web", "default")["status"]
        except errors.ApiError:  # while the API server is away
            return False
        wanted = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        assert len(wanted) <= MOST, [pod["metadata"]["name"] for pod in wanted]
        new = [pod for pod in wanted if pod["spec"]["containers"][0]["image"] == "minikweb/demo:2"]
        return len(pods) == len(new) == status.get("readyReplicas") == status.get("updatedReplicas") == REPLICAS


@pytest.mark.parametrize("process", ["web", "apiserver", "controllers", "kubelet-node-1", "broker"])
def test_a_rollout_survives_the_death_of_any_process(fresh_cluster, process):
    rollout = Rollout(fresh_cluster)
    fresh_cluster.client.create(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept", "namespace": "default"}}
    )
    rollout.begin()
    killed = fresh_cluster.kill_process(process)
    rollout.finish()
    until(lambda: fresh_cluster.pids().get(process) not in (None, killed), f"a new {process}")
    assert fresh_cluster.client.get("ConfigMap", "kept", "default")
    assert len(fresh_cluster.wait_for_pods(3)) == 3


def test_a_rollout_survives_the_death_of_everything(fresh_cluster):
    rollout = Rollout(fresh_cluster)
    rollout.begin()
    fresh_cluster.kill()
    fresh_cluster.start()
    rollout.finish()


def test_a_process_killed_again_and_again_does_not_stop_the_others(fresh_cluster):
    rollout = Rollout(fresh_cluster)
    for _ in range(3):
        fresh_cluster.kill_process("controllers")
    rollout.begin()
    for _ in range(2):
        fresh_cluster.kill_process("apiserver")
    rollout.finish()


def test_the_terminal_tells_of_the_death_and_where_the_log_is(fresh_cluster):
    fresh_cluster.kill_process("web")
    until(lambda: "web ended (SIGKILL)" in fresh_cluster.said(), "the line in the terminal")
    until(lambda: "web" in fresh_cluster.pids(), "a new web")
