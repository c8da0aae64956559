from tests.people.conftest import admin, cache, compiled, door, english, pages, server, unthrottled  # noqa: F401
