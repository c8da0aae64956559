"""History, undo, restart, pause and images, as kubectl rollout and kubectl set image do them."""

from datetime import UTC, datetime

from minikweb.apimachinery import patch
from minikweb.dashboard import rollout
from tests.dashboard.objects import deployment, replica_set

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def two_revisions():
    web = deployment(image="demo:2")
    return web, [replica_set(web, 1, 0, "demo:1", cause="first"), replica_set(web, 2, 3, "demo:2")]


def test_it_works():
    found = rollout.history(*two_revisions())
    assert [(r.number, r.images, r.cause, r.current, r.replicas) for r in found] == [
        (2, ("demo:2",), "", True, 3),
        (1, ("demo:1",), "first", False, 0),
    ]


def test_the_numbers_a_template_had_before_are_told():
    web = deployment(image="demo:1")
    sets = [replica_set(web, 3, 3, "demo:1", history="1"), replica_set(web, 2, 0, "demo:2")]
    assert [(r.number, r.earlier) for r in rollout.history(web, sets)] == [(3, (1,)), (2, ())]


def test_an_undo_puts_the_template_back_without_its_hash():
    web, sets = two_revisions()
    first = rollout.history(web, sets)[1]
    undone = patch.json_patch(web, rollout.undo(web, first))
    assert undone["spec"]["template"]["spec"]["containers"][0]["image"] == "demo:1"
    assert undone["spec"]["template"]["metadata"]["labels"] == {"app": "web"}


def test_an_undo_takes_the_reason_back_and_keeps_the_annotations_of_the_deployment():
    web, sets = two_revisions()
    web["metadata"]["annotations"] = {
        rollout.REVISION: "2",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "mine": "gone, as with kubectl",
    }
    undone = patch.json_patch(web, rollout.undo(web, rollout.history(web, sets)[1]))
    assert undone["metadata"]["annotations"] == {
        rollout.REVISION: "2",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        rollout.CHANGE_CAUSE: "first",
    }


def test_a_restart_changes_one_annotation_of_the_template():
    web = deployment()
    restarted = patch.merge_patch(web, rollout.restart(NOW))
    assert restarted["spec"]["template"]["metadata"]["annotations"] == {rollout.RESTARTED_AT: "2026-11-23T12:00:00Z"}


def test_pause_and_resume_leave_no_trace():
    web = deployment()
    assert patch.merge_patch(patch.merge_patch(web, rollout.pause(True)), rollout.pause(False)) == web


def test_new_images_are_named_by_container_with_the_reason():
    assert rollout.set_images({"web": "demo:9"}, "faster") == {
        "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "demo:9"}]}}},
        "metadata": {"annotations": {rollout.CHANGE_CAUSE: "faster"}},
    }
    assert "metadata" not in rollout.set_images({"web": "demo:9"})


def test_image_changes_name_what_came_and_went():
    old = {"spec": {"containers": [{"name": "web", "image": "a:1"}, {"name": "old", "image": "b"}]}}
    new = {"spec": {"containers": [{"name": "web", "image": "a:2"}, {"name": "new", "image": "c"}]}}
    assert rollout.image_changes(old, new) == [("web", "a:1", "a:2"), ("old", "b", ""), ("new", "", "c")]


def test_the_pace_rounds_surge_up_and_unavailability_down():
    web = deployment(replicas=3)
    assert rollout.pace(web) == rollout.Pace("RollingUpdate", 3, 4, 3)
    web["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}
    assert rollout.pace(web) == rollout.Pace("RollingUpdate", 3, 3, 2)
    web["spec"]["strategy"] = {"type": "Recreate"}
    assert rollout.pace(web) == rollout.Pace("Recreate", 3, 3, 0)
