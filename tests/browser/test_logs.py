"""Logs in the browser: every line, the bottom in sight, nothing frozen; of one container or of a whole workload."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.reader import Space
from tests.running import until

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
    reader.page.get_by_text("Display", exact=True).click()
    reader.page.get_by_label("Timestamps").check()
    expect(reader.page.locator("[data-lines] .stamp").first).to_be_visible()


def test_a_workload_speaks_with_the_voices_of_its_pods_those_to_come_included(space, open_page):
    reader = open_page(space.url(f"/objects/Deployment/{space.name}/web/logs/"))
    voices = reader.page.locator("[data-lines] .who")
    expect(voices.first).to_be_visible()
    pods = {pod["metadata"]["name"] for pod in space.cluster.pods(space.name)}

    def speaking():
        return set(voices.evaluate_all("all => all.map(one => one.title.split('/')[0])"))

    until(lambda: speaking() == pods, "the three pods")
    colours = voices.evaluate_all("all => all.map(one => getComputedStyle(one).color)")
    assert len(set(colours)) == 3
    space.api.patch("Deployment", "web", {"spec": {"replicas": 4}}, space.name)
    until(lambda: len(speaking()) == 4, "the fourth")
    space.api.patch("Deployment", "web", {"spec": {"replicas": 3}}, space.name)
    expect(reader.page.locator("[data-lines] .note")).to_contain_text("The Pod is gone.")
    assert "--prefix" in reader.page.locator(".command pre").last.inner_text()


TALK = [
    "2026-11-23T12:00:00.1Z INFO ready",
    "2026-11-23T12:00:00.2Z \x1b[31mred\x1b[0m and \x1b[1;38;5;46mgreen\x1b[0m",
    '2026-11-23T12:00:00.3Z {"level":"error","msg":"broken","at":{"line":7}}',
    "2026-11-23T12:00:00.4Z WARN careful",
    "2026-11-23T12:00:00.5Z   and this belongs to it",
    "2026-11-23T12:00:00.6Z مرحبا بالعالم (hello)",
]


class Played:
    """The server's end of the socket of logs, in the hands of the test."""

    def __init__(self, reader):
        self.sockets, self.hellos = [], []
        reader.page.route_web_socket("**/ws/logs/**", self.taken)

    def taken(self, socket):
        self.sockets.append(socket)
        socket.on_message(self.hello)

    def hello(self, text):
        self.hellos.append(json.loads(text)["seen"])
        again = bool(self.hellos[-1])
        self.tell({"event": "open", "source": "web-1/web"} | ({"again": True} if again else {}))
        self.say(*(TALK[-2:] + ["2026-11-23T12:00:01Z news"] if again else TALK))

    def tell(self, event):
        self.sockets[-1].send("\0" + json.dumps(event))

    def say(self, *lines):
        self.sockets[-1].send("\1web-1/web\n" + "".join(f"{line}\n" for line in lines))


@pytest.fixture
def played(space, open_page):
    """A page of logs whose lines the test makes up."""
    reader = open_page("about:blank")
    reader.played = Played(reader)
    reader.page.goto(space.url(f"/objects/Pod/{space.name}/{pod_of(space)}/logs/"))
    reader.lines = reader.page.locator("[data-lines] .line")
    expect(reader.lines).to_have_count(len(TALK))
    return reader


def test_a_cut_loses_nothing_and_doubles_nothing(played):
    played.played.sockets[0].close()
    expect(played.lines).to_have_count(len(TALK) + 1)
    assert played.played.hellos == [{}, {"web-1/web": "2026-11-23T12:00:00.6Z"}]
    expect(played.lines.last).to_have_text("news")
    expect(played.page.locator("[data-lines] .note")).to_have_text("Connection lost, reconnecting…")


def test_colours_are_shown_escapes_are_not_and_each_line_has_its_own_direction(played):
    expect(played.lines.nth(1)).to_contain_text("red and green")
    expect(played.lines.nth(1).locator(".ansi-1")).to_have_text("red")
    expect(played.lines.nth(1).locator(".ansi-bold")).to_have_text("green")
    directions = "nodes => nodes.map(node => getComputedStyle(node).direction)"
    assert played.page.locator("[data-lines] .text").evaluate_all(directions)[-2:] == ["ltr", "rtl"]


def test_one_finds_by_text_or_by_expression_and_sees_where_one_stands(played):
    box, found = played.page.locator("[data-find]"), played.page.locator("[data-found]")
    box.fill("re")
    expect(found).to_have_text("3/3")
    box.press("Enter")
    expect(found).to_have_text("1/3")
    expect(played.page.locator(".line.current")).to_contain_text("INFO ready")
    played.page.get_by_label("Regular expression").check()
    box.fill("^(info|warn)")
    expect(found).to_have_text("2/2")
    played.page.get_by_label("only matches").check()
    expect(played.page.locator("[data-lines] .line:visible")).to_have_count(2)
    box.fill("(unfinished")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(played.page.locator("[data-lines] .line:visible")).to_have_count(len(TALK))


def test_levels_are_filtered_json_is_unfolded_and_what_is_shown_is_downloaded(played):
    visible = played.page.locator("[data-lines] .line:visible")
    played.page.get_by_label("Level").select_option("warn")
    expect(visible).to_have_count(3)
    expect(visible.last).to_contain_text("and this belongs to it")
    played.page.get_by_text("Display", exact=True).click()
    played.page.get_by_label("Unfold JSON").check()
    expect(visible.first).to_contain_text('"line": 7\n  }')
    with played.page.expect_download() as download:
        played.page.locator("[data-save]").click()
    text = download.value.path().read_text()
    assert "WARN careful" in text and '"line": 7' in text and "INFO" not in text


def test_the_size_of_the_text_is_kept_for_the_next_page(played):
    size = "box => parseFloat(getComputedStyle(box).fontSize)"
    before = played.page.locator("[data-lines]").evaluate(size)
    for _ in range(3):
        played.page.get_by_label("Larger text", exact=True).click()
    assert played.page.locator("[data-lines]").evaluate(size) > 1.4 * before
    played.page.reload()
    expect(played.lines).to_have_count(len(TALK))
    assert played.page.locator("[data-lines]").evaluate(size) > 1.4 * before


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
