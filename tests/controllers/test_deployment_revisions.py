"""Revisions of a Deployment, without an API."""

import re

from minikweb.controllers.deployment import revisions
from tests.controllers.builders import deployment, replicaset, running, template


def numbered(name, number, **more):
    return replicaset(name, 0, annotations={revisions.REVISION: str(number)}, **more)


def test_it_works():
    web = deployment(image="web:2")
    old, new = replicaset("old", image="web:1", age=90), replicaset("new", image="web:2", age=10)
    assert revisions.find_new(web, [new, old]) is new
    assert revisions.find_old([new, old], new) == [old]


def test_the_hash_label_is_no_difference():
    labelled = template()
    labelled["metadata"]["labels"][revisions.HASH_LABEL] = "abc"
    assert revisions.same_template(labelled, template())
    assert not revisions.same_template(template("web:2"), template())


def test_a_missing_and_an_empty_map_are_the_same():
    bare = template()
    bare["metadata"].update(annotations={}, creationTimestamp=None)
    assert revisions.same_template(bare, template())


def test_of_several_with_the_template_the_oldest_is_the_new_one():
    first, second = replicaset("first", age=90), replicaset("second", age=10)
    assert revisions.find_new(deployment(), [second, first]) is first


def test_the_hash_is_stable_safe_and_changes_with_the_template_and_with_collisions():
    one = revisions.template_hash(template())
    assert one == revisions.template_hash(template())
    assert re.fullmatch(r"[bcdfghjklmnpqrstvwxz2456789]{1,10}", one)
    assert one != revisions.template_hash(template("web:2"))
    assert len({one, revisions.template_hash(template(), 0), revisions.template_hash(template(), 1)}) == 3


def test_the_new_replicaset_selects_only_pods_of_its_template():
    made = revisions.new_replicaset(deployment(spec={"minReadySeconds": 5}), 1)
    digest = made["metadata"]["labels"][revisions.HASH_LABEL]
    assert made["metadata"]["name"] == f"web-{digest}"
    assert made["spec"]["selector"]["matchLabels"] == {"app": "web", revisions.HASH_LABEL: digest}
    assert made["spec"]["template"]["metadata"]["labels"] == {"app": "web", revisions.HASH_LABEL: digest}
    assert made["spec"]["minReadySeconds"] == 5
    assert made["metadata"]["annotations"] == {revisions.REVISION: "1"}
    assert made["metadata"]["ownerReferences"][0]["kind"] == "Deployment"


def test_a_long_name_leaves_room_for_the_hash():
    assert len(revisions.new_replicaset(deployment(name="w" * 253), 1)["metadata"]["name"]) == 253


def test_the_next_revision_is_above_all_old_ones():
    assert revisions.next_revision([]) == 1
    assert revisions.next_revision([numbered("a", 3), numbered("b", 7), numbered("c", "x")]) == 8


def test_annotations_are_copied_but_those_of_kubectl_and_of_this_controller():
    given = {"kubernetes.io/change-cause": "new logo", revisions.LAST_APPLIED: "{}", revisions.REVISION: "9"}
    copied = revisions.annotations_of_new(deployment(annotations=given), numbered("a", 2), 2)
    assert copied == {"kubernetes.io/change-cause": "new logo", revisions.REVISION: "2"}


def test_a_replicaset_that_is_rolled_back_to_remembers_its_revisions():
    first = numbered("a", 1)
    first["metadata"]["annotations"] = revisions.annotations_of_new(deployment(), first, 3)
    assert first["metadata"]["annotations"] == {revisions.REVISION: "3", revisions.REVISION_HISTORY: "1"}
    again = revisions.annotations_of_new(deployment(), first, 5)
    assert again == {revisions.REVISION: "5", revisions.REVISION_HISTORY: "1,3"}


def test_a_revision_never_falls():
    assert revisions.annotations_of_new(deployment(), numbered("a", 8), 3) == {revisions.REVISION: "8"}


def test_a_long_history_loses_its_oldest_revisions():
    history = ",".join(str(number) for number in range(1000, 1400))
    given = numbered("a", 1400)
    given["metadata"]["annotations"][revisions.REVISION_HISTORY] = history
    kept = revisions.annotations_of_new(deployment(), given, 1401)[revisions.REVISION_HISTORY]
    assert len(kept) <= 2000
    assert kept.endswith(",1400")


def test_the_oldest_revisions_beyond_the_limit_are_forgotten():
    web = deployment(spec={"revisionHistoryLimit": 2})
    old = [numbered("c", 3, age=10), numbered("a", 1, age=30), numbered("b", 2, age=20)]
    assert [rs["metadata"]["name"] for rs in revisions.to_forget(web, old)] == ["a"]


def test_a_replicaset_with_pods_is_not_forgotten():
    web = deployment(spec={"revisionHistoryLimit": 0})
    busy, unseen = running("busy", 0, of=web, pods=1), running("unseen", 0, of=web, observed=False)
    idle = running("idle", 0, of=web)
    assert revisions.to_forget(web, [busy, unseen, idle]) == [idle]
