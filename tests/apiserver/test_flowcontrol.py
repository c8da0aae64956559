"""The flood of one user delays nobody else."""

import pytest

from minikweb.apimachinery.errors import TooManyRequests
from minikweb.apiserver import flowcontrol
from minikweb.apiserver.authentication import User
from minikweb.apiserver.flowcontrol import BURST, RATE, Shares

ZOE, LOU = User("zoe"), User("lou")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shares(clock):
    return Shares(clock)


def asked(shares, user, times):
    """How many of so many requests are let through."""
    passed = 0
    for _ in range(times):
        try:
            shares.take(user)
            passed += 1
        except TooManyRequests:
            continue
    return passed


def test_it_works(shares, clock):
    assert asked(shares, ZOE, 2000) == BURST
    assert asked(shares, LOU, 10) == 10
    clock.now = 1.0
    assert asked(shares, ZOE, 2000) == RATE


def test_who_goes_on_too_fast_still_gets_the_share(shares, clock):
    asked(shares, ZOE, 2000)
    passed = 0
    for _ in range(1000):  # 250 a second, for four
        clock.now += 1 / 250
        passed += asked(shares, ZOE, 1)
    assert passed == pytest.approx(4 * RATE, abs=2)


def test_the_refusal_says_what_to_do(shares):
    asked(shares, ZOE, 2000)
    with pytest.raises(TooManyRequests) as refused:
        shares.take(ZOE)
    assert "wait a moment" in refused.value.message and refused.value.details["retryAfterSeconds"] == 1


@pytest.mark.parametrize(
    "user",
    [
        User("system:admin", ("system:masters",)),
        User("system:node:node-1", ("system:nodes",)),
        User("system:kube-controller-manager"),
        User("minikweb:web"),
        User("system:serviceaccount:kube-system:traefik", ("system:serviceaccounts:kube-system",)),
    ],
    ids=lambda user: user.name,
)
def test_what_keeps_the_cluster_going_is_not_held_up(shares, user):
    assert asked(shares, user, 3000) == 3000


def test_many_users_are_forgotten(shares, clock):
    for number in range(flowcontrol.REMEMBERED):
        shares.take(User(f"user-{number}"))
    clock.now = 60.0
    shares.take(ZOE)
    assert len(shares._left) == 1


def test_a_flood_is_answered_with_retry_after_and_stops_nobody_else(api, clock):
    api.server.shares = Shares(clock)
    zoe, lou = api.issuer.issue("zoe"), api.issuer.issue("lou")
    asked(api.server.shares, ZOE, int(BURST))
    answer = api.get("/version", token=zoe)
    assert (answer.status, answer.json["reason"], answer.headers["retry-after"]) == (429, "TooManyRequests", "1")
    assert api.get("/version", token=lou).status == api.get("/version").status == 200
    for_zoe = {"impersonate_user": "zoe"}
    assert api.get("/version", **for_zoe).status == 429, "who acts for somebody spends their share"
