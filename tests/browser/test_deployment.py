"""A Deployment by clicks: scale, roll out, look back, go back."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


@pytest.fixture
def reader(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    reader.open("Deployment", "web")
    return reader


def test_it_works(space, reader):
    """3 → 5 by the stepper, → 0 and → 3 by typing; the command is shown before each."""
    reader.verb("scale")
    for _ in range(2):
        reader.page.locator("[data-step='1']").click()
    expect(reader.page.locator("#preview pre")).to_contain_text("--replicas=5")
    assert reader.command() == f"kubectl scale deployment/web --replicas=5 -n {space.name}"
    assert space.deployment()["spec"]["replicas"] == 3, "nothing is done before it is confirmed"
    reader.confirm()
    expect(reader.rows("Pod")).to_have_count(5)
    for wanted in (0, 3):
        reader.verb("scale")
        reader.page.locator("#replicas").fill(str(wanted))
        expect(reader.page.locator("#preview pre")).to_contain_text(f"--replicas={wanted}")
        reader.confirm()
        expect(reader.rows("Pod")).to_have_count(wanted)
    expect(reader.page.locator(".toast").last).to_contain_text("web asks for 3 Pods.")
    expect(reader.page.locator("#panel .title")).to_contain_text("3/3")


def test_a_new_image_rolls_out_while_the_tree_moves_and_a_rollback_brings_version_1_back(space, reader):
    reader.verb("image")
    reader.page.locator("#image-web").fill("minikweb/demo:2")
    reader.page.get_by_label("Reason (optional)").fill("version 2")
    expect(reader.page.locator("#preview ins")).to_have_text("minikweb/demo:2")
    assert f"kubectl set image deployment/web web=minikweb/demo:2 -n {space.name}" in reader.command()
    reader.confirm()
    expect(reader.rows("ReplicaSet").first).to_contain_text("rev 2")
    expect(reader.page.get_by_text("1 old ReplicaSet")).to_be_visible()
    space.rolled_out("minikweb/demo:2")

    reader.tab("History")
    history = reader.page.locator(".history tbody tr")
    expect(history).to_have_count(2)
    expect(history.nth(0)).to_contain_text("minikweb/demo:2")
    expect(history.nth(0)).to_contain_text("current")
    expect(history.nth(1)).to_contain_text("version 1")
    expect(reader.page.locator("#object-body .diff")).to_contain_text("minikweb/demo:1")

    history.nth(1).get_by_role("link", name="Go back").click()
    expect(reader.page.locator("#action .diff")).to_contain_text("minikweb/demo:1")
    assert reader.command() == f"kubectl rollout undo deployment/web --to-revision=1 -n {space.name}"
    reader.confirm()
    space.rolled_out("minikweb/demo:1")
    expect(history.nth(0)).to_contain_text("3")
    expect(history.nth(0)).to_contain_text("was 1")


def test_any_two_revisions_can_be_compared(space, reader):
    for version in (2, 3):
        container = {"name": "web", "image": f"minikweb/demo:{version}"}
        patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
        space.api.patch("Deployment", "web", patch, space.name, type="strategic")
        space.rolled_out(f"minikweb/demo:{version}")
    reader.tab("History")
    expect(reader.page.locator("#object-body")).to_contain_text("From revision 2 to revision 3")
    reader.page.get_by_label("Compare from revision 1").check()
    expect(reader.page.locator("#object-body")).to_contain_text("From revision 1 to revision 3")
    expect(reader.page.locator("#object-body .change del")).to_have_text("minikweb/demo:1")


def test_pause_changes_the_button_and_resume_changes_it_back(space, reader):
    reader.verb("pause")
    assert reader.command() == f"kubectl rollout pause deployment/web -n {space.name}"
    reader.confirm()
    expect(reader.page.locator("[data-act=resume]")).to_be_visible()
    expect(reader.row("web")).to_contain_text("Suspended")
    reader.verb("resume")
    reader.confirm()
    expect(reader.page.locator("[data-act=pause]")).to_be_visible()


def test_a_restart_replaces_every_pod(space, reader):
    before = reader.rows("Pod").locator("a.name").all_inner_texts()
    reader.verb("restart")
    reader.confirm()
    expect(reader.rows("ReplicaSet").first).to_contain_text("rev 2")
    for name in before:
        expect(reader.page.locator("#rows").get_by_text(name)).to_have_count(0)
    expect(reader.rows("Pod")).to_have_count(3)


def test_a_refused_number_is_said_and_the_form_stays(space, reader):
    reader.verb("scale")
    reader.page.locator("#replicas").evaluate("input => { input.removeAttribute('max'); input.value = '99999999'; }")
    reader.page.locator("#action button[type=submit]").click()
    expect(reader.page.locator("#action .problem")).to_contain_text("from 0 to 10000")
    reader.errors.clear()  # the browser notes the 422


def test_cancel_and_escape_close_a_form_without_doing_anything(space, reader):
    reader.verb("scale")
    reader.page.locator("#replicas").fill("9")
    reader.page.locator("[data-cancel]").click()
    expect(reader.page.locator("#action")).to_be_hidden()
    reader.verb("delete")
    expect(reader.page.locator("[data-cancel]")).to_be_focused()
    reader.page.keyboard.press("Escape")
    expect(reader.page.locator("#action")).to_be_hidden()
    assert space.deployment()["spec"]["replicas"] == 3


def test_what_one_types_survives_a_change_of_the_object(space, reader):
    reader.verb("image")
    reader.page.locator("#image-web").fill("minikweb/demo:3")
    space.api.patch("Deployment", "web", {"spec": {"replicas": 4}}, space.name)
    expect(reader.page.locator("#panel .counts")).to_contain_text("4")
    expect(reader.page.locator("#image-web")).to_have_value("minikweb/demo:3")


def test_a_deleted_object_leaves_a_friendly_panel(space, reader):
    reader.verb("delete")
    expect(reader.page.locator("#action")).to_contain_text("3 Pod")
    reader.confirm()
    expect(reader.rows("Deployment")).to_have_count(0)
    expect(reader.page.locator("#object-body")).to_contain_text("This object does not exist, or no longer.")
    reader.errors.clear()  # the browser notes the 404


def test_without_javascript_everything_is_there(space, open_page):
    reader = open_page(space.url(), java_script_enabled=False)
    reader.row("web").get_by_role("link").click()
    expect(reader.page.locator("#panel-title")).to_have_text("web")
    reader.page.locator(".verbs [data-act=scale]").click()
    reader.page.locator("#replicas").fill("2")
    reader.page.locator("#action button[type=submit]").click()
    expect(reader.page.locator("#panel .counts")).to_contain_text("2")
    assert space.deployment()["spec"]["replicas"] == 2
