"""What one browser sees, and the operations that bring it up to date."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikweb.dashboard.sight import CHILDREN, ROWS, Row, Sight, fitting_depth, operations, visible
from minikweb.dashboard.tree import Entry
from tests.dashboard.objects import crashing, deployment, made, pod, replica_set, rollout_objects, tree_of


def names(tree, **sight):
    return [row.entry.name for row in visible(tree, Sight(**sight))]


def find(tree, name):
    return next(e for e in tree.entries.values() if e.name == name)


def test_it_works():
    tree = tree_of(*rollout_objects(pods=2))
    assert names(tree) == ["demo", "web", "web-hash2", "web-0", "web", "web-1", "web", "old"]


def test_the_depth_folds_what_lies_below():
    tree = tree_of(*rollout_objects(pods=2))
    assert names(tree, depth=4) == ["demo", "web", "web-hash2", "web-0", "web-1", "old"]
    assert names(tree, depth=2) == ["demo", "web"]


def test_a_fold_is_remembered_and_can_be_undone():
    tree = tree_of(*rollout_objects(pods=2))
    web = find(tree, "web-hash2").id
    closed = Sight().toggle(web, False, usually=True)
    assert [row.entry.name for row in visible(tree, closed)] == ["demo", "web", "web-hash2", "old"]
    assert closed.toggle(web, True, usually=True) == Sight()


def test_old_replica_sets_and_configuration_are_folded_until_asked_for():
    tree = tree_of(*rollout_objects(), made("ConfigMap", "settings"))
    rows = {row.entry.name: row for row in visible(tree, Sight())}
    assert rows["old"].expanded is False and rows["config"].expanded is False
    assert "settings" in names(tree, toggled=frozenset({rows["config"].id}))


def test_system_namespaces_start_folded():
    tree = tree_of(made("Namespace", "kube-system"), pod("dns", metadata={"namespace": "kube-system"}))
    assert names(tree) == ["kube-system"]


def test_one_namespace_can_be_looked_at_alone():
    tree = tree_of(made("Namespace", "demo"), made("Namespace", "other"), pod("alone"))
    assert names(tree, namespace="demo", depth=4) == ["demo", "alone"]
    assert names(tree, namespace="nowhere") == []


@pytest.mark.parametrize(
    "query", ["web-1", "WEB-1", "pod web-1", "crashloop", "node-7", "app=other"], ids=lambda query: query
)
def test_the_filter_finds_any_column_and_shows_the_way_to_it(query):
    web = deployment()
    rs = replica_set(web, 1)
    wanted = crashing("web-1", rs)
    wanted["spec"]["nodeName"], wanted["metadata"]["labels"] = "node-7", {"app": "other"}
    tree = tree_of(made("Namespace", "demo"), web, rs, pod("web-0", rs), wanted)
    assert names(tree, query=query, depth=4) == ["demo", "web", "web-hash1", "web-1"]


def test_the_filter_opens_what_hides_a_match():
    tree = tree_of(*rollout_objects())
    assert "web-2" in names(tree, query="web-2", depth=2)


def test_a_half_typed_selector_hides_nothing_and_breaks_nothing():
    tree = tree_of(*rollout_objects())
    assert "web-0" in names(tree, query="app==!=")


def test_only_problems_can_be_shown():
    web = deployment()
    rs = replica_set(web, 1)
    tree = tree_of(made("Namespace", "demo"), web, rs, pod("fine", rs), crashing("broken", rs))
    found = names(tree, problems=True, depth=4)
    assert "broken" in found and "fine" not in found


def test_many_children_are_cut_and_counted():
    tree = tree_of(*rollout_objects(pods=CHILDREN + 40))
    rows = visible(tree, Sight(depth=4))
    more = next(row for row in rows if row.entry.kind == "More")
    assert (more.more, more.tally) == (40, (("Healthy", 40),))
    assert len(visible(tree, Sight(depth=4, toggled=frozenset({more.id})))) == len(rows) + 40 - 1


def test_a_large_cluster_starts_folded():
    web = deployment()
    objects = [made("Namespace", "demo"), web]
    for number in range(200):
        rs = replica_set(web, number + 1)
        objects += [rs, pod(f"a-{number}", rs), pod(f"b-{number}", rs)]
    tree = tree_of(*objects)
    depth = fitting_depth(tree, Sight())
    assert len(visible(tree, Sight(depth=depth))) <= ROWS < len(objects)
    assert fitting_depth(tree_of(*rollout_objects()), Sight()) == 5


def row(name: str, word: str = "Running") -> Row:
    return Row(Entry(name, "Pod", "demo", name, word=word), 1, id=name)


def played(old: list[Row], new: list[Row]) -> list[Row]:
    """What the browser has after it applied the operations."""
    shown, by_id = list(old), {r.id: r for r in new}
    for op, id, before in operations(old, new):
        index = next((i for i, r in enumerate(shown) if r.id == id), None)
        if op == "-":
            assert index is not None
            del shown[index]
        elif op == "=":
            assert index is not None
            shown[index] = by_id[id]
        else:
            assert index is None, "an inserted row must not be there already"
            at = next((i + 1 for i, r in enumerate(shown) if r.id == before), 0)
            shown.insert(at, by_id[id])
    return shown


rows = st.lists(
    st.tuples(st.sampled_from("abcdefghij"), st.sampled_from(["Running", "Error"])), unique_by=lambda r: r[0]
)


@given(rows, rows)
def test_the_operations_lead_from_any_picture_to_any_other(old, new):
    before, after = [row(*r) for r in old], [row(*r) for r in new]
    assert played(before, after) == after


def test_nothing_is_sent_for_what_stays_as_it_is():
    before = [row("a"), row("b"), row("c")]
    assert operations(before, list(before)) == []
    assert operations(before, [row("a"), row("b", "Error"), row("c")]) == [("=", "b", "")]
    assert operations(before, [row("a"), row("x"), row("b"), row("c")]) == [("+", "x", "a")]


def test_the_same_tree_gives_equal_rows():
    objects = rollout_objects()
    assert visible(tree_of(*objects), Sight()) == visible(tree_of(*objects), replace(Sight(), namespace="demo"))
