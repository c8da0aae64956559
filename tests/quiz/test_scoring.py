"""Marks: what a tick is worth under each rule."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikweb.quiz import scoring

RIGHT, WRONG = {"a", "b"}, {"c", "d", "e"}


def test_it_works():
    assert scoring.score("all-or-nothing", RIGHT, WRONG, {"a", "b"}) == 1


@pytest.mark.parametrize(
    ("rule", "ticked", "mark"),
    [
        ("all-or-nothing", {"a"}, 0),
        ("all-or-nothing", {"a", "b", "c"}, 0),
        ("discordance", {"a", "b"}, 1),
        ("discordance", {"a"}, Fraction(1, 2)),
        ("discordance", {"a", "c"}, Fraction(1, 5)),
        ("discordance", {"a", "c", "d"}, 0),
        ("proportional", {"a"}, Fraction(1, 2)),
        ("proportional", {"a", "c"}, Fraction(1, 6)),
        ("proportional", {"c", "d"}, 0),
    ],
)
def test_each_rule_gives_its_mark(rule, ticked, mark):
    assert scoring.score(rule, RIGHT, WRONG, ticked) == mark


def test_a_wrong_radio_button_is_worth_nothing_under_any_rule():
    assert [scoring.score(rule, {"a"}, {"b", "c"}, {"b"}) for rule in scoring.RULES] == [0, 0, 0]


def test_an_unknown_rule_is_an_error():
    with pytest.raises(KeyError):
        scoring.score("luck", RIGHT, WRONG, {"a"})


def test_the_verdict_tells_partly_right_from_wrong():
    assert [scoring.verdict(RIGHT, ticked) for ticked in ({"a", "b"}, {"a", "c"}, {"c"}, set())] == [
        "right", "partly", "wrong", "wrong",
    ]  # fmt: skip


options = st.integers(1, 5).flatmap(lambda right: st.tuples(st.just(right), st.integers(1, 5)))


@given(options, st.sampled_from(scoring.RULES), st.data())
def test_a_mark_is_between_0_and_1_and_full_only_for_exactly_the_right_options(counts, rule, data):
    right = {f"r{n}" for n in range(counts[0])}
    wrong = {f"w{n}" for n in range(counts[1])}
    ticked = data.draw(st.sets(st.sampled_from(sorted(right | wrong))))
    mark = scoring.score(rule, right, wrong, ticked)
    assert 0 <= mark <= 1
    assert (mark == 1) == (ticked == right)


@given(options, st.sampled_from(scoring.RULES))
def test_ticking_everything_never_wins(counts, rule):
    right = {f"r{n}" for n in range(counts[0])}
    wrong = {f"w{n}" for n in range(counts[1])}
    assert scoring.score(rule, right, wrong, right | wrong) < 1


@given(options, st.sampled_from(scoring.RULES))
def test_ticking_nothing_is_worth_nothing(counts, rule):
    right = {f"r{n}" for n in range(counts[0])}
    assert scoring.score(rule, right, {f"w{n}" for n in range(counts[1])}, set()) == 0
