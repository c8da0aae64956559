"""Real pods against plain containers of the same image on the same network, in the same run."""

from __future__ import annotations

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.cluster import is_ready, running, user
from benchmarks.report import Figure, median
from minikweb.client.client import Client
from tests.running import RunningCluster

NAMESPACE = "bench"
IMAGE = "minikweb/demo:1"
ROUNDS, MANY = 7, 20


def figures() -> list[Figure]:
    """One pod after the other, then twenty at once. Nothing where no Docker answers."""
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return []
    with running("docker") as cluster:
        client = user(cluster)
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        network = _network(cluster)
        pairs = [(_pod(client, f"one-{n}"), _plain(network, f"minikweb-bench-{n}")) for n in range(ROUNDS)]
        ours, theirs = _many_pods(client), _many_plain(network)
    return [
        Figure("one real pod: created → Running seen", median([a for a, _ in pairs]) * 1000, "ms",
               median([b for _, b in pairs]) * 1000, "docker run -d"),
        Figure(f"{MANY} real pods: created → all Running", ours, "s", theirs, f"{MANY} × docker run -d, 4 at a time"),
    ]  # fmt: skip


def _network(cluster: RunningCluster) -> str:
    import json

    return f"minikweb-{json.loads((cluster.data / 'cluster.json').read_text())['id']}"


def _manifest(name: str) -> dict:
    spec = {"containers": [{"name": "demo", "image": IMAGE}], "terminationGracePeriodSeconds": 1}
    meta = {"name": name, "namespace": NAMESPACE, "labels": {"bench": "pods"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def _pod(client: Client, name: str) -> float:
    """Seconds from the POST to the watch event that shows the pod Running and Ready."""
    revision = client.list("Pod", NAMESPACE)["metadata"]["resourceVersion"]
    began = time.monotonic()
    threading.Thread(target=client.create, args=(_manifest(name),), daemon=True).start()
    for _, pod in client.watch("Pod", NAMESPACE, resource_version=revision):
        if pod["metadata"]["name"] == name and is_ready(pod):
            return time.monotonic() - began
    raise TimeoutError(f"pod {name} is not Running when the watch ended")


def _plain(network: str, name: str) -> float:
    began = time.monotonic()
    _docker("run", "-d", "--name", name, "--network", network, IMAGE)
    taken = time.monotonic() - began
    _docker("rm", "-f", name)
    return taken


def _many_pods(client: Client) -> float:
    began = time.monotonic()
    for n in range(MANY):
        client.create(_manifest(f"many-{n}"))
    deadline = began + 120
    while time.monotonic() < deadline:
        pods = client.list("Pod", NAMESPACE)["items"]
        if sum(is_ready(pod) for pod in pods if pod["metadata"]["name"].startswith("many-")) == MANY:
            return time.monotonic() - began
        time.sleep(0.02)
    raise TimeoutError(f"{MANY} pods are not Running after 120 s")


def _many_plain(network: str) -> float:
    names = [f"minikweb-bench-many-{n}" for n in range(MANY)]
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: _docker("run", "-d", "--name", name, "--network", network, IMAGE), names))
    taken = time.monotonic() - began
    _docker("rm", "-f", *names)
    return taken


def _docker(*arguments: str) -> None:
    subprocess.run(["docker", *arguments], check=True, capture_output=True)
