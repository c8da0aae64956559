"""The manager with a toy controller: from a change to its sync, and through whatever goes wrong between them."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from minikweb import manager as manager_module
from minikweb.apimachinery import errors
from minikweb.client.controller import Controller, key_of
from minikweb.client.informer import Cache
from minikweb.client.workqueue import WorkQueue, connect
from minikweb.manager import CONTROLLERS, Manager, build
from tests.broker import Broker
from tests.client.fakeapi import FakeApi, config_map, pod

SOON = 10.0


@pytest.fixture(scope="module")
def broker():
    broker = Broker()
    broker.start()
    yield broker
    broker.stop()


class Toy(Controller):
    """Keeps a pod per ConfigMap; what a sync does beside can be given to it."""

    name = "toy"
    kind = "ConfigMap"
    owns = ("Pod",)

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        self.syncs = []
        self.now_working = []
        self.overlapped = False
        self.act = lambda key: None
        self.done = threading.Condition()

    def sync(self, namespace, name):
        key = f"{namespace}/{name}"
        with self.done:
            self.overlapped |= key in self.now_working
            self.now_working.append(key)
        try:
            return self.act(key)
        finally:
            with self.done:
                self.now_working.remove(key)
                self.syncs.append(key)
                self.done.notify_all()

    def wait(self, predicate, timeout=SOON):
        with self.done:
            return self.done.wait_for(lambda: predicate(self.syncs), timeout)


class World:
    """A fake API, a broker, a manager with a toy, and threads that answer its bells."""

    def __init__(self, url, prefix=None, api=None):
        self.api = api or FakeApi()
        self.client = self.api.client()
        self.prefix = prefix or uuid.uuid4().hex
        self.connection = connect(url)
        self.threads = ThreadPoolExecutor(8)
        self.bells = []
        self.deaf = False
        cache = Cache(self.client)
        self.toy = build(Toy, self.client, cache)
        self.manager = Manager([self.toy], cache, self.connection, self.ring, prefix=self.prefix)

    def ring(self, name):
        self.bells.append(name)
        if not self.deaf:
            self.threads.submit(self.manager.reconcile, name)

    def start(self):
        self.manager.start()
        return self

    def stop(self):
        self.manager.stop()
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.connection.close()


@pytest.fixture
def world(broker):
    made = []

    def make(**keywords):
        made.append(World(broker.url, **keywords))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def test_it_works(world):
    one = world()
    one.client.create(config_map("before"))
    one.start()
    assert one.toy.wait(lambda syncs: "default/before" in syncs)
    one.client.create(config_map("after"))
    assert one.toy.wait(lambda syncs: "default/after" in syncs)


def test_an_owned_object_wakes_its_owner(world):
    one = world().start()
    owned = pod("p")
    owned["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "1", "controller": True}
    ]
    one.client.create(owned)
    assert one.toy.wait(lambda syncs: syncs == ["default/owner"])


def test_it_can_be_woken_from_outside(world):
    one = world().start()
    one.manager.wake("toy", "default/a", "default/b")
    assert one.toy.wait(lambda syncs: set(syncs) == {"default/a", "default/b"})


def test_a_deleted_object_is_looked_at_too(world):
    one = world()
    one.client.create(config_map("a"))
    one.start()
    assert one.toy.wait(lambda syncs: len(syncs) == 1)
    one.client.delete("ConfigMap", "a", "default")
    assert one.toy.wait(lambda syncs: len(syncs) == 2)


def test_changes_of_one_object_merge_while_it_is_worked_on(world):
    one = world().start()
    gate, entered = threading.Event(), threading.Event()

    def wait_at_the_gate(key):
        entered.set()
        gate.wait(SOON)

    one.toy.act = wait_at_the_gate
    one.client.create(config_map("a"))
    assert entered.wait(SOON)
    for number in range(20):
        one.client.patch("ConfigMap", "a", {"data": {"x": str(number)}}, "default")
    assert one.manager.cache.informer("ConfigMap").wait_for(one.api.revision, SOON)
    gate.set()
    assert one.toy.wait(lambda syncs: len(syncs) == 2)
    assert not one.toy.wait(lambda syncs: len(syncs) > 2, timeout=0.1)
    assert not one.toy.overlapped


def test_many_keys_are_shared_by_the_workers(world):
    one = world()
    for number in range(100):
        one.client.create(config_map(f"c{number}"))
    at_once = []

    def take_a_while(key):
        at_once.append(len(one.toy.now_working))
        time.sleep(0.002)

    one.toy.act = take_a_while
    one.start()
    assert one.toy.wait(lambda syncs: len(set(syncs)) == 100)
    assert 2 <= max(at_once) <= Toy.workers
    assert not one.toy.overlapped


def test_bells_are_not_rung_per_key(world):
    one = world()
    for number in range(300):
        one.client.create(config_map(f"c{number}"))
    one.start()
    assert one.toy.wait(lambda syncs: len(set(syncs)) == 300)
    assert len(one.bells) < 30


def test_who_has_come_stays_for_a_moment(world):
    """So a chain of changes costs no bell each: at most one per worker."""
    one = world().start()
    for number in range(30):
        one.client.create(config_map(f"c{number}"))
        assert one.toy.wait(lambda syncs, n=number: f"default/c{n}" in syncs)
    assert len(one.bells) <= Toy.workers


def test_a_lost_bell_is_rung_again(world, monkeypatch):
    monkeypatch.setattr(manager_module, "BELL_LOST", 0.02)
    monkeypatch.setattr(manager_module, "TICK", 0.02)
    one = world()
    one.deaf = True
    one.start()
    one.client.create(config_map("a"))
    assert until(lambda: len(one.bells) >= 2)
    one.deaf = False
    assert one.toy.wait(lambda syncs: syncs == ["default/a"])


def test_sync_may_ask_to_come_back(world):
    one = world().start()
    one.toy.act = lambda key: 0.02 if len(one.toy.syncs) < 3 else None
    started = time.monotonic()
    one.client.create(config_map("a"))
    assert one.toy.wait(lambda syncs: len(syncs) == 4)
    assert 0.06 <= time.monotonic() - started < 1.0  # not at the next full second


def test_a_failure_is_tried_again_with_back_off_and_kills_nobody(world, caplog):
    one = world().start()

    def fail_twice(key):
        if len(one.toy.syncs) < 2:
            raise ZeroDivisionError("oops")

    one.toy.act = fail_twice
    one.client.create(config_map("a"))
    assert one.toy.wait(lambda syncs: len(syncs) == 3)
    said = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [record.getMessage() for record in said] == [
        "toy default/a: ZeroDivisionError('oops'); again in 0.005 s",
        "toy default/a: ZeroDivisionError('oops'); again in 0.01 s",
    ]
    assert until(lambda: one.manager.desks["toy"].queue.failures("default/a") == 0)


def test_a_conflict_is_tried_again_quietly(world, caplog):
    one = world().start()

    def conflict_once(key):
        if not one.toy.syncs:
            raise errors.conflict("", "configmaps", "a")

    one.toy.act = conflict_once
    one.client.create(config_map("a"))
    assert one.toy.wait(lambda syncs: len(syncs) == 2)
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


def test_a_sync_sees_what_the_process_has_written(world):
    """Without that it would create its pod twice: the change that wakes it comes before the pod's own echo."""
    one = world()

    def one_pod_each(key):
        name = key.split("/")[1]
        if not one.toy.cache.get("Pod", "default", name):
            one.toy.client.create(pod(name))

    one.toy.act = one_pod_each
    one.start()
    for number in range(50):
        one.client.create(config_map(f"c{number}"))
        one.client.patch("ConfigMap", f"c{number}", {"data": {"x": "1"}}, "default")
    assert one.toy.wait(lambda syncs: len(set(syncs)) == 50)
    assert until(lambda: len(one.manager.desks["toy"].queue) == 0 and not one.toy.now_working)
    assert one.manager.desks["toy"].queue._redis.hlen(f"{one.prefix}:queue:toy:failures") == 0  # no AlreadyExists


def test_a_sync_waits_until_the_cache_shows_what_was_written(world, monkeypatch, caplog):
    monkeypatch.setattr(manager_module, "WRITES_SEEN", 0.01)
    one = world().start()
    one.client.create(config_map("a"))
    assert one.toy.wait(lambda syncs: len(syncs) == 1)
    one.api.mute_watches = True
    one.toy.client.create(pod("p"))
    one.manager.wake("toy", "default/a")
    assert until(lambda: "the cache has not seen our own writes yet" in caplog.text)
    assert len(one.toy.syncs) == 1
    one.api.mute_watches = False
    one.api.cut_watches()
    assert one.toy.wait(lambda syncs: len(syncs) >= 2)


def test_no_key_is_taken_before_everything_was_listed(world):
    one = world()
    one.client.create(config_map("a"))
    one.api.away = True
    one.manager.desks["toy"].queue.add("default/from-an-earlier-life")
    one.start()
    one.manager.reconcile("toy")
    assert one.toy.syncs == []
    one.api.away = False
    assert one.toy.wait(lambda syncs: {"default/a", "default/from-an-earlier-life"} <= set(syncs))


def test_a_successor_goes_on_with_what_a_killed_one_held(world):
    first = world()
    queue = WorkQueue(first.connection, "toy", prefix=first.prefix)
    queue.add("default/held")
    assert queue.get() == "default/held"  # and now it is killed
    second = world(prefix=first.prefix).start()
    started = time.monotonic()
    assert second.toy.wait(lambda syncs: "default/held" in syncs)
    assert time.monotonic() - started < 5  # before the hold runs out


def test_stop_lets_the_key_in_work_end(world):
    one = world().start()
    entered, left = threading.Event(), []

    def slow(key):
        entered.set()
        time.sleep(0.1)
        left.append(key)

    one.toy.act = slow
    one.client.create(config_map("a"))
    assert entered.wait(SOON)
    one.manager.stop()
    assert left == ["default/a"]
    one.client.create(config_map("b"))
    one.manager.reconcile("toy")
    assert one.toy.syncs == ["default/a"]


def test_a_broker_that_is_killed_and_comes_back_empty_is_filled_again():
    broker = Broker()
    broker.start()
    one = World(broker.url)
    try:
        for name in ("a", "b", "c"):
            one.client.create(config_map(name))
        one.start()
        assert one.toy.wait(lambda syncs: len(set(syncs)) == 3)
        broker.kill()
        one.client.create(config_map("born-while-it-was-away"))
        assert one.manager.cache.informer("ConfigMap").wait_for(one.api.revision, SOON)
        one.toy.syncs.clear()
        broker.start()
        back = time.monotonic()
        expected = {"default/a", "default/b", "default/c", "default/born-while-it-was-away"}
        assert one.toy.wait(lambda syncs: set(syncs) == expected)
        assert time.monotonic() - back < 2
    finally:
        one.stop()
        broker.stop()


def test_a_flushed_broker_is_filled_again(world, monkeypatch):
    monkeypatch.setattr(manager_module, "TICK", 0.05)
    one = world()
    one.client.create(config_map("a"))
    one.start()
    assert one.toy.wait(lambda syncs: len(syncs) == 1)
    assert until(lambda: one.connection.exists(f"{one.prefix}:epoch:controllers"))
    for key in one.connection.scan_iter(f"{one.prefix}:*"):
        one.connection.delete(key)
    assert one.toy.wait(lambda syncs: len(syncs) == 2)


def test_each_controller_has_its_own_name_towards_the_api(world):
    one = world()
    assert (one.toy.client.user_agent, one.toy.client.field_manager) == ("toy", "toy")
    assert one.toy.recorder._component == "toy-controller"


def test_every_controller_has_a_queue_of_its_own():
    assert len({cls.name for cls in CONTROLLERS}) == len(CONTROLLERS)
    assert all(cls.workers >= 1 for cls in CONTROLLERS)


def test_keys_are_those_of_their_objects():
    assert key_of(config_map("a", "x")) == "x/a"


def until(predicate):
    pause = threading.Event()
    return any(predicate() or pause.wait(0.005) for _ in range(2000))
