"""The last minutes of the tree, played again."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


def test_a_scaling_is_replayed_change_by_change(space, open_page):
    space.api.acting_as("kubectl").patch("Deployment", "web", {"spec": {"replicas": 1}}, space.name)
    space.cluster.wait_for_pods(1, space.name)
    reader = open_page(space.url(f"/replay/?ns={space.name}"))
    page, pods = reader.page, reader.page.locator('.past tr:has(.glyph[title="Pod"])')
    expect(pods).to_have_count(1)
    page.locator("#at").focus()
    page.keyboard.press("Home")
    expect(page.locator("[data-previous]")).to_have_count(0)
    expect(pods).to_have_count(0)
    page.get_by_role("link", name="Next change").click()
    expect(page.locator(".replay-what")).to_contain_text("created")
    page.get_by_role("button", name="Play slowly").click()
    expect(pods).to_have_count(3)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Play slowly")).to_be_visible()
    page.locator("#at").focus()
    page.keyboard.press("End")
    expect(pods).to_have_count(1)
    page.reload()
    expect(pods).to_have_count(1)
