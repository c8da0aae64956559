"""DaemonSets, StatefulSets and their revisions: defaults, generations, what is wrong with them, how they fare."""

from __future__ import annotations

import copy

import pytest

from minikweb.kinds.controllerrevisions import CONTROLLER_REVISION
from minikweb.kinds.daemonsets import DAEMON_SET, TEMPLATE_GENERATION
from minikweb.kinds.registry import Health
from minikweb.kinds.statefulsets import STATEFUL_SET
from tests.kinds.testdata import NOW, messages


def claim(**spec):
    return {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], **spec}}


def workload(kind=STATEFUL_SET, name="web", **spec):
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "demo:1"}]}}
    obj = {
        "apiVersion": "apps/v1",
        "kind": kind.kind,
        "metadata": {"name": name, "namespace": "demo", "creationTimestamp": "2026-11-23T11:00:00Z"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **copy.deepcopy(spec)},
    }
    kind.default(obj)
    kind.prepare_for_create(obj)
    return obj


def changed(obj, kind=STATEFUL_SET, **spec):
    new = copy.deepcopy(obj)
    new["spec"].update(copy.deepcopy(spec))
    kind.default(new)
    kind.prepare_for_update(new, obj)
    return new


def with_image(obj, kind, image):
    template = copy.deepcopy(obj["spec"]["template"])
    template["spec"]["containers"][0]["image"] = image
    return changed(obj, kind, template=template)


def problems(kind=STATEFUL_SET, **spec):
    return messages(kind.validate(workload(kind, **spec), None))


def own(spec):
    return {key: value for key, value in spec.items() if key not in ("selector", "template")}


def test_it_works():
    assert problems() == []
    assert problems(DAEMON_SET) == []


def test_what_a_stateful_set_is_by_default():
    assert own(workload()["spec"]) == {
        "replicas": 1,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}},
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "revisionHistoryLimit": 10,
    }


def test_what_a_daemon_set_is_by_default():
    obj = workload(DAEMON_SET)
    assert own(obj["spec"]) == {
        "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
    }
    assert workload(DAEMON_SET, updateStrategy={"type": "OnDelete"})["spec"]["updateStrategy"] == {"type": "OnDelete"}
    assert obj["status"]["desiredNumberScheduled"] == 0


def test_a_claim_is_completed():
    (found,) = workload(volumeClaimTemplates=[claim()])["spec"]["volumeClaimTemplates"]
    assert (found["apiVersion"], found["kind"], found["status"]) == (
        "v1",
        "PersistentVolumeClaim",
        {"phase": "Pending"},
    )
    assert found["spec"]["volumeMode"] == "Filesystem"


def test_each_template_of_a_daemon_set_has_a_number():
    obj = workload(DAEMON_SET)
    assert obj["metadata"]["annotations"] == {TEMPLATE_GENERATION: "1"}
    assert changed(obj, DAEMON_SET, minReadySeconds=5)["metadata"]["annotations"] == {TEMPLATE_GENERATION: "1"}
    new = with_image(obj, DAEMON_SET, "demo:2")
    assert (new["metadata"]["annotations"], new["metadata"]["generation"]) == ({TEMPLATE_GENERATION: "2"}, 2)


def test_a_change_of_the_spec_is_a_new_generation():
    assert changed(workload(), replicas=3)["metadata"]["generation"] == 2
    assert changed(workload())["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"replicas": -1}, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (
            {"podManagementPolicy": "Random"},
            "spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'",
        ),
        (
            {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {}}},
            "spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'",
        ),
        (
            {"updateStrategy": {"type": "Recreate"}},
            "spec.updateStrategy: Invalid value: {\"type\":\"Recreate\"}: must be 'RollingUpdate' or 'OnDelete'",
        ),
        (
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": -1}}},
            "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}}},
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0",
        ),
        (
            {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Keep"}},
            'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: '
            '"Retain", "Delete"',
        ),
        ({"ordinals": {"start": -1}}, "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"),
        ({"selector": {}}, "spec.selector: Invalid value: {}: empty selector is invalid for statefulset"),
        (
            {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}]},
            "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
        ),
        ({"volumeClaimTemplates": [claim()]}, "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value"),
    ],
)
def test_it_names_what_is_wrong_with_a_stateful_set(spec, expected):
    assert expected in problems(**spec)


def test_the_service_of_a_stateful_set_is_a_name():
    (found,) = problems(serviceName="Not a name")
    assert found.startswith('spec.serviceName: Invalid value: "Not a name": a lowercase RFC 1123 label')


def test_a_container_may_mount_what_the_claims_give():
    obj = workload(volumeClaimTemplates=[claim(resources={"requests": {"storage": "1Gi"}})])
    obj["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    assert messages(STATEFUL_SET.validate(obj, None)) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            {"updateStrategy": {"type": "Recreate"}},
            'spec.updateStrategy: Unsupported value: {"type":"Recreate"}: supported values: "RollingUpdate", '
            '"OnDelete"',
        ),
        (
            {"updateStrategy": {"rollingUpdate": {"maxSurge": 1}}},
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is "
            "non-zero",
        ),
        (
            {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}},
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0",
        ),
        ({"selector": {}}, "spec.selector: Invalid value: {}: empty selector is invalid for daemonset"),
        ({"minReadySeconds": -1}, "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"),
    ],
)
def test_it_names_what_is_wrong_with_a_daemon_set(spec, expected):
    assert expected in problems(DAEMON_SET, **spec)


def test_daemons_are_restarted_always():
    template = workload()["spec"]["template"]
    template["spec"] |= {"restartPolicy": "Never", "activeDeadlineSeconds": 5}
    assert problems(DAEMON_SET, template=template) == [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("serviceName", "other"), ("podManagementPolicy", "Parallel"), ("volumeClaimTemplates", [claim()])],
)
def test_what_a_stateful_set_stands_on_never_changes(key, value):
    obj = workload(serviceName="web")
    found = messages(STATEFUL_SET.validate(changed(obj, **{key: value}), obj))
    assert any(problem.startswith(f"spec.{key}: ") and problem.endswith("field is immutable") for problem in found)


def test_what_a_revision_keeps_never_changes():
    old = {"metadata": {"name": "a"}, "data": {"spec": {}}, "revision": 1}
    assert CONTROLLER_REVISION.validate({**old, "revision": 2}, old) == []
    (found,) = messages(CONTROLLER_REVISION.validate({**old, "data": {"spec": 1}}, old))
    assert found.endswith("field is immutable")
    assert messages(CONTROLLER_REVISION.validate({"revision": 1}, None)) == ["data: Required value: data is mandatory"]


def test_what_kubectl_prints():
    obj = workload(replicas=3)
    assert [column.value(obj, NOW) for column in STATEFUL_SET.columns] == ["web", "0/3", "60m", "web", "demo:1"]
    daemon = workload(DAEMON_SET)
    daemon["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    found = [column.value(daemon, NOW) for column in DAEMON_SET.columns]
    assert found == ["web", 0, 0, 0, 0, 0, "disk=ssd", "60m", "web", "demo:1", "app=web"]
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "1", "controller": True}
    stamp = "2026-11-23T11:00:00Z"
    revision = {"metadata": {"name": "web-1", "ownerReferences": [owner], "creationTimestamp": stamp}, "revision": 2}
    found = [column.value(revision, NOW) for column in CONTROLLER_REVISION.columns]
    assert found == ["web-1", "statefulset.apps/web", 2, "60m"]


@pytest.mark.parametrize(
    ("spec", "status", "expected", "message"),
    [
        ({}, {}, "Progressing", "Waiting for statefulset spec update to be observed..."),
        ({"replicas": 3}, {"readyReplicas": 1}, "Progressing", "Waiting for 2 pods to be ready..."),
        ({}, {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "a"}, "Healthy", ""),
        (
            {},
            {"readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
            "Progressing",
            "waiting for statefulset rolling update to complete 0 pods at revision b...",
        ),
        ({"updateStrategy": {"type": "OnDelete"}}, {"readyReplicas": 1}, "Healthy", "statefulset has 1 ready pods"),
        (
            {"replicas": 2, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
            {"readyReplicas": 2},
            "Progressing",
            "Waiting for partitioned roll out to finish: 0 out of 1 new pods have been updated...",
        ),
    ],
)
def test_how_a_stateful_set_fares(spec, status, expected, message):
    obj = workload(**spec)
    obj["status"] = {"observedGeneration": 1, **status} if status else {}
    found = STATEFUL_SET.health(obj)
    assert (found.status, found.message) == (expected, message)


def test_how_a_daemon_set_fares():
    obj = workload(DAEMON_SET)
    assert DAEMON_SET.health(obj).status == "Progressing"
    obj["status"] = {
        "observedGeneration": 1,
        "desiredNumberScheduled": 2,
        "updatedNumberScheduled": 2,
        "numberReady": 1,
    }
    words = 'Waiting for daemon set "web" rollout to finish: 0 of 2 updated pods are available...'
    assert DAEMON_SET.health(obj) == Health("Progressing", "1/2", words)
    obj["status"] |= {"numberAvailable": 2, "numberReady": 2}
    assert DAEMON_SET.health(obj) == Health("Healthy", "2/2")
