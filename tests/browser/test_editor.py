"""YAML in the browser."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


@pytest.fixture
def reader(space, open_page):
    reader = open_page(space.url(f"/objects/Deployment/{space.name}/web/edit/"))
    expect(reader.page.locator(".cm-content")).to_contain_text("kind: Deployment")
    return reader


def text(reader):
    """What would be sent: the form's own field, kept by the rich editor."""
    return reader.page.locator("#yaml").input_value()


def write(reader, content):
    """As if a file were opened: Chromium's own way to replace a selection leaves complaints of the CSP."""
    reader.page.locator("#editor").evaluate("(form, text) => form.rich.replace(text)", content)


def change(reader, old, new):
    before = text(reader)
    assert old in before
    write(reader, before.replace(old, new))


def test_it_works(space, reader):
    change(reader, "replicas: 3", "replicas: 2")
    reader.page.locator(".cm-content").press("Control+s")
    expect(reader.page.locator("#verdict .diff")).to_contain_text("replicas: 2")
    assert space.deployment()["spec"]["replicas"] == 3
    reader.page.get_by_role("button", name="Apply").click()
    expect(reader.page.locator("#verdict")).to_contain_text("Deployment web is applied.")
    assert space.deployment()["spec"]["replicas"] == 2
    change(reader, "replicas: 2", "replicas: 1")
    reader.page.get_by_role("button", name="Check").click()
    expect(reader.page.locator("#verdict .diff")).to_contain_text("replicas: 1")


def test_an_apply_is_undone(space, reader):
    change(reader, "replicas: 3", "replicas: 2")
    reader.page.get_by_role("button", name="Check").click()
    reader.page.get_by_role("button", name="Apply").click()
    reader.page.get_by_role("button", name="Undo").click()
    expect(reader.page.locator(".cm-content")).to_contain_text("replicas: 3")
    assert space.deployment()["spec"]["replicas"] == 3


def test_fields_and_their_values_are_proposed_with_their_documentation(reader):
    page, proposed = reader.page, reader.page.locator(".cm-tooltip-autocomplete li")
    page.locator(".cm-line", has_text="image: minikweb").click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("livenes")
    expect(proposed).to_have_text(re.compile("livenessProbe.*Probe"))
    expect(page.locator(".cm-completionInfo")).to_contain_text("Periodic probe of container liveness")
    for name, beginning in (("livenessProbe", "htt"), ("httpGet", "sch"), ("scheme", "")):
        proposed.filter(has_text=name).click()
        page.keyboard.type(beginning)
    assert re.search(r"\n( +)livenessProbe:\n\1  httpGet:\n\1    scheme: \n", text(reader))


def test_a_field_is_explained_where_the_pointer_or_the_cursor_is(reader):
    page = reader.page
    page.locator(".cm-line", has_text="replicas:").click()
    expect(page.locator("[data-place]")).to_contain_text("spec › replicas integer Number of desired pods.")
    page.get_by_text("progressDeadlineSeconds", exact=True).hover()
    expect(page.locator(".cm-hover")).to_contain_text("The maximum time in seconds for a deployment to make progress")


def test_faults_are_marked_before_the_server_is_asked(reader):
    change(reader, "replicas: 3", 'replica: "3"')
    page = reader.page
    page.locator(".cm-lintRange-error").first.hover()
    expect(page.locator(".cm-diagnostic")).to_have_text("There is no field “replica” here. Did you mean “replicas”?")
    change(reader, 'replica: "3"', 'replicas: "3"')
    page.locator(".cm-lintRange-error").first.hover()
    expect(page.locator(".cm-diagnostic")).to_have_text("A whole number is expected here.")
    change(reader, 'replicas: "3"', "replicas: 3")
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)


def test_what_the_server_refuses_is_marked_at_its_line_one_click_away(reader):
    change(reader, "replicas: 3", "replicas: -3")
    page = reader.page
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#verdict code")).to_have_text("spec.replicas")
    expect(page.locator(".cm-lintRange-error")).to_have_text("replicas: -3")
    page.locator("#verdict [data-line]").click()
    expect(page.locator(".cm-activeLine")).to_have_text("  replicas: -3")


def test_a_custom_resource_is_completed_and_checked_from_its_own_schema(space, open_page):
    reader = open_page(space.url(f"/new/?template=CustomResourceDefinition&ns={space.name}"))
    reader.page.get_by_role("button", name="Check").click()
    reader.page.get_by_role("button", name="Apply").click()
    expect(reader.page.locator("#verdict")).to_contain_text("Created")
    cake = "apiVersion: bakery.example/v1\nkind: Cake\nmetadata:\n  name: birthday\nspec:\n  size: many\n  flavour: "
    write(reader, cake)
    expect(reader.page.locator(".cm-lintRange-error")).to_have_count(1)
    reader.page.locator(".cm-content").press("Control+End")
    reader.page.keyboard.press("Control+Space")
    expect(reader.page.locator(".cm-tooltip-autocomplete li")).to_have_text(["chocolate", "lemon"])
    reader.page.keyboard.press("Escape")
    reader.page.reload()
    space.api.delete("CustomResourceDefinition", "cakes.bakery.example")


def test_a_conflict_shows_the_three_sides_and_lets_one_go_on(space, reader):
    change(reader, "minikweb/demo:1", "minikweb/demo:2")
    change(reader, "replicas: 3", "replicas: 4")
    other = space.api.acting_as("colleague")
    other.patch("Deployment", "web", {"metadata": {"labels": {"team": "blue"}}, "spec": {"replicas": 2}}, space.name)
    reader.page.get_by_role("button", name="Check").click()
    verdict = reader.page.locator("#verdict")
    expect(verdict).to_contain_text("has changed on the server")
    expect(verdict.locator(".merge")).to_contain_text("now written by colleague")
    assert "minikweb/demo:2" in text(reader)
    verdict.get_by_label("On the server").check()
    reader.page.get_by_role("button", name="Put my changes on top of it").click()
    expect(reader.page.locator("#editor")).to_contain_text("Your changes are on top")
    expect(reader.page.locator(".cm-content")).to_contain_text("team: blue")
    merged = text(reader)
    assert "minikweb/demo:2" in merged and "replicas: 2" in merged
    reader.page.get_by_role("button", name="Check").click()
    reader.page.get_by_role("button", name="Apply").click()
    expect(reader.page.locator("#verdict")).to_contain_text("Deployment web is applied.")
    assert space.image() == "minikweb/demo:2"


def test_a_file_is_opened_and_the_text_downloaded(space, open_page, tmp_path):
    reader = open_page(space.url(f"/new/?template=Pod&ns={space.name}"))
    expect(reader.page.locator(".cm-content")).to_be_visible()
    file = tmp_path / "settings.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-a-file\n")
    reader.page.locator("[data-upload] input").set_input_files(file)
    expect(reader.page.locator(".cm-content")).to_contain_text("from-a-file")
    with reader.page.expect_download() as found:
        reader.page.get_by_role("button", name="Download").click()
    assert found.value.path().read_text() == file.read_text()
    assert found.value.suggested_filename == "manifest.yaml"


def test_a_template_becomes_an_object_that_the_tree_shows(space, open_page):
    reader = open_page(space.url(f"/new/?template=Pod&ns={space.name}"))
    reader.page.get_by_role("button", name="Check").click()
    expect(reader.page.locator("#verdict")).to_contain_text("Would be created: Pod hello.")
    reader.page.get_by_role("button", name="Apply").click()
    reader.page.locator("#verdict").get_by_role("link", name="Look at it").click()
    expect(reader.page.locator("#panel-title")).to_have_text("hello")


def test_tab_leaves_the_text_and_enter_keeps_the_indentation(reader):
    write(reader, "metadata:\n  labels:")
    reader.page.locator(".cm-content").press("Control+End")
    reader.page.keyboard.press("Enter")
    reader.page.keyboard.type("app: web")
    assert text(reader) == "metadata:\n  labels:\n    app: web"
    reader.page.keyboard.press("Tab")
    expect(reader.page.get_by_role("button", name="Check")).to_be_focused()


def test_the_form_works_without_javascript(space, open_page):
    reader = open_page(space.url(f"/objects/Deployment/{space.name}/web/edit/"), java_script_enabled=False)
    box = reader.page.locator("#yaml")
    box.fill(box.input_value().replace("replicas: 3", "replicas: 1"))
    reader.page.get_by_role("button", name="Check").click()
    expect(reader.page.locator("#verdict .diff")).to_contain_text("replicas: 1")
    reader.page.get_by_role("button", name="Apply").click()
    expect(reader.page.locator("#panel-title")).to_have_text("web")
    assert space.deployment()["spec"]["replicas"] == 1
