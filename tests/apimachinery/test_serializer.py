import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import BadRequest, RequestEntityTooLarge

MANIFEST = b"""
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data:
  mode: "0644"
  when: 2026-11-23
  ports: 8080:80
  script: |
    echo one
    echo two
---
---
apiVersion: v1
kind: Service
spec:
  ports: [{port: 80, targetPort: 0644}, {port: 0o17, ratio: 1.5, on: yes, off: ~}]
"""


def test_it_works():
    config_map, service = serializer.load_yaml(MANIFEST)
    assert config_map["data"] == {
        "mode": "0644", "when": "2026-11-23", "ports": "8080:80", "script": "echo one\necho two\n",
    }  # fmt: skip
    first, second = service["spec"]["ports"]
    assert first == {"port": 80, "targetPort": 0o644}
    assert second == {"port": 15, "ratio": 1.5, "on": True, "off": None}


def test_json_is_yaml_too():
    assert serializer.load_yaml(b'{"kind": "Pod", "n": [1, -2.5, true, null, "1"]}') == [
        {"kind": "Pod", "n": [1, -2.5, True, None, "1"]}
    ]


def test_aliases_share_nothing():
    [found] = serializer.load_yaml("a: &x {n: [1]}\nb: *x\nc: {<<: *x, m: 2}\n")
    assert found == {"a": {"n": [1]}, "b": {"n": [1]}, "c": {"n": [1], "m": 2}}
    found["b"]["n"].append(2)
    assert found["a"] == {"n": [1]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "line 1, column 5"),
        ("a: [1, 2", "expected ',' or ']' (line 2, column 1)"),
        ("x: 1\nx: 2", 'key "x" already set in map (line 2, column 1)'),
        ("a: *nowhere", 'anchor "nowhere" is not defined'),
        ("a: &x [*x]", 'anchor "x" contains itself'),
        ("[1]: 2", "a key must be a string"),
        ("a: !!python/object:os.system ls", "has no meaning here"),
        ("a: &a [1]\n<<: *a", "map merge requires"),
        ("- 1", "must be a mapping"),
        (b"a: \xff", "not UTF-8 (line 1)"),
        ("a: \x00", "not valid YAML"),
    ],
)
def test_it_says_where_yaml_is_wrong(text, message):
    with pytest.raises(BadRequest) as caught:
        serializer.load_yaml(text)
    assert message in caught.value.message


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "? " * 100_000])
def test_deep_nesting_is_refused(text):
    with pytest.raises(BadRequest, match="nested deeper than 200 levels|must be a string"):
        serializer.load_yaml(text)


def test_an_alias_bomb_is_refused():
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"] + [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(BadRequest, match="aliases expand to more than"):
        serializer.load_yaml("\n".join(lines))


def test_a_body_over_the_limit_is_too_large():
    for load in (serializer.load_json, serializer.load_yaml):
        with pytest.raises(RequestEntityTooLarge, match="limit is 3145728"):
            load(b" " * (3 * 1024 * 1024 + 1))


def test_it_says_where_json_is_wrong():
    with pytest.raises(BadRequest, match=r"the body is not valid JSON: .* \(line 2, column 7\)"):
        serializer.load_json(b'{"a": 1,\n "b": }')
    with pytest.raises(BadRequest):
        serializer.load_json(b"[" * 100_000)


def test_it_finds_repeated_keys():
    text = b'{"spec": {"replicas": 1, "list": [{"a": 1, "a": 2}], "replicas": 2, "replicas": 3}, "x": 1, "x": 1}'
    assert serializer.duplicate_fields(text) == ["x", "spec.replicas", "spec.list[0].a"]
    assert serializer.duplicate_fields(b'{"a": {"b": 1}, "c": {"b": 1}}') == []
    assert serializer.duplicate_fields(b"[]") == []


STRINGS = st.sampled_from(["a", "b", 'a":', 'a\\":', "\\", '"', 'a" :'])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(STRINGS, STRINGS), max_size=4), st.sampled_from([":", " : ", ": "]))
def test_no_writing_of_a_key_hides_its_repetition(pairs, colon):
    text = "{" + ",".join(json.dumps(key) + colon + json.dumps(value) for key, value in pairs) + "}"
    repeats = len(pairs) != len({key for key, _ in pairs})
    assert bool(serializer.duplicate_fields(text.encode())) == repeats


TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["yes", "0644", "1e3", ".5", "~", "a\nb", "|"]
)
SCALAR = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    SCALAR | TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner), max_leaves=12
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_what_is_written_as_yaml_is_read_back(value):
    assert serializer.load_yaml_values(serializer.dump_yaml({"value": value})) == [{"value": value}]


def test_yaml_is_written_as_kubectl_writes_it():
    text = serializer.dump_yaml({"b": "two\nlines\n", "a": {"list": [{"x": 1}], "port": "80", "yes": "yes"}})
    assert text == 'a:\n  list:\n  - x: 1\n  port: "80"\n  "yes": "yes"\nb: |\n  two\n  lines\n'
