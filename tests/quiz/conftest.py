"""The quiz needs no cluster; its pages' header would wait for one."""

import pytest

from minikweb.dashboard import cluster
from minikweb.quiz import cluster as learners


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    monkeypatch.setattr(cluster, "ready", lambda: False)
    monkeypatch.setattr(learners, "_objects", lambda kind, deadline: [])
