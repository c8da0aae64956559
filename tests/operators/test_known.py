"""Operators are taken on and off by name."""

from minikweb.operators.known import OPERATORS, chosen


def test_all_of_them_run_if_nothing_is_said():
    assert chosen("") == OPERATORS


def test_those_that_are_named_run():
    assert [cls.name for cls in chosen("sealedsecrets, nothing-of-that-name")] == ["sealedsecrets"]


def test_none_is_a_choice():
    assert chosen("none") == ()
