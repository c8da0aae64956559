"""The paths of printer columns."""

import pytest

from minikweb.apimachinery.jsonpath import Path

POD = {
    "metadata": {"labels": {"app.kubernetes.io/name": "web"}},
    "spec": {"replicas": 3, "containers": [{"name": "a"}, {"name": "b", "ready": True}]},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"}]},
}


@pytest.mark.parametrize(
    "path, found",
    [
        (".spec.replicas", [3]),
        ("{.spec.replicas}", [3]),
        (".spec.containers[0].name", ["a"]),
        (".spec.containers[-1].name", ["b"]),
        (".spec.containers[*].name", ["a", "b"]),
        (".spec.containers[7].name", []),
        (".spec.*", [3, POD["spec"]["containers"]]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type!='Ready')].status", ["False"]),
        (".spec.containers[?(@.ready==true)].name", ["b"]),
        (r".metadata.labels.app\.kubernetes\.io/name", ["web"]),
        (".metadata.labels['app.kubernetes.io/name']", ["web"]),
        (".status.missing.deeper", []),
        (".spec.replicas.deeper", []),
    ],
)
def test_it_works(path, found):
    assert Path(path).find(POD) == found


def test_the_first_value_or_none():
    assert Path(".spec.containers[*].name").first(POD) == "a"
    assert Path(".nothing").first(POD) is None


@pytest.mark.parametrize("path", ["spec", ".a..b", ".a[", ".a[?(@.b)]", ".a[x]"])
def test_what_columns_cannot_use_is_refused(path):
    with pytest.raises(ValueError, match="not a simple JSONPath"):
        Path(path)
