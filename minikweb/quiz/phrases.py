"""What several pages of the quiz say alike: the reader's language, the grading rules, a mark in words."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import get_language
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Rule:
    """A grading rule as it is told before starting."""

    id: str
    name: str
    explanation: str


def language() -> str:
    """The reader's language among those the content has."""
    return "en" if (get_language() or "fr").startswith("en") else "fr"


def rules() -> list[Rule]:
    """Every rule of scoring.RULES."""
    return [
        Rule(
            "all-or-nothing",
            _("All or nothing"),
            _("One point if exactly the right answers are ticked, else nothing."),
        ),
        Rule(
            "discordance",
            _("Discordance"),
            _("A wrong tick or a missing one is a discordance: none gives 1 point, one ½, two ⅕, more 0."),
        ),
        Rule(
            "proportional",
            _("Proportional"),
            _("Each right tick gains its share of the point, each wrong one loses its share; never below 0."),
        ),
    ]


def rule(id: str) -> Rule:
    return next(one for one in rules() if one.id == id)


def decimal(mark: Fraction | None) -> str:
    """A mark with two decimals at most, as the language writes them: 1, 0,5 or 0.17; "" for none."""
    if mark is None:
        return ""
    text = f"{float(mark):.2f}".rstrip("0").rstrip(".")
    return text if language() == "en" else text.replace(".", ",")
