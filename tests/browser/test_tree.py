"""The live tree in a real browser."""

import gzip
import time
import urllib.request

import pytest
from playwright.sync_api import expect

from minikweb.apimachinery.errors import ApiError
from tests.running import until

pytestmark = [pytest.mark.browser, pytest.mark.cluster]


def test_it_works(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    expect(reader.rows("Deployment")).to_have_count(1)
    expect(reader.rows("ReplicaSet")).to_have_count(1)
    expect(reader.rows("Pod")).to_have_count(3)
    expect(reader.rows("Container")).to_have_count(3)
    expect(reader.rows("Pod").first).to_contain_text("Running")
    expect(reader.page.locator(".badge.simulated")).to_be_visible()


def test_the_tree_follows_the_cluster_for_two_browsers_at_once(space, open_page):
    one, two = open_page(space.url()), open_page(space.url(), locale="fr-FR")
    one.is_live(), two.is_live()
    expect(two.page.locator("#live")).to_have_text("En direct")
    space.api.patch("Deployment", "web", {"spec": {"replicas": 6}}, space.name)
    for reader in (one, two):
        expect(reader.rows("Pod")).to_have_count(6)
        expect(reader.row("web")).to_contain_text("6/6")
    names = [reader.rows("Pod").locator("a.name").all_inner_texts() for reader in (one, two)]
    assert names[0] == names[1]


def test_a_lost_socket_is_said_and_everything_is_listed_again(space, open_page):
    reader = open_page("about:blank")
    cables = []
    reader.page.route_web_socket("**/ws/live/**", lambda socket: cables.append((socket, socket.connect_to_server())))
    reader.page.goto(space.url())
    reader.is_live()
    for end in cables[0]:
        end.close()
    expect(reader.page.locator("#live")).to_have_attribute("data-state", "connecting")
    space.api.patch("Deployment", "web", {"spec": {"replicas": 1}}, space.name)
    expect(reader.rows("Pod")).to_have_count(1)
    reader.is_live()
    assert len(cables) == 2


def test_a_restarted_server_is_found_again_without_a_reload(fresh_cluster, open_page):
    cluster = fresh_cluster
    cluster.wait_for_pods(3)
    reader = open_page(cluster.url("/?ns=demo"))
    reader.is_live()
    reader.page.evaluate("window.stays = true")
    cluster.kill_process("web")
    expect(reader.page.locator("#live")).to_have_attribute("data-state", "connecting")
    cluster.client.patch("Deployment", "demo", {"spec": {"replicas": 4}}, "demo")
    reader.is_live()
    expect(reader.rows("Pod")).to_have_count(4)
    assert reader.page.evaluate("window.stays")
    reader.errors.clear()  # the browser notes each refused connection


def test_an_api_server_that_dies_is_followed_again_when_it_is_back(fresh_cluster, open_page):
    cluster = fresh_cluster
    cluster.wait_for_pods(3)
    reader = open_page(cluster.url("/?ns=demo"))
    reader.is_live()
    cluster.kill_process("apiserver")
    until(lambda: scaled(cluster, 5), "an API server that answers again")
    expect(reader.rows("Pod")).to_have_count(5)
    reader.is_live()


def scaled(cluster, replicas):
    try:
        return cluster.client.patch("Deployment", "demo", {"spec": {"replicas": replicas}}, "demo")
    except ApiError:
        return None


def test_arrows_move_fold_and_unfold_and_enter_opens(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    reader.page.locator("#rows tr").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        reader.page.keyboard.press(key)
    focused = reader.page.locator("#rows tr:focus")
    expect(focused).to_have_attribute("aria-expanded", "false")
    expect(reader.rows("Pod")).to_have_count(0)
    reader.page.keyboard.press("ArrowRight")
    expect(reader.rows("Pod")).to_have_count(3)
    reader.page.keyboard.press("ArrowLeft")
    reader.page.keyboard.press("ArrowLeft")
    expect(focused).to_contain_text("Deployment")
    reader.page.keyboard.press("Enter")
    expect(reader.page.locator("#panel-title")).to_have_text("web")
    reader.page.keyboard.press("Escape")
    expect(reader.page.locator("#panel")).to_have_count(0)
    expect(focused).to_contain_text("Deployment")


def test_what_is_folded_stays_folded_after_a_reload(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    reader.rows("ReplicaSet").locator(".twist").click()
    expect(reader.rows("Pod")).to_have_count(0)
    reader.page.reload()
    reader.is_live()
    expect(reader.rows("ReplicaSet")).to_have_count(1)
    expect(reader.rows("Pod")).to_have_count(0)


def test_the_filter_narrows_while_one_types_and_the_url_keeps_it(space, open_page):
    space.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "palette"}}, namespace=space.name)
    reader = open_page(space.url())
    reader.is_live()
    reader.page.keyboard.press("/")
    reader.page.keyboard.type("palette")
    expect(reader.rows("Pod")).to_have_count(0)
    expect(reader.row("palette")).to_be_visible()
    assert "q=palette" in reader.page.url
    reader.page.reload()
    expect(reader.row("palette")).to_be_visible()
    expect(reader.rows("Pod")).to_have_count(0)


def test_the_namespace_is_chosen_in_the_header_and_kept_in_the_url(space, open_page):
    reader = open_page(space.cluster.url("/?ns="))
    reader.page.select_option("#ns", space.name)
    reader.page.wait_for_url(f"**/?ns={space.name}")
    expect(reader.rows("Namespace")).to_have_count(1)
    expect(reader.rows("Deployment")).to_have_count(1)


def test_the_selection_is_in_the_url_and_survives_a_reload_and_the_back_button(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    reader.open("Deployment", "web")
    assert f"sel=Deployment/{space.name}/web" in reader.page.url
    reader.page.reload()
    expect(reader.page.locator("#panel-title")).to_have_text("web")
    expect(reader.page.locator("#rows tr[aria-selected=true]")).to_have_count(1)
    reader.page.go_back()
    expect(reader.page.locator("#panel")).to_have_count(0)


def test_ages_tick_without_the_server(space, open_page):
    reader = open_page(space.url())
    reader.is_live()
    age = reader.rows("Pod").first.locator(".age time")
    before = age.inner_text()
    reader.context.set_offline(True)
    expect(age).not_to_have_text(before)
    reader.errors.clear()


def test_a_change_reaches_the_page_within_a_tenth_of_a_second(space, open_page):
    reader = open_page(space.url(), bypass_csp=True)
    reader.is_live()
    reader.page.evaluate(
        """() => {
            window.seen = {};
            const rows = document.getElementById("rows");
            new MutationObserver(() => {
                const found = /probe-(\\d+)/.exec(rows.textContent);
                if (found) window.seen[found[1]] ??= performance.timeOrigin + performance.now();
            }).observe(rows, {subtree: true, childList: true, characterData: true});
        }"""
    )
    space.api.patch("Deployment", "web", {"spec": {"paused": True}}, space.name)
    delays = []
    for number in range(10):
        containers = [{"name": "web", "image": f"probe-{number}"}]
        began = time.time() * 1000
        patch = {"spec": {"template": {"spec": {"containers": containers}}}}
        space.api.patch("Deployment", "web", patch, space.name, type="strategic")
        expect(reader.row("web")).to_contain_text(f"probe-{number}")
        delays.append(reader.page.evaluate(f"window.seen[{number}]") - began)
    # The benchmark measures; here a busy machine gets three times the target.
    assert sorted(delays)[5] < 300, delays


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_no_page_is_wider_than_its_window(space, open_page, width):
    reader = open_page(space.url(f"/?ns={space.name}&sel=Deployment/{space.name}/web"), width=width)
    for path in ("", "/events/", "/list/pods/", "/list/nodes/", "/new/"):
        if path:
            reader.page.goto(space.url(path))
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert reader.page.evaluate(overflow) <= 0, path or "tree"


def test_the_first_load_is_light_and_comes_from_this_host_alone(space, open_page):
    reader = open_page("about:blank")
    urls = []
    reader.page.on("request", lambda request: urls.append(request.url))
    reader.page.goto(space.url())
    reader.is_live()
    assert {url.split("/")[2] for url in urls if url.startswith(("http", "ws"))} == {space.url().split("/")[2]}
    size = 0
    for url in urls:
        with urllib.request.urlopen(url) as answer:
            size += len(gzip.compress(answer.read()))
    assert size < 300_000
