"""How large each ReplicaSet may be, without an API."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikweb.controllers.deployment import rolling
from tests.controllers.builders import deployment, replicaset, running


def by_name(sizes):
    return {rs["metadata"]["name"]: replicas for rs, replicas in sizes}


def test_it_works():
    web = deployment(10, surge=3, unavailable=2)
    old, new = running("old", 10, of=web), running("new", 0, of=web)
    assert by_name(rolling.rolling_sizes(web, new, [old])) == {"new": 3, "old": 8}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (2, "0%", "1%", (0, 1)),
        (1, "0%", "1%", (0, 1)),
        (2, "1%", "25%", (1, 0)),
        (10, "25%", "25%", (3, 2)),
        (4, 1, 0, (1, 0)),
        (0, "25%", "25%", (0, 0)),
        (3, 0, "100%", (0, 3)),
    ],
)
def test_percentages_round_surge_up_and_unavailable_down_but_not_both_to_zero(replicas, surge, unavailable, expected):
    assert rolling.fenceposts(deployment(replicas, surge=surge, unavailable=unavailable)) == expected


def test_the_new_one_does_not_exceed_what_is_wanted():
    web = deployment(3, surge="100%", unavailable=0)
    assert rolling.new_size(web, running("new", 2, of=web), [running("old", 1, of=web)]) == 3


def test_pods_that_still_exist_after_a_scale_down_count_against_the_surge():
    web = deployment(10, surge=3, unavailable=2)
    new, old = running("new", 3, of=web), running("old", 8, of=web, available=8, pods=10)
    assert rolling.new_size(web, new, [old]) == 3
    assert rolling.new_size(web, new, [running("old", 8, of=web)]) == 5


def test_nothing_grows_before_the_last_change_was_seen():
    web = deployment(10, surge=3, unavailable=2)
    assert rolling.new_size(web, running("new", 3, of=web), [running("old", 8, of=web, observed=False)]) == 3


def test_new_pods_that_are_not_available_do_not_let_old_ones_go():
    web = deployment(10, surge=3, unavailable=2)
    new, old = running("new", 5, of=web, available=0), running("old", 8, of=web)
    assert by_name(rolling.old_sizes(web, new, [old])) == {"old": 8}


def test_old_pods_that_are_unavailable_go_first():
    web = deployment(10, surge=0, unavailable=2)
    sick, well = running("sick", 4, of=web, available=2, age=90), running("well", 6, of=web, age=100)
    assert by_name(rolling.old_sizes(web, running("new", 0, of=web), [well, sick])) == {"well": 6, "sick": 2}


def test_available_pods_beyond_the_size_do_not_count_twice():
    """The old ReplicaSet was just shrunk from 10 to 8: its status still says 10."""
    web = deployment(10, surge=3, unavailable=2)
    new, old = running("new", 5, of=web, available=1), running("old", 8, of=web, available=10, pods=10)
    assert by_name(rolling.old_sizes(web, new, [old])) == {"old": 7}


def test_a_rollover_shrinks_all_old_ones_while_the_new_one_waits():
    web = deployment(10, surge=3, unavailable=2)
    first, second = running("first", 8, of=web, age=90), running("second", 5, of=web, available=0, age=80)
    new = running("new", 0, of=web)
    assert rolling.new_size(web, new, [first, second]) == 0
    assert by_name(rolling.old_sizes(web, new, [first, second])) == {"first": 8, "second": 0}


def test_a_new_one_that_is_too_large_shrinks():
    web = deployment(3)
    assert rolling.new_size(web, running("new", 5, of=web), []) == 3


def test_recreate_knows_no_surge():
    web = deployment(5, spec={"strategy": {"type": "Recreate"}})
    assert rolling.fenceposts(web) == (0, 0)
    assert rolling.new_size(web, running("new", 0, of=web), []) == 5


def test_a_change_of_replicas_is_told_from_a_rollout():
    web = deployment(3)
    assert not rolling.is_scaling(web, [running("new", 3, of=web)])
    assert rolling.is_scaling(web, [running("new", 3, of=deployment(5))])
    assert not rolling.is_scaling(web, [running("new", 0, of=deployment(5))])


def test_scaling_goes_to_the_only_one_in_use():
    web = deployment(8)
    new, old = running("new", 3, of=deployment(3)), running("old", 0, of=deployment(3))
    assert by_name(rolling.scaling_sizes(web, new, [old])) == {"new": 8}


def test_scaling_up_from_nothing_goes_to_the_new_one():
    web = deployment(8)
    assert by_name(rolling.scaling_sizes(web, running("new", 0, of=web), [running("old", 0, of=web)])) == {"new": 8}


def test_without_a_new_one_scaling_goes_to_the_youngest():
    web = deployment(8, spec={"paused": True})
    olds = [running("older", 0, of=web, age=90), running("younger", 0, of=web, age=10)]
    assert by_name(rolling.scaling_sizes(web, None, olds)) == {"younger": 8}
    assert rolling.scaling_sizes(web, None, []) == []


def test_old_ones_end_when_the_new_one_has_all_its_pods():
    web = deployment(5)
    new, old = running("new", 5, of=web), running("old", 2, of=deployment(4))
    assert by_name(rolling.scaling_sizes(web, new, [old])) == {"old": 0}


def test_scaling_in_the_middle_of_a_rollout_keeps_the_proportions():
    before = deployment(10, surge=3, unavailable=2)
    after = deployment(15, surge=3, unavailable=2)
    old, new = running("old", 8, of=before, age=90), running("new", 5, of=before, age=10)
    assert by_name(rolling.scaling_sizes(after, new, [old])) == {"old": 11, "new": 7}


def test_scaling_to_zero_in_the_middle_of_a_rollout_ends_all():
    before = deployment(10, surge=3)
    old, new = running("old", 8, of=before), running("new", 5, of=before)
    assert by_name(rolling.scaling_sizes(deployment(0, surge=3), new, [old])) == {"old": 0, "new": 0}


def test_without_its_annotation_a_share_is_reckoned_from_the_status():
    web = deployment(20, surge=0, unavailable=1, status={"replicas": 10})
    old, new = replicaset("old", 6, age=90), replicaset("new", 4, age=10)
    assert by_name(rolling.scaling_sizes(web, new, [old])) == {"old": 12, "new": 8}


@given(
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    after=st.integers(0, 80),
    surge=st.integers(1, 9),
)
def test_shares_add_up_to_what_is_allowed(sizes, after, surge):
    """In the middle of a rollout that uses all its surge."""
    was, web = deployment(max(0, sum(sizes) - surge), surge=surge), deployment(after, surge=surge)
    every = [running(f"rs-{index}", size, of=was, age=index) for index, size in enumerate(sizes)]
    shares = by_name(rolling.proportional_sizes(web, every))
    assert all(share >= 0 for share in shares.values())
    # As upstream: what rounding leaves may be more than the largest has; the rollout then takes it from the others.
    total, allowed = sum(shares.values()), after + surge if after else 0
    assert total == allowed or (total > allowed and 0 in shares.values())
