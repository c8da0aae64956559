import pytest

from minikweb.store import compaction
from minikweb.store.query import Query
from minikweb.store.storage import Compacted
from tests.store.builders import change, make, names, remove


def listed(storage, **query):
    return names(storage.list(Query("configmaps", **query)).bodies)


def test_it_works(storage):
    for name in "cab":
        make(storage, name)

    listing = storage.list(Query("configmaps"))

    assert names(listing.bodies) == ["a", "b", "c"]
    assert (listing.revision, listing.last, listing.remaining) == (3, None, None)


def test_an_empty_list_has_a_revision(storage):
    make(storage, "a", resource="pods")

    assert storage.list(Query("configmaps")) == ([], 1, None, None)


def test_it_selects_by_namespace_name_node_and_owner(storage):
    make(storage, "a", "one", node="n1", owner="o1")
    make(storage, "a", "two", node="n2", owner="o1")
    make(storage, "b", "two", node="n1", owner="o2")

    assert listed(storage, namespace="two") == ["a", "b"]
    assert listed(storage, name="a") == ["a", "a"]
    assert listed(storage, node="n1") == ["a", "b"]
    assert listed(storage, owner="o1", namespace="one") == ["a"]


@pytest.mark.parametrize(
    "requirements, expected",
    [
        ([("app", "In", ["web"])], ["a", "b"]),
        ([("app", "In", ["web", "db"])], ["a", "b", "c"]),
        ([("app", "NotIn", ["web"])], ["c", "d"]),
        ([("tier", "Exists", [])], ["b"]),
        ([("tier", "DoesNotExist", [])], ["a", "c", "d"]),
        ([("app", "In", ["web"]), ("tier", "In", ["front"])], ["b"]),
        ([("size", "Gt", ["9"])], ["c"]),
        ([("size", "Lt", ["10"])], ["a"]),
        ([("size", "Gt", ["99"])], []),
    ],
)
def test_it_selects_by_labels(storage, requirements, expected):
    make(storage, "a", labels={"app": "web", "size": "9"})
    make(storage, "b", labels={"app": "web", "tier": "front", "size": "big"})
    make(storage, "c", labels={"app": "db", "size": "10"})
    make(storage, "d")

    assert listed(storage, labels=requirements) == expected


def test_a_changed_label_is_selected_by_its_new_value(storage):
    stored = make(storage, "a", labels={"app": "old"})
    from minikweb.store.storage import Draft
    from tests.store.builders import body

    storage.update(stored, Draft(body("a"), stored.uid, labels={"app": "new"}))

    assert listed(storage, labels=[("app", "In", ["old"])]) == []
    assert listed(storage, labels=[("app", "In", ["new"])]) == ["a"]


def test_pages_follow_each_other(storage):
    for name in "abcde":
        make(storage, name)

    first = storage.list(Query("configmaps", limit=2))
    second = storage.list(Query("configmaps", limit=2, after=first.last))
    third = storage.list(Query("configmaps", limit=2, after=second.last))

    assert [names(page.bodies) for page in (first, second, third)] == [["a", "b"], ["c", "d"], ["e"]]
    assert [page.remaining for page in (first, second, third)] == [3, 1, None]
    assert third.last is None


def test_pages_cross_namespaces(storage):
    for namespace in ("one", "two"):
        for name in "ab":
            make(storage, name, namespace)

    first = storage.list(Query("configmaps", limit=3))

    assert first.last == ("two", "a")
    assert names(storage.list(Query("configmaps", limit=3, after=first.last)).bodies) == ["b"]


def test_what_remains_is_not_counted_with_a_selector(storage):
    for name in "abc":
        make(storage, name, labels={"app": "web"})

    assert storage.list(Query("configmaps", limit=1, labels=[("app", "Exists", [])])).remaining is None


def test_it_shows_an_older_revision(storage):
    a, b = make(storage, "a", content={"v": 1}), make(storage, "b")
    then = storage.hub.revision
    change(storage, change(storage, a, v=2), v=3)
    remove(storage, b)
    make(storage, "c")

    listing = storage.list(Query("configmaps", at=then))

    assert listing.revision == then
    assert listing.bodies == [a.body, b.body]


def test_an_object_that_came_back_is_not_in_the_revision_between(storage):
    a = make(storage, "a")
    remove(storage, a)
    between = storage.hub.revision
    make(storage, "a")

    assert storage.list(Query("configmaps", at=between)).bodies == []


def test_pages_of_an_older_revision_do_not_see_later_writes(storage):
    stored = [make(storage, name) for name in "abde"]
    first = storage.list(Query("configmaps", limit=2))
    make(storage, "c")
    remove(storage, stored[2])
    change(storage, stored[3], v=2)

    second = storage.list(Query("configmaps", limit=2, after=first.last, at=first.revision))

    assert names(first.bodies + second.bodies) == ["a", "b", "d", "e"]
    assert second.bodies[1] == stored[3].body


def test_an_older_revision_is_selected_by_its_own_labels(storage):
    a = make(storage, "a", labels={"app": "web"})
    then = storage.hub.revision
    change(storage, a)

    listing = storage.list(
        Query("configmaps", at=then, labels=[("app", "Exists", [])], matches=lambda body: '"app"' in body)
    )

    assert names(listing.bodies) == ["a"]


def test_a_revision_that_is_compacted_cannot_be_shown(storage):
    a = make(storage, "a")
    for number in range(5):
        a = change(storage, a, v=number)
    compaction.compact(storage, now=float("inf"))

    everything_kept = storage.list(Query("configmaps", at=2))
    assert names(everything_kept.bodies) == ["a"]  # the last thousand stay, however old

    with storage.database.write() as transaction:
        transaction.run("INSERT INTO store_counter (name, value) VALUES ('compacted', 3)")
    with pytest.raises(Compacted):
        storage.list(Query("configmaps", at=2))
