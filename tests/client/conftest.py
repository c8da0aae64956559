import pytest

from tests.apiprocess import ApiProcess
from tests.broker import Broker


@pytest.fixture(scope="session")
def broker():
    """One server for all tests that do not kill it."""
    broker = Broker()
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One real API server for all tests that leave it running."""
    server = ApiProcess(tmp_path_factory.mktemp("api")).start()
    yield server
    server.kill()
