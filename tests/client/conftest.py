import pytest

from tests.broker import Broker


@pytest.fixture(scope="session")
def broker():
    """One server for all tests that do not kill it."""
    broker = Broker()
    broker.start()
    yield broker
    broker.stop()
