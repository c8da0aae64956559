"""YAML in the browser."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


@pytest.fixture
def reader(space, open_page):
    reader = open_page(space.url(f"/objects/Deployment/{space.name}/web/edit/"))
    expect(reader.page.locator("#yaml")).to_have_value(re.compile("kind: Deployment"))
    return reader


def change(reader, old, new):
    box = reader.page.locator("#yaml")
    text = box.input_value()
    assert old in text
    box.fill(text.replace(old, new))


def test_it_works(space, reader):
    change(reader, "replicas: 3", "replicas: 2")
    reader.page.locator("#yaml").press("Control+s")
    expect(reader.page.locator("#verdict .diff")).to_contain_text("replicas: 2")
    assert space.deployment()["spec"]["replicas"] == 3
    reader.page.get_by_role("button", name="Apply").click()
    expect(reader.page.locator("#verdict")).to_contain_text("Deployment web is applied.")
    assert space.deployment()["spec"]["replicas"] == 2
    change(reader, "replicas: 2", "replicas: 1")
    reader.page.get_by_role("button", name="Check").click()
    expect(reader.page.locator("#verdict .diff")).to_contain_text("replicas: 1")


def test_a_bad_field_is_named_and_its_line_is_one_click_away(reader):
    change(reader, "replicas: 3", "replica: 3")
    reader.page.get_by_role("button", name="Check").click()
    expect(reader.page.locator("#verdict code")).to_have_text("spec.replica")
    expect(reader.page.locator("[data-gutter] .bad")).to_have_count(1)
    reader.page.locator("#verdict [data-line]").click()
    selected = "box => box.value.slice(box.selectionStart, box.selectionEnd).trim()"
    assert reader.page.locator("#yaml").evaluate(selected) == "replica: 3"


def test_a_conflict_shows_what_changed_and_lets_one_go_on(space, reader):
    change(reader, "minikweb/demo:1", "minikweb/demo:2")
    space.api.patch("Deployment", "web", {"metadata": {"labels": {"team": "blue"}}}, space.name)
    reader.page.get_by_role("button", name="Check").click()
    expect(reader.page.locator("#verdict")).to_contain_text("has changed on the server")
    expect(reader.page.locator("#verdict .diff")).to_contain_text("team: blue")
    assert "minikweb/demo:2" in reader.page.locator("#yaml").input_value()
    reader.page.get_by_role("button", name="Put my changes on top of it").click()
    expect(reader.page.locator("#editor")).to_contain_text("Your changes are on top")
    text = reader.page.locator("#yaml").input_value()
    assert "minikweb/demo:2" in text and "team: blue" in text
    reader.page.get_by_role("button", name="Check").click()
    reader.page.get_by_role("button", name="Apply").click()
    expect(reader.page.locator("#verdict")).to_contain_text("Deployment web is applied.")
    assert space.image() == "minikweb/demo:2"


def test_a_template_becomes_an_object_that_the_tree_shows(space, open_page):
    reader = open_page(space.url(f"/new/?template=Pod&ns={space.name}"))
    reader.page.get_by_role("button", name="Check").click()
    expect(reader.page.locator("#verdict")).to_contain_text("Would be created: Pod hello.")
    reader.page.get_by_role("button", name="Apply").click()
    reader.page.locator("#verdict").get_by_role("link", name="Look at it").click()
    expect(reader.page.locator("#panel-title")).to_have_text("hello")


def test_tab_leaves_the_text_and_enter_keeps_the_indentation(reader):
    box = reader.page.locator("#yaml")
    box.fill("metadata:\n  labels:")
    box.press("End")
    box.press("Enter")
    reader.page.keyboard.type("app: web")
    assert box.input_value() == "metadata:\n  labels:\n    app: web"
    box.press("Tab")
    expect(reader.page.get_by_role("button", name="Check")).to_be_focused()
