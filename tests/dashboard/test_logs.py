"""The socket of logs: every line once and whole, of one container or of many that come and go."""

import asyncio
import json
import queue
import threading

import pytest

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from tests.dashboard.browser import Browser
from tests.dashboard.web import crashing, running

SECONDS = 20


class Stream:
    """What client.logs returns: its chunks, then silence until somebody closes it, unless `ends`."""

    def __init__(self, chunks, ends):
        self.chunks, self.ends = chunks, ends
        self.closed = threading.Event()

    def __iter__(self):
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk
        if not self.ends:
            self.closed.wait(SECONDS)

    def close(self):
        self.closed.set()


class Kubelets:
    """Plays the logs of containers: `say` prepares what the next request for one gets; `asked` tells the requests."""

    def __init__(self):
        self.scripts = {}
        self.asked = queue.Queue()
        self.streams = []

    def say(self, pod, *chunks, container="web", ends=False):
        self.scripts.setdefault((pod, container), []).append((chunks, ends))

    def logs(self, pod, namespace, *, container, **options):
        self.asked.put({"pod": pod, "namespace": namespace, "container": container, **options})
        scripts = self.scripts.get((pod, container), [])
        chunks, ends = scripts.pop(0) if scripts else ((), False)
        if chunks and isinstance(chunks[0], errors.ApiError):
            raise chunks[0]
        stream = Stream(chunks, ends)
        self.streams.append(stream)
        return stream

    def next_asked(self):
        return self.asked.get(timeout=SECONDS)


@pytest.fixture
def kubelets(web, monkeypatch):
    kubelets = Kubelets()
    monkeypatch.setattr(Client, "logs", lambda self, *arguments, **options: kubelets.logs(*arguments, **options))
    yield kubelets
    for stream in kubelets.streams:
        stream.close()


class Reader(Browser):
    """The browser's side: lines by source, events in their order."""

    def __init__(self, url, seen=None):
        super().__init__(url)
        self.hello = json.dumps({"seen": seen or {}})
        self.lines = {}
        self.events = []

    async def __aenter__(self):
        await super().__aenter__()
        await self.send(self.hello)
        return self

    async def hear(self, done):
        """Reads until done(self)."""
        while not done(self):
            text = await self.receive()
            if text[0] == "\0":
                self.events.append(json.loads(text[1:]))
            else:
                source, _, lines = text[1:].partition("\n")
                assert lines.endswith("\n"), "lines come whole"
                self.lines.setdefault(source, []).extend(lines.splitlines())
        return self

    def told(self, event):
        return [found for found in self.events if found["event"] == event]


def heard(url, done, seen=None):
    async def scenario():
        async with Reader(url, seen) as reader:
            return await reader.hear(done)

    return asyncio.run(asyncio.wait_for(scenario(), SECONDS))


def url(web, kind="Pod", name="web-1", query=""):
    return f"/ws/logs/{web.namespace}/{kind}/{name}/?{query}"


def test_it_works(web, kubelets):
    web.pod("web-1")
    kubelets.say("web-1", b"2026-11-23T12:00:00Z one\n2026-11-23T12:00:01Z two\n")
    found = heard(url(web, query="container=web&tail=100"), lambda r: len(r.lines.get("web-1/web", [])) == 2)
    assert found.lines == {"web-1/web": ["2026-11-23T12:00:00Z one", "2026-11-23T12:00:01Z two"]}
    asked = kubelets.next_asked()
    assert (asked["pod"], asked["namespace"], asked["container"]) == ("web-1", web.namespace, "web")
    assert (asked["tail_lines"], asked["follow"], asked["timestamps"]) == (100, True, True)


def test_no_line_is_lost_or_cut_whatever_the_chunks_are(web, kubelets):
    web.pod("web-1")
    text = "".join(f"line {n} é\n" for n in range(50_000)).encode()
    kubelets.say("web-1", *(text[i : i + 777] for i in range(0, len(text), 777)))
    found = heard(url(web), lambda r: len(r.lines.get("web-1/web", [])) == 50_000)
    assert "\n".join(found.lines["web-1/web"]) + "\n" == text.decode()


def test_the_log_of_a_workload_is_that_of_its_pods_those_to_come_included(web, kubelets):
    rs = web.revision(web.deployment(), 1, "demo:1")
    web.pod("web-h1-a", rs)
    web.pod("stranger")
    kubelets.say("web-h1-a", b"T1 a\n")
    kubelets.say("web-h1-b", b"T2 b\n")

    async def scenario():
        async with Reader(url(web, "Deployment", "web", "tail=5")) as reader:
            await reader.hear(lambda r: "web-h1-a/web" in r.lines)
            assert kubelets.next_asked()["tail_lines"] == 5
            await asyncio.to_thread(web.pod, "web-h1-b", rs)
            await reader.hear(lambda r: "web-h1-b/web" in r.lines)
            assert "tail_lines" not in kubelets.next_asked(), "of a pod that comes, everything"
            assert set(reader.lines) == {"web-h1-a/web", "web-h1-b/web"}

    asyncio.run(asyncio.wait_for(scenario(), SECONDS))


def test_a_pod_that_goes_says_its_last_words_first(web, kubelets):
    rs = web.revision(web.deployment(), 1, "demo:1")
    web.pod("web-h1-a", rs)
    kubelets.say("web-h1-a", b"T1 bye\n", ends=True)

    async def scenario():
        async with Reader(url(web, "Deployment", "web")) as reader:
            await reader.hear(lambda r: "web-h1-a/web" in r.lines)
            await asyncio.to_thread(web.api.delete, "Pod", "web-h1-a", web.namespace, grace_period_seconds=0)
            for stream in kubelets.streams:
                stream.close()
            await reader.hear(lambda r: r.told("gone"))
            assert reader.told("gone") == [{"event": "gone", "source": "web-h1-a/web"}]

    asyncio.run(asyncio.wait_for(scenario(), SECONDS))


def test_labels_and_services_select(web, kubelets):
    web.pod("web-1")
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"}}
    web.make(service | {"spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    for place in (url(web, "Service", "front"), url(web, "Selection", "-", "selector=app%3Dweb")):
        kubelets.say("web-1", b"T1 here\n")
        assert heard(place, lambda r: r.lines).lines == {"web-1/web": ["T1 here"]}
    assert (
        heard(url(web, "Selection", "-", "selector=app%3Dother"), lambda r: r.told("pods")).told("pods")[0]["count"]
        == 0
    )
    refused = heard(url(web, "Selection", "-", "selector=a%3D%3D%3Db"), lambda r: r.told("refused"))
    assert refused.told("refused")[0]["message"]


def test_a_stream_that_is_cut_goes_on_where_it_was_and_its_half_line_is_read_again(web, kubelets):
    web.pod("web-1")
    kubelets.say("web-1", b"T1 one\nT2 two\nT3 thr", ConnectionError("cut"))
    kubelets.say("web-1", b"T2 two\nT3 three\n")
    found = heard(url(web), lambda r: "T3 three" in r.lines.get("web-1/web", []))
    assert found.lines["web-1/web"] == ["T1 one", "T2 two", "T2 two", "T3 three"]
    assert [event.get("again") for event in found.told("open")] == [None, True]  # so the browser drops what it has
    kubelets.next_asked()
    assert kubelets.next_asked()["since_time"] == "T2"


def test_a_browser_that_comes_back_asks_from_where_it_was(web, kubelets):
    web.pod("web-1")
    kubelets.say("web-1", b"T2 two\n")
    found = heard(url(web, query="tail=100"), lambda r: r.lines, seen={"web-1/web": "T1"})
    asked = kubelets.next_asked()
    assert asked["since_time"] == "T1" and "tail_lines" not in asked
    assert found.told("open")[0]["again"]


def test_a_container_that_is_restarted_is_read_on(web, kubelets):
    pod = web.pod("web-1")
    kubelets.say("web-1", b"T1 first life\n", ends=True)
    kubelets.say("web-1", ends=True)
    kubelets.say("web-1", b"T2 second life\n")

    async def scenario():
        async with Reader(url(web)) as reader:
            await reader.hear(lambda r: "web-1/web" in r.lines)
            again = running()
            again["containerStatuses"][0]["restartCount"] = 1
            await asyncio.to_thread(web.status, pod, again)
            await reader.hear(lambda r: "T2 second life" in r.lines["web-1/web"])
            assert any(event.get("restarted") for event in reader.told("open"))

    asyncio.run(asyncio.wait_for(scenario(), SECONDS))


def test_a_container_that_waits_for_its_restart_shows_its_last_words_once(web, kubelets):
    web.pod("web-1", status=crashing())
    kubelets.say("web-1", b"T1 last wor", b"ds", ends=True)
    found = heard(url(web), lambda r: r.told("end"))
    assert found.lines == {"web-1/web": ["T1 last words"]}
    assert found.told("end") == [{"event": "end", "source": "web-1/web"}]


def test_a_refusal_is_told_once(web, kubelets):
    web.pod("web-1")
    refusal = errors.BadRequest('container "web" is terminated')
    kubelets.say("web-1", refusal)
    kubelets.say("web-1", refusal)
    kubelets.say("web-1", b"T1 at last\n")
    found = heard(url(web), lambda r: r.lines)
    assert found.told("refused") == [
        {"event": "refused", "source": "web-1/web", "message": 'container "web" is terminated'}
    ]


def test_the_previous_log_is_not_followed(web, kubelets):
    web.pod("web-1", status=crashing())
    kubelets.say("web-1", b"T1 dead\n", ends=True)
    found = heard(url(web, query="previous=1"), lambda r: r.told("over"))
    assert found.lines == {"web-1/web": ["T1 dead"]}
    asked = kubelets.next_asked()
    assert (asked["previous"], asked["follow"]) == (True, False)


def test_more_containers_than_can_be_read_at_once_are_counted(web, kubelets, monkeypatch):
    monkeypatch.setattr("minikweb.dashboard.logs.MOST", 1)
    web.pod("web-1"), web.pod("web-2")
    found = heard(url(web, "Selection", "-", "selector=app"), lambda r: r.told("pods"))
    assert found.told("pods") == [{"event": "pods", "count": 2, "left_out": 1}]


def test_a_reader_who_leaves_closes_every_stream(web, kubelets):
    web.pod("web-1"), web.pod("web-2")
    kubelets.say("web-1", b"T1 x\n")
    kubelets.say("web-2", b"T1 x\n")
    heard(url(web, "Selection", "-", "selector=app"), lambda r: len(r.lines) == 2)
    assert all(stream.closed.wait(SECONDS) for stream in kubelets.streams)


def test_the_pages_ask_for_what_the_url_says(web):
    rs = web.revision(web.deployment(), 1, "demo:1")
    web.pod("web-h1-a", rs)
    page = web.get(web.path("Deployment", "web", "logs/?tail=100&minutes=5"))
    assert f'data-socket="/ws/logs/{web.namespace}/Deployment/web/"' in page
    assert 'data-tail="100"' in page and 'data-minutes="5"' in page
    command = page[page.index('class="command"') :]
    for word in ("-l", "app=web", "--prefix", "--tail=100", "--since=5m"):
        assert f"{word}</span>" in command
    page = web.get(f"/logs/?ns={web.namespace}&selector=app%3Dweb")
    assert 'data-kind="Selection"' in page and 'data-selector="app=web"' in page
    assert web.ask(f"/logs/?ns={web.namespace}&selector=a%3D%3D%3Db").status_code == 400
