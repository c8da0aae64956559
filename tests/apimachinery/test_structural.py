"""Schemas of custom resources: defaults, and what does not fit, in Kubernetes' words."""

import pytest

from minikweb.apimachinery.structural import Structural, python_pattern


def faults(schema, value):
    structural = Structural({"type": "object", "properties": {"v": schema}})
    return [cause["message"] for cause in structural.validate({"v": value})]


def defaulted(schema, obj):
    Structural(schema).default(obj)
    return obj


def test_it_works():
    assert faults({"type": "integer", "minimum": 1}, 1) == []
    assert faults({"type": "integer", "minimum": 1}, 0) == [
        "Invalid value: 0: v in body should be greater than or equal to 1"
    ]


@pytest.mark.parametrize(
    "schema, value, message",
    [
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, "v in body should be greater than 1"),
        ({"type": "integer", "maximum": 1, "exclusiveMaximum": True}, 1, "v in body should be less than 1"),
        ({"type": "string", "minLength": 2}, "a", "v in body should be at least 2 chars long"),
        ({"type": "array", "minItems": 1, "items": {}}, [], "v in body should have at least 1 items"),
        ({"type": "array", "maxItems": 1, "items": {}}, [1, 2], "Too many: 2: must have at most 1 items"),
        ({"type": "object", "minProperties": 1}, {}, "v in body should have at least 1 properties"),
        ({"type": "integer", "multipleOf": 5}, 7, "v in body should be a multiple of 5"),
        ({"type": "string", "format": "ipv4"}, "x", 'v in body must be of type ipv4: "x"'),
        ({"type": "string", "format": "date-time"}, "x", 'v in body must be of type date-time: "x"'),
        ({"type": "string", "format": "duration"}, "x", 'v in body must be of type duration: "x"'),
        ({"type": "string", "oneOf": [{"pattern": "^a"}, {"pattern": "^b"}]}, "c", "(oneOf). Found none valid"),
        ({"type": "string", "anyOf": [{"pattern": "^a"}]}, "c", "must validate at least one schema (anyOf)"),
        ({"type": "string", "not": {"pattern": "^a"}}, "a", "must not validate the schema (not)"),
        ({"type": "boolean"}, "true", 'v in body must be of type boolean: "string"'),
        ({"type": "string"}, None, 'v in body must be of type string: "null"'),
    ],
)
def test_each_keyword_has_its_sentence(schema, value, message):
    (found,) = faults(schema, value)
    assert found.endswith(message)


@pytest.mark.parametrize(
    "schema, value",
    [
        ({"type": "string", "nullable": True}, None),
        ({"x-kubernetes-int-or-string": True}, "a"),
        ({"x-kubernetes-int-or-string": True}, 1),
        ({"type": "number"}, 1),
        ({"type": "string", "format": "duration"}, "1h30m"),
        ({"type": "string", "format": "unheard-of"}, "x"),
        ({"type": "string", "pattern": r"[[:foo"}, "x"),
    ],
)
def test_what_fits(schema, value):
    assert faults(schema, value) == []


def test_metadata_is_not_looked_at():
    schema = {"type": "object", "required": ["metadata"], "properties": {"metadata": {"type": "string"}}}
    assert Structural(schema).validate({"metadata": {}}) == []


def test_defaults_are_filled_level_by_level():
    item = {"type": "object", "properties": {"n": {"type": "integer", "default": 1}}}
    schema = {
        "type": "object",
        "properties": {
            "made": {"type": "object", "default": {}, "properties": item["properties"]},
            "absent": {"type": "object", "properties": item["properties"]},
            "list": {"type": "array", "items": item},
            "map": {"type": "object", "additionalProperties": item},
        },
    }

    obj = defaulted(schema, {"list": [{}, {"n": 2}], "map": {"a": {}}})

    assert obj == {"made": {"n": 1}, "list": [{"n": 1}, {"n": 2}], "map": {"a": {"n": 1}}}


def test_a_default_is_nobodys_own():
    schema = {"type": "object", "properties": {"list": {"type": "array", "default": []}}}
    first = defaulted(schema, {})
    first["list"].append(1)

    assert defaulted(schema, {}) == {"list": []}


def test_patterns_of_go_are_translated_or_left_out():
    assert python_pattern(r"^a\z") == r"^a\Z"
    assert python_pattern("^[[:alnum:]-]+$") == "^[0-9A-Za-z-]+$"
    assert python_pattern("^(?i)(a|b)$") == "(?i)^(a|b)$"
    assert python_pattern("(") is None
    assert python_pattern(r"\p{Greek}") is None
