"""Values given and computed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikweb.helm import values

DEFAULTS = {"image": {"name": "demo", "tag": "1"}, "ports": [80, 443], "replicas": 1}
SCALARS = st.integers() | st.text(max_size=5) | st.booleans()
TREES = st.recursive(
    SCALARS | st.lists(SCALARS, max_size=3), lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=4)
)
MAPS = st.dictionaries(st.text(max_size=3), TREES, max_size=4)


@pytest.mark.parametrize(
    "given, expected",
    [
        ({}, DEFAULTS),
        ({"image": {"tag": "2"}}, {**DEFAULTS, "image": {"name": "demo", "tag": "2"}}),
        ({"ports": [8080]}, {**DEFAULTS, "ports": [8080]}),
        ({"replicas": None}, {"image": DEFAULTS["image"], "ports": [80, 443]}),
        ({"image": {"name": None}}, {**DEFAULTS, "image": {"tag": "1"}}),
        ({"extra": {"a": 1}}, {**DEFAULTS, "extra": {"a": 1}}),
        ({"image": "demo:2"}, {**DEFAULTS, "image": "demo:2"}),
    ],
)
def test_it_works(given, expected):
    assert values.computed(DEFAULTS, given) == expected


@given(MAPS, MAPS)
def test_overrides_are_what_has_to_be_given_to_get_there(defaults, wanted):
    assert values.computed(defaults, values.overrides(defaults, wanted)) == wanted


def test_overrides_say_no_more_than_needed():
    wanted = {**DEFAULTS, "image": {"name": "demo", "tag": "2"}}
    assert values.overrides(DEFAULTS, wanted) == {"image": {"tag": "2"}}
    assert values.overrides(DEFAULTS, DEFAULTS) == {}


def test_nothing_is_changed_in_place():
    values.computed(DEFAULTS, {"image": {"tag": "2"}})["ports"].append(1)
    assert DEFAULTS["ports"] == [80, 443] and DEFAULTS["image"]["tag"] == "1"


@pytest.mark.parametrize("text", ["", "# only a comment\n", "{}"])
def test_no_values_are_values(text):
    assert values.read(text) == {}


@pytest.mark.parametrize("text", ["- a", "a: [", "a: 1\n---\nb: 2", "just a text", "a: &x [*x]"])
def test_what_is_no_map_is_refused(text):
    with pytest.raises(values.NotValues):
        values.read(text)
