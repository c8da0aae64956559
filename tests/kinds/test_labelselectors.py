"""A selector that means nothing is refused: whoever asks it for its objects would stumble each time."""

import pytest

from minikweb.kinds.policy import POD_DISRUPTION_BUDGET
from minikweb.kinds.storage import PERSISTENT_VOLUME_CLAIM

ODD = [
    ({"key": "app", "operator": "in", "values": ["web"]}, 'operator: Invalid value: "in"'),
    ({"key": "app", "operator": "In"}, "values: Required value"),
    ({"key": "app", "operator": "Exists", "values": ["web"]}, "values: Forbidden"),
    ({"operator": "Exists"}, "key: Invalid value"),
]
ASKING = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeMode": "Filesystem"}


def said(kind, spec):
    obj = {"metadata": {"name": "a", "namespace": "default"}, "spec": spec}
    return [f"{cause['field']}: {cause['message']}" for cause in kind.validate(obj, None)]


@pytest.mark.parametrize("kind, spec", [(POD_DISRUPTION_BUDGET, {}), (PERSISTENT_VOLUME_CLAIM, ASKING)])
@pytest.mark.parametrize("expression, why", ODD)
def test_it_is_refused(kind, spec, expression, why):
    assert said(kind, {**spec, "selector": {"matchLabels": {"app": "web"}}}) == []
    (found, *_) = said(kind, {**spec, "selector": {"matchExpressions": [expression]}})
    assert found.startswith(f"spec.selector.matchExpressions[0].{why}")
