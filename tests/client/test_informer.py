"""The cache: it follows, it survives whatever happens to its watch, and it shows a process its own writes."""

import threading
import time

import pytest

from minikweb.client import informer as informer_module
from minikweb.client.informer import Cache, Informer
from tests.client.fakeapi import FakeApi, config_map, pod

SOON = 5.0


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(informer_module, "FIRST_WAIT", 0.002)
    monkeypatch.setattr(informer_module, "LONGEST_WAIT", 0.01)


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def follow(api):
    """follow(kind) gives a started informer and the list of changes its handlers saw, as (old name, new name)."""
    started = []

    def start(kind="ConfigMap", **keywords):
        informer = Informer(api.client(), kind, **keywords)
        seen = []
        informer.add_handler(lambda old, new: seen.append((version(old), version(new))))
        informer.start()
        started.append(informer)
        assert informer.wait_for_sync(SOON)
        assert eventually(informer, lambda: informer.connected)
        return informer, seen

    yield start
    for informer in started:
        informer.stop()


def version(obj):
    return obj and f"{obj['metadata']['name']}={obj.get('data', {}).get('x', '')}"


def eventually(informer, predicate):
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        if informer.wait_until(predicate, time.monotonic() + 0.02):
            return True
    return False


def test_it_works(api, follow):
    client = api.client()
    client.create(config_map("a", x="1"))
    informer, seen = follow()
    made = client.create(config_map("b", x="1"))
    assert informer.wait_for(made["metadata"]["resourceVersion"], SOON)
    client.patch("ConfigMap", "a", {"data": {"x": "2"}}, "default")
    client.delete("ConfigMap", "b", "default")
    assert eventually(informer, lambda: informer.get("default", "b") is None)
    assert informer.get("default", "a")["data"] == {"x": "2"}
    assert seen == [(None, "a=1"), (None, "b=1"), ("a=1", "a=2"), ("b=1", None)]


def test_a_watch_that_breaks_goes_on_where_it_was(api, follow):
    client = api.client()
    informer, seen = follow()
    api.mute_watches = True
    client.create(config_map("a", x="1"))
    api.mute_watches = False
    api.cut_watches()
    assert eventually(informer, lambda: informer.get("default", "a"))
    lists = [target for method, target in api.requests if "watch" not in target and method == "GET"]
    assert len(lists) == 1
    assert seen == [(None, "a=1")]


def test_a_revision_that_is_gone_makes_it_list_again_and_tell_the_difference(api, follow):
    client = api.client()
    client.create(config_map("same", x="1"))
    client.create(config_map("changed", x="1"))
    client.create(config_map("ended", x="1"))
    client.create(config_map("reborn", x="1"))
    informer, seen = follow()
    seen.clear()
    api.mute_watches = True
    client.patch("ConfigMap", "changed", {"data": {"x": "2"}}, "default")
    client.delete("ConfigMap", "ended", "default")
    client.delete("ConfigMap", "reborn", "default")
    client.create(config_map("reborn", x="2"))
    client.create(config_map("new", x="1"))
    api.compact()
    api.mute_watches = False
    api.cut_watches()
    assert eventually(informer, lambda: informer.get("default", "new") and len(seen) == 5)
    assert set(seen) == {
        ("changed=1", "changed=2"),
        ("ended=1", None),
        ("reborn=1", None),
        (None, "reborn=2"),
        (None, "new=1"),
    }
    assert seen.index(("reborn=1", None)) < seen.index((None, "reborn=2"))


def test_it_waits_for_an_api_server_that_is_away(api, follow):
    client = api.client()
    informer, _ = follow()
    api.away = True
    api.cut_watches()
    assert eventually(informer, lambda: not informer.connected)
    api.away = False
    client.create(config_map("a"))
    assert eventually(informer, lambda: informer.get("default", "a"))


def test_it_can_start_before_the_api_server(api):
    api.away = True
    informer = Informer(api.client(), "ConfigMap")
    informer.start()
    assert not informer.wait_for_sync(0.01)
    api.away = False
    assert informer.wait_for_sync(SOON)
    informer.stop()


def test_bookmarks_move_its_revision(api, follow):
    informer, seen = follow()
    other = api.client().create(pod("elsewhere"))
    assert not informer.wait_for(other["metadata"]["resourceVersion"], 0.01)
    api.bookmark()
    assert informer.wait_for(other["metadata"]["resourceVersion"], SOON)
    assert seen == []


def test_indexes_follow_the_objects(api, follow):
    client = api.client()
    client.create(pod("a", node="n1", owner="rs-1"))
    informer, _ = follow("Pod", indexers={"node": informer_module.node_name})
    client.create(pod("b", node="n1"))
    client.patch("Pod", "a", {"spec": {"nodeName": "n2"}}, "default")
    assert eventually(informer, lambda: informer.by_index("node", "n2"))
    assert names(informer.by_index("node", "n1")) == ["b"]
    assert names(informer.by_index("owner", "rs-1")) == ["a"]
    client.delete("Pod", "a", "default")
    assert eventually(informer, lambda: not informer.by_index("node", "n2"))
    assert informer.by_index("owner", "rs-1") == []


def test_an_index_can_be_added_to_a_running_informer(api, follow):
    api.client().create(pod("a", node="n1"))
    informer, _ = follow("Pod")
    informer.add_indexer("name", lambda obj: [obj["metadata"]["name"]])
    assert names(informer.by_index("name", "a")) == ["a"]


def names(objects):
    return sorted(obj["metadata"]["name"] for obj in objects)


def test_a_late_handler_hears_of_what_is_there(api, follow):
    api.client().create(config_map("a", x="1"))
    informer, _ = follow()
    late = []
    informer.add_handler(lambda old, new: late.append((version(old), version(new))))
    assert late == [(None, "a=1")]


def test_handlers_find_the_change_in_the_cache(api, follow):
    informer, _ = follow()
    found = []
    informer.add_handler(lambda old, new: found.append(informer.get("default", new["metadata"]["name"]) is new))
    api.client().create(config_map("a"))
    assert eventually(informer, lambda: found)
    assert found == [True]


def test_a_handler_that_fails_stops_nobody(api, follow, caplog):
    informer, seen = follow()
    informer._handlers.insert(0, lambda old, new: 1 / 0)
    api.client().create(config_map("a"))
    assert eventually(informer, lambda: seen == [(None, "a=")])
    assert "a handler of configmaps failed" in caplog.text


def test_five_thousand_pods_are_listed_in_pages_and_found_by_owner(api, monkeypatch):
    client = api.client()
    kind = client.kind("Pod")
    for number in range(5000):
        meta = {"name": f"p{number}", "namespace": "default", "uid": str(number)}
        meta["ownerReferences"] = [{"uid": f"rs-{number % 100}"}]
        api.objects["pods", "default", meta["name"]] = {"kind": "Pod", "metadata": dict(meta, resourceVersion="5")}
    informer = Informer(client, kind)
    informer.start()
    assert informer.wait_for_sync(SOON)
    assert len(informer.list()) == 5000
    assert len(informer.by_index("owner", "rs-7")) == 50
    informer.stop()


def test_stop_ends_an_open_watch_at_once(api, follow):
    informer, _ = follow()
    started = time.monotonic()
    informer.stop()
    assert not informer._thread.is_alive()
    assert time.monotonic() - started < 2


# --- Cache and own writes ---------------------------------------------------------------------------


@pytest.fixture
def cache(api):
    cache = Cache(api.client())
    cache.informer("Pod")
    cache.start()
    assert cache.wait_for_sync(SOON)
    assert eventually(cache.informer("Pod"), lambda: cache.connected)
    yield cache
    cache.stop()


def writer(api, cache):
    return api.client().acting_as("tester", wrote=cache.writes.record)


def test_own_writes_are_waited_for(api, cache):
    client = writer(api, cache)
    client.create(pod("a", owner="rs-1"))
    assert cache.wait_for_writes(("Pod",), SOON)
    assert names(cache.owned("Pod", "rs-1")) == ["a"]
    assert cache.get("Pod", "default", "a")


def test_own_writes_not_yet_seen_are_told(api, cache):
    api.mute_watches = True
    writer(api, cache).create(pod("a"))
    assert not cache.wait_for_writes(("Pod",), 0.01)
    assert cache.wait_for_writes(("ConfigMap",), 0.01)  # of other kinds nothing is known
    api.mute_watches = False
    api.cut_watches()
    assert cache.wait_for_writes(("Pod",), SOON)


def test_own_deletes_are_waited_for(api, cache):
    client = writer(api, cache)
    client.create(pod("a"))
    assert cache.wait_for_writes(("Pod",), SOON)
    api.mute_watches = True
    client.delete("Pod", "a", "default")
    assert not cache.wait_for_writes(("Pod",), 0.01)
    api.mute_watches = False
    api.cut_watches()
    assert cache.wait_for_writes(("Pod",), SOON)
    assert cache.get("Pod", "default", "a") is None


def test_a_delete_is_seen_when_the_object_is_asked_to_end(api, cache):
    client = writer(api, cache)
    client.create(pod("a"))
    client.delete("Pod", "a", "default")
    api.client().create({**pod("a"), "metadata": {"name": "a", "namespace": "default", "deletionTimestamp": "t"}})
    assert cache.wait_for_writes(("Pod",), SOON)


def test_own_bindings_are_waited_for(api, cache):
    client = writer(api, cache)
    client.create(pod("a"))
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "a", "namespace": "default"}}
    client.create({**binding, "target": {"name": "n1"}}, subresource="binding")
    assert cache.wait_for_writes(("Pod",), SOON)
    assert names(cache.by_index("Pod", "node", "n1")) == ["a"]


def test_writes_of_other_threads_cannot_starve_a_reader(api, cache):
    client, stop = writer(api, cache), threading.Event()

    def write_for_ever():
        number = 0
        while not stop.is_set():
            client.create(pod(f"w{number}"))
            number += 1

    thread = threading.Thread(target=write_for_ever)
    thread.start()
    try:
        assert all(cache.wait_for_writes(("Pod",), SOON) for _ in range(20))
    finally:
        stop.set()
        thread.join()


def test_a_kind_first_asked_for_later_is_followed_too(api, cache):
    api.client().create(config_map("a"))
    assert cache.informer("ConfigMap").wait_for_sync(SOON)
    assert names(cache.list("ConfigMap")) == ["a"]
    assert cache.list("ConfigMap", "elsewhere") == []
