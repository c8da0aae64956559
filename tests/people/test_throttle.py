"""How often somebody may try."""

from minikweb.people.throttle import REMEMBERED, Throttle


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def tried(throttle, key, times):
    for _ in range(times):
        throttle.count(key)


def test_it_works():
    clock = Clock()
    throttle = Throttle(3, 10.0, clock)
    tried(throttle, "a", 2)
    assert throttle.wait("a") == 0
    throttle.count("a")
    assert 0 < throttle.wait("a") <= 10
    assert throttle.wait("b") == 0
    clock.now = 10.0
    assert throttle.wait("a") == 0


def test_who_goes_on_waits_longer_but_not_for_ever():
    clock = Clock()
    throttle = Throttle(3, 10.0, clock)
    tried(throttle, "a", 1000)
    assert 30 < throttle.wait("a") <= 130
    clock.now = 130.0
    assert throttle.wait("a") == 0


def test_a_flood_of_addresses_is_forgotten():
    clock = Clock()
    throttle = Throttle(3, 1.0, clock)
    for number in range(REMEMBERED):
        throttle.count(str(number))
    clock.now = 60.0
    throttle.count("last")
    assert len(throttle._used) == 1
