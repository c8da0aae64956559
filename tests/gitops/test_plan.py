"""Phases, waves and hooks."""

import pytest

from minikweb.gitops import health, plan
from minikweb.gitops.health import Health
from minikweb.gitops.plan import Result, step, tasks


def obj(kind="ConfigMap", name="a", wave=None, hook=None, policy=None, api="v1"):
    annotations = {plan.WAVE: wave, plan.HOOK: hook, plan.DELETE_POLICY: policy}
    kept = {key: str(value) for key, value in annotations.items() if value is not None}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "ns", "annotations": kept}}


def play(wanted, pruned=(), outcome=None, state=None, options=frozenset()):
    """Carries out every task with the outcome given by name; returns the names in order and the last step."""
    found, results, order = tasks(wanted, pruned, options), {}, []
    while True:
        now = step(found, results, lambda task: (state or {}).get(task.obj["metadata"]["name"]))
        if not now.run:
            return order, now
        names = [task.obj["metadata"]["name"] for task in now.run]
        order.append(names)
        for task in now.run:
            ended = Result("Synced", "done", plan.SUCCEEDED if task.is_hook else "")
            results[task.id] = (outcome or {}).get(task.obj["metadata"]["name"], ended)


def test_it_works():
    order, end = play([obj("Deployment", "web"), obj("Namespace", "ns"), obj("Service", "web-service")])
    assert order == [["ns", "web-service", "web"]]
    assert (end.phase, end.message) == ("Succeeded", "successfully synced (all tasks run)")


def test_phases_come_in_order_and_waves_within_them():
    wanted = [
        obj(name="after", hook="PostSync"),
        obj(name="late", wave=5),
        obj(name="early", wave=-1),
        obj(name="middle"),
        obj(name="before", hook="PreSync"),
        obj(name="never", hook="Skip"),
        obj(name="if-it-fails", hook="SyncFail"),
    ]
    order, end = play(wanted)
    assert order == [["before"], ["early"], ["middle"], ["late"], ["after"]]
    assert end.phase == "Succeeded"


def test_a_wave_waits_for_the_health_of_the_one_before():
    wanted = [obj("Deployment", "db", wave=0, api="apps/v1"), obj("Deployment", "web", wave=1, api="apps/v1")]
    order, now = play(wanted, state={"db": Health(health.PROGRESSING)})
    assert order == [["db"]]
    assert (now.phase, now.message) == ("Running", "waiting for healthy state of apps/Deployment/db")
    order, now = play(wanted, state={"db": Health(health.HEALTHY)})
    assert order == [["db"], ["web"]]


def test_the_last_wave_is_not_waited_for():
    _, end = play([obj("Deployment", "web")], state={"web": Health(health.PROGRESSING)})
    assert end.phase == "Succeeded"


def test_a_hook_that_runs_is_waited_for():
    running = {"migrate": Result("Synced", "", plan.RUNNING)}
    order, now = play([obj("Job", "migrate", hook="PreSync", api="batch/v1"), obj()], outcome=running)
    assert order == [["migrate"]]
    assert now.message == "waiting for completion of hook batch/Job/migrate"


def test_a_hook_that_fails_ends_it_after_the_hooks_of_failure():
    failed = {"migrate": Result("Synced", "no", plan.FAILED)}
    wanted = [obj("Job", "migrate", hook="PreSync"), obj(name="web"), obj("Job", "tell", hook="SyncFail")]
    order, end = play(wanted, outcome=failed)
    assert order == [["migrate"], ["tell"]]
    assert (end.phase, end.message) == ("Failed", "one or more synchronization tasks completed unsuccessfully")


def test_what_the_server_refuses_is_the_message():
    refused = {"web": Result("SyncFailed", "replicas: Invalid value", plan.FAILED)}
    _, end = play([obj(name="web"), obj(name="b")], outcome=refused)
    assert end.message == "one or more objects failed to apply, reason: replicas: Invalid value"


def test_what_is_pruned_goes_before_its_wave_is_applied_and_in_the_opposite_order():
    pruned = [obj(name="first", wave=1), obj(name="second", wave=2)]
    order, _ = play([obj(name="new", wave=1)], pruned)
    assert order == [["second", "new"], ["first"]]


def test_prune_last_is_after_everything():
    order, _ = play([obj(name="new", wave=7)], [obj(name="old")], options=frozenset({"PruneLast=true"}))
    assert order == [["new"], ["old"]]


@pytest.mark.parametrize(
    ("annotations", "phases"),
    [
        ({"helm.sh/hook": "pre-install,pre-upgrade"}, ("PreSync",)),
        ({"helm.sh/hook": "post-upgrade"}, ("PostSync",)),
        ({"helm.sh/hook": "test"}, ("Skip",)),
        ({plan.HOOK: "PreSync, PostSync"}, ("PreSync", "PostSync")),
        ({}, ()),
    ],
)
def test_helm_s_hooks_are_understood(annotations, phases):
    assert plan.hooks_of({"kind": "Job", "metadata": {"annotations": annotations}}) == phases


def test_a_hook_is_deleted_before_the_next_one_unless_it_says_otherwise():
    assert plan.delete_policies(obj(hook="PreSync")) == {"BeforeHookCreation"}
    assert plan.delete_policies(obj(hook="PreSync", policy="HookSucceeded, HookFailed")) == {
        "HookSucceeded",
        "HookFailed",
    }
    helm = {"metadata": {"annotations": {"helm.sh/hook-delete-policy": "hook-succeeded"}}}
    assert plan.delete_policies(helm) == {"HookSucceeded"}


def test_a_wave_that_is_no_number_is_the_first():
    assert plan.wave_of(obj(wave="soon")) == 0
    assert plan.wave_of({"metadata": {"annotations": {"helm.sh/hook-weight": "-3"}}}) == -3
