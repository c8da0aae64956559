"""Two texts, line by line."""

from hypothesis import given
from hypothesis import strategies as st

from minikweb.dashboard.difference import MOST, lines


def test_it_works():
    found = lines("a\nb\nc\n", "a\nB\nc\n")
    assert [(line.kind, line.text, line.old, line.new) for line in found] == [
        ("same", "a", 1, 1),
        ("removed", "b", 2, None),
        ("added", "B", None, 2),
        ("same", "c", 3, 3),
    ]


def test_equal_texts_have_no_difference():
    assert lines("a\nb\n", "a\nb\n") == []


def test_lines_far_from_a_change_are_counted_not_shown():
    old = [str(n) for n in range(20)]
    new = [*old[:10], "new", *old[10:]]
    found = lines("\n".join(old), "\n".join(new), context=2)
    assert [line.text for line in found if line.kind == "gap"] == ["8", "8"]


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_the_kept_and_added_lines_are_the_new_text(old, new):
    found = lines("\n".join(old), "\n".join(new), context=1000)
    if old != new:
        assert [line.text for line in found if line.kind in ("same", "added")] == new
        assert [line.text for line in found if line.kind in ("same", "removed")] == old


def test_a_long_text_of_equal_lines_that_changed_at_both_ends_is_told_in_a_moment():
    long = "same\n" * 50_000
    found = lines(long, long.replace("same", "other", 1) + "end\n")
    assert len(found) == MOST + 1 and found[-1].kind == "gap", "it says how much it leaves out"


def test_one_change_in_a_long_text_is_all_that_is_shown():
    long = "same\n" * 50_000
    found = lines(long, long + "end\n")
    assert [line.text for line in found if line.kind == "added"] == ["end"]
