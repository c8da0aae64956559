"""The sockets: who may open them, what a browser is told when the cluster changes."""

import asyncio
import json

import pytest

from minikweb.dashboard.consumers import cookies_of, language_of
from minikweb.dashboard.origin import same_origin
from minikweb.dashboard.tree import short_id
from tests.dashboard.browser import Browser, headers


def live(web, **query: str) -> str:
    asked = "&".join(f"{key}={value}" for key, value in ({"tree": "1", "ns": web.namespace} | query).items())
    return f"/ws/live/?{asked}"


def in_loop(scenario):
    asyncio.run(asyncio.wait_for(scenario, 30))


def test_it_works(web):
    async def scenario():
        async with Browser(live(web)) as browser:
            assert web.namespace in await browser.until("all")
            await asyncio.to_thread(web.pod, "newborn")
            assert any(op == "+" and "newborn" in html for op, _, _, html in await browser.until("ops"))

    in_loop(scenario())


def test_only_what_changed_is_sent(web):
    async def scenario():
        first = await asyncio.to_thread(web.pod, "first")
        await asyncio.to_thread(web.pod, "second")
        async with Browser(live(web, depth="4")) as browser:
            await browser.until("all")
            await asyncio.to_thread(web.status, first, {"phase": "Failed", "reason": "Evicted"})
            html = [op[3] for op in await browser.until("ops")]
            assert any("Evicted" in row for row in html) and not any("second" in row for row in html)

    in_loop(scenario())


def test_two_browsers_see_the_same_each_in_its_language(web):
    async def scenario():
        async with Browser(live(web)) as one, Browser(live(web), language="fr-FR") as two:
            await one.until("all"), await two.until("all")
            await asyncio.to_thread(web.make, config_map())
            english, french = await one.until("ops"), await two.until("ops")
            assert any("Configuration and network" in op[3] for op in english)
            assert any("Configuration et réseau" in op[3] for op in french)
            assert [op[1] for op in english] == [op[1] for op in french]

    in_loop(scenario())


def config_map(name: str = "settings"):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {}}


def test_unfolding_and_filtering_happen_on_the_server(web):
    async def scenario():
        await asyncio.to_thread(web.pod, "alone")
        await asyncio.to_thread(web.make, config_map())
        async with Browser(live(web)) as browser:
            shown = await browser.until("all")
            assert "settings" not in shown
            group = next(part for part in shown.split('"') if part.endswith("-config"))
            await browser.say({"toggle": group, "open": True})
            assert any("settings" in op[3] for op in await browser.until("ops"))
            await browser.say({"sight": {"ns": web.namespace, "q": "settings", "depth": "5"}})
            assert [op[0] for op in await browser.until("ops")].count("-") == 2, "the pod and its container"

    in_loop(scenario())


def test_what_is_folded_and_unfolded_in_one_breath_comes_back(web):
    async def scenario():
        owner = await asyncio.to_thread(web.deployment, "parent")
        await asyncio.to_thread(web.revision, owner, 1, "demo:1", 1)
        async with Browser(live(web)) as browser:
            await browser.until("all")
            id = short_id(owner["metadata"]["uid"])
            await browser.say({"toggle": id, "open": False})
            await browser.say({"toggle": id, "open": True})
            ops = await browser.until("ops")
            assert any(op == "+" and "parent-h1" in html for op, _, _, html in ops), "the browser has removed it itself"

    in_loop(scenario())


def test_a_change_below_the_selected_object_refreshes_the_drawer(web):
    async def scenario():
        deployment = await asyncio.to_thread(web.deployment)
        rs = await asyncio.to_thread(web.revision, deployment, 1, "demo:1", 1)
        async with Browser(live(web, select=f"Deployment/{web.namespace}/web")) as browser:
            await browser.until("all")
            await asyncio.to_thread(web.pod, "web-h1-a", rs)
            assert await browser.until("stale") == ["drawer"]

    in_loop(scenario())


def test_a_change_elsewhere_does_not(web):
    async def scenario():
        await asyncio.to_thread(web.pod, "selected")
        async with Browser(live(web, select=f"Pod/{web.namespace}/selected")) as browser:
            await browser.until("all")
            await asyncio.to_thread(web.pod, "stranger")
            await browser.until("ops")
            await asyncio.to_thread(web.patch, "Pod", "selected", {"metadata": {"labels": {"touched": "yes"}}})
            assert await browser.until("stale") == ["drawer"]

    in_loop(scenario())


def test_a_page_of_a_kind_is_told_about_that_kind(web):
    async def scenario():
        async with Browser("/ws/live/?kinds=ConfigMap") as browser:
            assert await browser.until("state") == "live"
            await asyncio.to_thread(web.make, config_map())
            assert await browser.until("stale") == ["page"]

    in_loop(scenario())


def test_nonsense_from_a_browser_is_ignored(web):
    async def scenario():
        async with Browser(live(web)) as browser:
            await browser.until("all")
            for nonsense in ("not json", "[1]", '{"toggle": 7}', '{"sight": []}', '{"toggle": "x", "open": 1}'):
                await browser.send(nonsense)
            await asyncio.to_thread(web.pod, "still-here")
            assert "still-here" in str(await browser.until("ops"))

    in_loop(scenario())


@pytest.mark.parametrize("path", ["/ws/live/?tree=1", "/ws/logs/demo/Pod/web/"])
@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:8080", "null", ""])
def test_a_page_of_another_origin_opens_no_socket(path, origin):
    async def scenario():
        assert not await Browser(path, origin=origin).opens()

    in_loop(scenario())


def test_an_origin_is_scheme_host_and_port():
    assert same_origin({b"origin": b"http://localhost:8000", b"host": b"localhost:8000"})
    assert not same_origin({b"origin": b"http://localhost:8080", b"host": b"localhost:8000"})
    assert not same_origin({b"host": b"localhost:8000"})
    assert not same_origin({})


def test_the_language_of_a_socket_is_the_page_s():
    scope = {"headers": headers(language="de, en;q=0.8", cookie="django_language=fr; minikweb-tree=a.b")}
    assert language_of(scope, {}) == "en"
    assert language_of(scope, cookies_of(scope)) == "fr"
    assert language_of({"headers": []}, {}) == "fr"
    assert cookies_of(scope)["minikweb-tree"] == "a.b"


def test_the_log_of_a_pod_that_is_not_there_says_so(web):
    async def scenario():
        async with Browser(f"/ws/logs/{web.namespace}/Pod/nobody/") as browser:
            await browser.send("{}")
            assert json.loads((await browser.receive())[1:]) == {"event": "pods", "count": 0, "left_out": 0}

    in_loop(scenario())
