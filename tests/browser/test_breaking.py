"""Broken on purpose, seen in the tree, and repaired."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


def test_a_wrong_image_shows_in_the_tree_and_is_taken_back(space, open_page):
    reader = open_page(space.url())
    reader.open("Deployment", "web")
    reader.verb("break")
    assert "no-such-version" in reader.command()
    reader.page.get_by_label("A program that ends at once").check()
    expect(reader.page.locator("#preview pre")).to_contain_text("broken on purpose")
    reader.page.get_by_label("An image that does not exist").check()
    expect(reader.page.locator("#preview pre")).to_contain_text("no-such-version")
    reader.confirm()
    expect(reader.page.locator("#panel")).to_contain_text("Broken on purpose.")
    expect(reader.rows("Pod").filter(has_text="ImagePull").first).to_be_visible()
    reader.verb("repair")
    reader.confirm()
    expect(reader.page.locator("#panel")).not_to_contain_text("Broken on purpose.")
    space.rolled_out("minikweb/demo:1")
