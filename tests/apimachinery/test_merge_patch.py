import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikweb.apimachinery import patch
from minikweb.apimachinery.errors import BadRequest


def test_it_works():
    document = {"metadata": {"labels": {"a": "1", "b": "2"}}, "list": [1, 2], "x": 1}
    changes = {"metadata": {"labels": {"a": None, "c": "3"}}, "list": [3], "x": {"deep": {"gone": None, "kept": 1}}}
    assert patch.merge_patch(document, changes) == {
        "metadata": {"labels": {"b": "2", "c": "3"}}, "list": [3], "x": {"deep": {"kept": 1}},
    }  # fmt: skip


def test_the_result_shares_nothing_with_its_sources():
    document, changes = {"a": {"b": [1]}}, {"c": {"d": [2]}}
    result = patch.merge_patch(document, changes)
    result["a"]["b"].append(9)
    result["c"]["d"].append(9)
    assert document == {"a": {"b": [1]}} and changes == {"c": {"d": [2]}}


@pytest.mark.parametrize("changes", [None, [], "x", 1])
def test_it_refuses_what_is_no_object(changes):
    with pytest.raises(BadRequest):
        patch.merge_patch({}, changes)


keys = st.sampled_from("abc")
values = st.recursive(
    st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2),
    lambda inner: st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(keys, values, max_size=3)


@settings(max_examples=100, deadline=None)
@given(objects, objects)
def test_merging_twice_changes_nothing(document, changes):
    once = patch.merge_patch(document, changes)
    assert patch.merge_patch(once, changes) == once
