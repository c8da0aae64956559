"""Priority classes at admission."""

from tests.apiserver.api import PODS, TABLE, pod

CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"


def classed(api, name, value, **fields):
    return api.post(CLASSES, {"metadata": {"name": name}, "value": value, **fields})


def test_a_pod_has_the_number_of_its_class(api):
    assert classed(api, "high", 1000, preemptionPolicy="Never").status == 201
    spec = api.make(PODS, pod("web", priorityClassName="high"))["spec"]
    assert (spec["priority"], spec["preemptionPolicy"]) == (1000, "Never")
    assert api.make(PODS, pod("plain"))["spec"]["priority"] == 0


def test_the_global_default_is_for_who_names_none(api):
    classed(api, "usual", 7, globalDefault=True)
    spec = api.make(PODS, pod("web"))["spec"]
    assert (spec["priority"], spec["priorityClassName"]) == (7, "usual")
    answer = classed(api, "second", 8, globalDefault=True)
    assert answer.status == 403
    assert "PriorityClass usual is already marked as default. Only one default can exist" in answer.message


def test_a_number_of_ones_own_is_refused(api):
    answer = api.post(PODS, pod("web", priority=5))
    assert answer.status == 403
    assert "the integer value of priority (5) must not be provided in pod spec" in answer.message


def test_a_class_that_is_gone_is_gone_for_new_pods_only(api):
    classed(api, "high", 1000)
    api.make(PODS, pod("web", priorityClassName="high"))
    api.delete(f"{CLASSES}/high")
    assert api.post(PODS, pod("late", priorityClassName="high")).status == 403
    assert api.patch(f"{PODS}/web", {"metadata": {"labels": {"a": "b"}}}).json["spec"]["priority"] == 1000


def test_the_systems_classes_are_there_and_their_names_reserved(api):
    rows = [row["cells"][:3] for row in api.get(CLASSES, accept=TABLE).json["rows"]]
    assert rows == [["system-cluster-critical", 2_000_000_000, False], ["system-node-critical", 2_000_001_000, False]]
    assert api.make(PODS, pod("web", priorityClassName="system-node-critical"))["spec"]["priority"] == 2_000_001_000
    assert classed(api, "system-mine", 5).status == 422
    assert classed(api, "above", 1_000_000_001).status == 422
