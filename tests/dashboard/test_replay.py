"""The tree as it was: wound back along the log of writes."""

import re

import pytest

from minikweb.dashboard import activity, replay
from tests.dashboard.objects import REGISTRY, deployment, made
from tests.dashboard.test_actions import text


def moment(at, new, old=None, type="MODIFIED"):
    health = REGISTRY.named(new["kind"]).health
    item = {
        "revision": at, "at": float(at), "type": type, "user": "ada", "agent": "", "verb": "", "manager": "kubectl",
        "apiVersion": new["apiVersion"], "object": new, "old": old,
    }  # fmt: skip
    return replay.moment_of(item, health, activity.of_item(item, health))


def scaled(replicas):
    found = deployment()
    return found | {"spec": found["spec"] | {"replicas": replicas}}


@pytest.fixture
def story():
    """A Deployment that was born at 10, scaled at 20 and 30; a Pod that lived from 15 to 25."""
    pod = made("Pod", "web-1", spec={"containers": [{"name": "web"}]})
    return [
        moment(10, scaled(1), type="ADDED"),
        moment(15, pod, type="ADDED"),
        moment(20, scaled(2), scaled(1)),
        moment(25, pod, pod, type="DELETED"),
        moment(30, scaled(3), scaled(2)),
    ]


def shown(story, when):
    present = [story[-1].after, moment(1, made("Namespace", "demo"), type="ADDED").after]
    tree = replay.rewound(present, story, when)
    return {found.name: found.ready for found in tree.entries.values() if found.kind in ("Deployment", "Pod")}


def test_it_works(story):
    assert shown(story, 99) == {"web": (0, 3)}
    assert shown(story, 22) == {"web": (0, 2), "web-1": (0, 1)}
    assert shown(story, 12) == {"web": (0, 1)}
    assert shown(story, 5) == {}


def test_a_moment_shows_its_own_change(story):
    assert shown(story, 20) == shown(story, 22)


def test_the_neighbours_of_a_moment_are_the_changes_before_and_after(story):
    place = replay.place_of(story, 22)
    assert [each and each.at for each in (place.previous, place.current, place.next)] == [15, 20, 25]
    first = replay.place_of(story, 5)
    assert (first.current, first.next.at) == (None, 10)
    assert replay.place_of(story, 99).next is None


def test_what_no_tree_shows_and_what_changes_nothing_there_is_no_moment():
    lease = made("Lease", "x") | {"apiVersion": "coordination.k8s.io/v1"}
    health = REGISTRY.named("Pod").health
    item = {"revision": 1, "at": 1.0, "type": "ADDED", "object": lease, "old": None}
    assert replay.moment_of(item, health, None) is None
    assert moment(10, deployment(), deployment()) is None


def test_custom_resources_are_wound_back_and_kinds_without_a_place_in_the_tree_are_not():
    assert replay.is_shown("Cake") and replay.is_shown("Pod")
    assert not replay.is_shown("Role") and not replay.is_shown("Node") and not replay.is_shown("Group")


# --- On the page ----------------------------------------------------------------------------------


def rows(page):
    return text(page.partition("<tbody>")[2])


def at(page, which):
    return re.search(rf'data-at="([\d.]+)" data-{which}', page)[1]


def test_one_goes_back_and_forth_from_change_to_change(web):
    web.deployment(replicas=1)
    web.patch("Deployment", "web", {"spec": {"replicas": 4}})
    now = web.get(f"/replay/?ns={web.namespace}")
    assert "0/4" in rows(now) and "scaled from 1 to 4" in text(now)
    before = web.get(f"/replay/?ns={web.namespace}&at={at(now, 'previous')}")
    assert "0/1" in rows(before) and "created" in text(before)
    assert "0/4" in rows(web.get(f"/replay/?ns={web.namespace}&at={at(before, 'next')}"))
    birth = web.get(f"/replay/?ns={web.namespace}&at={float(at(before, 'previous')) - 1}")
    assert "Deployment" not in rows(birth)


def test_a_moment_that_makes_no_sense_is_now(web):
    web.deployment()
    for moment in ("nonsense", "nan", "1e400", "-5"):
        assert web.ask(f"/replay/?ns={web.namespace}&at={moment}").status_code == 200, moment


def test_on_another_cluster_it_says_why_it_cannot(web, settings):
    settings.KUBECONFIG = "/etc/kube/config"
    assert "This cluster cannot be replayed." in text(web.get("/replay/"))
