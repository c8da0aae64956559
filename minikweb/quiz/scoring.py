"""Grading: pure functions from what was ticked to a mark between 0 and 1.

Three rules, shown before starting:

all-or-nothing  1 if exactly the right options are ticked, else 0
discordance     a discordance is a wrong tick or a missing one: 0 → 1, 1 → ½, 2 → ⅕, more → 0
                (the rule of the French health studies' national examination)
proportional    +1/n for each of the n right options ticked, −1/w for each of the w wrong ones, never below 0
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from fractions import Fraction

RULES = ("all-or-nothing", "discordance", "proportional")
_DISCORDANCE = (Fraction(1), Fraction(1, 2), Fraction(1, 5))


def score(rule: str, right: Collection[str], wrong: Collection[str], ticked: Collection[str]) -> Fraction:
    """The mark of one answer: option ids in, 0 to 1 out. No tick is always 0. Raises KeyError on an unknown rule."""
    if not ticked:
        _BY_RULE[rule]  # an unknown rule is an error, also here
        return Fraction(0)
    return _BY_RULE[rule](frozenset(right), frozenset(wrong), frozenset(ticked))


def _all_or_nothing(right: frozenset[str], wrong: frozenset[str], ticked: frozenset[str]) -> Fraction:
    return Fraction(int(ticked == right))


def _discordance(right: frozenset[str], wrong: frozenset[str], ticked: frozenset[str]) -> Fraction:
    discordances = len(ticked ^ right)
    return (
        _DISCORDANCE[discordances]
        if discordances < len(_DISCORDANCE) and len(right) > 1
        else _all_or_nothing(right, wrong, ticked)
    )


def _proportional(right: frozenset[str], wrong: frozenset[str], ticked: frozenset[str]) -> Fraction:
    gained = Fraction(len(ticked & right), len(right))
    lost = Fraction(len(ticked & wrong), len(wrong)) if wrong else Fraction(0)
    return max(Fraction(0), gained - lost)


_BY_RULE: dict[str, Callable[[frozenset[str], frozenset[str], frozenset[str]], Fraction]] = {
    "all-or-nothing": _all_or_nothing,
    "discordance": _discordance,
    "proportional": _proportional,
}


def verdict(right: Collection[str], ticked: Collection[str]) -> str:
    """`right`, `partly` (some right option ticked) or `wrong`: what the answer is told, whatever the mark."""
    if set(ticked) == set(right):
        return "right"
    return "partly" if set(ticked) & set(right) else "wrong"
