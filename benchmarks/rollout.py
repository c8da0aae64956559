"""A Deployment of n simulated pods: created → all Running and Ready; a new image → all replaced."""

from __future__ import annotations

import time

from benchmarks.cluster import is_ready, running, user
from benchmarks.report import Figure
from minikweb.client.client import Client

NAMESPACE = "bench"


def figures() -> list[Figure]:
    """10 and 100 pods, each in a fresh Deployment."""
    measured = []
    with running("simulated") as cluster:
        client = user(cluster)
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        for replicas in (10, 100):
            measured += _one(client, replicas)
    return measured


def _one(client: Client, replicas: int) -> list[Figure]:
    name = f"web-{replicas}"
    began = time.monotonic()
    client.create(_deployment(name, replicas))
    _wait(client, name, replicas, "v1")
    created = time.monotonic() - began
    began = time.monotonic()
    image = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "example/web:v2"}]}}}}
    client.patch("Deployment", name, image, NAMESPACE, type="strategic")
    _wait(client, name, replicas, "v2")
    updated = time.monotonic() - began
    client.delete("Deployment", name, NAMESPACE, propagation_policy="Background")
    _wait_gone(client, name)
    return [
        Figure(f"Deployment → {replicas} simulated pods Ready", created, "s"),
        Figure(f"rolling update of {replicas} simulated pods", updated, "s"),
    ]


def _wait(client: Client, name: str, replicas: int, tag: str) -> None:
    """Until exactly the asked pods of the asked image are Ready, by listing twenty times a second."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        pods = client.list("Pod", NAMESPACE, label_selector=f"app={name}")["items"]
        right = [pod for pod in pods if pod["spec"]["containers"][0]["image"].endswith(tag)]
        if len(pods) == len(right) == replicas and all(map(is_ready, right)):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{name} is not rolled out after 300 s")


def _wait_gone(client: Client, name: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and client.list("Pod", NAMESPACE, label_selector=f"app={name}")["items"]:
        time.sleep(0.05)


def _deployment(name: str, replicas: int) -> dict:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": "example/web:v1"}]},
            },
        },
    }
