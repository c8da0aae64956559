import pytest

from minikweb.apiserver import watching
from minikweb.store import compaction
from minikweb.store.compaction import Retention
from tests.apiserver.api import CONFIG_MAPS, PODS, TABLE, config_map, pod


@pytest.fixture
def watch(api):
    """Begins watches and ends them with the test."""
    open_ = []

    def begin(target, **options):
        open_.append(api.watch(target, **options))
        return open_[-1]

    yield begin
    for each in open_:
        each.close()


def labelled(name, **labels):
    obj = config_map(name)
    obj["metadata"]["labels"] = labels
    return obj


def test_it_works(api, watch):
    since = api.storage.hub.revision
    changes = watch(f"{CONFIG_MAPS}?watch=true&resourceVersion={since}")

    created = api.make(CONFIG_MAPS, config_map("a", k="v"))
    api.put(f"{CONFIG_MAPS}/a", created | {"data": {"k": "w"}})
    api.delete(f"{CONFIG_MAPS}/a")

    assert changes.next() == {"type": "ADDED", "object": created}
    assert changes.next()["object"]["data"] == {"k": "w"}
    deleted = changes.next()
    assert deleted["type"] == "DELETED"
    assert deleted["object"]["data"] == {"k": "w"}
    assert int(deleted["object"]["metadata"]["resourceVersion"]) == api.storage.hub.revision


def test_it_begins_after_the_revision_asked(api, watch):
    api.make(CONFIG_MAPS, config_map("a"))
    since = api.storage.hub.revision
    api.make(CONFIG_MAPS, config_map("b"))

    changes = watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={since}")
    api.make(CONFIG_MAPS, config_map("c"))

    assert changes.take(2) == [("ADDED", "b"), ("ADDED", "c")]


@pytest.mark.parametrize("revision", ["", "&resourceVersion=0"])
def test_without_a_revision_it_begins_with_what_is_there(api, watch, revision):
    api.make(CONFIG_MAPS, config_map("a"))

    changes = watch(f"{CONFIG_MAPS}?watch=1{revision}")
    api.make(CONFIG_MAPS, config_map("b"))

    assert changes.take(2) == [("ADDED", "a"), ("ADDED", "b")]


def test_a_watch_list_says_where_the_present_ends(api, watch):
    api.make(CONFIG_MAPS, config_map("a"))

    changes = watch(
        f"{CONFIG_MAPS}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    )
    api.make(CONFIG_MAPS, config_map("b"))

    assert changes.next()["object"]["metadata"]["name"] == "a"
    bookmark = changes.next()
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["kind"] == "ConfigMap"
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(bookmark["object"]["metadata"]["resourceVersion"]) == api.storage.hub.revision - 1
    assert changes.take(1) == [("ADDED", "b")]


@pytest.mark.parametrize(
    "query", ["sendInitialEvents=true", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan"]
)
def test_a_watch_list_must_be_asked_properly(api, query):
    assert api.watch(f"{CONFIG_MAPS}?watch=true&{query}").status == 422


def test_a_namespace_or_a_name_narrows_it(api, watch):
    since = api.storage.hub.revision
    everywhere = watch(f"/api/v1/configmaps?watch=1&resourceVersion={since}")
    named = watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={since}&fieldSelector=metadata.name=b")
    single = watch(f"{CONFIG_MAPS}/b?watch=1&resourceVersion={since}")

    api.make("/api/v1/namespaces/kube-public/configmaps", config_map("x"))
    api.make(CONFIG_MAPS, config_map("a"))
    api.make(CONFIG_MAPS, config_map("b"))

    assert everywhere.take(3) == [("ADDED", "x"), ("ADDED", "a"), ("ADDED", "b")]
    assert named.take(1) == single.take(1) == [("ADDED", "b")]


def test_what_leaves_the_selection_is_deleted_and_what_enters_is_added(api, watch):
    created = api.make(CONFIG_MAPS, labelled("a", app="web"))
    since = api.storage.hub.revision
    changes = watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={since}&labelSelector=app%3Dweb")

    left = api.patch(f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"app": "db"}}}).json
    api.patch(f"{CONFIG_MAPS}/a", {"data": {"unseen": "1"}})
    api.patch(f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"app": "web"}}})
    api.patch(f"{CONFIG_MAPS}/a", {"data": {"seen": "1"}})
    api.delete(f"{CONFIG_MAPS}/a")

    deleted = changes.next()
    assert deleted["type"] == "DELETED"
    assert deleted["object"]["metadata"]["labels"] == created["metadata"]["labels"]
    assert deleted["object"]["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]
    assert changes.take(3) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


def test_a_kubelet_sees_its_own_pods(api, watch):
    since = api.storage.hub.revision
    changes = watch(f"/api/v1/pods?watch=1&resourceVersion={since}&fieldSelector=spec.nodeName%3Dn1")

    for name, node in (("a", "n1"), ("b", "n2")):
        api.make(PODS, pod(name))
        api.post(f"{PODS}/{name}/binding", {"target": {"name": node}})
    api.delete(f"{PODS}/b", {"gracePeriodSeconds": 0})
    api.delete(f"{PODS}/a")
    api.delete(f"{PODS}/a", {"gracePeriodSeconds": 0})

    assert changes.take(3) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


def test_the_log_is_selected_in_the_same_way(api, watch):
    api.make(CONFIG_MAPS, labelled("a", app="web"))
    since = api.storage.hub.revision
    api.patch(f"{CONFIG_MAPS}/a", {"metadata": {"labels": {"app": "db"}}})
    api.make(CONFIG_MAPS, labelled("b", app="db"))
    api.make(CONFIG_MAPS, labelled("c", app="web"))

    changes = watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={since}&labelSelector=app%3Dweb")

    assert changes.take(2) == [("DELETED", "a"), ("ADDED", "c")]


def test_a_revision_too_old_is_an_error_event(api, watch, monkeypatch):
    monkeypatch.setattr(compaction, "KEEP", Retention(seconds=0, least=0, most=0))
    since = api.storage.hub.revision
    api.make(CONFIG_MAPS, config_map("a"))
    compaction.compact(api.storage, now=api.now.timestamp() + 1e9)

    changes = watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={since}")

    error = changes.next()
    assert error["type"] == "ERROR"
    assert (error["object"]["code"], error["object"]["reason"]) == (410, "Expired")
    assert error["object"]["message"].startswith(f"too old resource version: {since} ")
    assert changes.next() is None


def test_a_revision_still_to_come_times_out(api):
    answer = api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion=1000000")

    assert (answer.status, answer.json["reason"]) == (504, "Timeout")


def test_it_ends_after_the_time_asked_with_a_bookmark(api, watch):
    since = api.storage.hub.revision
    changes = watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={since}&timeoutSeconds=1&allowWatchBookmarks=true")
    api.make("/api/v1/namespaces", {"metadata": {"name": "demo"}})

    bookmark = changes.next()

    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"]["resourceVersion"] == str(since + 1)
    assert changes.next() is None


def test_bookmarks_come_from_time_to_time(api, watch, monkeypatch):
    monkeypatch.setattr(watching, "BOOKMARK_SECONDS", 0.05)

    silent = watch(f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1")
    changes = watch(f"{CONFIG_MAPS}?watch=1&allowWatchBookmarks=true")

    assert [changes.next()["type"] for _ in range(3)] == ["BOOKMARK"] * 3
    assert silent.next() is None


def test_a_slow_watcher_is_cut(api, watch):
    changes = watch(f"{CONFIG_MAPS}?watch=1")
    (subscription,) = api.storage.hub._subscriptions["configmaps"]
    subscription.capacity = 2
    for name in "abcd":
        api.make(CONFIG_MAPS, config_map(name))

    assert changes.take(2) == [("ADDED", "a"), ("ADDED", "b")]
    assert changes.next() is None


def test_it_ends_with_the_server(api, watch):
    changes = watch(f"{CONFIG_MAPS}?watch=1")
    api.make(CONFIG_MAPS, config_map("a"))
    assert changes.take(1) == [("ADDED", "a")]

    api.application.close()

    assert changes.next() is None


def test_a_watch_that_ended_is_forgotten(api, watch):
    api.make(CONFIG_MAPS, config_map("a"))
    changes = watch(f"{CONFIG_MAPS}?watch=1")
    changes.next()

    changes.close()

    assert api.storage.hub._subscriptions["configmaps"] == []


def test_events_are_rows_of_a_table_for_who_asks(api, watch):
    api.make(CONFIG_MAPS, config_map("a", k="v"))
    changes = watch(
        f"{CONFIG_MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1",
        accept=TABLE,
    )
    api.make(CONFIG_MAPS, config_map("b"))

    first, bookmark, second = changes.next()["object"], changes.next(), changes.next()["object"]

    assert [row["cells"][0] for row in first["rows"] + second["rows"]] == ["a", "b"]
    assert [column["name"] for column in first["columnDefinitions"]][0] == "Name"
    assert second["columnDefinitions"] == []
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["kind"] == "Table"
    assert bookmark["object"]["rows"][0]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_only_the_metadata_may_be_watched(api, watch):
    api.make(CONFIG_MAPS, config_map("a", k="v"))

    changes = watch(f"{CONFIG_MAPS}?watch=1", accept="application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")

    found = changes.next()["object"]
    assert (found["kind"], found["metadata"]["name"], "data" in found) == ("PartialObjectMetadata", "a", False)
