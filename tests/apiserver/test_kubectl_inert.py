"""The real kubectl on kinds that nothing acts on yet."""

import pytest

from tests.apiserver.test_kubectl import kubectl, namespace

pytestmark = pytest.mark.kubectl
__all__ = ["kubectl", "namespace"]

INGRESS = ("create", "ingress", "web", "--class=traefik", "--rule=a.example/shop*=web:80,tls=cert")


def warned(kubectl, *words, **options):
    """What kubectl said, and the warning it printed."""
    done = kubectl.run(*words, **options)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("Warning: "), done.stderr
    return done.stdout


def test_it_works(kubectl, namespace):
    assert warned(kubectl, *INGRESS, namespace=namespace) == "ingress.networking.k8s.io/web created\n"

    shown = kubectl("get", "ingress", namespace=namespace).splitlines()
    assert shown[0].split() == ["NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS", "AGE"]
    assert shown[1].split()[:5] == ["web", "traefik", "a.example", "80,", "443"]
    assert "web:80" in kubectl("describe", "ingress", "web", namespace=namespace)


@pytest.mark.parametrize(
    "obj",
    [
        {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "handler": "runsc"},
    ],
    ids=lambda obj: obj["kind"],
)
def test_they_are_applied_described_and_deleted(kubectl, obj):
    obj = {**obj, "metadata": {"name": "x"}}
    plural = obj["kind"].lower()
    assert "created" in warned(kubectl, "apply", "-f", "-", obj=obj)
    revision = kubectl("get", plural, "x", "-o", "jsonpath={.metadata.resourceVersion}")
    kubectl("apply", "-f", "-", obj=obj)
    assert kubectl("get", plural, "x", "-o", "jsonpath={.metadata.resourceVersion}") == revision
    assert "x" in kubectl("describe", plural, "x")
    assert "deleted" in kubectl("delete", plural, "x")
