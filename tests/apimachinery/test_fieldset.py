import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minikweb.apimachinery import fieldset

POD = {
    "metadata": {"labels": {"app": "web"}, "finalizers": ["a/b"]},
    "spec": {
        "nodeSelector": {"x": "y"},
        "containers": [{"name": "c", "args": ["1"], "ports": [{"containerPort": 80}], "resources": {}}],
    },
}


def test_it_works(pod_schema):
    assert fieldset.of_value(POD, pod_schema) == {
        "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {'v:"a/b"': {}}},
        "f:spec": {
            "f:nodeSelector": {},
            "f:containers": {
                'k:{"name":"c"}': {
                    ".": {},
                    "f:name": {},
                    "f:args": {},
                    "f:resources": {},
                    "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
                }
            },
        },
    }


def test_paths_read_as_in_kubernetes_messages(pod_schema):
    assert fieldset.paths(fieldset.of_value(POD, pod_schema)) == [
        '.metadata.finalizers[="a/b"]',
        ".metadata.labels.app",
        ".spec.nodeSelector",
        '.spec.containers[name="c"]',
        '.spec.containers[name="c"].args',
        '.spec.containers[name="c"].name',
        '.spec.containers[name="c"].resources',
        '.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"]',
        '.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].containerPort',
    ]


def test_sets_written_by_others_are_brought_to_one_spelling():
    foreign = {"f:a": {'k:{ "b": 1, "a":"x\\u0041" }': {".": {}}, 'v:"\\u003c"': {}, "i:0": {}}}
    assert fieldset.normalised(foreign) == {"f:a": {'k:{"a":"xA","b":1}': {".": {}}, 'v:"<"': {}, "i:0": {}}}


@pytest.mark.parametrize("foreign", [[], {"a": {}}, {"k:x": {}}, {"k:1": {}}, {"f:a": None}, {"i:x": {}}])
def test_nonsense_is_no_set(foreign):
    with pytest.raises(ValueError):
        fieldset.normalised(foreign)


def node(children):
    member = st.booleans()
    return st.tuples(
        st.dictionaries(st.sampled_from(["f:a", "f:b", "f:c"]), children, min_size=1, max_size=3), member
    ).map(lambda pair: {".": {}, **pair[0]} if pair[1] else pair[0])


NODES = st.recursive(st.just({}), node, max_leaves=8)
SETS = st.dictionaries(st.sampled_from(["f:a", "f:b", "f:c"]), NODES, max_size=3)


def members(root):
    return set(fieldset.paths(root))


@settings(max_examples=300, deadline=None)
@given(SETS, SETS)
def test_the_algebra_is_that_of_sets_of_paths(left, right):
    assert members(fieldset.union(left, right)) == members(left) | members(right)
    assert members(fieldset.difference(left, right)) == members(left) - members(right)
    assert members(fieldset.intersection(left, right)) == members(left) & members(right)


@settings(max_examples=200, deadline=None)
@given(SETS, SETS)
def test_equal_sets_have_one_form(left, right):
    assert fieldset.union(fieldset.difference(left, right), fieldset.intersection(left, right)) == left
    assert fieldset.difference(left, left) == {}
    assert fieldset.union(left, right) == fieldset.union(right, left)
