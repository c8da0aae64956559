"""The pages with a sign-in, on a real API server without controllers."""

import pytest

from minikweb.classroom import views as console
from minikweb.dashboard import cluster
from minikweb.people import throttle, whereabouts
from minikweb.people import views as doors
from minikweb.tutorial import cluster as lesson_cluster
from tests.dashboard.conftest import cache, compiled, english, server  # noqa: F401
from tests.people.door import Door


@pytest.fixture(autouse=True)
def unthrottled(monkeypatch):
    """Tries of other tests do not count, and no time passes."""
    for one in (throttle.GUESSES, throttle.ALL_GUESSES, throttle.PASSWORDS, throttle.SEATS):
        monkeypatch.setattr(one, "clock", lambda: 0.0)
        one.forget()


@pytest.fixture
def pages(cache, monkeypatch, settings):  # noqa: F811
    """The pages as beyond loopback."""
    for module in (cluster, lesson_cluster, doors, console, whereabouts):
        monkeypatch.setattr(module, "shared_cache", lambda: cache)
    settings.SIGN_IN = True
    settings.ALLOWED_HOSTS = ["*"]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick: it is not what is tested


@pytest.fixture
def door(pages, db):
    """Who comes in and goes out, with rows that the test's transaction keeps to itself."""
    return Door()


@pytest.fixture
def admin(server):  # noqa: F811
    """The cluster's administrator, as a client."""
    return server.client("admin")
