"""What is told of a Deployment, without an API."""

from datetime import timedelta

from minikweb.apimachinery.meta import get_condition
from minikweb.controllers.deployment import status
from tests.controllers.builders import NOW, ago, deployment, running


def progressing(reason="ReplicaSetUpdated", state="True", updated=30):
    return {
        "type": "Progressing",
        "status": state,
        "reason": reason,
        "message": "",
        "lastUpdateTime": ago(updated),
        "lastTransitionTime": ago(300),
    }


def test_it_works():
    web = deployment(3, unavailable=1)
    told = status.calculate_status(web, running("new", 3, of=web, available=2), [], NOW)
    assert told == {
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "unavailableReplicas": 1,
        "observedGeneration": 1,
        "conditions": [
            {
                "type": "Available",
                "status": "True",
                "reason": "MinimumReplicasAvailable",
                "message": "Deployment has minimum availability.",
                "lastUpdateTime": ago(0),
                "lastTransitionTime": ago(0),
            }
        ],
    }


def test_terminating_pods_are_summed_once_every_replicaset_tells_them():
    web = deployment(3)
    new, old = running("new", 3, of=web), running("old", 0, of=web)
    assert "terminatingReplicas" not in status.calculate_status(web, new, [old], NOW)
    new["status"]["terminatingReplicas"], old["status"]["terminatingReplicas"] = 0, 2
    assert status.calculate_status(web, new, [old], NOW)["terminatingReplicas"] == 2


def test_too_few_available_pods_are_told():
    web = deployment(4, unavailable=1)
    told = status.calculate_status(web, running("new", 4, of=web, available=2), [], NOW)
    condition = get_condition(told["conditions"], "Available")
    assert (condition["status"], condition["reason"]) == ("False", "MinimumReplicasUnavailable")


def test_a_condition_that_says_the_same_keeps_its_times():
    before = [progressing()]
    assert status.with_condition(before, "Progressing", "True", "ReplicaSetUpdated", "other words", NOW) is before


def test_the_transition_time_moves_only_with_the_status():
    (renewed,) = status.with_condition([progressing()], "Progressing", "True", "Other", "", NOW)
    assert (renewed["lastUpdateTime"], renewed["lastTransitionTime"]) == (ago(0), ago(300))
    (turned,) = status.with_condition([progressing()], "Progressing", "False", "Other", "", NOW)
    assert turned["lastTransitionTime"] == ago(0)


def test_progress_renews_the_update_time():
    web = deployment(3, status={"conditions": [progressing()], "updatedReplicas": 1, "replicas": 1})
    told = status.rollout_status(web, running("new", 3, of=web, available=1), [], NOW)
    condition = get_condition(told["conditions"], "Progressing")
    assert condition["lastUpdateTime"] == ago(0)
    assert condition["message"] == 'ReplicaSet "new" is progressing.'


def test_a_finished_rollout_is_told():
    web = deployment(3, status={"conditions": [progressing()]})
    told = status.rollout_status(web, running("new", 3, of=web), [running("old", 0, of=web)], NOW)
    condition = get_condition(told["conditions"], "Progressing")
    assert (condition["status"], condition["reason"]) == ("True", "NewReplicaSetAvailable")
    assert condition["message"] == 'ReplicaSet "new" has successfully progressed.'


def test_old_pods_keep_a_rollout_from_being_finished():
    web = deployment(3, status={"conditions": [progressing()]})
    told = status.rollout_status(web, running("new", 3, of=web), [running("old", 1, of=web)], NOW)
    assert get_condition(told["conditions"], "Progressing")["reason"] == "ReplicaSetUpdated"


def test_a_rollout_without_progress_times_out():
    web = deployment(3, spec={"progressDeadlineSeconds": 20}, status={"conditions": [progressing(updated=30)]})
    told = status.rollout_status(web, running("new", 3, of=web, available=0, pods=0), [], NOW)
    condition = get_condition(told["conditions"], "Progressing")
    assert (condition["status"], condition["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert condition["message"] == 'ReplicaSet "new" has timed out progressing.'


def test_a_pod_lost_after_the_rollout_is_no_new_rollout():
    done = progressing("NewReplicaSetAvailable", updated=9000)
    web = deployment(3, status={"conditions": [done], "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3})
    told = status.rollout_status(web, running("new", 3, of=web, available=2), [], NOW)
    assert get_condition(told["conditions"], "Progressing") == done


def test_without_a_deadline_nothing_is_told_of_progress():
    web = deployment(3, spec={"progressDeadlineSeconds": 2**31 - 1}, status={"conditions": [progressing()]})
    told = status.rollout_status(web, running("new", 3, of=web), [], NOW)
    assert get_condition(told["conditions"], "Progressing") is None


def test_a_pause_and_its_end_are_told():
    paused = deployment(spec={"paused": True}, status={"conditions": [progressing()]})
    (condition,) = status.paused_conditions(paused, NOW)
    assert (condition["status"], condition["reason"]) == ("Unknown", "DeploymentPaused")
    resumed = deployment(status={"conditions": [condition]})
    assert status.paused_conditions(resumed, NOW)[0]["reason"] == "DeploymentResumed"


def test_a_pause_does_not_hide_a_time_out():
    late = progressing("ProgressDeadlineExceeded", "False")
    web = deployment(spec={"paused": True}, status={"conditions": [late]})
    assert status.paused_conditions(web, NOW) == [late]


def test_a_replicaset_that_cannot_make_pods_is_the_deployments_failure():
    web, failure = deployment(3), {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
    new = running("new", 3, of=web, available=0, pods=0)
    new["status"]["conditions"] = [{**failure, "message": "exceeded quota", "lastTransitionTime": ago(9)}]
    told = get_condition(status.rollout_status(web, new, [], NOW)["conditions"], "ReplicaFailure")
    assert (told["message"], told["lastUpdateTime"]) == ("exceeded quota", ago(9))
    new["status"]["conditions"] = []
    assert get_condition(status.rollout_status(web, new, [], NOW)["conditions"], "ReplicaFailure") is None


def test_the_next_look_is_just_after_the_deadline():
    web = deployment(3, status={"conditions": [progressing(updated=100)]})
    told = {"conditions": [progressing(updated=100)], "replicas": 1}
    assert status.seconds_until_deadline(web, told, NOW) == 501
    assert status.seconds_until_deadline(web, told, NOW + timedelta(hours=1)) == 1


def test_there_is_no_next_look_when_finished_timed_out_or_paused():
    web = deployment(1)
    finished = {"updatedReplicas": 1, "replicas": 1, "availableReplicas": 1, "observedGeneration": 1}
    assert status.seconds_until_deadline(web, {**finished, "conditions": [progressing()]}, NOW) is None
    for reason in ("ProgressDeadlineExceeded", "DeploymentPaused"):
        assert status.seconds_until_deadline(web, {"conditions": [progressing(reason)]}, NOW) is None
