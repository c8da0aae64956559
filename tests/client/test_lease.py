"""Leases: a node's heartbeat, and one leader at a time."""

import os
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from minikweb.client import lease as lease_module
from minikweb.client.lease import Election, NodeLease
from tests.client.fakeapi import FakeApi

NOON = datetime(2026, 11, 23, 12, 0, 0, 250000, tzinfo=UTC)


@pytest.fixture
def api(monkeypatch):
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.01)
    monkeypatch.setattr(lease_module, "RETRY_SECONDS", 0.005)
    return FakeApi()


@pytest.fixture
def candidate(api):
    made = []

    def make(**keywords):
        lost = threading.Event()
        made.append(Election(api.client(), "controllers", stopped=lost.set, **keywords))
        made[-1].was_lost = lost
        return made[-1]

    yield make
    for one in made:
        one.stop()


def holder(api):
    return api.objects["leases", "kube-system", "controllers"]["spec"]["holderIdentity"]


def test_a_node_says_that_it_lives():
    api = FakeApi()
    lease = NodeLease(api.client(), "node-1")
    lease.renew(NOON, {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": "u"})
    lease.renew(NOON + timedelta(seconds=10))
    stored = api.objects["leases", "kube-node-lease", "node-1"]
    assert stored["spec"] == {
        "holderIdentity": "node-1",
        "leaseDurationSeconds": 40,
        "renewTime": "2026-11-23T12:00:10.250000Z",
    }
    assert stored["metadata"]["ownerReferences"][0]["uid"] == "u"


def test_it_works(api, candidate):
    leader = candidate()
    assert leader.acquire()
    assert holder(api) == leader.identity


def test_the_second_waits_until_the_first_gives_back(api, candidate):
    first, second = candidate(), candidate()
    assert first.acquire()
    leads = threading.Event()
    threading.Thread(target=lambda: second.acquire() and leads.set(), daemon=True).start()
    assert not leads.wait(0.1)
    first.stop()
    assert leads.wait(5)
    assert holder(api) == second.identity
    assert api.objects["leases", "kube-system", "controllers"]["spec"]["leaseTransitions"] == 1


def test_a_waiting_candidate_can_be_stopped(api, candidate):
    first, second = candidate(), candidate()
    assert first.acquire()
    threading.Timer(0.05, second.stop).start()
    assert second.acquire() is False


def leave_behind(api, identity, seconds=15):
    spec = {"holderIdentity": identity, "leaseDurationSeconds": seconds, "renewTime": "2026-11-23T12:00:00.000000Z"}
    meta = {"name": "controllers", "namespace": "kube-system"}
    api.client().create({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec})


def test_a_process_of_this_machine_that_is_dead_is_replaced_at_once(api, candidate):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    leave_behind(api, f"{socket.gethostname()}_{ended.pid}_abc")
    assert candidate().acquire()


def test_a_process_of_this_machine_that_lives_is_not(api, candidate):
    leave_behind(api, f"{socket.gethostname()}_{os.getpid()}_abc")
    waiting = candidate()
    threading.Timer(0.05, waiting.stop).start()
    assert waiting.acquire() is False


def test_a_dead_leader_of_another_machine_is_waited_for(api, candidate):
    """By our own clock, from when we have seen it last: clocks of two machines may differ."""
    leave_behind(api, "elsewhere_1_abc", seconds=15)
    waiting = candidate()
    spec = api.objects["leases", "kube-system", "controllers"]["spec"]
    assert not waiting._is_free(spec, NOON)
    assert not waiting._is_free(spec, NOON + timedelta(seconds=15))
    assert waiting._is_free(spec, NOON + timedelta(seconds=16))
    renewed = {**spec, "renewTime": "2026-11-23T12:00:16.000000Z"}
    assert not waiting._is_free(renewed, NOON + timedelta(seconds=16))


def test_a_leader_that_cannot_renew_for_too_long_is_told(api, candidate):
    leader = candidate(seconds=0)
    assert leader.acquire()
    api.away = True
    assert leader.was_lost.wait(5)


def test_a_leader_whose_lease_was_taken_is_told(api, candidate):
    leader = candidate()
    assert leader.acquire()
    spec = {"holderIdentity": "elsewhere_1_abc", "renewTime": "2026-11-23T12:00:00.000000Z"}
    api.client().patch("Lease", "controllers", {"spec": spec}, "kube-system")
    assert leader.was_lost.wait(5)


def test_two_that_try_at_the_same_moment_do_not_both_lead(api, candidate):
    candidates = [candidate() for _ in range(4)]
    leaders = []

    def try_once(one):
        if one._try(datetime.now(UTC)):
            leaders.append(one.identity)

    threads = [threading.Thread(target=try_once, args=(one,)) for one in candidates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert leaders == [holder(api)]
