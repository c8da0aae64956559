"""The socket of a log: every line in its order, whole, and told how it ended."""

import asyncio
import threading

import pytest

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from tests.dashboard.browser import Browser


class Stream:
    """What client.logs returns."""

    def __init__(self, chunks):
        self.chunks = chunks
        self.closed = threading.Event()

    def __iter__(self):
        return iter(self.chunks)

    def close(self):
        self.closed.set()


@pytest.fixture
def log(web, monkeypatch):
    """Makes the API answer with these chunks; remembers what was asked."""

    def log(chunks):
        stream, asked = Stream(chunks), {}

        def logs(self, pod, namespace, **options):
            asked.update(options, pod=pod, namespace=namespace)
            if isinstance(chunks, Exception):
                raise chunks
            return stream

        monkeypatch.setattr(Client, "logs", logs)
        return stream, asked

    return log


def received(path):
    """All texts until the stream says how it ended, and that."""

    async def scenario():
        texts = []
        async with Browser(path) as browser:
            while True:
                text = await browser.receive()
                if text.startswith("\0"):
                    return texts, text[1:]
                texts.append(text)

    return asyncio.run(asyncio.wait_for(scenario(), 30))


def test_it_works(log):
    _, asked = log([b"2026-11-23T12:00:00Z one\n2026-11-23T12:00:01Z two\n"])
    texts, end = received("/ws/logs/demo/web-1/?container=web&tail=100")
    assert "".join(texts).splitlines() == ["2026-11-23T12:00:00Z one", "2026-11-23T12:00:01Z two"]
    assert end == "end"
    assert (asked["pod"], asked["namespace"], asked["container"]) == ("web-1", "demo", "web")
    assert (asked["tail_lines"], asked["follow"], asked["timestamps"]) == (100, True, True)


def test_no_line_is_lost_or_cut_whatever_the_chunks_are(log):
    text = "".join(f"line {n} é\n" for n in range(50_000)).encode()
    log([text[i : i + 777] for i in range(0, len(text), 777)])
    texts, _ = received("/ws/logs/demo/web-1/")
    assert "".join(texts).encode() == text
    assert all(part.endswith("\n") for part in texts)
    assert len(texts) < 500, "lines come in batches"


def test_a_last_line_without_an_end_is_sent_too(log):
    log([b"first\nlast wor", b"ds"])
    assert received("/ws/logs/demo/web-1/")[0][-1].endswith("last words\n")


def test_a_refusal_is_told(log):
    log(errors.BadRequest('container "web" is waiting to start: ContainerCreating'))
    assert received("/ws/logs/demo/web-1/") == ([], 'error container "web" is waiting to start: ContainerCreating')


def test_the_previous_log_is_not_followed(log):
    _, asked = log([b"dead\n"])
    received("/ws/logs/demo/web-1/?previous=1")
    assert (asked["previous"], asked["follow"]) == (True, False)


def test_a_browser_that_comes_back_asks_from_where_it_was(log):
    _, asked = log([b"x\n"])
    received("/ws/logs/demo/web-1/?since=2026-11-23T12:00:00Z&tail=100")
    assert (asked["since_time"], asked["tail_lines"]) == ("2026-11-23T12:00:00Z", None)


def test_a_reader_who_leaves_closes_the_stream(log):
    gate = threading.Event()

    def endless():
        yield b"first\n"
        gate.wait(20)
        yield b"never\n"

    stream, _ = log(endless())

    async def scenario():
        async with Browser("/ws/logs/demo/web-1/") as browser:
            assert await browser.receive() == "first\n"
        assert await asyncio.to_thread(stream.closed.wait, 5)

    asyncio.run(scenario())
    gate.set()
