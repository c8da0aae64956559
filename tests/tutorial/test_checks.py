"""What a step waits for, and what it says while it is not there."""

import pytest

from minikweb.apimachinery import errors
from minikweb.tutorial import checks

SAYS = {"fr": "attendu", "en": "expected"}


class Cluster:
    """A reader over objects given in the test."""

    def __init__(self, *objects):
        self.objects = objects

    def list(self, kind):
        return [obj for obj in self.objects if obj["kind"] == kind]

    def get(self, kind, name):
        for obj in self.list(kind):
            if obj["metadata"]["name"] == name:
                return obj
        raise errors.not_found("", kind, name)


def configmap(name="a", **data):
    return {"kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": name}}, "data": data}


def evaluate(raw, *objects):
    return checks.evaluate(checks.parse({"says": SAYS, "kind": "ConfigMap"} | raw), Cluster(*objects))


def test_it_works():
    result = evaluate({"name": "a", "fields": [{"path": "data.colour", "equals": "blue"}]}, configmap(colour="blue"))
    assert result.passed


def test_a_wrong_field_says_what_was_observed():
    result = evaluate({"name": "a", "fields": [{"path": "data.colour", "equals": "blue"}]}, configmap(colour="red"))
    assert (result.passed, result.observed, result.says) == (False, "data.colour = red", SAYS)


def test_a_missing_object_is_no_error():
    assert evaluate({"name": "a"}).observed == "ConfigMap a: ∅"


def test_absence_can_be_asked_for():
    assert evaluate({"name": "a", "absent": True}).passed
    assert not evaluate({"name": "a", "absent": True}, configmap()).passed


def test_objects_are_counted_by_selector_and_fields():
    counted = {"selector": "app=a", "fields": [{"path": "data.n", "at-least": 2}], "count": {"equals": 1}}
    assert evaluate(counted, configmap(n="2"), configmap("b", n="3")).passed
    assert evaluate(counted, configmap(n="1")).observed == "ConfigMap × 0"


def test_the_first_cause_that_fits_is_told():
    raw = {
        "name": "a",
        "fields": [{"path": "data.colour", "equals": "blue"}],
        "causes": [
            {"when": {"kind": "ConfigMap", "name": "a", "absent": True}, "fr": "absent", "en": "absent"},
            {"when": {"kind": "ConfigMap", "name": "a"}, "fr": "mauvaise couleur", "en": "wrong colour"},
        ],
    }
    assert evaluate(raw).cause["en"] == "absent"
    assert evaluate(raw, configmap(colour="red")).cause["en"] == "wrong colour"
    assert evaluate(raw, configmap(colour="blue")).cause == {}


def test_a_dot_in_a_key_is_escaped_as_in_kubectl():
    obj = {"metadata": {"annotations": {"deployment.kubernetes.io/revision": "3"}}}
    assert checks.at(obj, checks.parse_path(r"metadata.annotations.deployment\.kubernetes\.io/revision")) == "3"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"name": "a", "selector": "b"}, "either `name` or `selector`"),
        ({"kind": "Dragon", "name": "a"}, "no kind is named Dragon"),
        ({"name": "a", "colour": "blue"}, "a check has no"),
        ({"name": "a", "fields": [{"path": "x", "resembles": 1}]}, "a field has a path and one of"),
        ({"name": "a", "says": {"fr": "x"}}, "says in fr and en"),
        ({"name": "a", "causes": [{"when": {"kind": "Pod", "name": "b"}}]}, "a cause has exactly"),
    ],
)
def test_a_misspelt_check_is_refused_in_a_sentence(raw, message):
    with pytest.raises(ValueError, match=message):
        checks.parse({"kind": "ConfigMap", "says": SAYS} | raw)
