"""The API server as users run it (TLS, token, authorisation): latency with 1 client, throughput with 8."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from benchmarks.cluster import running, user
from benchmarks.report import Figure, median, percentile
from minikweb.client.client import Client

NAMESPACE = "bench"
ONE, EIGHT = 300, 150  # requests of one client alone, and of each of eight
PODS = 5000


def figures() -> list[Figure]:
    """Create, get and merge patch of ConfigMaps; the list of 5,000 pods; from a change to its watcher."""
    with running("simulated") as cluster:
        user(cluster).create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        alone = _alone(user(cluster))
        together = _together([user(cluster) for _ in range(8)])
        return alone + together + _watched(cluster) + _listed(user(cluster))


def _configmap(name: str) -> dict:
    data = {f"key-{n}": "v" * 40 for n in range(10)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": data,
    }


def _verbs(client: Client, prefix: str) -> dict[str, Callable[[int], object]]:
    return {
        "create": lambda n: client.create(_configmap(f"{prefix}-{n}")),
        "get": lambda n: client.get("ConfigMap", f"{prefix}-{n}", NAMESPACE),
        "patch": lambda n: client.patch("ConfigMap", f"{prefix}-{n}", {"data": {"key-0": str(n)}}, NAMESPACE),
    }


def _timed(call: Callable[[int], object], times: int) -> list[float]:
    taken = []
    for n in range(times):
        began = time.perf_counter()
        call(n)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _alone(client: Client) -> list[Figure]:
    found = []
    for verb, call in _verbs(client, "alone").items():
        taken = _timed(call, ONE)
        found.append(Figure(f"ConfigMap {verb}, 1 client, p50", median(taken), "ms"))
        found.append(Figure(f"ConfigMap {verb}, 1 client, p99", percentile(taken, 0.99), "ms"))
    return found


def _together(clients: list[Client]) -> list[Figure]:
    found = []
    for verb in ("create", "get", "patch"):
        calls = [_verbs(client, f"together-{number}")[verb] for number, client in enumerate(clients)]
        threads = [threading.Thread(target=_timed, args=(call, EIGHT)) for call in calls]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = len(clients) * EIGHT / (time.perf_counter() - began)
        found.append(Figure(f"ConfigMap {verb}, 8 clients", rate, "/s", more_is_better=True))
    return found


def _watched(cluster) -> list[Figure]:
    """From the start of a PATCH to the event in another client's hands."""
    writer, watcher = user(cluster), user(cluster)
    made = writer.create(_configmap("watched"))
    seen: dict[str, float] = {}
    ready = threading.Event()
    thread = threading.Thread(target=_follow, args=(watcher, made, seen, ready), daemon=True)
    thread.start()
    ready.wait(10)
    sent = {}
    for n in range(200):
        sent[str(n)] = time.perf_counter()
        writer.patch("ConfigMap", "watched", {"data": {"key-0": str(n)}}, NAMESPACE)
        time.sleep(0.01)
    thread.join(10)
    taken = [(seen[n] - sent[n]) * 1000 for n in sent if n in seen]
    return [
        Figure("change → watcher, p50", median(taken), "ms"),
        Figure("change → watcher, p99", percentile(taken, 0.99), "ms"),
    ]


def _follow(client: Client, made: dict, seen: dict[str, float], ready: threading.Event) -> None:
    events = client.watch("ConfigMap", NAMESPACE, resource_version=made["metadata"]["resourceVersion"])
    ready.set()
    for _, obj in events:
        seen[obj["data"]["key-0"]] = time.perf_counter()
        if obj["data"]["key-0"] == "199":
            return


def _listed(client: Client) -> list[Figure]:
    """5,000 pods that no node runs (no scheduler takes them), listed as JSON."""
    pods_that_nobody_runs(client)
    path = client.kind("Pod").path(NAMESPACE)
    taken = _timed(lambda n: client.request("GET", path), 7)
    return [Figure(f"list {PODS:,} pods (JSON), p50", median(taken), "ms")]


def pods_that_nobody_runs(client: Client) -> None:
    """PODS pods for a scheduler that does not exist, made by four threads."""
    threads = [threading.Thread(target=_pods, args=(client, part)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _pods(client: Client, part: int) -> None:
    for n in range(PODS // 4):
        containers = [{"name": "web", "image": "example/web:v1"}]
        meta = {"name": f"pod-{part}-{n}", "namespace": NAMESPACE, "labels": {"app": "listed"}}
        spec = {"schedulerName": "nobody", "containers": containers}
        client.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
