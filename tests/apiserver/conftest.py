import pytest

from tests.apiserver.api import Api
from tests.store.conftest import migrated, storage

__all__ = ["migrated", "storage"]


@pytest.fixture
def api(storage):
    """An API server with nothing in it but what every cluster has."""
    api = Api(storage)
    yield api
    api.application.stop()
