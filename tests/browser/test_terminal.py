"""A shell in a container, typed into by a reader."""

import pytest
from playwright.sync_api import expect

from tests.browser.reader import Space

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


@pytest.fixture
def docker_space(docker_cluster, request):
    space = Space(docker_cluster, f"shells-{len(request.node.name)}")
    space.deploy("web", replicas=1)
    yield space
    space.remove()


@pytest.fixture
def shell(docker_space, open_page):
    """The terminal of the Pod, with a prompt."""
    pod = docker_space.cluster.pods(docker_space.name)[0]["metadata"]["name"]
    reader = open_page(docker_space.url(f"/?ns={docker_space.name}&sel=Pod/{docker_space.name}/{pod}"))
    reader.is_live()
    assert reader.page.locator("script[src*=terminal], link[href*=terminal]").count() == 0, "loaded when opened"
    reader.page.locator(".verbs").get_by_role("link", name="Terminal").click()
    expect(reader.page.locator("[data-state]").last).to_have_text("Connected")
    return reader


def types(reader, text):
    reader.page.locator(".xterm-helper-textarea").focus()
    reader.page.keyboard.type(text)
    reader.page.keyboard.press("Enter")


def shows(reader, text):
    expect(reader.page.locator(".xterm-rows")).to_contain_text(text)


@pytest.mark.docker
def test_it_works(shell):
    """Commands run, the size is known, colours need no inline style, Escape is the shell's, exit is told."""
    types(shell, "echo $((6*7))-answers { } | cat")
    shows(shell, "42-answers { }")
    types(shell, "printf '\\033[38;2;10;200;30mgreen\\033[0m'")
    green = shell.page.locator(".xterm-rows").get_by_text("green", exact=True)
    expect(green).to_have_css("color", "rgb(10, 200, 30)")
    types(shell, "stty size")
    rows = shell.page.locator(".xterm-rows > div").count()
    shows(shell, f"{rows} ")

    types(shell, "echo begun; sleep 1000; echo unseen")
    shows(shell, "unseenbegun")
    shell.page.keyboard.press("Control+c")
    shows(shell, "^C")
    types(shell, "echo code-$?")
    shows(shell, "code-130")

    types(shell, "exit 3")
    expect(shell.page.locator("[data-state]").last).to_have_text("The shell has ended. (exit code 3)")
    shell.page.get_by_role("button", name="New shell").click()
    expect(shell.page.locator("[data-state]").last).to_have_text("Connected")
    shell.page.keyboard.press("Escape")
    expect(shell.page.locator(".xterm-rows")).to_be_visible()


@pytest.mark.docker
def test_copy_takes_the_selection_and_paste_types_it(shell):
    shell.context.grant_permissions(["clipboard-read", "clipboard-write"])
    types(shell, "clear; echo one$((1+1))three")
    shows(shell, "one2three")
    copy = shell.page.get_by_role("button", name="Copy", exact=True)
    expect(copy).to_be_disabled()
    shell.page.locator(".xterm-rows > div").filter(has_text="one2three").last.dblclick(
        position={"x": 20, "y": 8}, force=True
    )
    expect(copy).to_be_enabled()
    copy.click()
    assert shell.page.evaluate("navigator.clipboard.readText()") == "one2three"
    shell.page.evaluate("navigator.clipboard.writeText('echo pasted-$((2+3))')")
    shell.page.get_by_role("button", name="Paste").click()
    shows(shell, "echo pasted-")
    shell.page.keyboard.press("Enter")
    shows(shell, "pasted-5")


def test_a_simulated_pod_says_that_it_needs_docker(space, open_page):
    pod = space.cluster.pods(space.name)[0]["metadata"]["name"]
    reader = open_page(space.url(f"/objects/Pod/{space.name}/{pod}/terminal/"))
    expect(reader.page.locator("#object-body")).to_contain_text("A terminal needs Docker.")
