"""The colours can be read: WCAG AA, light and dark."""

import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
HEALTHS = ("healthy", "progressing", "degraded", "missing", "suspended", "unknown")
GROUNDS = ("page", "surface", "raised", "hover", "selected", "fresh")


PAIRS = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS)
THEMES = {"light": {name: light for name, light, _ in PAIRS}, "dark": {name: dark for name, _, dark in PAIRS}}


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    darker, lighter = sorted((luminance(one), luminance(two)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.fixture(params=sorted(THEMES))
def theme(request):
    return THEMES[request.param]


def test_it_works(theme):
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast(theme["text"], theme["page"]) > 12


def test_words_can_be_read_on_every_ground(theme):
    weak = {
        (ink, ground): round(contrast(theme[ink], theme[ground]), 2)
        for ink in ("text", "muted", "accent", *HEALTHS)
        for ground in GROUNDS
        if contrast(theme[ink], theme[ground]) < 4.5
    }
    assert weak == {}


def test_buttons_and_differences_can_be_read(theme):
    pairs = [("on-accent", "accent"), ("page", "degraded"), ("added-text", "added"), ("removed-text", "removed")]
    assert [(ink, ground) for ink, ground in pairs if contrast(theme[ink], theme[ground]) < 4.5] == []


def test_edges_of_fields_and_the_focus_can_be_seen(theme):
    for edge in ("line-strong", "focus"):
        assert contrast(theme[edge], theme["page"]) >= 3, edge
