"""What Jobs, StatefulSets and DaemonSets promise, at every instant and however late everybody learns of everything."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikweb.apimachinery import clock, meta
from minikweb.controllers import history, podcontrol
from minikweb.controllers.daemonset import placement
from minikweb.controllers.daemonset.controller import DaemonSetController
from minikweb.controllers.job import attempts
from minikweb.controllers.job.controller import JobController
from minikweb.controllers.job.progress import Progress
from minikweb.controllers.statefulset import identity
from minikweb.controllers.statefulset.controller import StatefulSetController
from tests.controllers.builders import metadata, node, template
from tests.controllers.world import Api, World

STEPS = st.lists(st.integers(0, 79), max_size=50)
OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Cluster:
    """One controller and a kubelet; `check` is called after every write."""

    def __init__(self, controller, obj, check, *others):
        self.world = World()
        self.api = Api(self.world)
        self.actor = self.world.actor(controller)
        for other in others:
            self.world.write((other["kind"], "", other["metadata"]["name"]), other)
        self.name = obj["metadata"]["name"]
        self.kind = obj["kind"]
        self.api.create(obj)
        self.world.watchers.append(lambda: check(self))

    @property
    def owner(self):
        return self.world.all(self.kind)[0]

    @property
    def pods(self):
        return self.world.all("Pod")

    def act(self, choice: int) -> bool:
        """One step of somebody: the controller, that looks at part or all of what is new, or the kubelet."""
        who, how = choice % 2, choice // 2
        if who:
            return self.kubelet(how)
        self.actor.look(None if how > 8 else how)
        return self.actor.step()

    def kubelet(self, how: int) -> bool:
        """Moves one pod on, perhaps to an end that nobody wished for."""
        if not self.pods:
            return False
        return self.move(self.pods[how % len(self.pods)], fails=how % 5 == 0, is_deleted=how % 7 == 0)

    def move(self, pod: dict, *, fails: bool = False, is_deleted: bool = False) -> bool:
        """It is bound, runs, ends if it is a Job's, is asked to end, is gone; False if it stays as it is."""
        name, phase, meta_ = pod["metadata"]["name"], pod["status"].get("phase"), pod["metadata"]
        if meta.is_being_deleted(pod):
            if meta_.get("deletionGracePeriodSeconds") == 0:
                return False  # a finalizer holds it
            self.api.delete("Pod", name, "default", force=True)
        elif not pod["spec"].get("nodeName"):
            self.api.patch("Pod", name, {"spec": {"nodeName": placement.node_of(pod) or "node-1"}}, "default")
        elif phase == "Pending":
            self.set_status(name, "Running", True)
        elif is_deleted:
            self.api.delete("Pod", name, "default")
        elif phase == "Running" and self.kind == "Job":
            self.set_status(name, "Failed" if fails else "Succeeded", False)
        else:
            return False
        return True

    def set_status(self, name: str, phase: str, ready: bool) -> None:
        stamp = clock.format(datetime.now(UTC))
        condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": stamp}
        self.api.patch(
            "Pod", name, {"status": {"phase": phase, "conditions": [condition]}}, "default", subresource="status"
        )

    def settle(self) -> None:
        """Everybody works until nobody has anything left to do, and no pod ends badly any more."""
        for _ in range(2000):
            self.actor.look()
            if not any([self.actor.step(), *[self.move(pod) for pod in self.pods]]):
                return
        raise AssertionError("they never agree")


def active(cluster):
    return [pod for pod in cluster.pods if podcontrol.is_active(pod)]


# --- Job --------------------------------------------------------------------------------------------------


def a_job(completions, parallelism, indexed):
    mode = "Indexed" if indexed else "NonIndexed"
    spec = {"completions": completions, "parallelism": parallelism, "completionMode": mode, "backoffLimit": 999}
    spec |= {"selector": {"matchLabels": {"app": "web"}}, "template": template()}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata("count"), "spec": spec}


def job_is_sound(cluster):
    spec, status = cluster.owner["spec"], cluster.owner.get("status", {})
    succeeded = [p for p in cluster.pods if attempts.has_succeeded(p) and not meta.is_being_deleted(p)]
    running = active(cluster)
    assert len(running) <= spec["parallelism"]
    assert len(running) + len(succeeded) <= spec["completions"]
    assert status.get("succeeded", 0) <= spec["completions"]
    indexes = Counter(attempts.index_of(pod) for pod in running if attempts.index_of(pod) is not None)
    assert all(count == 1 for count in indexes.values()), indexes


@OFTEN
@given(completions=st.integers(1, 5), parallelism=st.integers(1, 4), indexed=st.booleans(), steps=STEPS)
def test_a_job_is_never_over_its_completions_and_arrives(completions, parallelism, indexed, steps):
    before, Progress.remaining = Progress.remaining, lambda *_: 0.0
    try:
        cluster = Cluster(JobController, a_job(completions, parallelism, indexed), job_is_sound)
        for choice in steps:
            cluster.act(choice)
        cluster.settle()
    finally:
        Progress.remaining = before
    status = cluster.owner["status"]
    assert [each["type"] for each in status["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert status["succeeded"] == completions
    assert not any(map(attempts.is_tracked, cluster.pods))


# --- StatefulSet ------------------------------------------------------------------------------------------


def a_stateful_set(replicas, policy):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}}
    spec = {"replicas": replicas, "podManagementPolicy": policy, "updateStrategy": strategy}
    spec |= {"selector": {"matchLabels": {"app": "web"}}, "template": template()}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata("db"), "spec": spec}


def set_is_sound(cluster):
    of = cluster.owner
    ordinals = sorted(identity.ordinal_of(of, pod) for pod in cluster.pods)
    assert len(ordinals) == len(set(ordinals))


@OFTEN
@given(replicas=st.integers(1, 4), policy=st.sampled_from(["OrderedReady", "Parallel"]), first=STEPS, second=STEPS)
def test_a_stateful_set_has_one_pod_of_each_name_and_arrives(replicas, policy, first, second):
    """Also when its template changes and it is scaled in the middle."""
    cluster = Cluster(StatefulSetController, a_stateful_set(replicas, policy), set_is_sound)
    for choice in first:
        cluster.act(choice)
    cluster.api.patch("StatefulSet", "db", {"spec": {"replicas": 3, "template": template("web:2")}}, "default")
    for choice in second:
        cluster.act(choice)
    cluster.settle()
    assert sorted(pod["metadata"]["name"] for pod in cluster.pods) == ["db-0", "db-1", "db-2"]
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.pods} == {"web:2"}
    status = cluster.owner["status"]
    assert (status["readyReplicas"], status["currentRevision"]) == (3, status["updateRevision"])


# --- DaemonSet --------------------------------------------------------------------------------------------


def a_daemon_set(surge):
    rolling = {"maxUnavailable": 0 if surge else 1, "maxSurge": surge}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template()}
    spec["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": rolling}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata("agent"), "spec": spec}


def daemons_are_sound(cluster):
    most = 1 + cluster.owner["spec"]["updateStrategy"]["rollingUpdate"]["maxSurge"]
    places = Counter(placement.node_of(pod) for pod in active(cluster))
    assert all(count <= most for count in places.values()), places


@OFTEN
@given(surge=st.integers(0, 1), first=STEPS, second=STEPS)
def test_a_node_has_no_daemon_twice_and_each_has_one_in_the_end(surge, first, second):
    nodes = [node(f"node-{number}") for number in range(3)]
    cluster = Cluster(DaemonSetController, a_daemon_set(surge), daemons_are_sound, *nodes)
    for choice in first:
        cluster.act(choice)
    cluster.api.patch("DaemonSet", "agent", {"spec": {"template": template("web:2")}}, "default")
    for choice in second:
        cluster.act(choice)
    cluster.settle()
    assert sorted(map(placement.node_of, cluster.pods)) == ["node-0", "node-1", "node-2"]
    assert {pod["spec"]["containers"][0]["image"] for pod in cluster.pods} == {"web:2"}
    digest = {pod["metadata"]["labels"][history.HASH_LABEL] for pod in cluster.pods}
    assert len(digest) == 1
    assert cluster.owner["status"]["updatedNumberScheduled"] == 3
