"""An edit meets a change made meanwhile: both are kept where they do not meet, and named where they do."""

from minikweb.dashboard import merge

BASE = {"metadata": {"labels": {"a": "1"}}, "spec": {"replicas": 3, "paused": False}}


def names(base, mine, theirs):
    return [collision.name for collision in merge.collisions(base, mine, theirs)]


def pod(*containers, **spec):
    return {"spec": {"containers": [{"name": name, "image": image} for name, image in containers], **spec}}


def test_changes_of_both_sides_are_kept_when_they_do_not_meet():
    mine = {"metadata": {"labels": {"a": "1", "b": "2"}}, "spec": {"replicas": 3, "paused": False}}
    theirs = {"metadata": {"labels": {"a": "1"}}, "spec": {"replicas": 5, "paused": False}}
    assert merge.merged(BASE, mine, theirs) == {
        "metadata": {"labels": {"a": "1", "b": "2"}},
        "spec": {"replicas": 5, "paused": False},
    }
    assert names(BASE, mine, theirs) == []


def test_where_both_changed_a_field_mine_wins_and_it_is_named():
    base, mine, theirs = ({"spec": {"replicas": n}} for n in (3, 4, 5))
    assert merge.merged(base, mine, theirs) == mine
    (found,) = merge.collisions(base, mine, theirs)
    assert (found.name, found.base, found.mine, found.theirs) == ("spec.replicas", 3, 4, 5)


def test_theirs_wins_where_the_reader_says_so():
    base, mine, theirs = ({"spec": {"replicas": n, "paused": n == 4}} for n in (3, 4, 5))
    assert merge.merged(base, mine, theirs, {"spec.replicas"}) == {"spec": {"replicas": 5, "paused": True}}


def test_what_i_removed_stays_removed():
    mine = {"metadata": {"labels": {}}, "spec": {"replicas": 3}}
    assert merge.merged(BASE, mine, BASE) == mine


def test_two_containers_changed_by_two_hands_do_not_meet():
    base = pod(("web", "demo:1"), ("side", "log:1"))
    mine, theirs = pod(("web", "demo:2"), ("side", "log:1")), pod(("web", "demo:1"), ("side", "log:2"))
    assert merge.merged(base, mine, theirs) == pod(("web", "demo:2"), ("side", "log:2"))
    assert names(base, mine, theirs) == []


def test_the_same_container_changed_by_two_hands_is_named_by_its_name():
    base, mine, theirs = (pod(("web", f"demo:{n}")) for n in (1, 2, 3))
    assert names(base, mine, theirs) == ["spec.containers[name=web].image"]


def test_a_container_that_i_removed_and_they_changed_collides():
    base, mine = pod(("web", "demo:1"), ("side", "log:1")), pod(("web", "demo:1"))
    theirs = pod(("web", "demo:1"), ("side", "log:2"))
    (found,) = merge.collisions(base, mine, theirs)
    assert found.name == "spec.containers[name=side]" and found.mine is None
    assert merge.merged(base, mine, theirs) == mine
    assert merge.merged(base, mine, theirs, {found.name}) == theirs


def test_a_list_without_names_is_one_value():
    base, mine, theirs = ({"args": args} for args in (["a"], ["a", "b"], ["c"]))
    assert names(base, mine, theirs) == ["args"]
    assert merge.merged(base, mine, theirs) == mine


def test_the_paths_that_changed_are_listed():
    old, new = pod(("web", "demo:1")), pod(("web", "demo:2"), hostNetwork=True)
    found = [merge.text(path) for path in merge.changed(old, new)]
    assert found == ["spec.containers[name=web].image", "spec.hostNetwork"]
