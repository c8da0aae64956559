"""The life of a Pod object: created, updated, reported on, ended."""

from __future__ import annotations

import copy

import pytest

from minikweb.kinds.pods import BINDING, POD, qos_class
from tests.kinds.testdata import load, messages


def made(**spec):
    """A Pod as it is stored after its creation."""
    pod = {
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": {"containers": [{"name": "web", "image": "demo:1"}]},
    }
    pod["spec"].update(spec)
    POD.default(pod)
    POD.prepare_for_create(pod)
    assert POD.validate(pod, None) == []
    return pod


def updated(pod, **spec):
    """What a write of the pod with another spec would store, and what is wrong with it."""
    new = copy.deepcopy(pod)
    new["spec"].update(spec)
    POD.default(new)
    POD.prepare_for_update(new, pod)
    return new, messages(POD.validate(new, pod))


def test_it_works():
    pod = made()
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert pod["metadata"]["generation"] == 1


def test_the_status_a_user_sends_is_not_taken():
    pod = {"metadata": {}, "spec": {"containers": []}, "status": {"phase": "Running"}}
    POD.default(pod)
    POD.prepare_for_create(pod)
    assert pod["status"]["phase"] == "Pending"


def test_an_update_keeps_the_status_and_counts_the_change():
    pod = made()
    new, wrong = updated(pod, containers=[{**pod["spec"]["containers"][0], "image": "demo:2"}])
    assert wrong == []
    assert new["status"] == pod["status"]
    assert new["metadata"]["generation"] == 2


def test_an_update_of_labels_is_no_new_generation():
    pod = made()
    new = copy.deepcopy(pod)
    new["metadata"].update(labels={"a": "1"}, generation=7)
    POD.prepare_for_update(new, pod)
    assert new["metadata"]["generation"] == 1


def test_a_running_pod_can_hardly_be_changed():
    new, wrong = updated(made(), restartPolicy="Never", hostname="other")
    assert wrong == [
        "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
        "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
        "hostname, restartPolicy"
    ]


def test_a_container_cannot_be_added():
    pod = made()
    more = [*pod["spec"]["containers"], {"name": "b", "image": "demo:1"}]
    assert updated(pod, containers=more)[1] == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    ]


def test_a_toleration_can_be_added_but_not_taken_away():
    pod = made(tolerations=[{"key": "a", "operator": "Exists"}])
    assert updated(pod, tolerations=[*pod["spec"]["tolerations"], {"key": "b", "operator": "Exists"}])[1] == []
    expected = "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    assert updated(pod, tolerations=[])[1] == [expected]


def test_a_deadline_can_only_come_nearer():
    pod = made(activeDeadlineSeconds=60)
    assert updated(pod, activeDeadlineSeconds=30)[1] == []
    expected = "spec.activeDeadlineSeconds: Invalid value: 90: must be less than or equal to previous value"
    assert updated(pod, activeDeadlineSeconds=90)[1] == [expected]


def test_a_write_of_the_status_changes_nothing_else():
    pod = made(nodeName="node-1")
    pod["metadata"]["ownerReferences"] = [{"name": "web"}]
    new = {"metadata": {"name": "web"}, "spec": {"nodeName": "elsewhere"}, "status": {"phase": "Running"}}
    POD.prepare_for_status_update(new, pod)
    assert new["spec"] == pod["spec"]
    assert new["metadata"]["ownerReferences"] == [{"name": "web"}]
    assert new["status"] == {"phase": "Running", "qosClass": "BestEffort"}


def test_the_quality_of_service_does_not_change():
    pod = made()
    new = copy.deepcopy(pod)
    new["status"]["qosClass"] = "Guaranteed"
    assert messages(POD.validate(new, pod)) == ['status.qosClass: Invalid value: "Guaranteed": field is immutable']


def test_a_gated_pod_says_so_and_has_no_node():
    pod = made(schedulingGates=[{"name": "example.com/wait"}])
    assert pod["status"]["conditions"][0]["reason"] == "SchedulingGated"
    pod["spec"]["nodeName"] = "node-1"
    expected = "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"
    assert messages(POD.validate(pod, None)) == [expected]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{}], "BestEffort"),
        ([{"requests": {"cpu": "0"}}], "BestEffort"),
        ([{"requests": {"cpu": "1"}}], "Burstable"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}], "Guaranteed"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m", "memory": "1Gi"}}], "Burstable"),
        ([{"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}, {}], "Burstable"),
        ([{"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}], "Burstable"),
    ],
)
def test_quality_of_service(resources, expected):
    assert qos_class({"containers": [{"resources": found} for found in resources]}) == expected


def test_one_address_and_the_list_of_addresses_agree():
    pod = made()
    new = {"metadata": {"name": "web"}, "status": {"podIP": "10.244.1.5", "hostIPs": [{"ip": "172.18.0.3"}]}}
    POD.prepare_for_status_update(new, pod)
    assert new["status"]["podIPs"] == [{"ip": "10.244.1.5"}]
    assert new["status"]["hostIP"] == "172.18.0.3"


def test_pods_are_selected_by_where_they_are_and_how_they_fare():
    pod = load("pod-running")
    found = {path: read(pod) for path, read in POD.selectable.items()}
    assert found["spec.nodeName"] == "node-1"
    assert found["status.phase"] == "Running"
    assert found["status.podIP"] == "10.244.1.5"
    assert found["spec.hostNetwork"] == "false"


def test_a_binding_needs_a_node():
    assert messages(BINDING.validate({"target": {"kind": "Node"}}, None)) == ["target.name: Required value"]
    assert BINDING.validate({"target": {"kind": "Node", "name": "node-1"}}, None) == []
