"""A real worker process on a real broker: bells are heard, a killed broker is survived, SIGTERM ends it gently."""

import queue
import signal
import subprocess
import sys
import threading
import time

import pytest
import redis

from tests.broker import Broker

SOON = 20.0


class Worker:
    """tests.toyworker as a process; `lines` is what it says."""

    def __init__(self, url):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.toyworker", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.lines = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def create(self, name):
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()

    def wait_for(self, *lines, timeout=SOON):
        """Waits until each line was said; AssertionError naming those that were not."""
        missing, deadline = set(lines), time.monotonic() + timeout
        while missing:
            try:
                missing.discard(self.lines.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"never said: {missing}") from None

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(5)
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def broker():
    broker = Broker()
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def worker(broker):
    worker = Worker(broker.url)
    yield worker
    worker.end()


def test_it_works(worker):
    worker.wait_for("started")
    worker.create("a")
    worker.wait_for("synced default/a")
    worker.process.send_signal(signal.SIGTERM)
    worker.wait_for("stopped")
    assert worker.process.wait(5) == 0


def test_a_broker_that_is_killed_and_comes_back_empty_is_survived(broker, worker):
    worker.wait_for("started")
    worker.create("a")
    worker.wait_for("synced default/a")
    broker.kill()
    worker.create("b")
    threading.Event().wait(0.5)  # it notices, and fails to reconnect for a while
    broker.start()
    worker.wait_for("synced default/a", "synced default/b", timeout=3)
    threading.Event().wait(1.5)  # nobody stays for the next key any more: it needs a bell
    worker.create("c")
    worker.wait_for("synced default/c", timeout=2)


def test_a_broker_that_forgets_without_a_word_is_survived(broker, worker):
    worker.wait_for("started")
    worker.create("a")
    worker.wait_for("synced default/a")
    with redis.Redis.from_url(broker.url) as connection:
        connection.flushall()
    worker.wait_for("synced default/a", timeout=3)
    threading.Event().wait(1.5)  # nobody stays for the next key any more: it needs a bell
    worker.create("b")
    worker.wait_for("synced default/b", timeout=3)


def test_it_starts_before_its_broker(broker):
    broker.kill()
    worker = Worker(broker.url)
    try:
        threading.Event().wait(1.0)
        broker.start()
        worker.wait_for("started")
        worker.create("a")
        worker.wait_for("synced default/a")
    finally:
        worker.end()
