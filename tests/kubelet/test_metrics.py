"""What pods use: two measurements make a rate."""

from datetime import UTC, datetime, timedelta

from minikweb.kubelet.metrics import Sampler, summary
from minikweb.runtime.protocol import ContainerStats, PodRef

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def stats(name="app", pod="web", *, after=0.0, cpu=0.0, memory=1024):
    reference = PodRef("default", pod, f"uid-{pod}")
    return ContainerStats(f"id-{pod}-{name}", reference, name, START + timedelta(seconds=after), cpu, memory)


class Runtime:
    def __init__(self, *rounds):
        self.rounds = list(rounds)

    def stats(self):
        return self.rounds.pop(0)


def test_it_works():
    found = summary("node-1", [(stats(cpu=1.0), stats(after=15, cpu=4.0, memory=2048))])

    assert found["node"]["nodeName"] == "node-1"
    assert found["node"]["cpu"] == {"time": "2026-11-23T12:00:15Z", "usageNanoCores": 200_000_000}
    (pod,) = found["pods"]
    assert pod["podRef"] == {"name": "web", "namespace": "default", "uid": "uid-web"}
    assert pod["containers"][0]["memory"]["workingSetBytes"] == 2048
    assert pod["containers"][0]["windowSeconds"] == 15


def test_containers_add_up_to_pods_and_pods_to_the_node():
    pairs = [
        (stats(name, pod), stats(name, pod, after=10, cpu=1.0, memory=100))
        for name, pod in (("a", "web"), ("b", "web"), ("a", "db"))
    ]

    found = summary("node-1", pairs)

    assert [pod["memory"]["workingSetBytes"] for pod in found["pods"]] == [200, 100]
    assert found["node"]["cpu"]["usageNanoCores"] == 300_000_000


def test_a_node_without_pods_uses_nothing_that_is_known():
    assert summary("node-1", []) == {"node": {"nodeName": "node-1"}, "pods": []}


def test_what_has_just_begun_is_shown_from_its_second_measurement_on():
    sampler = Sampler("node-1", Runtime([stats()], [stats(after=5), stats("new")], [stats("new", after=10)]))

    def names():
        sampler.measure()
        return [one["name"] for pod in sampler.summary()["pods"] for one in pod["containers"]]

    assert [names(), names(), names()] == [[], ["app"], ["new"]]


def test_a_container_that_began_anew_never_uses_less_than_nothing():
    found = summary("node-1", [(stats(cpu=9.0), stats(after=5, cpu=0.1))])

    assert found["node"]["cpu"]["usageNanoCores"] == 0
