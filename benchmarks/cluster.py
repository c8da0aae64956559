"""A whole installation of its own for one benchmark, as the tests make them: see tests/running.py."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from minikweb.client.client import Client
from minikweb.client.kubeconfig import from_kubeconfig
from tests.running import RunningCluster


@contextlib.contextmanager
def installed(runtime: str = "simulated", *, nodes: int = 3) -> Iterator[RunningCluster]:
    """An installation that goes away with the `with`, not yet started."""
    with tempfile.TemporaryDirectory(prefix="minikweb-bench-") as folder:
        cluster = RunningCluster(Path(folder), runtime=runtime, nodes=nodes)
        try:
            yield cluster
        finally:
            cluster.clean_up()


@contextlib.contextmanager
def running(runtime: str = "simulated", *, nodes: int = 3) -> Iterator[RunningCluster]:
    """The same, started."""
    with installed(runtime, nodes=nodes) as cluster:
        yield cluster.start()


def user(cluster: RunningCluster) -> Client:
    """A user's client with a connection of its own: TLS, token, authorisation."""
    return from_kubeconfig(cluster.data / "kubeconfig")


def is_ready(obj: dict) -> bool:
    """Whether a node or pod has the condition Ready."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in obj.get("status", {}).get("conditions", ()))
