import json

import pytest

from minikweb.store.storage import Compacted
from minikweb.store.watch import Hub
from tests.store.builders import change, make, remove


def nothing() -> None:
    """A bell nobody hears."""


def taken(subscription):
    return [(event.type, event.name, event.revision) for event in subscription.queue]


def test_it_works(storage):
    subscription, since = storage.hub.subscribe("configmaps", nothing)

    stored = make(storage, "a", content={"v": 1})
    changed = change(storage, stored, v=2)
    remove(storage, changed)

    assert since == 0
    assert taken(subscription) == [("ADDED", "a", 1), ("MODIFIED", "a", 2), ("DELETED", "a", 3)]
    added, modified, deleted = subscription.queue
    assert (added.old, added.object["v"]) == (None, 1)
    assert (modified.old["v"], modified.object["v"]) == (1, 2)
    assert deleted.object["metadata"]["resourceVersion"] == "3"
    assert json.loads(added.frame) == {"type": "ADDED", "object": added.object}


def test_the_log_tells_the_same_as_the_hub(storage):
    subscription, _ = storage.hub.subscribe("configmaps", nothing)
    remove(storage, change(storage, make(storage, "a"), v=2))

    logged = storage.log("configmaps", after=0, until=3)

    def told(events):
        return [(e.revision, e.type, e.namespace, e.name, e.body, e.before) for e in events]

    assert told(logged) == told(subscription.queue)


def test_the_log_and_a_subscription_leave_no_gap_and_no_overlap(storage):
    make(storage, "a")
    subscription, until = storage.hub.subscribe("configmaps", nothing)
    make(storage, "b")

    before = [event.name for event in storage.log("configmaps", after=0, until=until)]

    assert before + [event.name for event in subscription.queue] == ["a", "b"]


def test_the_log_begins_after_the_revision_asked(storage):
    for name in "abc":
        make(storage, name)

    assert [event.name for event in storage.log("configmaps", after=1, until=3)] == ["b", "c"]


def test_the_log_says_when_it_no_longer_reaches_back(storage):
    make(storage, "a")
    with storage.database.write() as transaction:
        transaction.run("INSERT INTO store_counter (name, value) VALUES ('compacted/configmaps', 1)")

    assert storage.log("configmaps", after=1, until=1) == []
    with pytest.raises(Compacted):
        storage.log("configmaps", after=0, until=1)
    assert storage.log("pods", after=0, until=1) == []


def test_it_hears_only_of_its_own_resource_namespace_and_name(storage):
    pods, _ = storage.hub.subscribe("pods", nothing)
    one, _ = storage.hub.subscribe("configmaps", nothing, namespace="one")
    named, _ = storage.hub.subscribe("configmaps", nothing, namespace="one", name="b")

    make(storage, "a", "one")
    make(storage, "b", "one")
    make(storage, "a", "two")

    assert (taken(pods), taken(one), taken(named)) == (
        [],
        [("ADDED", "a", 1), ("ADDED", "b", 2)],
        [("ADDED", "b", 2)],
    )


def test_a_slow_watcher_is_cut_and_never_sees_what_follows_the_gap(storage):
    slow, _ = storage.hub.subscribe("configmaps", nothing, capacity=1)
    make(storage, "a")
    make(storage, "b")
    slow.queue.clear()
    make(storage, "c")

    assert slow.lost
    assert not slow.queue


def test_a_failed_write_tells_nobody(storage):
    make(storage, "a")
    subscription, _ = storage.hub.subscribe("configmaps", nothing)

    with pytest.raises(Exception):  # noqa: B017
        make(storage, "a")

    assert not subscription.queue


def test_it_rings_the_bell_of_each_watcher(storage):
    rung = []
    storage.hub.subscribe("configmaps", lambda: rung.append("one"))
    two, _ = storage.hub.subscribe("configmaps", lambda: rung.append("two"))
    storage.hub.unsubscribe("configmaps", two)

    make(storage, "a")

    assert rung == ["one"]


def test_who_has_read_everything_has_caught_up():
    hub = Hub()
    hub.revision = 7
    subscription, _ = hub.subscribe("pods", nothing)

    assert hub.caught_up(subscription) == 7
    subscription.queue.append(object())
    assert hub.caught_up(subscription) is None
