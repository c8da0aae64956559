"""Who may open which socket, and for how long."""

import asyncio
import json

import pytest

from minikweb.classroom import departure
from minikweb.people import middleware
from tests.dashboard.browser import Browser
from tests.people.door import Door
from tests.people.test_security import Two

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two(pages, transactional_db, server, cache):
    return Two(Door(), server, cache)


def cookie(browser):
    return f"minikweb={browser.cookies['minikweb'].value}"


def in_loop(scenario):
    asyncio.run(asyncio.wait_for(scenario, 30))


def test_it_works(two):
    async def scenario():
        async with Browser("/ws/live/?tree=1", cookie=cookie(two.zoe_browser)) as browser:
            rows = await browser.until("all")
            assert two.zoe.account in rows and two.lou.account not in rows and "kube-system" not in rows

    in_loop(scenario())


def test_nobody_opens_a_socket(two):
    paths = ["/ws/live/?tree=1", f"/ws/logs/{two.lou.account}/Pod/web/", f"/ws/exec/{two.lou.account}/web/", "/ws/me/"]

    async def scenario():
        for path in [*paths, "/ws/lessons/replicaset/create/", f"/ws/class/{two.school_class.key}/", "/ws/nowhere/"]:
            assert not await Browser(path).opens(), path

    in_loop(scenario())


def test_a_student_opens_none_of_the_teachers(two):
    key, account = two.school_class.key, two.lou.account

    async def scenario():
        for path in (f"/ws/class/{key}/", f"/ws/class/{key}/{account}/"):
            assert not await Browser(path, cookie=cookie(two.zoe_browser)).opens(), path

    in_loop(scenario())


def test_another_site_opens_none(two):
    async def scenario():
        stranger = Browser("/ws/live/", origin="http://127.0.0.1:9000", cookie=cookie(two.zoe_browser))
        assert not await stranger.opens()

    in_loop(scenario())


@pytest.mark.parametrize("path", ["exec/{}/web", "logs/{}/Pod/web"])
def test_a_terminal_and_a_log_of_another_are_refused(two, path):
    async def scenario():
        url = f"/ws/{path.format(two.lou.account)}/"
        async with Browser(url, cookie=cookie(two.zoe_browser)) as browser:
            await browser.send("{}")  # the log's first word
            told = await browser.receive()
            assert "forbidden" in told or '"count": 0' in told, told

    in_loop(scenario())


def test_what_changes_at_another_is_not_sent(two):
    async def scenario():
        path = "/ws/live/?tree=1&kinds=Pod"
        async with Browser(path, cookie=cookie(two.zoe_browser)) as browser:
            await browser.until("all")
            named = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "between"}, "data": {}}
            await asyncio.to_thread(two.admin.create, named, namespace=two.lou.account)
            await asyncio.to_thread(two.admin.create, named, namespace=two.zoe.account)
            await browser.say({"toggle": "", "open": True})
            ops = await browser.until("ops")
            assert two.lou.account not in json.dumps(ops)

    in_loop(scenario())


def test_who_is_removed_loses_the_open_sockets(two, monkeypatch):
    monkeypatch.setattr(middleware, "STILL_THERE", 0.1)

    async def scenario():
        browser = Browser("/ws/live/?tree=1", cookie=cookie(two.zoe_browser))
        assert await browser.opens()
        await browser.until("all")
        await asyncio.to_thread(departure.delete_student, two.admin, two.zoe)
        while (message := await browser._socket.receive_output(10))["type"] != "websocket.close":
            continue
        assert message["code"] == middleware.GONE

    in_loop(scenario())


@pytest.mark.parametrize("who", ["student", "teacher"])
def test_who_leaves_loses_the_open_sockets(two, monkeypatch, who):
    monkeypatch.setattr(middleware, "STILL_THERE", 0.1)
    person = two.zoe_browser if who == "student" else Door().teacher()

    async def scenario():
        browser = Browser("/ws/live/?tree=1", cookie=cookie(person))
        assert await browser.opens()
        await browser.until("all")
        await asyncio.to_thread(person.post, "/sign-out/")
        while (await browser._socket.receive_output(10))["type"] != "websocket.close":
            continue

    in_loop(scenario())


def test_a_flood_of_sockets_is_refused(two, monkeypatch):
    monkeypatch.setattr(middleware, "SOCKETS", 3)

    async def scenario():
        opened = [Browser("/ws/me/", cookie=cookie(two.zoe_browser)) for _ in range(3)]
        for browser in opened:
            assert await browser.opens()
        assert not await Browser("/ws/me/", cookie=cookie(two.zoe_browser)).opens()
        async with Browser("/ws/me/", cookie=cookie(two.lou_browser)) as other:
            assert "lost" in await other.receive()
        for browser in opened:
            await browser.__aexit__()

    in_loop(scenario())


def test_the_board_moves_when_a_student_asks_for_help(two):
    teacher = Door().teacher()

    async def scenario():
        path = f"/ws/class/{two.school_class.key}/?lang=en"
        async with Browser(path, cookie=cookie(teacher)) as board:
            assert "Zoé" in await board.receive()
            await asyncio.to_thread(two.zoe_browser.post, "/me/lost", {"lost": "1"})
            while "is lost" not in (told := await board.receive()):
                continue
            assert "Zoé" in told

    in_loop(scenario())


def test_the_teachers_call_reaches_the_student(two):
    teacher = Door().teacher()

    async def scenario():
        async with Browser("/ws/me/?lang=en", cookie=cookie(two.zoe_browser)) as hand:
            assert "calls everyone" not in await hand.receive()
            call = {"lesson": "replicaset", "step": "heal"}
            await asyncio.to_thread(teacher.post, f"/class/{two.school_class.key}/send", call)
            assert "calls everyone" in await hand.receive()

    in_loop(scenario())
    followed = two.zoe_browser.post("/me/follow")
    assert followed["Location"] == "/lessons/replicaset/heal/"
    assert "calls everyone" not in two.zoe_browser.get("/me/").content.decode()
