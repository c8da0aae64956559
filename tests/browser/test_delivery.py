"""SealedSecrets and Helm by click: nothing is fetched from elsewhere."""

import base64
import re

import pytest
from playwright.sync_api import expect

from tests import tools
from tests.running import until

pytestmark = [pytest.mark.browser, pytest.mark.cluster, pytest.mark.helm]


@pytest.fixture(scope="module", autouse=True)
def helm():
    """Where the pages find it."""
    return tools.helm()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_a_release_is_installed_changed_and_taken_back(space, open_page):
    page = open_page(space.url(f"/helm/charts/hello/?version=0.1.0&release=shop&ns={space.name}")).page
    values = page.locator("#values")
    text = values.input_value()
    values.fill(text.replace("replicas: 1", "replicas: 99"))
    press(page, "Check and show the differences")
    expect(page.locator("#verdict")).to_contain_text("got 99, want 20")
    expect(page.locator(".gutter .wrong")).to_have_text("2")
    values.fill(text.replace("Bonjour", "Salut"))
    press(page, "Check and show the differences")
    expect(page.locator("#verdict .diff")).to_contain_text("Salut")
    press(page, "Install")
    expect(page.locator("h1")).to_have_text("shop")
    expect(page.locator("#parts")).to_contain_text("1/1")

    page.goto(space.url(f"/helm/charts/hello/?version=0.1.0&release=shop&ns={space.name}"))
    values.fill(values.input_value().replace("Salut", "Coucou"))
    press(page, "Check and show the differences")
    expect(page.locator("#verdict .diff .removed")).to_contain_text("Salut")
    press(page, "Upgrade")
    page.get_by_role("link", name="Revisions").click()
    page.get_by_role("link", name="Roll back").click()
    expect(page.locator(".diff .added").first).to_contain_text("Salut")
    press(page, "Roll back")
    expect(page.locator("table.list tbody tr")).to_have_count(3)

    page.get_by_role("link", name="Uninstall").click()
    page.locator("#typed").fill("shop")
    press(page, "Uninstall")
    expect(page.locator("h1")).to_contain_text("Helm")
    until(lambda: "shop" not in space.cluster.kubectl("-n", space.name, "get", "deployments"), "its end")


def test_a_chart_is_written_with_its_errors_at_their_line(space, open_page):
    page = open_page(space.url("/helm/author/")).page
    page.locator("#chart-name").fill("written")
    press(page, "Create")
    page.get_by_role("link", name="templates/composantA-pod.yaml").click()
    text = page.locator("#text")
    before = text.input_value()
    text.fill(before.replace("| quote", "| qoute"))
    expect(page.locator("#rendered")).to_contain_text('function "qoute" not defined')
    expect(page.locator(".gutter .wrong")).to_have_text("6")
    text.fill(before.replace('replace "." "-"', "upper"))
    expect(page.locator("#rendered .status.healthy")).to_be_visible()
    expect(page.locator("#rendered .words")).to_contain_text("toString")
    page.reload()
    assert "| upper" in text.input_value()


def test_a_secret_is_sealed_and_its_value_never_comes_back(space, open_page):
    page = open_page(space.url(f"/sealed/?ns={space.name}")).page
    page.locator("#seal-name").fill("database")
    page.locator("[name=key]").first.fill("password")
    page.locator("[name=value]").first.fill("s3cret")
    press(page, "Seal")
    expect(page.locator("#sealed-result textarea")).to_have_value(re.compile("kind: SealedSecret"))
    assert "s3cret" not in page.locator("#sealed-result").inner_html()
    press(page, "Apply it to the cluster")
    expect(page.locator("#sealed-list .status.healthy")).to_have_text("Synced")
    found = space.cluster.client.get("Secret", "database", space.name)["data"]["password"]
    assert base64.b64decode(found) == b"s3cret"
