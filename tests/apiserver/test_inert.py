"""Kinds that nothing acts on yet: stored, completed, checked, shown, and said."""

import pytest

from tests.apiserver.api import TABLE

CORE, IN_DEFAULT = "/api/v1", "/api/v1/namespaces/default"


def meta(**more):
    return {"metadata": {"name": "x"}, **more}


BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
ROUTE = {"path": "/", "pathType": "Prefix", "backend": BACKEND}
NETWORKING = "/apis/networking.k8s.io/v1"
HOOK = {
    "name": "hook.example.com",
    "clientConfig": {"service": {"name": "hook", "namespace": "default"}},
    "admissionReviewVersions": ["v1"],
    "sideEffects": "None",
}
HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
SCALED = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}

GOOD = [
    ("/apis/node.k8s.io/v1/runtimeclasses", meta(handler="runsc"), ["x", "runsc", "0s"]),
    (HOOKS, meta(webhooks=[HOOK]), ["x", 1, "0s"]),
    (HOOKS.replace("validating", "mutating"), meta(webhooks=[HOOK]), ["x", 1, "0s"]),
]


@pytest.mark.parametrize("target, obj, cells", GOOD)
def test_it_works(api, target, obj, cells):
    answer = api.post(target, obj)

    assert answer.status == 201, answer.text
    assert answer.headers["warning"].startswith('299 - "')
    assert api.get(f"{target}/x", accept=TABLE).json["rows"][0]["cells"] == cells
    assert (
        api.put(f"{target}/x", answer.json).json["metadata"]["resourceVersion"]
        == (answer.json["metadata"]["resourceVersion"])
    )
    assert api.patch(f"{target}/x", {"metadata": {"labels": {"a": "b"}}}).status == 200
    assert api.delete(f"{target}/x").status == 200


BAD = [
    (f"{NETWORKING}/namespaces/default/ingresses", meta(spec={}), "spec"),
    (
        f"{NETWORKING}/namespaces/default/ingresses",
        meta(spec={"rules": [{"http": {"paths": [{**ROUTE, "pathType": None}]}}]}),
        "spec.rules[0].http.paths[0].pathType",
    ),
    (
        f"{NETWORKING}/namespaces/default/ingresses",
        meta(spec={"rules": [{"http": {"paths": [{**ROUTE, "path": "x"}]}}]}),
        "spec.rules[0].http.paths[0].path",
    ),
    (f"{NETWORKING}/ingressclasses", meta(spec={}), "spec.controller"),
    (
        f"{NETWORKING}/namespaces/default/networkpolicies",
        meta(spec={"podSelector": {}, "ingress": [{"from": [{}]}]}),
        "spec.ingress[0].from[0]",
    ),
    (f"{IN_DEFAULT}/resourcequotas", meta(spec={"hard": {"pods": "-1"}}), "spec.hard[pods]"),
    (
        f"{IN_DEFAULT}/limitranges",
        meta(spec={"limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}),
        "spec.limits[0].min[cpu]",
    ),
    ("/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "system-x"}, "value": 1}, "metadata.name"),
    ("/apis/node.k8s.io/v1/runtimeclasses", meta(), "handler"),
    (
        "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
        meta(spec={"minAvailable": 1, "maxUnavailable": 1}),
        "spec",
    ),
    (
        "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
        meta(spec={"scaleTargetRef": SCALED, "maxReplicas": 1, "minReplicas": 2}),
        "spec.maxReplicas",
    ),
    (HOOKS, meta(webhooks=[{**HOOK, "clientConfig": {}}]), "webhooks[0].clientConfig"),
]


@pytest.mark.parametrize("target, obj, field", BAD)
def test_what_is_wrong_is_named(api, target, obj, field):
    answer = api.post(target, obj)

    assert answer.status == 422, answer.text
    assert field in [cause["field"] for cause in answer.json["details"]["causes"]]


def test_server_side_apply_says_it_too(api):
    target = "/apis/node.k8s.io/v1/runtimeclasses/x?fieldManager=me"
    applied = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", **meta(handler="runsc")}

    answer = api.patch(target, applied, "application/apply-patch+yaml")

    assert answer.status == 201
    assert answer.headers["warning"].startswith('299 - "')
