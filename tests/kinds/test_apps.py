"""Deployments and ReplicaSets: defaults, generations, what is wrong with them."""

from __future__ import annotations

import copy

import pytest

from minikweb.kinds.apps import DEPLOYMENT, REPLICA_SET
from minikweb.kinds.autoscaling import SCALE
from tests.kinds.testdata import load, messages


def workload(kind=DEPLOYMENT, **spec):
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "demo:1"}]}}
    obj = {
        "apiVersion": "apps/v1",
        "kind": kind.kind,
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }
    kind.default(obj)
    kind.prepare_for_create(obj)
    return obj


def changed(obj, kind=DEPLOYMENT, annotations=None, **spec):
    new = copy.deepcopy(obj)
    new["spec"].update(spec)
    if annotations:
        new["metadata"]["annotations"] = annotations
    kind.default(new)
    kind.prepare_for_update(new, obj)
    return new


def problems(kind=DEPLOYMENT, **spec):
    return messages(kind.validate(workload(kind, **spec), None))


def test_it_works():
    assert problems() == []
    assert problems(REPLICA_SET) == []


def test_what_a_deployment_is_by_default():
    obj = workload()
    spec = {key: value for key, value in obj["spec"].items() if key not in ("selector", "template")}
    assert spec == {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
    }
    assert obj["spec"]["template"]["spec"]["restartPolicy"] == "Always"
    assert (obj["status"], obj["metadata"]["generation"]) == ({}, 1)


def test_a_deployment_that_recreates_has_no_rolling_update():
    assert workload(strategy={"type": "Recreate"})["spec"]["strategy"] == {"type": "Recreate"}


def test_a_replicaset_counts_from_the_start():
    assert workload(REPLICA_SET)["status"] == {"replicas": 0}
    assert workload(REPLICA_SET)["spec"]["replicas"] == 1


def test_zero_replicas_stay_zero():
    assert workload(replicas=0)["spec"]["replicas"] == 0


def test_a_change_of_the_spec_is_a_new_generation():
    obj = workload()
    assert changed(obj, replicas=3)["metadata"]["generation"] == 2
    assert changed(obj)["metadata"]["generation"] == 1


def test_a_change_of_annotations_is_a_new_generation_of_a_deployment_only():
    assert changed(workload(), annotations={"a": "1"})["metadata"]["generation"] == 2
    replica_set = workload(REPLICA_SET)
    assert changed(replica_set, REPLICA_SET, annotations={"a": "1"})["metadata"]["generation"] == 1


def test_a_write_of_the_status_keeps_spec_labels_and_generation():
    obj = workload()
    new = {"metadata": {"name": "web", "labels": {"x": "y"}}, "spec": {}, "status": {"replicas": 1}}
    DEPLOYMENT.prepare_for_status_update(new, obj)
    assert new == {"metadata": {"name": "web", "generation": 1}, "spec": obj["spec"], "status": {"replicas": 1}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        ({"selector": None}, "spec.selector: Required value"),
        ({"selector": {}}, "spec.selector: Invalid value: {}: empty selector is invalid for deployment"),
        (
            {"selector": {"matchLabels": {"app": "other"}}},
            'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
        ),
        (
            {"selector": {"matchExpressions": [{"key": "app", "operator": "Equals"}]}},
            'spec.selector.matchExpressions[0].operator: Invalid value: "Equals": not a valid selector operator',
        ),
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
        (
            {"strategy": {"rollingUpdate": {"maxUnavailable": "150%"}}},
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "150%": must not be greater than 100%',
        ),
        (
            {"minReadySeconds": 700},
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
        ),
        ({"template": {"metadata": {"labels": {"app": "web"}}}}, "spec.template.spec.containers: Required value"),
    ],
)
def test_it_names_what_is_wrong(spec, expected):
    assert expected in problems(**spec)


def test_the_pods_of_a_deployment_are_restarted_always():
    template = workload()["spec"]["template"]
    template["spec"]["restartPolicy"] = "Never"
    expected = 'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'
    assert problems(template=template) == [expected]


@pytest.mark.parametrize("kind", [DEPLOYMENT, REPLICA_SET])
def test_a_selector_never_changes(kind):
    obj = workload(kind)
    obj["spec"]["template"]["metadata"]["labels"]["tier"] = "front"
    new = changed(obj, kind, selector={"matchLabels": {"tier": "front"}})
    expected = 'spec.selector: Invalid value: {"matchLabels":{"tier":"front"}}: field is immutable'
    assert messages(kind.validate(new, obj)) == [expected]


def test_no_count_of_a_status_is_above_the_total():
    obj = workload()
    new = copy.deepcopy(obj)
    new["status"] = {"replicas": 1, "readyReplicas": 2}
    expected = "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"
    assert messages(DEPLOYMENT.validate(new, obj)) == [expected]


def test_replicasets_are_selected_by_their_count():
    assert REPLICA_SET.selectable["status.replicas"](load("replicaset-healthy")) == "3"
    assert REPLICA_SET.selectable["status.replicas"]({"spec": {}}) == "0"


def test_a_scale_is_not_below_zero():
    scale = {"metadata": {}}
    SCALE.default(scale)
    assert SCALE.validate(scale, None) == []
    expected = "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    assert messages(SCALE.validate({"spec": {"replicas": -1}}, None)) == [expected]
