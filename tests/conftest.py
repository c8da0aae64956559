"""Which tests can run here, and clusters to run them against."""

from __future__ import annotations

import os
from collections import Counter

import hypothesis
import pytest

from tests import needs

# How long an example takes says nothing on a machine that does other things, too.
hypothesis.settings.register_profile("minikweb", deadline=None)
hypothesis.settings.load_profile("minikweb")

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright's loop in the thread of the tests

# What these drive does other things, too, on a busy machine: one failure of theirs is told (R), two are a failure.
UNRULY = ("docker", "browser", "cluster", "kubectl", "helm")
LEFT_OUT: Counter[str] = Counter()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what this machine cannot run, and says so at the end; what is required is an error instead.

    Browser tests come last: Playwright leaves an event loop running in this thread, and other tests start their own.
    """
    items.sort(key=lambda item: _has(item, "browser"))
    kept, left = [], []
    for item in items:
        reasons = {marker: needs.missing(marker) for marker in needs.MARKERS if _has(item, marker)}
        lacking = {marker: reason for marker, reason in reasons.items() if reason}
        required = [marker for marker in lacking if marker in needs.REQUIRED]
        if required:
            raise pytest.UsageError(f"{required[0]} is required (MINIKWEB_TEST_REQUIRE): {lacking[required[0]]}")
        (left if lacking else kept).append(item)
        if os.environ.get("CI") and any(_has(item, marker) for marker in UNRULY):
            item.add_marker(pytest.mark.flaky(reruns=1))
        LEFT_OUT.update(f"{marker}: {reason}" for marker, reason in lacking.items())
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def _has(item: pytest.Item, marker: str) -> bool:
    return item.get_closest_marker(marker) is not None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason, count in LEFT_OUT.items():
        terminalreporter.write_line(f"NOT RUN: {count} tests that need {reason}", yellow=True)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """One cluster with three simulated nodes for all tests that leave it as they found it."""
    yield from _running(tmp_path_factory.mktemp("cluster"))


@pytest.fixture
def fresh_cluster(tmp_path):
    """A simulated cluster of the test's own, to be broken."""
    yield from _running(tmp_path)


@pytest.fixture(scope="session")
def docker_cluster(tmp_path_factory):
    """One cluster whose pods are containers, for all tests that leave it as they found it."""
    yield from _running(tmp_path_factory.mktemp("docker"), runtime="docker")


def _running(folder, **options):
    from tests.running import RunningCluster

    running = RunningCluster(folder, **options)
    try:
        yield running.start()
    finally:
        running.clean_up()
