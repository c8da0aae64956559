"""Who makes room for whom."""

from minikweb.scheduler.decision import first_refusal
from minikweb.scheduler.plugins import PodInfo
from minikweb.scheduler.preemption import choose, why_not_eligible
from tests.controllers.builders import metadata, node, pod
from tests.scheduler.test_plugins import info


def sized(name, cpu, priority=0, *, age=60, labels=None, **more):
    found = pod(name, node="", age=age, labels=labels or {"app": name}, spec={"priority": priority}, **more)
    found["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}}
    return found


def chosen(wanted, nodes, budgets=()):
    mine = PodInfo.of(wanted)
    found = choose(mine, nodes, lambda changed: not first_refusal(mine, changed), list(budgets))
    return found and (found.node, [each.pod["metadata"]["name"] for each in found.victims])


def budget(app, allowed):
    spec = {"selector": {"matchLabels": {"app": app}}}
    return {"metadata": metadata(app), "spec": spec, "status": {"disruptionsAllowed": allowed}}


def test_the_least_important_pods_make_room_and_no_more_than_needed():
    full = info(node(), sized("a", "2", 10), sized("b", "1", 5), sized("c", "1", 20))
    assert chosen(sized("urgent", "2", 100), [full]) == ("node-1", ["a"])
    assert chosen(sized("urgent", "1", 100), [full]) == ("node-1", ["b"])


def test_nobody_ends_for_an_equal():
    full = info(node(), sized("a", "4", 100))
    assert chosen(sized("urgent", "1", 100), [full]) is None


def test_where_it_would_not_help_nobody_ends():
    full = info(node(), sized("big", "3", 200), sized("small", "1", 0))
    assert chosen(sized("urgent", "2", 100), [full]) is None


def test_the_node_is_taken_where_the_least_is_lost():
    costly = info(node("node-1"), sized("a", "4", 50))
    cheap = info(node("node-2"), sized("b", "4", 10))
    assert chosen(sized("urgent", "1", 100), [costly, cheap]) == ("node-2", ["b"])


def test_fewer_pods_are_a_smaller_loss():
    many = info(node("node-1"), sized("a", "2"), sized("b", "2"))
    one = info(node("node-2"), sized("c", "4"))
    assert chosen(sized("urgent", "4", 100), [many, one]) == ("node-2", ["c"])


def test_a_budget_is_broken_only_where_nothing_else_helps():
    kept, free = info(node("node-1"), sized("kept", "4", 1)), info(node("node-2"), sized("free", "4", 50))
    budgets = [budget("kept", 0)]
    assert chosen(sized("urgent", "1", 100), [kept, free], budgets) == ("node-2", ["free"])
    assert chosen(sized("urgent", "1", 100), [kept], budgets) == ("node-1", ["kept"])
    assert chosen(sized("urgent", "1", 100), [kept, free], [budget("kept", 1)]) == ("node-1", ["kept"])


def test_the_younger_pod_makes_room():
    full = info(node(), sized("old", "2", age=900), sized("young", "2", age=5))
    assert chosen(sized("urgent", "2", 100), [full]) == ("node-1", ["young"])


def test_who_never_preempts_and_who_has_done_so_waits():
    polite = sized("polite", "1", 100)
    polite["spec"]["preemptionPolicy"] = "Never"
    assert why_not_eligible(PodInfo.of(polite), []) == "not eligible due to preemptionPolicy=Never."
    ending = sized("a", "4")
    ending["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    nominated = sized("urgent", "1", 100)
    nominated["status"]["nominatedNodeName"] = "node-1"
    assert why_not_eligible(PodInfo.of(nominated), [info(node(), ending)]) == (
        "not eligible due to a terminating pod on the nominated node."
    )
    assert why_not_eligible(PodInfo.of(nominated), [info(node(), sized("a", "4"))]) == ""
