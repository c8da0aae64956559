"""Taints and tolerations."""

import pytest

from minikweb.kinds.taints import NO_EXECUTE, NO_SCHEDULE, taints_of, tolerates, untolerated

GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


def test_it_works():
    assert tolerates({"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}, GPU)


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"value": "yes"}, False),
    ],
)
def test_key_value_operator_and_effect_decide(toleration, expected):
    assert tolerates(toleration, GPU) is expected


def test_each_taint_needs_a_toleration():
    other = {"key": "other", "effect": "NoExecute"}
    assert untolerated([GPU, other], [{"key": "gpu", "operator": "Exists"}]) == [other]
    assert untolerated([GPU, other], [{"operator": "Exists"}]) == []


def test_taints_are_read_by_effect():
    node = {"spec": {"taints": [GPU, {"key": "x", "effect": "NoExecute"}]}}
    assert taints_of(node, NO_SCHEDULE) == [GPU]
    assert len(taints_of(node, NO_SCHEDULE, NO_EXECUTE)) == 2
    assert taints_of({"spec": {}}, NO_SCHEDULE) == []
