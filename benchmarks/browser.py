"""A real Chromium on the tree: a change in the cluster → the row on the screen; the first paint of 5,000 pods."""

from __future__ import annotations

import time

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.api import PODS, pods_that_nobody_runs
from benchmarks.cluster import running, user
from benchmarks.report import Figure, median, percentile
from tests import needs
from tests.browser.conftest import ARGUMENTS
from tests.running import RunningCluster

NAMESPACE = "bench"
ROUNDS = 60
# Notes when each row is first there; the clock is the browser's, on the same machine.
WATCH = """() => {
  window.seen = {};
  const look = () => {
    for (const row of document.querySelectorAll('#rows tr')) {
      const found = row.textContent.match(/bench-(\\d+)/);
      if (found && !(found[1] in window.seen)) window.seen[found[1]] = Date.now();
    }
  };
  const all = {childList: true, subtree: true, characterData: true};
  new MutationObserver(look).observe(document.getElementById('rows'), all);
  look();
}"""


def figures() -> list[Figure]:
    """Nothing where no Chromium is found."""
    if needs.missing("browser"):
        return []
    with running("simulated") as cluster, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs.chromium(), args=list(ARGUMENTS))
        user(cluster).create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        return _changes(browser, cluster) + _many(browser, cluster)


def _changes(browser: Browser, cluster: RunningCluster) -> list[Figure]:
    """Pods created one after the other while the tree is open."""
    page = browser.new_page()
    page.goto(cluster.url(f"/?ns={NAMESPACE}"))
    page.wait_for_selector("#live[data-state=live]")
    page.evaluate(WATCH)
    client, sent = user(cluster), {}
    for n in range(ROUNDS):
        sent[str(n)] = time.time() * 1000
        client.create(_pod(f"bench-{n}"))
        time.sleep(0.15)
    page.wait_for_function(f"Object.keys(window.seen).length >= {ROUNDS}", timeout=20_000)
    seen = page.evaluate("window.seen")
    page.close()
    taken = [seen[n] - sent[n] for n in sent]
    return [
        Figure("change → browser's DOM, p50", median(taken), "ms"),
        Figure("change → browser's DOM, p95", percentile(taken, 0.95), "ms"),
    ]


def _many(browser: Browser, cluster: RunningCluster) -> list[Figure]:
    """The tree with 5,000 pods more: navigation → first rows painted; a change → its row."""
    pods_that_nobody_runs(user(cluster))
    page = browser.new_page()
    page.goto(cluster.url("/"))  # the pages' cache has followed them all
    page.wait_for_selector("#rows tr")
    taken = [_first_paint(page, cluster) for _ in range(5)]
    page.close()
    return [Figure(f"tree with {PODS:,} pods: first paint", median(taken), "ms")]


def _first_paint(page: Page, cluster: RunningCluster) -> float:
    began = time.perf_counter()
    page.goto(cluster.url(f"/?ns={NAMESPACE}"), wait_until="commit")
    page.wait_for_selector("#rows tr")
    return (time.perf_counter() - began) * 1000


def _pod(name: str) -> dict:
    meta = {"name": name, "namespace": NAMESPACE}
    spec = {"schedulerName": "nobody", "containers": [{"name": "web", "image": "example/web:v1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
