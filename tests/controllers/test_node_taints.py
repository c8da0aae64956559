"""What a node's conditions make of it, and when its pods have to go; without an API."""

from datetime import timedelta

from minikweb.apimachinery import clock
from minikweb.apimachinery.meta import get_condition
from minikweb.controllers.nodelifecycle import sign_of_life, unknown_conditions, wanted_taints
from minikweb.controllers.tainteviction import evicted_at
from minikweb.kinds.taints import NOT_READY, UNREACHABLE, UNSCHEDULABLE
from tests.controllers.builders import NOW, ago, node, pod


def keys(taints):
    return {(taint["key"], taint["effect"]) for taint in taints}


def test_it_works():
    assert wanted_taints(node(), False, NOW) == []


def test_an_unknown_node_is_unreachable_and_one_that_says_no_is_not_ready():
    assert keys(wanted_taints(node(ready="Unknown"), False, NOW)) == {
        (UNREACHABLE, "NoSchedule"),
        (UNREACHABLE, "NoExecute"),
    }
    assert keys(wanted_taints(node(ready="False"), False, NOW)) == {(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")}


def test_nobody_is_evicted_while_no_node_is_alive():
    assert keys(wanted_taints(node(ready="Unknown"), True, NOW)) == {(UNREACHABLE, "NoSchedule")}


def test_a_node_that_is_back_loses_our_taints_and_keeps_the_others():
    mine = {"key": "mine", "effect": "NoExecute"}
    taints = [mine, {"key": UNREACHABLE, "effect": "NoExecute"}, {"key": NOT_READY, "effect": "NoSchedule"}]
    assert wanted_taints(node(taints=taints), False, NOW) == [mine]


def test_a_taint_that_stays_keeps_its_time():
    taints = [{"key": UNREACHABLE, "effect": "NoExecute", "timeAdded": ago(100)}]
    found = {(t["key"], t["effect"]): t for t in wanted_taints(node(ready="Unknown", taints=taints), False, NOW)}
    assert found[UNREACHABLE, "NoExecute"]["timeAdded"] == ago(100)
    assert found[UNREACHABLE, "NoSchedule"]["timeAdded"] == ago(0)


def test_a_cordoned_node_is_tainted_and_an_uncordoned_one_is_not():
    assert keys(wanted_taints(node(unschedulable=True), False, NOW)) == {(UNSCHEDULABLE, "NoSchedule")}
    taints = [{"key": UNSCHEDULABLE, "effect": "NoSchedule"}]
    assert wanted_taints(node(taints=taints), False, NOW) == []


def test_what_a_kubelet_reports_becomes_unknown():
    reported = node()
    conditions = unknown_conditions(reported, NOW)
    assert {c["type"]: c["status"] for c in conditions} == dict.fromkeys(
        ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure"), "Unknown"
    )
    assert get_condition(conditions, "Ready")["message"] == "Kubelet stopped posting node status."
    assert get_condition(conditions, "DiskPressure")["reason"] == "NodeStatusNeverUpdated"
    assert get_condition(reported["status"]["conditions"], "Ready")["status"] == "True"


def test_a_renewed_lease_or_a_new_heartbeat_is_a_sign_of_life():
    lease, later = {"spec": {"renewTime": "1"}}, {"spec": {"renewTime": "2"}}
    assert sign_of_life(node(), lease) == sign_of_life(node(), lease)
    assert sign_of_life(node(), later) != sign_of_life(node(), lease)
    assert sign_of_life(node(), None) != sign_of_life(node(ready=None), None)


def tolerant(seconds=None, **more):
    toleration = {"key": UNREACHABLE, "operator": "Exists", "effect": "NoExecute"}
    if seconds is not None:
        toleration["tolerationSeconds"] = seconds
    return pod(spec={"tolerations": [toleration]}, **more)


def taint(added=100):
    return {"key": UNREACHABLE, "effect": "NoExecute", "timeAdded": ago(added)}


def test_a_pod_without_a_toleration_goes_at_once():
    assert evicted_at(pod(), [taint()], NOW) == NOW


def test_a_pod_stays_for_its_toleration_seconds_from_the_taint_on():
    assert evicted_at(tolerant(300), [taint(added=100)], NOW) == NOW + timedelta(seconds=200)
    assert evicted_at(tolerant(300), [taint(added=400)], NOW) < NOW


def test_a_pod_that_came_after_the_taint_counts_from_its_own_start():
    late = tolerant(300, status={"startTime": ago(10)})
    assert evicted_at(late, [taint(added=400)], NOW) == NOW + timedelta(seconds=290)


def test_the_least_patient_of_two_tolerations_decides():
    both = [taint(), {"key": NOT_READY, "effect": "NoExecute", "timeAdded": ago(100)}]
    patient = tolerant(300)
    patient["spec"]["tolerations"].append({"key": NOT_READY, "operator": "Exists", "tolerationSeconds": 110})
    assert evicted_at(patient, both, NOW) == clock.parse(ago(-10))


def test_a_pod_that_tolerates_for_ever_stays():
    assert evicted_at(tolerant(), [taint()], NOW) is None
    assert evicted_at(pod(), [], NOW) is None
