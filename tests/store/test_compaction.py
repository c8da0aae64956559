import json

import pytest

from minikweb.store import compaction
from minikweb.store.compaction import Retention
from minikweb.store.query import Query
from minikweb.store.storage import Compacted
from tests.store.builders import change, key, make, names


@pytest.fixture
def clock(storage, monkeypatch):
    """A clock that the test moves."""
    now = [0.0]
    monkeypatch.setattr(storage, "_clock", lambda: now[0])
    monkeypatch.setattr(compaction, "KEEP", Retention(seconds=100, least=2, most=10))
    monkeypatch.setattr(compaction, "KEEP_LITTLE", {"events": Retention(seconds=10, least=0, most=10)})
    return now


def revisions(storage):
    with storage.database.read() as transaction:
        return [row[0] for row in transaction.rows("SELECT revision FROM store_revision ORDER BY revision")]


def test_it_works(storage, clock):
    for name in "abcde":
        make(storage, name)
    clock[0] = 200
    make(storage, "f")

    removed = compaction.compact(storage, now=250)

    assert removed == 4
    assert revisions(storage) == [5, 6]  # two are kept however old
    with pytest.raises(Compacted):
        storage.log("configmaps", after=3, until=6)
    assert [event.name for event in storage.log("configmaps", after=4, until=6)] == ["e", "f"]


def test_young_revisions_stay(storage, clock):
    for name in "abcde":
        make(storage, name)

    assert compaction.compact(storage, now=99) == 0


def test_there_are_never_too_many(storage, clock):
    for number in range(15):
        make(storage, f"a{number}")

    assert compaction.compact(storage, now=1) == 5
    assert len(revisions(storage)) == 10


def test_what_a_younger_revision_replaced_stays(storage, clock):
    stored = make(storage, "a", content={"v": 1})
    for name in "bcd":
        make(storage, name)
    clock[0] = 200
    change(storage, stored, v=2)

    compaction.compact(storage, now=250)

    assert revisions(storage) == [1, 4, 5]
    (event,) = storage.log("configmaps", after=4, until=5)
    assert event.old["v"] == 1
    assert [json.loads(text).get("v") for text in storage.list(Query("configmaps", at=4)).bodies] == [
        1,
        None,
        None,
        None,
    ]


def test_events_leave_little_history_and_others_do_not_suffer(storage, clock):
    make(storage, "a")
    make(storage, "e", resource="events")
    clock[0] = 15
    make(storage, "f", resource="events")

    compaction.compact(storage, now=20)

    assert revisions(storage) == [1, 3]
    with pytest.raises(Compacted):
        storage.log("events", after=1, until=3)
    assert [event.name for event in storage.log("configmaps", after=0, until=3)] == ["a"]


def test_objects_stay_when_their_history_goes(storage, clock):
    for name in "abcde":
        make(storage, name)

    compaction.compact(storage, now=1000)

    assert names(storage.list(Query("configmaps")).bodies) == list("abcde")


def test_an_event_past_its_time_is_deleted_and_watchers_hear_it(storage, clock):
    make(storage, "old", resource="events", expires=100.0)
    make(storage, "young", resource="events", expires=300.0)
    make(storage, "forever")
    subscription, _ = storage.hub.subscribe("events", lambda: None)

    assert compaction.expire(storage, now=200.0) == 1

    assert storage.get(key("old", resource="events")) is None
    assert storage.get(key("young", resource="events")) is not None
    (event,) = subscription.queue
    assert (event.type, event.name, event.object["metadata"]["resourceVersion"]) == ("DELETED", "old", "4")


def test_a_long_log_is_cut_in_small_steps(storage, clock, monkeypatch):
    monkeypatch.setattr(compaction, "STEP", 2)
    write, transactions = storage.database.write, []
    for number in range(8):
        make(storage, f"a{number}")
    monkeypatch.setattr(storage.database, "write", lambda: transactions.append(1) or write())

    assert compaction.compact(storage, now=1000) == 6

    assert revisions(storage) == [7, 8]
    assert len(transactions) == 3
    assert compaction.compact(storage, now=1000) == 0
    assert len(transactions) == 3
