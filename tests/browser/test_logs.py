"""A container's log in the browser: every line, the bottom in sight, nothing frozen."""

import pytest
from playwright.sync_api import expect

from tests.browser.reader import Space

LINES = 30_000
TALKATIVE = f"i=0; while [ $i -lt {LINES} ]; do echo line-$i; i=$((i+1)); done; sleep 1000"
MORTAL = "echo born; sleep 2; echo last words; exit 3"

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


def shows_logs_of(open_page, space, pod, query="", **options):
    reader = open_page(space.url(f"/objects/Pod/{space.name}/{pod}/logs/{query}"), **options)
    expect(reader.page.locator("[data-lines] .block").first).to_be_attached()
    return reader


def pod_of(space):
    return space.cluster.pods(space.name)[0]["metadata"]["name"]


def test_it_works(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    reader.rows("Container").first.get_by_role("link").click()
    expect(reader.page.locator("[data-lines]")).to_contain_text("simulated container web of image minikweb/demo:1")
    assert "tab=logs" in reader.page.url
    reader.page.get_by_label("Timestamps").check()
    expect(reader.page.locator("[data-lines] .stamp").first).to_be_visible()


def test_the_download_is_the_whole_log(space, open_page):
    reader = shows_logs_of(open_page, space, pod_of(space))
    with reader.page.expect_download() as download:
        reader.page.locator("[data-download]").click()
    assert "simulated container web" in download.value.path().read_text()


@pytest.fixture
def docker_space(docker_cluster):
    space = Space(docker_cluster, "logs")
    yield space
    space.remove()


@pytest.mark.docker
def test_thirty_thousand_lines_arrive_and_the_page_stays_alive(docker_space, open_page):
    space = docker_space
    space.deploy("web", replicas=1, command=["sh", "-c", TALKATIVE])
    reader = shows_logs_of(open_page, space, pod_of(space), "?tail=")
    lines = reader.page.locator("[data-lines]")
    expect(lines).to_have_attribute("data-total", str(LINES))
    expect(lines.locator(".block > div").last).to_contain_text(f"line-{LINES - 1}")
    assert lines.locator(".block > div").count() <= 20_200, "the page keeps a bounded number of lines"

    lines.evaluate("box => box.scrollTop = 0")
    expect(reader.page.get_by_role("button", name="Back to the bottom")).to_be_visible()
    reader.page.get_by_role("button", name="Back to the bottom").click()
    expect(reader.page.get_by_role("button", name="Back to the bottom")).to_be_hidden()

    reader.tab("Docker")
    containers = reader.page.locator(".container.docker")
    expect(containers).to_have_count(2)
    expect(containers.filter(has_text="k8s_POD_")).to_contain_text("pause")
    expect(containers.filter(has_text="k8s_web_")).to_contain_text("Up")


@pytest.mark.docker
def test_a_container_that_dies_leaves_its_last_words(docker_cluster, open_page):
    space = Space(docker_cluster, "mortal")
    spec = {"containers": [{"name": "web", "image": "minikweb/demo:1", "command": ["sh", "-c", MORTAL]}]}
    space.api.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ghost"}, "spec": spec}, namespace="mortal"
    )
    reader = open_page(space.url("/?ns=mortal&sel=Pod/mortal/ghost"))
    reader.is_live()
    expect(reader.row("ghost")).to_contain_text("CrashLoopBackOff")
    expect(reader.page.locator("#object-body")).to_contain_text("Why CrashLoopBackOff?")
    expect(reader.page.locator("#object-body")).to_contain_text("exit code 3")
    reader.page.get_by_role("link", name="Previous logs").first.click()
    expect(reader.page.locator("[data-lines]")).to_contain_text("last words")
    expect(reader.page.locator("[data-lines]")).to_contain_text("End of the log of the previous container.")
    space.remove()
