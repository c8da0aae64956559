"""Pods that have ended, when there are very many."""

from minikweb.controllers.podgc import PodGarbageCollector


def test_of_pods_that_have_ended_the_oldest_go_when_there_are_too_many(start):
    cluster = start(PodGarbageCollector)
    cluster["podgc"].most_terminated = 2
    cluster.node("node-1")
    for name in ("a", "b", "c", "running"):
        metadata = {"name": name, "namespace": "default"}
        spec = {"containers": [{"name": "web", "image": "web:1"}], "nodeName": "node-1"}
        cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        if name != "running":
            cluster.client.patch("Pod", name, {"status": {"phase": "Succeeded"}}, "default", subresource="status")
    cluster.settle()
    assert cluster.names("Pod") == ["b", "c", "running"]
