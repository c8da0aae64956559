"""Applications: a push → deployed; a hundred of them looked at again with nothing changed."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.cluster import running, user
from benchmarks.report import Figure
from minikweb.client.client import Client
from minikweb.gitops.application import API_VERSION, NAMESPACE, REFRESH, SERVER
from minikweb.kinds.registry import Kind
from tests.running import RunningCluster

APPLICATIONS = 100
PUSHES = 5


def figures() -> list[Figure]:
    with running("simulated") as cluster, tempfile.TemporaryDirectory() as folder:
        client = user(cluster)
        kind = client.kind_of({"apiVersion": API_VERSION, "kind": "Application"})
        return [_pushes(cluster, client, kind, Path(folder)), _refreshes(cluster, client, kind)]


def _pushes(cluster: RunningCluster, client: Client, kind: Kind, folder: Path) -> Figure:
    """`git push` begun → the Application Synced at that commit and Healthy."""
    clone = folder / "shop"
    _git("clone", "--quiet", cluster.url("/git/shop.git"), str(clone), cwd=folder)
    _git("checkout", "--quiet", "dev", cwd=clone)
    client.create(_application(cluster, "pushed", "dev"))
    _wait_at(client, kind, "pushed", _git("rev-parse", "HEAD", cwd=clone))
    manifest, took = clone / "web" / "deployment.yaml", []
    for number in range(PUSHES):
        text = manifest.read_text().replace("minikweb/demo:", f"minikweb/demo:{number}")
        manifest.write_text(text)
        _git("commit", "--quiet", "--all", "-m", f"Change {number}", cwd=clone)
        commit = _git("rev-parse", "HEAD", cwd=clone)
        began = time.monotonic()
        _git("push", "--quiet", "origin", "dev", cwd=clone)
        _wait_at(client, kind, "pushed", commit)
        took.append(time.monotonic() - began)
    return Figure("git push → Application Synced and Healthy, p50", median(took), "s")


def _refreshes(cluster: RunningCluster, client: Client, kind: Kind) -> Figure:
    """All of them asked to look at git again; until the last has done so."""
    names = [f"app-{number}" for number in range(APPLICATIONS)]
    for name in names:
        client.create(_application(cluster, name, "master"))
    _wait(lambda: all(_status(client, kind).get(name) == "Synced" for name in names), "all of them Synced")
    began = time.monotonic()
    for name in names:
        client.patch(kind, name, {"metadata": {"annotations": {REFRESH: "normal"}}}, NAMESPACE)
    _wait(lambda: not _asked(client, kind), "all of them refreshed")
    return Figure(f"refresh of {APPLICATIONS} Applications, nothing changed", time.monotonic() - began, "s")


def _application(cluster: RunningCluster, name: str, branch: str) -> dict:
    policy = {"automated": {}, "syncOptions": ["CreateNamespace=true"]}
    source = {"repoURL": cluster.url("/git/shop.git"), "path": "web", "targetRevision": branch}
    destination = {"server": SERVER, "namespace": f"bench-{name}"}
    spec = {"project": "default", "source": source, "destination": destination, "syncPolicy": policy}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, "spec": spec}


def _status(client: Client, kind: Kind) -> dict[str, str]:
    found = client.list(kind, NAMESPACE)["items"]
    return {app["metadata"]["name"]: app.get("status", {}).get("sync", {}).get("status", "") for app in found}


def _asked(client: Client, kind: Kind) -> bool:
    found = client.list(kind, NAMESPACE)["items"]
    return any(REFRESH in app["metadata"].get("annotations", {}) for app in found)


def _wait_at(client: Client, kind: Kind, name: str, commit: str) -> None:
    def is_there() -> bool:
        status = client.get(kind, name, NAMESPACE).get("status", {})
        sync, health = status.get("sync", {}), status.get("health", {})
        return (sync.get("status"), sync.get("revision"), health.get("status")) == ("Synced", commit, "Healthy")

    _wait(is_there, f"{name} at {commit}")


def _wait(condition, what: str) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not after 300 s")
        time.sleep(0.02)


def _git(*words: str, cwd: Path) -> str:
    who = ("-c", "user.name=Bench", "-c", "user.email=bench@localhost")
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *who, *words], cwd=cwd, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
