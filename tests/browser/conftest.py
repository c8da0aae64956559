import itertools

import pytest
from playwright.sync_api import sync_playwright

from tests import needs
from tests.browser.reader import Reader, Space

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs.chromium(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def space(cluster):
    """A namespace of the test's own, with the Deployment web: three pods of version 1."""
    space = Space(cluster, f"pages-{next(_numbers)}")
    space.deploy("web", replicas=3)
    yield space
    space.remove()


@pytest.fixture
def open_page(chromium):
    """Opens pages for one reader after another; at the end no page may have had an error."""
    readers = []

    def open_page(url: str, **options) -> Reader:
        reader = Reader(chromium, url, **options)
        readers.append(reader)
        return reader

    yield open_page
    for reader in readers:
        reader.close()
    assert [error for reader in readers for error in reader.errors] == []
