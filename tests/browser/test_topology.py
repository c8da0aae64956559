"""The drawing of the cluster, live."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


@pytest.fixture
def reader(space, open_page):
    reader = open_page(space.url(f"/topology/?ns={space.name}"))
    reader.is_live()
    expect(box(reader, "Pod")).to_have_count(3)
    return reader


def box(reader, kind):
    return reader.page.locator(".topology .box").filter(has=reader.page.locator(".kind", has_text=kind))


def place(locator):
    found = locator.locator("xpath=..")
    return found.get_attribute("x"), found.get_attribute("y")


def test_what_is_new_slots_in_and_nothing_changes_places(space, reader):
    boxes = [box(reader, "Deployment").filter(has_text="web"), *box(reader, "Pod").all()]
    before = [(place(each), each.inner_text()) for each in boxes]
    space.api.create(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"},
         "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}, namespace=space.name,
    )  # fmt: skip
    expect(reader.page.locator(".topology path.traffic")).to_have_count(3)
    space.api.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone"},
         "spec": {"containers": [{"name": "web", "image": "minikweb/demo:1"}]}}, namespace=space.name,
    )  # fmt: skip
    expect(box(reader, "Pod")).to_have_count(4)
    assert [(place(each), each.inner_text()) for each in boxes] == before


def test_many_replicas_are_one_box(space, reader):
    space.api.patch("Deployment", "web", {"spec": {"replicas": 6}}, space.name)
    expect(box(reader, "Pod × 6")).to_contain_text("6/6")


def test_an_object_opens_beside_and_the_url_brings_both_back(reader):
    box(reader, "Deployment").click()
    expect(reader.page.locator("#panel-title")).to_have_text("web")
    expect(box(reader, "Deployment")).to_have_attribute("aria-current", "true")
    reader.page.reload()
    expect(reader.page.locator("#panel-title")).to_have_text("web")
    expect(box(reader, "Deployment")).to_have_attribute("aria-current", "true")


def test_the_filter_is_shared_with_the_table(space, reader):
    reader.page.locator("#q").fill("web-")
    reader.page.locator("#q").press("Enter")
    expect(box(reader, "Pod")).to_have_count(3)
    reader.page.locator("#q").fill("nothing-like-it")
    reader.page.locator("#q").press("Enter")
    expect(reader.page.locator("#topology")).to_contain_text("Nothing matches the filter.")
    reader.page.get_by_role("link", name="As a table").click()
    expect(reader.page.locator("#q")).to_have_value("nothing-like-it")


def test_motion_is_left_out_for_who_wants_none(space, open_page):
    reader = open_page(space.url(f"/topology/?ns={space.name}"), reduced_motion="reduce")
    reader.is_live()
    reader.page.evaluate("() => (Element.prototype.animate = () => (window.moved = true))")
    space.api.patch("Deployment", "web", {"spec": {"replicas": 2}}, space.name)
    expect(box(reader, "Pod")).to_have_count(2)
    assert reader.page.evaluate("() => window.moved") is None
