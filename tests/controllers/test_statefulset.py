"""StatefulSets: one pod of each name at most, in order, with its storage."""

import pytest

from minikweb.apimachinery.meta import controller_of
from minikweb.controllers import history
from minikweb.controllers.garbagecollector import GarbageCollector
from minikweb.controllers.persistentvolume.controller import PersistentVolumeController
from minikweb.controllers.persistentvolume.protection import VolumeProtectionController
from minikweb.controllers.podgc import PodGarbageCollector
from minikweb.controllers.statefulset import claims, identity
from minikweb.controllers.statefulset.controller import StatefulSetController
from minikweb.controllers.statefulset.plan import Look, max_unavailable, plan, status
from minikweb.scheduler.scheduler import Scheduler
from tests.controllers.builders import NOW, metadata, pod, template
from tests.controllers.world import World


def stateful_set(replicas=3, *, policy="OrderedReady", rolling=None, type_="RollingUpdate", status=None, **spec):
    strategy = {"type": type_}
    if type_ == "RollingUpdate":
        strategy["rollingUpdate"] = {"partition": 0, "maxUnavailable": 1, **(rolling or {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata("db", generation=2),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(),
            "podManagementPolicy": policy,
            "updateStrategy": strategy,
            **spec,
        },
        "status": status or {},
    }


def revision(name="db-new"):
    return {"metadata": metadata(name), "data": history.snapshot(stateful_set()), "revision": 2}


def member(ordinal, name="db-new", **more):
    return pod(f"db-{ordinal}", labels={"app": "web", history.HASH_LABEL: name}, **more)


def look(*pods, of=None, current="db-new"):
    return Look(of or stateful_set(), list(pods), revision(current), revision(), NOW)


def names(pods):
    return [each["metadata"]["name"] for each in pods]


def ending(ordinal, **more):
    return member(ordinal, deletionTimestamp="2026-11-23T12:00:00Z", **more)


def test_it_works():
    assert plan(look()).create == [0]
    assert plan(look(member(0))).create == [1]
    assert plan(look(member(0), member(1), member(2))) == plan(look(member(2), member(1), member(0)))


@pytest.mark.parametrize("first", [member(0, ready=None), ending(0), member(0, phase="Pending", ready=None)])
def test_in_order_the_next_waits_for_the_one_before(first):
    step = plan(look(first))
    assert (step.create, step.delete) == ([], [])


def test_a_pod_that_has_not_been_ready_for_long_enough_is_waited_for():
    of = stateful_set(minReadySeconds=60)
    assert plan(look(member(0, ready=59), of=of)).create == []
    assert plan(look(member(0, ready=60), of=of)).create == [1]


def test_a_pod_that_has_ended_makes_room_for_its_successor():
    assert names(plan(look(member(0, phase="Failed"))).delete) == ["db-0"]


def test_scaling_down_ends_the_highest_one_at_a_time():
    of = stateful_set(1)
    assert names(plan(look(member(0), member(1), member(2), of=of)).delete) == ["db-2"]
    assert plan(look(member(0), member(1), ending(2), of=of)).delete == []
    assert plan(look(member(0), member(1, ready=None), member(2, ready=None), of=of)).delete == []
    assert names(plan(look(member(0), member(1), member(2, ready=None), of=of)).delete) == ["db-2"]
    assert plan(look(member(0, ready=None), member(1), of=of)).delete == []


def test_parallel_makes_and_ends_all_at_once():
    of = stateful_set(3, policy="Parallel")
    assert plan(look(of=of)).create == [0, 1, 2]
    assert names(plan(look(member(0), member(5), member(7), of=of)).delete) == ["db-7", "db-5"]


def test_an_update_goes_from_the_highest_down_one_at_a_time():
    old = [member(ordinal, "db-old") for ordinal in range(3)]
    assert names(plan(look(*old)).delete) == ["db-2"]
    assert names(plan(look(*old[:2], member(2))).delete) == ["db-1"]
    assert plan(look(*old[:2], member(2, ready=None))).delete == []


@pytest.mark.parametrize(
    ("rolling", "expected"),
    [
        ({"partition": 1}, ["db-2"]),
        ({"partition": 3}, []),
        ({"maxUnavailable": 2}, ["db-2", "db-1"]),
        ({"maxUnavailable": "100%", "partition": 1}, ["db-2", "db-1"]),
    ],
)
def test_a_partition_stays_old_and_more_may_be_unavailable(rolling, expected):
    old = [member(ordinal, "db-old") for ordinal in range(3)]
    for policy in ("OrderedReady", "Parallel"):
        assert names(plan(look(*old, of=stateful_set(rolling=rolling, policy=policy))).delete) == expected


def test_parallel_replaces_what_is_broken_whatever_the_budget():
    pods = [member(0, "db-old"), member(1, "db-old", ready=None), member(2, "db-old", ready=None)]
    assert names(plan(look(*pods, of=stateful_set(policy="Parallel"))).delete) == ["db-2", "db-1"]


def test_on_delete_nothing_is_ended():
    old = [member(ordinal, "db-old") for ordinal in range(3)]
    assert plan(look(*old, of=stateful_set(type_="OnDelete"))).delete == []


def test_a_share_of_the_replicas_is_rounded_down_but_not_to_nothing():
    assert [max_unavailable({"maxUnavailable": given}, 5) for given in (2, "50%", "1%", None)] == [2, 2, 1, 1]


def test_who_a_pod_is():
    of = stateful_set(serviceName="db", ordinals={"start": 5})
    assert list(identity.ordinals(of)) == [5, 6, 7]
    made = identity.new_pod(of, 5, revision())
    assert (made["metadata"]["name"], made["spec"]["hostname"], made["spec"]["subdomain"]) == ("db-5", "db-5", "db")
    assert made["metadata"]["labels"] == {
        "app": "web",
        "statefulset.kubernetes.io/pod-name": "db-5",
        "apps.kubernetes.io/pod-index": "5",
        "controller-revision-hash": "db-new",
    }
    others = [identity.ordinal_of(of, pod(name)) for name in ("db-0", "db-x", "other-1", "db-1-2")]
    assert others == [0, None, None, None]


def test_below_the_partition_new_pods_are_made_from_the_old_revision():
    of = stateful_set(rolling={"partition": 2})
    assert [identity.takes_current(of, ordinal) for ordinal in range(3)] == [True, True, False]
    assert not identity.takes_current(stateful_set(type_="OnDelete", status={"currentReplicas": 3}), 0)


def test_what_is_told_of_it():
    pods = [member(0, "db-old"), member(1), member(2, ready=None)]
    found = status(look(*pods, of=stateful_set(minReadySeconds=40), current="db-old"))
    assert found == {
        "observedGeneration": 2,
        "replicas": 3,
        "readyReplicas": 2,
        "availableReplicas": 0,
        "currentReplicas": 1,
        "updatedReplicas": 2,
        "currentRevision": "db-old",
        "updateRevision": "db-new",
        "collisionCount": 0,
    }
    done = status(look(member(0), member(1), member(2), current="db-old"))
    assert (done["currentRevision"], done["currentReplicas"]) == ("db-new", 3)


# --- Storage ----------------------------------------------------------------------------------------------

DATA = {"metadata": {"name": "data", "labels": {"tier": "db"}}, "spec": {"accessModes": ["ReadWriteOnce"]}}


def with_claims(deleted="Retain", scaled="Retain", **more):
    policy = {"whenDeleted": deleted, "whenScaled": scaled}
    return stateful_set(volumeClaimTemplates=[DATA], persistentVolumeClaimRetentionPolicy=policy, **more)


def test_each_ordinal_has_its_claims():
    (claim,) = claims.new_claims(with_claims(), 1)
    assert claim["metadata"] == {
        "name": "data-db-1",
        "namespace": "default",
        "labels": {"tier": "db", "app": "web"},
    }
    of = with_claims()
    of["spec"]["template"]["spec"]["volumes"] = [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}]
    made = identity.new_pod(of, 1, {**revision(), "data": history.snapshot(of)})
    assert made["spec"]["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}},
        {"name": "tmp", "emptyDir": {}},
    ]


@pytest.mark.parametrize(
    ("deleted", "scaled", "beyond", "expected"),
    [
        ("Retain", "Retain", False, None),
        ("Delete", "Retain", False, "StatefulSet"),
        ("Delete", "Retain", True, "StatefulSet"),
        ("Retain", "Delete", False, None),
        ("Retain", "Delete", True, "Pod"),
        ("Delete", "Delete", False, "StatefulSet"),
        ("Delete", "Delete", True, "Pod"),
    ],
)
def test_the_retention_policy_says_who_owns_a_claim(deleted, scaled, beyond, expected):
    of, owner = with_claims(deleted, scaled), member(0)
    claim = {"metadata": metadata("data-db-0")}
    found = claims.owners_wanted(claim, of, owner, scaled_down=beyond)
    assert (found and found[0]["kind"]) == expected
    if found:
        claim["metadata"]["ownerReferences"] = found
        assert claims.owners_wanted(claim, of, owner, scaled_down=beyond) is None


def test_a_claim_of_a_pod_that_is_gone_is_left_to_go():
    of = with_claims("Delete", "Delete")
    claim = {"metadata": metadata("data-db-0", owner=member(0))}
    assert claims.is_stale(claim, member(0))
    assert claims.owners_wanted(claim, of, member(0), scaled_down=False) is None


@pytest.fixture
def storage_world():
    """A world, and a StatefulSet controller in it."""
    found = World()
    return found, found.actor(StatefulSetController)


def put(found, obj):
    key = (obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
    return found.write(key, obj)


def work(actor):
    for _ in range(20):
        actor.look()
        if not actor.step():
            return
    raise AssertionError("it never ends")


def test_claims_are_made_before_the_pod_and_stay(storage_world):
    found, actor = storage_world
    put(found, with_claims("Delete", replicas=1))
    work(actor)
    (claim,) = found.all(claims.KIND)
    assert claim["metadata"]["name"] == "data-db-0"
    assert controller_of(claim)["kind"] == "StatefulSet"
    assert names(found.all("Pod")) == ["db-0"]
    said = [message for _, _, message in actor.events.said]
    assert said[0] == "Create Claim data-db-0 Pod db-0 in StatefulSet db success"
    assert said[1] == "Create Pod db-0 in StatefulSet db successful"


def test_a_claim_that_is_gone_comes_back_while_its_pod_waits(storage_world):
    found, actor = storage_world
    put(found, with_claims(replicas=1))
    work(actor)
    (claim,) = found.all(claims.KIND)
    found.write((claims.KIND, "default", claim["metadata"]["name"]), None)
    put(found, found.all("Pod")[0])
    work(actor)
    assert names(found.all(claims.KIND)) == ["data-db-0"]


def test_a_pod_that_is_scaled_away_takes_its_claim_along(storage_world):
    found, actor = storage_world
    of = put(found, with_claims(scaled="Delete", replicas=1))
    work(actor)
    made = found.all("Pod")[0]
    put(found, {**made, "status": member(0)["status"]})
    put(found, {**of, "spec": {**of["spec"], "replicas": 0}})
    work(actor)
    (claim,) = found.all(claims.KIND)
    assert controller_of(claim)["uid"] == made["metadata"]["uid"]


# --- Against the API server -------------------------------------------------------------------------------


@pytest.fixture
def cluster(start):
    storage = (PersistentVolumeController, VolumeProtectionController)
    cluster = start(StatefulSetController, Scheduler, PodGarbageCollector, GarbageCollector, *storage)
    for name in ("node-1", "node-2"):
        cluster.node(name)
    return cluster


def create(cluster, replicas=3, **spec):
    labels = {"matchLabels": {"app": "web"}}
    spec = {"replicas": replicas, "serviceName": "db", "selector": labels, "template": template("db:1"), **spec}
    meta = {"name": "db", "namespace": "default"}
    return cluster.client.create({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": meta, "spec": spec})


def set_image(cluster, image):
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}}
    cluster.client.patch("StatefulSet", "db", patch, "default", type="strategic")


def images(cluster):
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in cluster.pods()}


def state(cluster):
    return cluster.client.get("StatefulSet", "db", "default")["status"]


def test_pods_come_one_after_the_other(cluster):
    create(cluster)
    cluster.settle()
    assert cluster.names("Pod") == ["db-0"]
    cluster.settle(cluster.kubelet)
    assert cluster.names("Pod") == ["db-0", "db-1", "db-2"]
    assert [state(cluster)[key] for key in ("replicas", "readyReplicas", "availableReplicas")] == [3, 3, 3]
    assert state(cluster)["currentRevision"] == state(cluster)["updateRevision"]
    created = cluster.said("SuccessfulCreate")
    assert created == [f"Create Pod db-{ordinal} in StatefulSet db successful" for ordinal in range(3)]


def test_it_is_scaled_through_its_scale(cluster):
    create(cluster)
    cluster.settle(cluster.kubelet)
    cluster.client.patch("StatefulSet", "db", {"spec": {"replicas": 1}}, "default", subresource="scale")
    cluster.settle(cluster.kubelet)
    assert cluster.names("Pod") == ["db-0"]
    assert cluster.said("SuccessfulDelete")[0] == "Delete Pod db-2 in StatefulSet db successful"


def test_a_deleted_pod_comes_back_under_its_name_when_it_is_gone(cluster):
    create(cluster)
    cluster.settle(cluster.kubelet)
    before = cluster.client.get("Pod", "db-1", "default")["metadata"]["uid"]
    cluster.client.delete("Pod", "db-1", "default")
    cluster.settle()
    assert cluster.client.get("Pod", "db-1", "default")["metadata"]["uid"] == before
    cluster.settle(cluster.kubelet)
    assert cluster.client.get("Pod", "db-1", "default")["metadata"]["uid"] != before


def test_a_partition_makes_a_canary_and_undo_takes_it_back(cluster):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    create(cluster, updateStrategy=rolling)
    cluster.settle(cluster.kubelet)
    set_image(cluster, "db:2")
    cluster.settle(cluster.kubelet)
    assert images(cluster) == {"db-0": "db:1", "db-1": "db:1", "db-2": "db:2"}
    assert (state(cluster)["currentReplicas"], state(cluster)["updatedReplicas"]) == (2, 1)
    cluster.client.delete("Pod", "db-0", "default")
    cluster.settle(cluster.kubelet)
    assert images(cluster)["db-0"] == "db:1"
    patch = {"spec": {"updateStrategy": {"rollingUpdate": {"partition": 0}}}}
    cluster.client.patch("StatefulSet", "db", patch, "default")
    cluster.settle(cluster.kubelet)
    assert set(images(cluster).values()) == {"db:2"}
    first = min(cluster.client.list("ControllerRevision", "default")["items"], key=lambda each: each["revision"])
    assert first["metadata"]["labels"]["controller.kubernetes.io/hash"] in first["metadata"]["name"]
    cluster.client.patch("StatefulSet", "db", first["data"], "default", type="strategic")  # what kubectl undo sends
    cluster.settle(cluster.kubelet)
    assert set(images(cluster).values()) == {"db:1"}
    revisions = cluster.client.list("ControllerRevision", "default")["items"]
    assert sorted(each["revision"] for each in revisions) == [2, 3]


def test_a_start_that_moves_moves_the_pods(cluster):
    create(cluster, 2, podManagementPolicy="Parallel")
    cluster.settle(cluster.kubelet)
    cluster.client.patch("StatefulSet", "db", {"spec": {"ordinals": {"start": 1}}}, "default")
    cluster.settle(cluster.kubelet)
    assert cluster.names("Pod") == ["db-1", "db-2"]


def test_a_label_that_was_taken_away_comes_back(cluster):
    create(cluster, 1)
    cluster.settle(cluster.kubelet)
    patch = {"metadata": {"labels": {identity.NAME_LABEL: None}}}
    cluster.client.patch("Pod", "db-0", patch, "default")
    cluster.settle(cluster.kubelet)
    assert cluster.client.get("Pod", "db-0", "default")["metadata"]["labels"][identity.NAME_LABEL] == "db-0"
    assert cluster.said("SuccessfulUpdate") == ["Update Pod db-0 in StatefulSet db successful"]


def test_a_name_that_somebody_else_has_is_waited_for(cluster):
    meta = {"name": "db-0", "namespace": "default"}
    containers = [{"name": "x", "image": "x:1"}]
    cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers}})
    create(cluster, 1)
    assert all(cluster.round() for _ in range(5))
    assert len(cluster.pods()) == 1
    cluster.client.delete("Pod", "db-0", "default", grace_period_seconds=0)
    cluster.settle(cluster.kubelet)
    (pod,) = cluster.pods()
    assert controller_of(pod)["kind"] == "StatefulSet"


def test_a_deleted_set_takes_its_pods_and_revisions_along(cluster):
    create(cluster)
    cluster.settle(cluster.kubelet)
    cluster.client.delete("StatefulSet", "db", "default", propagation_policy="Background")
    cluster.settle(cluster.kubelet)
    assert (cluster.names("Pod"), cluster.names("ControllerRevision")) == ([], [])


def test_claims_go_with_what_the_policy_names(cluster):
    storage = {"resources": {"requests": {"storage": "1Gi"}}}
    policy = {"whenDeleted": "Delete", "whenScaled": "Delete"}
    claim = {**DATA, "spec": {**DATA["spec"], **storage}}
    create(cluster, 2, volumeClaimTemplates=[claim], persistentVolumeClaimRetentionPolicy=policy)
    cluster.settle(cluster.kubelet)
    assert cluster.names("PersistentVolumeClaim") == ["data-db-0", "data-db-1"]
    cluster.client.patch("StatefulSet", "db", {"spec": {"replicas": 1}}, "default", subresource="scale")
    cluster.settle(cluster.kubelet)
    assert cluster.names("PersistentVolumeClaim") == ["data-db-0"]
    cluster.client.patch("StatefulSet", "db", {"spec": {"replicas": 2}}, "default", subresource="scale")
    cluster.settle(cluster.kubelet)
    assert cluster.names("PersistentVolumeClaim") == ["data-db-0", "data-db-1"]
    cluster.client.delete("StatefulSet", "db", "default", propagation_policy="Background")
    cluster.settle(cluster.kubelet)
    assert cluster.names("PersistentVolumeClaim") == []
