"""Which pods count, which end first, how they are made."""

from minikweb.apimachinery.errors import Forbidden
from minikweb.controllers import podcontrol
from tests.controllers.builders import NOW, ago, pod, replicaset


def first_to_go(*pods, related=None, wait=0):
    return podcontrol.rank_for_deletion(list(pods), related or pods, wait, NOW)[0]["metadata"]["name"]


def test_it_works():
    assert podcontrol.is_active(pod())
    assert podcontrol.ready_since(pod(ready=30)) == ago(30)


def test_a_pod_that_was_asked_to_end_does_not_count():
    leaving = pod(deletionTimestamp=ago(1))
    assert not podcontrol.is_active(leaving)
    assert podcontrol.is_terminating(leaving)


def test_a_pod_that_has_ended_is_neither_active_nor_terminating():
    ended = pod(phase="Succeeded", deletionTimestamp=ago(1))
    assert not podcontrol.is_active(ended)
    assert not podcontrol.is_terminating(ended)


def test_a_pod_is_available_only_after_min_ready_seconds():
    assert podcontrol.is_available(pod(ready=0), 0, NOW)
    assert not podcontrol.is_available(pod(ready=9), 10, NOW)
    assert podcontrol.is_available(pod(ready=10), 10, NOW)
    assert not podcontrol.is_available(pod(ready=None), 0, NOW)


def test_the_next_look_is_when_the_next_pod_becomes_available():
    pods = [pod(ready=4), pod(ready=2), pod(ready=20), pod(ready=None)]
    assert podcontrol.seconds_until_available(pods, 10, NOW) == 6
    assert podcontrol.seconds_until_available(pods, 0, NOW) is None
    assert podcontrol.seconds_until_available([pod(ready=20)], 10, NOW) is None


def test_an_unscheduled_pod_ends_before_a_pending_one_and_that_before_a_running_one():
    waiting = pod("waiting", node="", phase="Pending", ready=None)
    pending = pod("pending", phase="Pending", ready=None)
    assert first_to_go(pod("running"), pending, waiting) == "waiting"
    assert first_to_go(pod("running"), pending) == "pending"


def test_a_pod_that_is_not_ready_ends_before_one_that_is():
    assert first_to_go(pod("ready"), pod("unready", ready=None)) == "unready"


def test_a_pod_that_is_not_available_yet_ends_before_one_that_is():
    doubled_up = [pod("a", node="node-2"), pod("b", node="node-2"), pod("c", node="node-1", ready=1)]
    assert first_to_go(*doubled_up, wait=10) == "c"


def test_deletion_cost_is_respected():
    cheap = pod("cheap", annotations={podcontrol.DELETION_COST: "-5"}, ready=4000)
    assert first_to_go(pod("dear", ready=1), cheap) == "cheap"


def test_a_deletion_cost_that_is_no_number_counts_as_none():
    odd = pod("odd", annotations={podcontrol.DELETION_COST: "much"}, ready=4000)
    assert first_to_go(odd, pod("young", ready=1)) == "young"


def test_a_pod_with_more_siblings_on_its_node_ends_first():
    alone, first, second = pod("alone", node="node-1", ready=1), pod("x", node="node-2"), pod("y", node="node-2")
    assert first_to_go(alone, first, second) in ("x", "y")


def test_the_pod_that_has_been_ready_for_less_long_ends_first():
    assert first_to_go(pod("old", ready=4000), pod("young", ready=2)) == "young"


def test_the_pod_that_restarted_more_ends_first():
    restarted = pod("restarted", status={"containerStatuses": [{"restartCount": 3}]})
    assert first_to_go(pod("calm"), restarted) == "restarted"


def test_the_younger_pod_ends_first():
    assert first_to_go(pod("old", age=4000), pod("young", age=3)) == "young"


def test_a_pod_from_a_template_is_its_owners():
    owner = replicaset("web-1")
    made = podcontrol.pod_from_template(owner["spec"]["template"], owner)
    assert made["metadata"]["generateName"] == "web-1-"
    assert made["metadata"]["labels"] == {"app": "web"}
    assert made["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
    assert made["metadata"]["ownerReferences"][0]["controller"] is True
    made["spec"]["containers"].clear()
    assert owner["spec"]["template"]["spec"]["containers"]


def test_a_batch_stops_after_the_first_failure_and_has_tried_few():
    tried = []

    def refuse(item):
        tried.append(item)
        return Forbidden("exceeded quota")

    assert podcontrol.slow_start_batch(refuse, range(1000), first=1).message == "exceeded quota"
    assert len(tried) == 1


def test_a_batch_without_failures_calls_each_once():
    called = []
    assert podcontrol.slow_start_batch(lambda item: called.append(item), range(100), first=1) is None
    assert sorted(called) == list(range(100))
