"""The real kubectl on custom resources."""

import pytest
import yaml

from tests.apiserver.test_customresources import definition, tab
from tests.apiserver.test_kubectl import kubectl, namespace

pytestmark = pytest.mark.kubectl
__all__ = ["kubectl", "namespace"]

COLUMNS = [
    {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec"},
    {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas"},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]
SCALE = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


@pytest.fixture(scope="module")
def crontabs(kubectl):
    """kubectl, where CronTabs are served."""
    crd = definition(additionalPrinterColumns=COLUMNS, subresources={"status": {}, "scale": SCALE})
    said = kubectl("apply", "-f", "-", obj=crd)
    assert said == "customresourcedefinition.apiextensions.k8s.io/crontabs.stable.example.com created\n"
    kubectl("wait", "--for=condition=Established", "crd/crontabs.stable.example.com", "--timeout=1s")
    return kubectl


def test_it_works(crontabs, namespace):
    assert crontabs("apply", "-f", "-", obj=tab(), namespace=namespace) == "crontab.stable.example.com/tab created\n"

    table = crontabs("get", "ct", namespace=namespace).splitlines()
    assert table[0].split() == ["NAME", "SPEC", "REPLICAS", "AGE"]
    assert table[1].split()[:7] == ["tab", "*", "*", "*", "*", "*", "1"]
    assert "crontab.stable.example.com/tab" in crontabs("get", "all", "-o", "name", namespace=namespace)
    assert "crontabs" in crontabs("api-resources", "--api-group=stable.example.com", "-o", "name")


def test_it_is_changed_in_each_way(crontabs, namespace):
    crontabs("apply", "-f", "-", obj=tab(), namespace=namespace)

    assert "configured" in crontabs("apply", "-f", "-", obj=tab(image="x"), namespace=namespace)
    assert "unchanged" in crontabs("apply", "-f", "-", obj=tab(image="x"), namespace=namespace)
    assert "serverside-applied" in crontabs(
        "apply", "--server-side", "--force-conflicts", "-f", "-", obj=tab(image="b"), namespace=namespace
    )
    crontabs("patch", "ct", "tab", "--type=merge", "-p", '{"spec":{"mode":"fast"}}', namespace=namespace)
    crontabs("label", "ct", "tab", "a=b", namespace=namespace)
    crontabs("scale", "ct/tab", "--replicas=4", namespace=namespace)
    found = yaml.safe_load(crontabs("get", "ct", "tab", "-o", "yaml", namespace=namespace))
    assert found["spec"] == {"cronSpec": "* * * * *", "image": "b", "mode": "fast", "replicas": 4}
    assert found["metadata"]["labels"] == {"a": "b"}
    crontabs("patch", "ct", "tab", "--subresource=status", "--type=merge", "-p", '{"status":{"replicas":4}}',
             namespace=namespace)  # fmt: skip
    assert "Replicas:  4" in crontabs("describe", "ct", "tab", namespace=namespace)
    crontabs("wait", "--for=jsonpath={.status.replicas}=4", "ct/tab", "--timeout=5s", namespace=namespace)


def test_it_is_explained(crontabs):
    assert "cronSpec\t<string> -required-" in crontabs("explain", "crontab.spec")
    assert crontabs("explain", "crontab.spec.mode").split()[9:12] == ["ENUM:", "fast", "slow"]


def test_what_is_wrong_is_said(crontabs, namespace):
    said = crontabs.fails("apply", "-f", "-", obj=tab(replicas=50), namespace=namespace)
    assert "spec.replicas in body should be less than or equal to 10" in said
    said = crontabs.fails("create", "-f", "-", obj=tab(color="red"), namespace=namespace)
    assert 'strict decoding error: unknown field "spec.color"' in said
