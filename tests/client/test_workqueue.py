"""The work queue: client-go's rules, and that nothing is lost with a worker."""

import threading
import uuid

import pytest

from minikweb.client import workqueue
from minikweb.client.workqueue import Epoch, WorkQueue, connect


@pytest.fixture
def connection(broker):
    connection = connect(broker.url)
    yield connection
    connection.close()


@pytest.fixture
def prefix():
    return uuid.uuid4().hex


@pytest.fixture
def queue(connection, prefix):
    return WorkQueue(connection, "toys", prefix=prefix)


def test_it_works(queue):
    queue.add("default/a", "default/b")
    assert queue.get() == "default/a"
    assert queue.get() == "default/b"
    assert queue.get() is None
    queue.done("default/a")
    assert len(queue) == 0


def test_duplicates_merge_and_the_first_comes_first(queue):
    queue.add("b")
    queue.add("a")
    assert queue.add("b") == 2
    assert [queue.get(), queue.get(), queue.get()] == ["b", "a", None]


def test_take_tells_how_many_are_left(queue):
    queue.add("a", "b", "c")
    assert queue.take() == ("a", 2)


def test_a_key_added_while_in_work_is_looked_at_once_more_afterwards(queue):
    queue.add("a")
    assert queue.get() == "a"
    queue.add("a")
    queue.add("a")
    assert queue.get() is None
    queue.done("a")
    assert [queue.get(), queue.get()] == ["a", None]


def test_a_key_is_due_at_its_time(queue):
    queue.add_after("later", 60)
    queue.add_after("now", 0)
    ready, wait = queue.tick()
    assert ready == 1
    assert 59 < wait <= 60
    assert [queue.get(), queue.get()] == ["now", None]


def test_an_earlier_date_stays(queue):
    queue.add_after("a", 0)
    queue.add_after("a", 60)
    assert queue.tick() == (1, None)


def test_adding_a_key_makes_its_date_moot(queue):
    queue.add_after("a", 60)
    queue.add("a")
    assert queue.tick() == (1, None)


def test_done_may_set_the_next_date(queue):
    queue.add("a")
    queue.get()
    queue.done("a", after=0)
    assert queue.get() is None
    queue.tick()
    assert queue.get() == "a"


def test_the_back_off_doubles_and_is_forgotten(queue):
    assert [queue.add_rate_limited("a") for _ in range(4)] == [0.005, 0.01, 0.02, 0.04]
    assert queue.add_rate_limited("b") == 0.005
    queue.forget("a")
    assert queue.add_rate_limited("a") == 0.005


def test_the_back_off_has_an_end(queue, connection):
    for _ in range(40):
        last = queue.add_rate_limited("a")
    assert last == workqueue.LONGEST_BACKOFF


def test_a_failed_key_comes_back_after_its_back_off(queue):
    for expected in (0.005, 0.01):
        queue.add("a")
        assert queue.get() == "a"
        assert queue.fail("a") == expected
    assert queue.failures("a") == 2
    assert queue.get() is None
    queue.add("a")
    queue.get()
    queue.done("a", forget=True)
    assert queue.failures("a") == 0


def test_a_failed_key_that_was_added_meanwhile_does_not_wait(queue):
    queue.add("a")
    queue.get()
    queue.add("a")
    queue.fail("a")
    assert queue.get() == "a"


def test_what_a_dead_worker_held_is_ready_again_after_its_deadline(connection, prefix):
    dead = WorkQueue(connection, "toys", prefix=prefix, hold=0.01)
    dead.add("a")
    assert dead.get() == "a"
    alive = WorkQueue(connection, "toys", prefix=prefix)
    assert until(lambda: alive.tick()[0] == 1)
    assert alive.get() == "a"
    dead.done("a")  # it was only slow: what it says counts no more
    alive.add("a")
    assert alive.get() is None
    alive.done("a")
    assert alive.get() == "a"


def test_a_slow_worker_keeps_its_key_by_renewing(connection, prefix):
    slow = WorkQueue(connection, "toys", prefix=prefix, hold=0.05)
    slow.add("a")
    slow.get()
    slow._hold = 60
    slow.renew()
    tick = threading.Event()
    tick.wait(0.1)  # longer than the first hold
    assert slow.tick()[0] == 0


def test_a_process_never_works_twice_on_a_key_at_a_time(connection, prefix):
    """Even when it was stopped for so long that its hold ran out."""
    queue = WorkQueue(connection, "toys", prefix=prefix, hold=0.0)
    queue.add("a")
    assert queue.get() == "a"
    assert until(lambda: queue.tick()[0] == 1)
    assert queue.get() is None
    queue.done("a")
    assert queue.get() == "a"


def test_a_successor_takes_over_at_once(connection, prefix):
    dead = WorkQueue(connection, "toys", prefix=prefix)
    dead.add("a", "b")
    dead.get()
    dead.add("a")
    successor = WorkQueue(connection, "toys", prefix=prefix)
    assert successor.take_over() == 2
    assert {successor.get(), successor.get(), successor.get()} == {"a", "b", None}


def test_take_over_leaves_what_is_our_own(queue):
    queue.add("a")
    queue.get()
    assert queue.take_over() == 0


def test_queues_and_installations_are_apart(connection, prefix, queue):
    queue.add("a")
    assert WorkQueue(connection, "other", prefix=prefix).get() is None
    assert WorkQueue(connection, "toys", prefix=uuid.uuid4().hex).get() is None


def test_no_key_is_lost_or_worked_on_twice_at_a_time(connection, prefix):
    queue = WorkQueue(connection, "toys", prefix=prefix)
    working, worked, overlaps, lock = set(), [], [], threading.Lock()

    def work():
        while (key := queue.get()) is not None:
            with lock:
                overlaps.extend({key} & working)
                working.add(key)
            if len(worked) < 400:
                queue.add(key)
            with lock:
                working.remove(key)
                worked.append(key)
            queue.done(key)

    queue.add(*(f"k{number}" for number in range(20)))
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    work()
    assert set(worked) == {f"k{number}" for number in range(20)}
    assert len(worked) > 400
    assert overlaps == []
    assert queue.get() is None
    assert connection.zcard(f"{prefix}:queue:toys:processing") == 0


def test_a_key_may_be_taken_by_another_thread_the_moment_it_is_done(queue, monkeypatch):
    queue.add("a")
    queue.get()
    queue.add("a")
    original, taken = queue._run, []

    def done_and_taken(script, *args):
        result = original(script, *args)
        if script is workqueue._DONE and not taken:
            taken.append(queue.get())
        return result

    monkeypatch.setattr(queue, "_run", done_and_taken)
    queue.done("a")
    assert taken == ["a"]


def test_an_epoch_ends_when_the_broker_forgets(connection, prefix):
    epoch = Epoch(connection, "controllers", prefix=prefix)
    assert epoch.is_new()
    epoch.mark()
    assert not epoch.is_new()
    assert Epoch(connection, "kubelet-node-1", prefix=prefix).is_new()
    connection.delete(f"{prefix}:epoch:controllers")
    assert epoch.is_new()


def until(predicate):
    pause = threading.Event()
    return any(predicate() or pause.wait(0.005) for _ in range(1000))
