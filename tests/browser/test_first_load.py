"""What a browser has to fetch before the first page is there."""

import gzip

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

MOST = 300_000  # bytes, gzipped: the editor and the terminal are fetched where they are needed
LOADED = "() => performance.getEntriesByType('resource').map((entry) => entry.name)"


def test_it_is_small_and_without_the_editor(cluster, open_page):
    reader = open_page(cluster.url("/"))
    reader.is_live()
    names = reader.page.evaluate(LOADED)
    bodies = [reader.page.request.get(name).body() for name in {reader.page.url, *names}]
    assert sum(len(gzip.compress(body)) for body in bodies) <= MOST
    assert any("dist/app.js" in name for name in names)
    assert not any("yaml.js" in name or "terminal.js" in name for name in names)
