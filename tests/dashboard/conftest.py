import pytest
from django.conf import settings
from django.utils import translation

from minikweb.client.informer import Cache
from minikweb.dashboard import cluster
from minikweb.management import messages
from tests.apiprocess import ApiProcess
from tests.dashboard.web import Web


@pytest.fixture(scope="session", autouse=True)
def compiled():
    """The translations, as `make run` compiles them."""
    messages.ensure(settings.BASE_DIR)


@pytest.fixture(autouse=True)
def english():
    """What a test reads is the text of the sources, unless it asks for another language."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A real API server, without controllers: tests play their part."""
    server = ApiProcess(tmp_path_factory.mktemp("api")).start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def cache(server):
    """The pages' cache on that server."""
    cache = Cache(server.client("web"))
    cache.start()
    yield cache
    cache.stop()


@pytest.fixture
def web(server, cache, monkeypatch):
    """The pages of that server in a namespace of the test's own."""
    monkeypatch.setattr(cluster, "shared_cache", lambda: cache)
    return Web(server.client("admin"))
