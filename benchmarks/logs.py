"""Log lines to the browser: of one container against `docker logs`, of a workload's pods at once; how many are lost."""

from __future__ import annotations

import subprocess
import time

from playwright.sync_api import Browser, sync_playwright

from benchmarks.cluster import running, user
from benchmarks.report import Figure
from tests import needs
from tests.browser.conftest import ARGUMENTS
from tests.running import RunningCluster, until

NAMESPACE = "bench"
LINES, PODS = 100_000, 4
SECONDS = 120


def figures() -> list[Figure]:
    """Nothing where no Docker answers or no Chromium is found."""
    if needs.missing("browser") or needs.missing("docker"):
        return []
    with running("docker", nodes=1) as cluster, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs.chromium(), args=list(ARGUMENTS))
        user(cluster).create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        return _one(browser, cluster) + _many(browser, cluster)


def _one(browser: Browser, cluster: RunningCluster) -> list[Figure]:
    meta = {"name": "talker", "namespace": NAMESPACE}
    user(cluster).create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": _talking(LINES)})
    cluster.wait_for_pods(1, NAMESPACE)
    plain = until(lambda: _plain(cluster), "all lines in Docker", SECONDS)
    taken, shown = _read(browser, cluster.url(f"/objects/Pod/{NAMESPACE}/talker/logs/?tail="), LINES)
    return [
        Figure("log lines of one container to the browser", LINES / taken, "lines/s", LINES / plain, "docker logs"),
        Figure("  of these lost", LINES - shown, "lines"),
    ]


def _many(browser: Browser, cluster: RunningCluster) -> list[Figure]:
    labels = {"app": "choir"}
    template = {"metadata": {"labels": labels}, "spec": _talking(LINES // PODS)}
    spec = {"replicas": PODS, "selector": {"matchLabels": labels}, "template": template}
    meta = {"name": "choir", "namespace": NAMESPACE}
    user(cluster).create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
    cluster.wait_for_pods(PODS, NAMESPACE, "app=choir")
    time.sleep(3)  # what they say is said
    taken, shown = _read(browser, cluster.url(f"/objects/Deployment/{NAMESPACE}/choir/logs/?tail="), LINES)
    return [
        Figure(f"log lines of a Deployment's {PODS} pods to the browser", LINES / taken, "lines/s"),
        Figure("  of these lost", LINES - shown, "lines"),
    ]


def _talking(lines: int) -> dict:
    command = ["sh", "-c", f"seq {lines} | sed 's:^:with the words that such lines have, number :'; sleep 1000"]
    container = {"name": "web", "image": "minikweb/demo:1", "command": command}
    return {"containers": [container], "terminationGracePeriodSeconds": 1}


def _plain(cluster: RunningCluster) -> float:
    """Seconds that `docker logs` takes for all lines; 0 while they are not all there."""
    listed = ["docker", "ps", "-q", "--filter", "label=minikweb.pod=talker", "--filter", "label=minikweb.container=web"]
    containers = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    if not containers:
        return 0.0
    began = time.perf_counter()
    read = subprocess.run(["docker", "logs", "--timestamps", containers[0]], capture_output=True, check=True).stdout
    return time.perf_counter() - began if read.count(b"\n") == LINES else 0.0


def _read(browser: Browser, url: str, wanted: int) -> tuple[float, int]:
    """(seconds from the navigation until the page has counted all lines, how many it has counted)."""
    page = browser.new_page(bypass_csp=True)  # wait_for_function evaluates a text
    began = time.perf_counter()
    page.goto(url)
    total = "document.querySelector('[data-lines]')?.dataset.total"
    page.wait_for_function(f"{total} >= {wanted}", timeout=SECONDS * 1000)
    taken = time.perf_counter() - began
    shown = int(page.evaluate(total))
    page.close()
    return taken, shown
