"""The smallest merge patch between two documents."""

from hypothesis import given
from hypothesis import strategies as st

from minikweb.apimachinery.patch import create_merge_patch, merge_patch

keys = st.sampled_from("abcd")
numbers = st.integers(2, 5)
values = st.recursive(
    numbers | st.sampled_from(["x", "y"]) | st.lists(numbers, max_size=2),
    lambda below: st.dictionaries(keys, below, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(keys, values, max_size=4)


def test_it_works():
    before = {"status": {"replicas": 3, "readyReplicas": 1}, "kept": 1}
    after = {"status": {"replicas": 3, "observed": 2}, "kept": 1}
    assert create_merge_patch(before, after) == {"status": {"readyReplicas": None, "observed": 2}}


def test_equal_documents_need_no_patch():
    assert create_merge_patch({"a": {"b": [1]}}, {"a": {"b": [1]}}) == {}


@given(before=documents, after=documents)
def test_the_patch_turns_one_into_the_other(before, after):
    assert merge_patch(before, create_merge_patch(before, after)) == after
