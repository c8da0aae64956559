import pytest

from minikweb.apimachinery import fields
from minikweb.apimachinery.errors import BadRequest


def test_it_works():
    requirements = fields.parse_selector("status.phase!=Running,spec.nodeName=node-1")
    assert requirements == [("status.phase", "!=", "Running"), ("spec.nodeName", "=", "node-1")]
    assert fields.matches(requirements, {"spec.nodeName": "node-1", "status.phase": "Pending"})
    assert not fields.matches(requirements, {"spec.nodeName": "node-1", "status.phase": "Running"})


def test_no_selector_matches_everything():
    assert fields.parse_selector("") == []
    assert fields.matches([], {})


def test_an_unset_field_is_empty():
    assert fields.matches(fields.parse_selector("spec.nodeName="), {})


def test_it_reads_escapes():
    assert fields.parse_selector(r"a==b\,c\=d\\") == [("a", "=", "b,c=d\\")]


@pytest.mark.parametrize("text", ["metadata.name", "a=b,c", r"a=\b"])
def test_it_rejects_malformed_selectors(text):
    with pytest.raises(BadRequest):
        fields.parse_selector(text)
