import json
import sqlite3
import threading

import pytest

from minikweb.store.database import Database, StoreUnavailable
from minikweb.store.storage import AlreadyStored, Draft, RevisionChanged, Storage
from tests.store.builders import ALICE, body, change, key, make, remove
from tests.store.database import ENGINE


def test_it_works(storage):
    stored = make(storage, "a", content={"data": {"k": "v"}})

    found = storage.get(key("a"))

    assert found == stored
    assert json.loads(found.body)["metadata"]["resourceVersion"] == str(found.revision)
    assert json.loads(found.body)["data"] == {"k": "v"}


def test_it_knows_nothing_of_what_was_never_stored(storage):
    assert storage.get(key("a")) is None


def test_each_write_takes_the_next_revision_of_all(storage):
    first, second = make(storage, "a"), make(storage, "b", resource="pods")
    third = change(storage, first)
    fourth = remove(storage, second)

    assert [first.revision, second.revision, third.revision, fourth.revision] == [1, 2, 3, 4]


def test_it_refuses_a_second_object_at_a_key(storage):
    make(storage, "a")

    with pytest.raises(AlreadyStored):
        make(storage, "a")

    assert storage.hub.revision == 1
    assert make(storage, "b").revision == 2


def test_it_refuses_a_write_on_an_older_revision(storage):
    old = make(storage, "a")
    change(storage, old, data="new")

    with pytest.raises(RevisionChanged):
        change(storage, old, data="lost")
    with pytest.raises(RevisionChanged):
        remove(storage, old)

    assert json.loads(storage.get(key("a")).body)["data"] == "new"


def test_it_refuses_to_delete_twice(storage):
    stored = make(storage, "a")
    remove(storage, stored)

    with pytest.raises(RevisionChanged):
        remove(storage, stored)


def test_a_deleted_name_is_free_again(storage):
    remove(storage, make(storage, "a", labels={"app": "web"}))

    assert make(storage, "a").revision == 3


def test_only_the_resource_version_of_the_metadata_is_filled_in(storage):
    text = '{"metadata":{"name":"a","resourceVersion":"%s"},"data":{"resourceVersion":"x"}}'
    from minikweb.store.storage import PENDING

    stored = storage.create(key("a"), Draft(text % PENDING, "u"), ALICE)

    assert json.loads(stored.body) == {
        "metadata": {"name": "a", "resourceVersion": "1"},
        "data": {"resourceVersion": "x"},
    }


def test_it_logs_who_wrote(storage):
    make(storage, "a")

    with storage.database.read() as transaction:
        row = transaction.row('SELECT "user", agent, verb, manager FROM store_revision WHERE revision = 1')

    assert row == ALICE


def test_it_goes_on_counting_when_it_is_opened_again(storage):
    make(storage, "a")
    make(storage, "b")

    again = Storage(Database())
    again.open()

    assert make(again, "c").revision == 3


def test_it_catches_up_with_a_write_whose_end_it_did_not_hear_of(storage):
    subscription, _ = storage.hub.subscribe("configmaps", lambda: None)
    other = Storage(Database())
    other.open()
    make(other, "a")
    make(other, "x", resource="pods")

    assert make(storage, "b").revision == 3
    assert [(event.name, event.revision) for event in subscription.queue] == [("a", 1), ("b", 3)]
    assert not subscription.lost


def test_it_ends_all_watches_when_it_cannot_know_what_was_written(storage):
    subscription, _ = storage.hub.subscribe("configmaps", lambda: None)
    with storage.database.write() as transaction:
        transaction.run("UPDATE store_counter SET value = 7 WHERE name = 'revision'")

    assert make(storage, "b").revision == 8
    assert subscription.lost


def test_writers_in_many_threads_lose_nothing(storage):
    counter = make(storage, "counter", content={"n": 0})

    def add_ten() -> None:
        for _ in range(10):
            while True:
                current = storage.get(counter.key)
                try:
                    change(storage, current, n=json.loads(current.body)["n"] + 1)
                    break
                except RevisionChanged:
                    continue
        storage.database.close()

    threads = [threading.Thread(target=add_ten) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert json.loads(storage.get(counter.key).body)["n"] == 50
    assert storage.hub.revision == 51


def test_what_the_database_says_becomes_store_unavailable(storage, monkeypatch):
    make(storage, "a")
    with storage.database.write() as transaction:
        transaction.run("ALTER TABLE store_label RENAME TO away")

    with pytest.raises(StoreUnavailable, match="store_label"):
        make(storage, "b", labels={"app": "web"})

    with storage.database.write() as transaction:
        transaction.run("ALTER TABLE away RENAME TO store_label")
    assert storage.get(key("b")) is None
    assert make(storage, "c").revision == 2


def test_a_body_may_be_any_text(storage):
    stored = storage.create(key("a"), Draft(body("a", data="é %s ? \\u0000 “quotes”"), "u"), ALICE)

    assert json.loads(storage.get(key("a")).body)["data"] == "é %s ? \\u0000 “quotes”"
    assert stored.body == storage.get(key("a")).body


def test_it_lies_where_it_was_asked_to(storage):
    with storage.database.read() as transaction:
        if ENGINE == "sqlite":
            assert isinstance(transaction.raw, sqlite3.Connection)
            assert transaction.row("PRAGMA journal_mode") == ("wal",)
        else:
            assert transaction.row("SHOW transaction_isolation") == ("repeatable read",)


def test_the_log_tells_who_wrote_what(storage):
    first = make(storage, "a")
    make(storage, "b", resource="pods")
    change(storage, first, data="new")

    made, changed = storage.written(0, 10, without=["pods"])

    assert (made.name, made.type, made.before, made.author) == ("a", "ADDED", None, ALICE)
    assert changed.before == made.body and json.loads(changed.body)["data"] == "new"
    assert storage.written(first.revision, 10, "default", without=["pods"]) == [changed]
    assert storage.written(0, 1) == [changed]
    assert storage.written(0, 10, "elsewhere") == []
