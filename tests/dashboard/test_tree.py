"""Objects become a tree whose order only changes where an object comes or goes."""

from minikweb.dashboard.tree import container_state, worst
from tests.dashboard.objects import (
    crashing,
    deployment,
    entry_of,
    made,
    pod,
    replica_set,
    rollout_objects,
    tree_of,
)


def outline(tree):
    """Names by level, as indented text."""

    def lines(id, depth):
        found = tree.entries[id]
        yield "  " * depth + f"{found.kind} {found.name}"
        for child in tree.children.get(id, ()):
            yield from lines(child, depth + 1)

    return [line for root in tree.namespaces for line in lines(root, 0)]


def test_it_works():
    assert outline(tree_of(*rollout_objects())) == [
        "Namespace demo",
        "  Deployment web",
        "    ReplicaSet web-hash2",
        "      Pod web-0",
        "      Pod web-1",
        "      Pod web-2",
        "    Group old",
        "      ReplicaSet web-hash1",
    ]


def test_the_order_of_arrival_does_not_matter():
    objects = rollout_objects()
    assert outline(tree_of(*objects)) == outline(tree_of(*reversed(objects)))


def test_during_a_rollout_both_replica_sets_are_shown_the_new_one_first():
    web = deployment()
    objects = [made("Namespace", "demo"), web, replica_set(web, 1, 2), replica_set(web, 2, 1)]
    assert outline(tree_of(*objects))[2:] == ["    ReplicaSet web-hash2", "    ReplicaSet web-hash1"]


def test_a_replica_set_without_pods_is_folded_away_until_it_gets_some():
    web = deployment()
    resting, waking = replica_set(web, 1, 0), replica_set(web, 1, 0)
    waking["spec"]["replicas"] = 1
    assert "Group old" in outline(tree_of(made("Namespace", "demo"), web, resting))[2]
    assert "ReplicaSet" in outline(tree_of(made("Namespace", "demo"), web, waking))[2]


def test_a_pod_without_a_controller_hangs_on_its_namespace():
    assert outline(tree_of(made("Namespace", "demo"), pod("alone"))) == ["Namespace demo", "  Pod alone"]


def test_a_controller_of_a_kind_we_do_not_follow_is_shown_by_its_name():
    stranger = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "uid": "f" * 32}}
    assert outline(tree_of(made("Namespace", "demo"), pod("db-0", stranger)))[1:] == [
        "  StatefulSet db",
        "    Pod db-0",
    ]


def test_an_object_that_comes_before_its_namespace_is_shown_already():
    assert outline(tree_of(pod("early"))) == ["Namespace demo", "  Pod early"]


def test_services_and_configuration_make_a_group_of_their_own_at_the_end():
    objects = [made("Namespace", "demo"), made("ConfigMap", "settings"), deployment(), made("Service", "web")]
    assert outline(tree_of(*objects))[2:] == ["  Group config", "    ConfigMap settings", "    Service web"]


def test_younger_pods_come_below_older_ones():
    web = deployment()
    rs = replica_set(web, 1)
    young = pod("a", rs, metadata={"creationTimestamp": "2026-11-23T11:30:00Z"})
    tree = tree_of(made("Namespace", "demo"), web, rs, young, pod("b", rs))
    assert outline(tree)[3:] == ["      Pod b", "      Pod a"]


def test_an_entry_says_what_kubectl_says():
    found = entry_of(crashing("web-0"))
    assert (found.word, found.health, found.ready, found.restarts) == ("CrashLoopBackOff", "Degraded", (0, 1), 4)
    assert found.containers[0].word == "CrashLoopBackOff"


def test_what_is_being_deleted_says_terminating():
    going = entry_of(pod("web-0", metadata={"deletionTimestamp": "2026-11-23T12:00:00Z"}))
    assert (going.word, going.health, going.deleting) == ("Terminating", "Progressing", True)


def test_a_pod_without_room_is_a_problem():
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    waiting = entry_of(pod("web-0", status={"phase": "Pending", "conditions": [condition]}))
    assert (waiting.word, waiting.health, waiting.message) == ("Pending", "Missing", "0/3 nodes")


def test_an_entry_is_equal_when_nothing_that_is_shown_has_changed():
    before, after = pod("web-0"), pod("web-0")
    after["metadata"]["resourceVersion"] = "2"
    after["status"]["conditions"].append({"type": "Initialized", "status": "True"})
    assert entry_of(before) == entry_of(after)


def test_a_container_is_only_healthy_when_it_is_ready():
    running = {"state": {"running": {}}, "ready": False}
    assert container_state(running)[:2] == ("Running", "Progressing")
    assert container_state(running | {"ready": True})[:2] == ("Running", "Healthy")


def test_a_container_that_waits_calmly_is_not_broken():
    creating = {"state": {"waiting": {"reason": "ContainerCreating"}}}
    assert container_state(creating)[1] == "Progressing"
    assert container_state({"state": {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}}) == (
        "ErrImagePull",
        "Degraded",
        "no such image",
    )


def test_an_ended_container_is_judged_by_its_exit_code():
    assert container_state({"state": {"terminated": {"exitCode": 0}}})[:2] == ("Completed", "Healthy")
    assert container_state({"state": {"terminated": {"exitCode": 3}}})[:2] == ("Error", "Degraded")


def test_a_tally_counts_pods_worst_first():
    web = deployment()
    rs = replica_set(web, 1)
    tree = tree_of(made("Namespace", "demo"), web, rs, pod("a", rs), crashing("b", rs))
    assert list(tree.tally(tree.namespaces[0]).items()) == [("Degraded", 1), ("Healthy", 1)]


def test_the_worst_health_wins():
    assert worst(["Healthy", "Degraded", "Progressing"]) == "Degraded"
    assert worst([]) == "Healthy"


def test_above_climbs_to_the_namespace():
    tree = tree_of(*rollout_objects())
    leaf = next(e for e in tree.entries.values() if e.name == "web-0")
    assert [f"{e.kind} {e.name}" for e in tree.above(leaf.id)] == [
        "ReplicaSet web-hash2",
        "Deployment web",
        "Namespace demo",
    ]
