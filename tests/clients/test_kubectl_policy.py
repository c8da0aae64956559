"""Quotas, limits and Pod Security as kubectl shows them."""

import json

import pytest

from tests.clients.test_kubectl import kubectl
from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.kubectl]
__all__ = ["kubectl"]

LIMITS = """
apiVersion: v1
kind: LimitRange
metadata: {name: defaults}
spec:
  limits:
    - {type: Container, default: {cpu: 500m, memory: 256Mi}, defaultRequest: {cpu: 100m, memory: 64Mi}, max: {cpu: "1"}}
"""


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_a_quota_is_described_with_what_is_used(kubectl):
    kubectl("create quota team --hard=pods=2,requests.cpu=1,count/deployments.apps=1")
    kubectl("apply -f -", stdin=LIMITS)
    kubectl("create deployment web --image=minikweb/demo:1 --replicas=3")
    until(lambda: ["pods", "2", "2"] in rows(kubectl("describe quota team")), "both pods are counted")
    described = rows(kubectl("describe quota"))
    assert ["requests.cpu", "200m", "1"] in described
    assert ["count/deployments.apps", "1", "1"] in described
    assert "exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2" in kubectl("describe rs")
    assert "exceeded quota: team" in kubectl("create deployment more --image=minikweb/demo:1", check=False)
    assert "pods: 2/2" in kubectl("get quota")


def test_limits_are_described_as_kubectl_does(kubectl):
    kubectl("apply -f -", stdin=LIMITS)
    assert ["Container", "cpu", "-", "1", "100m", "500m", "-"] in rows(kubectl("describe limits defaults"))
    assert ["Container", "memory", "-", "-", "64Mi", "256Mi", "-"] in rows(kubectl("describe limits"))
    assert "Container" in kubectl(f"describe namespace {kubectl.namespace}")


def test_pod_security_warns_and_refuses(kubectl):
    kubectl(f"label namespace {kubectl.namespace} pod-security.kubernetes.io/enforce=restricted")
    said = kubectl("run web --image=minikweb/demo:1", check=False)
    assert (
        'pods "web" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false' in said
    )


WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "minikweb/demo:1"}], nodeSelector: {drained: "no"}}
"""


def test_drain_waits_for_the_budget(kubectl):
    """All pods are on one node: nothing may go until there is a place for a successor."""
    kubectl("label node node-2 drained=no")
    try:
        kubectl("apply -f -", stdin=WEB)
        kubectl("rollout status deployment/web --timeout=60s")
        kubectl("create pdb web --selector=app=web --min-available=3")
        until(lambda: kubectl("get pdb web -o jsonpath={.status.currentHealthy}") == "3", "the budget is counted")
        said = kubectl("drain node-2 --ignore-daemonsets --force --pod-selector=app=web --timeout=2s", check=False)
        assert "Cannot evict pod as it would violate the pod's disruption budget." in said
        kubectl("label node node-3 drained=no")
        kubectl("patch pdb web --type=merge", "-p", '{"spec":{"minAvailable":2}}')
        kubectl("drain node-2 --ignore-daemonsets --force --pod-selector=app=web --timeout=50s")
        kubectl("rollout status deployment/web --timeout=60s")
        assert set(kubectl("get pods -o jsonpath={.items[*].spec.nodeName}").split()) == {"node-3"}
        until(lambda: rows(kubectl("get pdb"))[1][:4] == ["web", "2", "N/A", "1"], "one may go again")
    finally:
        kubectl("uncordon node-2")
        kubectl("label node node-2 node-3 drained-")


def test_an_autoscaler_follows_the_load(kubectl):
    busy = {"metadata": {"annotations": {"simulated.minikweb.io/cpu": "300m", "simulated.minikweb.io/memory": "20Mi"}}}
    container = {"name": "demo", "resources": {"requests": {"cpu": "100m"}}}
    kubectl("create deployment web --image=minikweb/demo:1")
    patch = {"spec": {"template": {**busy, "spec": {"containers": [container]}}}}
    container["image"] = "minikweb/demo:1"
    kubectl("patch deployment web", "--type=strategic", "-p", json.dumps(patch))
    kubectl("rollout status deployment/web --timeout=60s")
    kubectl("autoscale deployment web --min=1 --max=3 --cpu=80%")
    until(lambda: kubectl("get deployment web -o jsonpath={.spec.replicas}") == "3", "three replicas")
    for said in ("cpu resource utilization (percentage of request) above target", "300% (300m) / 80%"):
        until(lambda said=said: said in kubectl("describe hpa web"), said)
    until(lambda: "cpu: 300%/80%" in kubectl("get hpa web"), "the use in the list")
    until(lambda: any("300m" in line for line in kubectl("top pods").splitlines()), "the pods' use")
