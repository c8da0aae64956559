"""The application at ASGI's edge: what comes and goes around the verbs."""

import asyncio
import json
import threading

import pytest

from tests.apiserver.api import CONFIG_MAPS, config_map

DEADLINE = 5.0


class Exchange:
    """One HTTP exchange with the application; `leave` is the client closing its connection."""

    def __init__(self, api, method, path, body=b"", query=""):
        headers = [(b"authorization", f"Bearer {api.token}".encode()), (b"content-type", b"application/json")]
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
        }
        self.messages = [{"type": "http.request", "body": body, "more_body": False}]
        self.sent = []
        self.left = asyncio.Event()
        self.task = asyncio.ensure_future(api.application(self.scope, self._receive, self._send))

    async def _receive(self):
        if self.messages:
            return self.messages.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        self.sent.append(message)

    async def until(self, reached):
        async with asyncio.timeout(DEADLINE):
            while not reached():
                await asyncio.sleep(0.005)

    async def end(self):
        await asyncio.wait_for(self.task, DEADLINE)

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def test_it_works(api):
    async def ask():
        exchange = Exchange(api, "POST", CONFIG_MAPS, json.dumps(config_map("a", k="v")).encode())
        await exchange.end()
        return exchange

    exchange = asyncio.run(ask())

    assert exchange.sent[0]["status"] == 201
    assert dict(exchange.sent[0]["headers"])[b"content-length"] == str(len(exchange.body)).encode()
    assert json.loads(exchange.body)["data"] == {"k": "v"}


def test_a_head_has_no_body(api):
    async def ask():
        exchange = Exchange(api, "HEAD", CONFIG_MAPS)
        await exchange.end()
        return exchange

    exchange = asyncio.run(ask())

    assert exchange.sent[0]["status"] == 200
    assert int(dict(exchange.sent[0]["headers"])[b"content-length"]) > 0
    assert exchange.body == b""


def test_a_watch_ends_when_its_client_leaves(api):
    async def watch():
        exchange = Exchange(api, "GET", CONFIG_MAPS, query="watch=1")
        await exchange.until(lambda: api.storage.hub._subscriptions.get("configmaps"))
        await asyncio.to_thread(api.make, CONFIG_MAPS, config_map("a"))
        await exchange.until(lambda: exchange.body)
        exchange.left.set()
        await exchange.end()
        return exchange

    exchange = asyncio.run(watch())

    assert json.loads(exchange.body)["object"]["metadata"]["name"] == "a"
    assert api.storage.hub._subscriptions["configmaps"] == []


def test_a_client_that_leaves_does_not_cancel_its_write(api, monkeypatch):
    create, begun, release, done = api.storage.create, threading.Event(), threading.Event(), threading.Event()

    def slow(*args):
        begun.set()
        assert release.wait(DEADLINE)
        try:
            return create(*args)
        finally:
            done.set()

    monkeypatch.setattr(api.storage, "create", slow)

    async def leave():
        exchange = Exchange(api, "POST", CONFIG_MAPS, json.dumps(config_map("a")).encode())
        await asyncio.to_thread(begun.wait, DEADLINE)
        exchange.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange.task
        release.set()
        await asyncio.to_thread(done.wait, DEADLINE)

    asyncio.run(leave())

    assert api.get(f"{CONFIG_MAPS}/a").status == 200


def test_a_client_that_leaves_before_its_body_is_complete_writes_nothing(api):
    async def leave():
        exchange = Exchange(api, "POST", CONFIG_MAPS)
        exchange.messages = [{"type": "http.request", "body": b'{"metadata"', "more_body": True}]
        exchange.left.set()
        await exchange.end()
        return exchange

    before = api.storage.hub.revision

    assert asyncio.run(leave()).sent == []
    assert api.storage.hub.revision == before


def test_many_watchers_hear_one_write(api):
    async def watch():
        exchanges = [Exchange(api, "GET", CONFIG_MAPS, query="watch=1") for _ in range(20)]
        await exchanges[0].until(lambda: len(api.storage.hub._subscriptions.get("configmaps", ())) == 20)
        await asyncio.to_thread(api.make, CONFIG_MAPS, config_map("a"))
        for exchange in exchanges:
            await exchange.until(lambda exchange=exchange: exchange.body)
            exchange.left.set()
            await exchange.end()
        return {exchange.body for exchange in exchanges}

    assert len(asyncio.run(watch())) == 1
