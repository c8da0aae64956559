import pytest

from minikweb.apimachinery import patch
from minikweb.apimachinery.errors import BadRequest, Invalid, RequestEntityTooLarge

DOCUMENT = {"metadata": {"labels": {"a/b": "1", "c~d": "2"}}, "list": [1, 2, 3]}


def apply(*operations):
    return patch.json_patch(DOCUMENT, list(operations))


def test_it_works():
    result = apply(
        {"op": "test", "path": "/list/0", "value": 1},
        {"op": "replace", "path": "/metadata/labels/a~1b", "value": "x"},
        {"op": "remove", "path": "/metadata/labels/c~0d"},
        {"op": "add", "path": "/list/-", "value": 4},
        {"op": "add", "path": "/list/0", "value": {"n": None}},
        {"op": "copy", "from": "/list/1", "path": "/copied"},
        {"op": "move", "from": "/list/1", "path": "/moved"},
    )
    assert result == {
        "metadata": {"labels": {"a/b": "x"}}, "list": [{"n": None}, 2, 3, 4], "copied": 1, "moved": 1,
    }  # fmt: skip
    assert DOCUMENT["list"] == [1, 2, 3]


def test_the_whole_document_can_be_replaced():
    assert apply({"op": "replace", "path": "", "value": {"new": True}}) == {"new": True}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/missing"},
        {"op": "replace", "path": "/list/7", "value": 1},
        {"op": "add", "path": "/list/5", "value": 1},
        {"op": "add", "path": "/list/01", "value": 1},
        {"op": "add", "path": "/missing/deep", "value": 1},
        {"op": "add", "path": "/list/0/x", "value": 1},
        {"op": "test", "path": "/list/0", "value": 2},
        {"op": "test", "path": "/list/0", "value": True},
        {"op": "test", "path": "/missing", "value": 2},
        {"op": "move", "from": "/metadata", "path": "/metadata/labels"},
        {"op": "copy", "from": "/missing", "path": "/x"},
        {"op": "remove", "path": ""},
        {"op": "replace", "path": "", "value": [1]},
    ],
)
def test_it_refuses_what_does_not_apply(operation):
    with pytest.raises(Invalid):
        apply(operation)


@pytest.mark.parametrize(
    "operations",
    [
        {"op": "add"}, ["add"], [{"op": "plus", "path": "/a"}], [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/a"}], [{"op": "copy", "path": "/a"}], [{"op": "add", "value": 1}],
    ],
)  # fmt: skip
def test_it_refuses_malformed_patches(operations):
    with pytest.raises(BadRequest):
        patch.json_patch(DOCUMENT, operations)


def test_too_many_operations_are_too_large():
    with pytest.raises(RequestEntityTooLarge, match="allowed maximum operations in a JSON patch is 10000, got 10001"):
        apply(*[{"op": "test", "path": "/list/0", "value": 1}] * 10_001)


def test_copies_cannot_multiply_without_end():
    doubling = [{"op": "add", "path": "/bomb", "value": ["x" * 1000]}]
    doubling += [{"op": "copy", "from": "/bomb", "path": "/bomb/-"}] * 40
    with pytest.raises(RequestEntityTooLarge):
        apply(*doubling)
