"""What a rolling update promises, at every instant and however late everybody learns of everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minikweb.apimachinery import clock
from minikweb.controllers import podcontrol
from minikweb.controllers.deployment.controller import DeploymentController
from minikweb.controllers.replicaset import ReplicaSetController
from tests.controllers.builders import deployment
from tests.controllers.world import Api, World

LONG_AGO = clock.format(datetime.now(UTC) - timedelta(days=1))


class Cluster:
    """A Deployment, its two controllers and a kubelet; every write is checked once `guard` is set."""

    def __init__(self, replicas: int, surge: int, unavailable: int, wait: int):
        self.world = World()
        self.api = Api(self.world)
        self.actors = [self.world.actor(DeploymentController), self.world.actor(ReplicaSetController)]
        self.replicas, self.most, self.least = replicas, replicas + surge, replicas - unavailable
        self.wait = wait
        self.world.watchers.append(self.check)
        self.guard = False
        spec = {"minReadySeconds": wait} if wait else {}
        self.api.create(deployment(replicas, surge=surge, unavailable=unavailable, spec=spec))

    def check(self) -> None:
        if self.guard:
            pods = self.world.all("Pod")
            active = [pod for pod in pods if podcontrol.is_active(pod)]
            assert len(active) <= self.most
            assert sum(podcontrol.is_available(pod, self.wait, datetime.now(UTC)) for pod in active) >= self.least

    def act(self, choice: int) -> bool:
        """One step of somebody: a controller that looks at part or all of what is new, or the kubelet with one pod."""
        who, how_far = choice % 3, choice // 3
        if who == 2:
            return self.kubelet(how_far)
        self.actors[who].look(None if how_far > 8 else how_far)
        return self.actors[who].step()

    def kubelet(self, which: int) -> bool:
        """Moves one pod on: it runs, gets ready, has been ready for long; or has ended."""
        pods = [pod for pod in self.world.all("Pod") if self.next_state(pod)]
        if not pods:
            return False
        pod = pods[which % len(pods)]
        name, state = pod["metadata"]["name"], self.next_state(pod)
        if state == "gone":
            self.api.delete("Pod", name, "default", force=True)
        elif state == "bound":
            self.api.patch("Pod", name, {"spec": {"nodeName": f"node-{which % 3}"}}, "default")
        else:
            since = LONG_AGO if state == "available" else clock.format(datetime.now(UTC))
            condition = {"type": "Ready", "status": "True", "lastTransitionTime": since}
            status = {"phase": "Running", "conditions": [condition]}
            self.api.patch("Pod", name, {"status": status}, "default", subresource="status")
        return True

    def next_state(self, pod: dict) -> str:
        if not podcontrol.is_active(pod):
            return "gone"
        if not pod["spec"].get("nodeName"):
            return "bound"
        since = podcontrol.ready_since(pod)
        if since is None:
            return "ready"
        return "available" if self.wait and since != LONG_AGO else ""

    def settle(self) -> None:
        """Everybody works until nobody has anything left to do."""
        for _ in range(3000):
            for actor in self.actors:
                actor.look()
            if not any([*(actor.step() for actor in self.actors), self.kubelet(0)]):
                return
        raise AssertionError("they never agree")

    def roll_out(self, image: str) -> None:
        change = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}}
        self.api.patch("Deployment", "web", change, "default")

    def images(self) -> list[str]:
        return [pod["spec"]["containers"][0]["image"] for pod in self.world.all("Pod")]


limits = st.tuples(st.integers(1, 6), st.integers(0, 4), st.integers(0, 4)).filter(
    lambda given: (given[1] or given[2]) and given[2] <= given[0]
)
schedule = st.lists(st.integers(0, 32), max_size=60)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(limits=limits, wait=st.sampled_from([0, 1000]), first=schedule, second=schedule)
def test_a_rollout_keeps_its_promise_and_arrives(limits, wait, first, second):
    """Also when a second rollout begins in the middle of the first."""
    cluster = Cluster(*limits, wait)
    cluster.settle()
    cluster.guard = True
    for number, choices in enumerate((first, second), start=2):
        cluster.roll_out(f"web:{number}")
        for choice in choices:
            cluster.act(choice)
    cluster.settle()
    assert cluster.images() == ["web:3"] * cluster.replicas
    conditions = {c["type"]: c["reason"] for c in cluster.world.all("Deployment")[0]["status"]["conditions"]}
    assert conditions == {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}


@pytest.mark.parametrize("replicas", [0, 1, 7])
def test_it_works(replicas):
    cluster = Cluster(replicas, 1, 0, 0)
    cluster.settle()
    assert cluster.images() == ["web:1"] * replicas
    (web,) = cluster.world.all("Deployment")
    assert web["status"]["observedGeneration"] == web["metadata"]["generation"]
    assert web["status"].get("availableReplicas", 0) == replicas


def test_recreate_makes_no_new_pod_before_the_last_old_one_has_ended():
    cluster = Cluster(3, 1, 0, 0)
    cluster.api.patch(
        "Deployment", "web", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}, "default"
    )
    cluster.settle()
    cluster.world.watchers.append(lambda: len(set(cluster.images())) <= 1 or pytest.fail("old and new side by side"))
    cluster.roll_out("web:2")
    cluster.settle()
    assert cluster.images() == ["web:2"] * 3
