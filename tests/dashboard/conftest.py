import pytest
from django.conf import settings
from django.utils import translation

from minikweb.management import messages


@pytest.fixture(scope="session", autouse=True)
def compiled():
    """The translations, as `make run` compiles them."""
    messages.ensure(settings.BASE_DIR)


@pytest.fixture(autouse=True)
def english():
    """What a test reads is the text of the sources, unless it asks for another language."""
    with translation.override("en"):
        yield
