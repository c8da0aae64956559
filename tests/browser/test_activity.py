"""Each change with its author, live; and the story of an action."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


def scale(space, replicas, client="kubectl"):
    space.api.acting_as(client).patch("Deployment", "web", {"spec": {"replicas": replicas}}, space.name)


def test_a_change_made_elsewhere_is_echoed_above_the_tree_and_its_row_pulses(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    expect(reader.page.locator("#echo")).to_contain_text("Deployment web created")
    # A pulse ends by itself: noted when it begins.
    reader.page.evaluate(
        "() => new MutationObserver((seen) => seen.forEach(({ target }) => target.matches('#rows tr.pulse') &&"
        " (window.pulsed = target.innerText))).observe(document.body, { subtree: true, attributeFilter: ['class'] })"
    )
    space.api.acting_as("helm").patch("Deployment", "web", {"metadata": {"labels": {"team": "blue"}}}, space.name)
    first = reader.page.locator("#echo li").first
    expect(first).to_contain_text("helm")
    expect(first).to_contain_text('metadata.labels set to {"team": "blue"}')
    assert "web" in reader.page.evaluate("() => window.pulsed")


def test_the_feed_shows_changes_as_they_are_made_and_leads_to_their_story(space, open_page):
    reader = open_page(space.url(f"/activity/?ns={space.name}&by=people"))
    reader.is_live()
    scale(space, 4)
    first = reader.page.locator(".activity tbody tr").first
    expect(first).to_contain_text("scaled from 3 to 4")
    expect(first).to_contain_text("kubectl")
    first.get_by_role("link", name="What happened?").click()
    expect(reader.page.locator(".chain")).to_contain_text("scaled from 3 to 4")


def test_the_story_of_an_action_goes_from_the_request_to_the_ready_pod(space, open_page):
    reader = open_page(space.url())
    reader.open("Deployment", "web")
    scale(space, 4)
    reader.tab("What happened?")
    chain = reader.page.locator(".chain")
    expect(chain.locator(".link.ready")).to_contain_text("is now Running 1/1")
    expect(chain.locator(".link.done")).to_contain_text("is now Healthy 4/4")
    keys = chain.locator(".link").evaluate_all("links => links.map((link) => link.classList[1])")
    assert keys[0] == "request" and keys[-1] == "done"
    assert keys.index("workload") < keys.index("pods") < keys.index("scheduled") < keys.index("ready")
    expect(chain.locator(".link.pods")).to_contain_text("minikweb/controllers/replicaset.py")
    chain.locator(".link.scheduled summary").first.click()
    expect(chain.locator(".link.scheduled table").first).to_contain_text("node-1")
    chain.locator(".link.pods a").first.click()
    expect(reader.page.locator("#panel-title")).to_contain_text("web-")


def test_an_action_of_these_pages_leads_to_its_story(space, open_page):
    reader = open_page(space.url())
    reader.open("Deployment", "web")
    reader.verb("restart")
    reader.confirm()
    reader.page.locator("#toasts").get_by_role("link", name="What happened?").click()
    expect(reader.page.locator(".chain .link.request")).to_contain_text("restarted")


def test_the_owners_of_the_fields_are_shown_and_picked(space, open_page):
    scale(space, 2, client="an-autoscaler")
    reader = open_page(space.url(f"/?ns={space.name}&sel=Deployment/{space.name}/web&tab=fields"))
    fields = reader.page.locator(".fields")
    expect(fields.locator("tr", has_text="replicas").first).to_contain_text("an-autoscaler")
    reader.page.locator(".owners").get_by_role("link", name="an-autoscaler").click()
    expect(fields.locator("tbody tr")).to_have_count(2)
