import pytest

from tests.controllers.cluster import Cluster
from tests.store.conftest import migrated, storage

__all__ = ["migrated", "storage"]


@pytest.fixture
def start(storage):
    """start(Controller, …) → a cluster with these controllers."""
    started = []

    def start(*controllers):
        started.append(Cluster(storage, *controllers))
        return started[-1]

    yield start
    for cluster in started:
        cluster.stop()
