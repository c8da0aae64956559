"""Waiting times and pod addresses."""

from datetime import timedelta

import pytest

from minikweb.kubelet.addresses import Addresses, NoAddressLeft
from minikweb.kubelet.backoff import Backoff, go_duration
from minikweb.kubelet.node import addresses_of, node_ip
from tests.kubelet.conftest import START


def seconds(delta):
    return delta.total_seconds()


def test_delays_double_up_to_five_minutes():
    backoff, now, seen = Backoff(), START, []
    for _ in range(8):
        backoff.next("a", now)
        seen.append(seconds(backoff.delay("a")))
        now += backoff.delay("a")
    assert seen == [10, 20, 40, 80, 160, 300, 300, 300]


def test_what_never_failed_waits_for_nothing():
    assert Backoff().remaining("a", START, START) <= timedelta()


def test_the_wait_counts_from_the_failure():
    backoff = Backoff()
    backoff.next("a", START)
    failed = START + timedelta(seconds=60)
    assert seconds(backoff.remaining("a", failed, failed + timedelta(seconds=4))) == 6


def test_a_failure_long_after_the_last_one_begins_anew():
    backoff = Backoff()
    backoff.next("a", START)
    backoff.next("a", START)
    later = START + timedelta(minutes=10, seconds=1)
    assert backoff.remaining("a", later, later) <= timedelta()
    backoff.next("a", later)
    assert seconds(backoff.delay("a")) == 10


def test_forgetting_a_pod_forgets_its_containers():
    backoff = Backoff()
    for key in ("u1/a", "u1/b", "u2/a"):
        backoff.next(key, START)
    backoff.forget("u1/")
    assert [seconds(backoff.delay(key)) for key in ("u1/a", "u1/b", "u2/a")] == [0, 0, 10]


@pytest.mark.parametrize(("given", "said"), [(10, "10s"), (80, "1m20s"), (300, "5m0s")])
def test_durations_are_said_as_go_does(given, said):
    assert go_duration(timedelta(seconds=given)) == said


def test_a_pod_keeps_its_address():
    addresses = Addresses("10.244.1.0/24")
    assert addresses.allocate("a") == addresses.allocate("a") == "10.244.1.2"


def test_the_wanted_address_is_given_if_it_is_free_and_ours():
    addresses = Addresses("10.244.1.0/24")
    assert addresses.allocate("a", "10.244.1.77") == "10.244.1.77"
    assert addresses.allocate("b", "10.244.1.77") == "10.244.1.2"
    assert addresses.allocate("c", "10.244.9.9") == "10.244.1.3"


def test_adopted_addresses_are_not_given_again():
    addresses = Addresses("10.244.1.0/24")
    addresses.reserve("old", "10.244.1.2")
    assert addresses.allocate("new") == "10.244.1.3"


def test_all_addresses_can_be_used_and_come_back():
    addresses = Addresses("10.244.1.0/29")
    given = [addresses.allocate(str(n)) for n in range(5)]
    assert given == [f"10.244.1.{n}" for n in range(2, 7)]
    with pytest.raises(NoAddressLeft):
        addresses.allocate("one too many")
    addresses.release("3")
    assert addresses.allocate("another") == "10.244.1.5"


def test_thousands_of_simulated_pods_have_addresses_of_their_own():
    one, two = (addresses_of(f"10.244.{n}.0/24", simulated=True) for n in (1, 2))
    given = {source.allocate(f"{name}-{n}") for name, source in (("1", one), ("2", two)) for n in range(3000)}
    assert len(given) == 6000
    assert len(one) > 5000


def test_a_nodes_own_address_follows_from_its_range():
    assert node_ip("10.244.3.0/24") == "10.244.0.13"
    assert node_ip("10.200.1.0/24") == "10.200.0.11"
