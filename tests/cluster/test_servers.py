"""The same product on PostgreSQL and Redis, as DATABASE_URL and REDIS_URL ask for, and what happens when they fail."""

import subprocess

import pytest
import redis

from minikweb.management import broker
from tests.cluster.test_recovery import REPLICAS, Rollout
from tests.postgresql import PostgreSQL
from tests.running import RunningCluster, free_port, until

pytestmark = [pytest.mark.cluster, pytest.mark.postgresql]


class Redis:
    """A server of somebody else: Minikweb knows only its URL."""

    def __init__(self, folder):
        self.port = free_port()
        self._arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        self._process = subprocess.Popen([broker.server_path(), *self._arguments], stdout=subprocess.DEVNULL)
        until(lambda: broker.answers(self.url), "Redis")
        return self

    def empty(self):
        redis.Redis.from_url(self.url).flushall()

    def kill(self):
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def database():
    server = PostgreSQL().start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    server = Redis(tmp_path_factory.mktemp("redis")).start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def cluster(tmp_path, database, queue):
    queue.empty()
    database.execute("DROP DATABASE IF EXISTS minikweb WITH (FORCE)")
    database.execute("CREATE DATABASE minikweb")
    running = RunningCluster(tmp_path, DATABASE_URL=database.url("minikweb"), REDIS_URL=queue.url)
    try:
        yield running.start()
    finally:
        running.clean_up()


def test_it_works(cluster):
    cluster.wait_for_pods(3)
    assert not list(cluster.data.glob("*.sqlite3")), "everything is on the server"
    assert "broker" not in cluster.pids()
    assert "demo" in cluster.page("/")
    assert "18" in cluster.page("/lessons/")
    cluster.stop()
    cluster.start()
    cluster.wait_for_pods(3)


def test_a_database_that_is_restarted_loses_nothing(cluster, database):
    rollout = Rollout(cluster)
    rollout.begin()
    database.kill()
    database.start()
    rollout.finish()
    cluster.wait_for_pods(REPLICAS, "default", "app=web")
    assert "web" in cluster.page("/?ns=default")


def test_a_queue_that_is_emptied_is_filled_again(cluster, queue):
    rollout = Rollout(cluster)
    rollout.begin()
    queue.empty()
    rollout.finish()


def test_a_queue_that_is_restarted_is_found_again(cluster, queue):
    rollout = Rollout(cluster)
    rollout.begin()
    queue.kill()
    queue.start()
    rollout.finish()
