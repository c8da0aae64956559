"""What happened? The chain from an action to the Pods that answer."""

import json
from dataclasses import replace

from minikweb.dashboard import story
from minikweb.dashboard.activity import Change, Field
from tests.dashboard.test_actions import text

MANAGER, NODE = "system:kube-controller-manager", "system:node:node-1"
T = 1_000.0


def change(at, kind, name, manager="kubectl", user="system:admin", type="MODIFIED", **parts):
    return Change(
        revision=int(at * 10), at=T + at, type=type, user=user, agent="", verb="patch", manager=manager, kind=kind,
        namespace="demo", name=name, id=f"o{name}", **parts,
    )  # fmt: skip


SCALED = change(0, "Deployment", "web", fields=(Field("spec.replicas", "1", "2"),))
LOG = [
    change(-5, "Pod", "old", "replicaset", MANAGER, "ADDED", owner="ors"),
    SCALED,
    change(0.1, "ReplicaSet", "rs", "deployment", MANAGER, fields=(Field("spec.replicas", "1", "2"),), owner="oweb"),
    change(0.2, "Pod", "new", "replicaset", MANAGER, "ADDED", owner="ors"),
    change(0.3, "Pod", "new", "scheduler", "system:kube-scheduler", fields=(Field("spec.nodeName", "", "node-1"),)),
    change(0.6, "Pod", "new", "kubelet", NODE, only_status=True, was="Pending", now="Running 0/1"),
    change(0.9, "Pod", "new", "kubelet", NODE, only_status=True, was="Running 0/1", now="Running 1/1"),
    change(1.0, "EndpointSlice", "web-x", "endpointslice", MANAGER, only_status=True, targets=frozenset({"onew"})),
    change(1.1, "Deployment", "web", "deployment", MANAGER, only_status=True, was="Progressing 1/2", now="Healthy 2/2"),
    change(9.0, "Deployment", "other", only_status=False),
]
OWN = story.family("oweb", ["ors"], LOG)


def event(reason, name, at, **more):
    stamp = f"1970-01-01T00:16:{40 + at:02d}Z"  # T is 16 min 40 s after 1970 began
    about = {"kind": "Pod", "namespace": "demo", "name": name, "uid": name}
    return {"metadata": {"name": "e"}, "involvedObject": about, "reason": reason, "lastTimestamp": stamp, **more}


def told(log=LOG, events=(), trigger=SCALED, until=float("inf")):
    return story.tell(trigger, until, OWN, "oweb", log, events)


def keys(stages):
    return [stage.key for stage in stages]


def test_it_works():
    stages = told()
    chain = ["request", "workload", "pods", "scheduled", "containers", "ready", "endpoints", "done"]
    assert keys(stages) == chain
    assert [round(stage.after, 1) for stage in stages] == [0, 0.1, 0.2, 0.3, 0.6, 0.9, 1.0, 1.1]


def test_each_stage_names_who_acted_and_the_file_that_does_it():
    found = {stage.key: stage for stage in told()}
    assert found["pods"].source == "minikweb/controllers/replicaset.py"
    assert found["scheduled"].source == "minikweb/scheduler/scheduler.py"
    assert found["request"].actor.name == "kubectl" and found["request"].source == ""


def test_the_family_holds_what_is_gone():
    assert {"oweb", "ors", "onew", "oold"} == OWN


def test_what_belongs_to_others_or_to_another_time_is_left_out():
    names = {step.name for stage in told() for step in stage.steps}
    assert "other" not in names and "old" not in names
    assert keys(told(until=T + 0.25)) == ["request", "workload", "pods"]


def test_actions_are_what_people_did_the_latest_first_and_else_the_birth():
    paused = replace(SCALED, revision=77, at=T + 5)
    assert story.triggers([*LOG, paused], OWN) == [paused, SCALED]
    born = change(-9, "Deployment", "web", "deployment", MANAGER, "ADDED")
    assert story.triggers([born, *LOG[2:4]], OWN) == [born]


def test_only_the_last_word_on_the_whole_is_kept():
    again = change(3, "Deployment", "web", "deployment", MANAGER, only_status=True, now="Healthy 2/2")
    (done,) = [stage for stage in told([*LOG, again]) if stage.key == "done"]
    assert [step.at for step in done.steps] == [T + 3]


def test_an_end_of_a_pod_is_told():
    gone = change(2, "Pod", "new", "kubelet", NODE, "DELETED", owner="ors")
    assert "gone" in keys(told([*LOG, gone]))


def test_events_tell_what_happens_inside_a_node():
    log = [replace(each, id="o" + "a" * 12) if each.name == "new" else each for each in LOG]
    own = story.family("oweb", ["ors"], log)
    pulled = event("Pulled", "a" * 12, 1, message="already present", source={"component": "kubelet", "host": "node-1"})
    found = {stage.key: stage for stage in story.tell(SCALED, float("inf"), own, "oweb", log, [pulled])}
    (step,) = found["images"].steps
    assert found["images"].is_vague and not found["pods"].is_vague
    assert (step.reason, step.message, found["images"].actor.name) == ("Pulled", "already present", "node-1")


def test_an_event_of_the_same_second_comes_after_what_had_to_be_before_it():
    log = [replace(each, id="o" + "a" * 12) if each.name == "new" else each for each in LOG]
    pulled = event("Pulled", "a" * 12, 0)
    found = story.tell(SCALED, float("inf"), story.family("oweb", ["ors"], log), "oweb", log, [pulled])
    assert keys(found)[:6] == ["request", "workload", "pods", "scheduled", "images", "containers"]


def test_without_a_log_events_tell_it_alone():
    birth = replace(SCALED, revision=0, type="ADDED")
    events = [
        event("SuccessfulCreate", "a" * 12, 1, source={"component": "replicaset-controller"}),
        event("Scheduled", "a" * 12, 1, source={"component": "default-scheduler"}),
        event("Started", "a" * 12, 2),
    ]
    found = story.tell(birth, float("inf"), frozenset({"oweb", "o" + "a" * 12}), "oweb", [], events)
    assert keys(found) == ["pods", "scheduled", "containers"]
    assert found[0].source == "minikweb/controllers/replicaset.py"


def test_why_this_node_is_read_from_the_scheduled_event():
    scores = {"node-1": {"Least": 40, "Spread": 10.5}, "node-2": {"Least": 60}}
    decision = {"node": "node-2", "scores": scores, "refusals": {"node-3": {"TaintToleration": ["untolerated taint"]}}}
    found = story.scores_of({"metadata": {"annotations": {story.DECISION: json.dumps(decision)}}})
    assert found[:2] == (("node-2", 60, "Least 60"), ("node-1", 50.5, "Least 40, Spread 10.5"))
    assert found[2] == ("node-3", None, "TaintToleration: untolerated taint")
    assert story.scores_of({"metadata": {"annotations": {story.DECISION: "nonsense"}}}) == ()
    assert story.scores_of({"metadata": {}}) == ()


def test_the_decision_is_found_where_the_scheduler_writes_it(settings):
    assert story.DECISION in (settings.BASE_DIR / "minikweb/scheduler/scheduler.py").read_text()


# --- On the pages ---------------------------------------------------------------------------------


def test_the_tab_tells_the_last_action_and_offers_those_before(web):
    web.deployment()
    web.api.acting_as("kubectl").patch("Deployment", "web", {"spec": {"replicas": 5}}, web.namespace)
    page = text(web.get(web.path("Deployment", "web", "story/")))
    assert "scaled from 2 to 5" in page and "kubectl" in page
    assert "Another action" in page and "created" in page


def test_an_action_is_chosen_by_its_revision(web):
    made = web.deployment()
    web.api.acting_as("kubectl").patch("Deployment", "web", {"spec": {"replicas": 5}}, web.namespace)
    stages = web.ask(web.path("Deployment", "web", f"story/?at={made['metadata']['resourceVersion']}")).context[
        "stages"
    ]
    (request,) = stages
    assert [line["what"] for line in request["steps"]] == ["created"]


def test_on_another_cluster_it_is_told_by_events_and_says_so(web, settings):
    settings.KUBECONFIG = "/etc/kube/config"
    web.deployment()
    assert "told by events alone" in text(web.get(web.path("Deployment", "web", "story/")))
