import pytest

from tests.apiserver.api import PODS, pod


def bind(api, name="a", node="n1", **extra):
    return api.post(f"{PODS}/{name}/binding", {"metadata": {"name": name}, "target": {"name": node}} | extra)


def test_binding_assigns_a_node_once(api):
    api.make(PODS, pod("a"))

    answer = bind(api)

    assert (answer.status, answer.json["kind"], answer.json["status"]) == (201, "Status", "Success")
    bound = api.get(f"{PODS}/a").json
    assert bound["spec"]["nodeName"] == "n1"
    (condition,) = bound["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")
    again = bind(api, node="n2")
    assert again.status == 409
    assert 'pod a is already assigned to node "n1"' in again.message


def test_binding_replaces_the_reason_why_not(api):
    created = api.make(PODS, pod("a"))
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no"}
    api.put(f"{PODS}/a/status", created | {"status": {"conditions": [condition]}})

    bind(api)

    (condition,) = api.get(f"{PODS}/a").json["status"]["conditions"]
    assert condition["status"] == "True"
    assert "reason" not in condition


@pytest.mark.parametrize(
    "change, status",
    [({"target": {}}, 422), ({"target": {"kind": "Pod", "name": "x"}}, 422), ({"metadata": {"uid": "other"}}, 409)],
)
def test_a_binding_must_make_sense(api, change, status):
    api.make(PODS, pod("a"))

    assert bind(api, **change).status == status


def test_what_is_not_there_cannot_be_bound(api):
    assert bind(api).status == 404


def test_a_pod_that_goes_is_not_bound(api):
    obj = pod("a")
    obj["metadata"]["finalizers"] = ["example.com/keep"]
    api.make(PODS, obj)
    api.delete(f"{PODS}/a")

    assert "is being deleted, cannot be assigned to a host" in bind(api).message


def test_eviction_deletes_with_grace(api):
    api.make(PODS, pod("a"))
    bind(api)
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}

    dry = api.post(f"{PODS}/a/eviction?dryRun=All", eviction)
    assert (dry.status, "deletionTimestamp" in api.get(f"{PODS}/a").json["metadata"]) == (201, False)
    answer = api.post(f"{PODS}/a/eviction", eviction | {"deleteOptions": {"gracePeriodSeconds": 7}})

    assert (answer.status, answer.json["status"]) == (201, "Success")
    assert api.get(f"{PODS}/a").json["metadata"]["deletionGracePeriodSeconds"] == 7


def test_a_pod_runs_as_an_account_and_tolerates_a_short_absence_of_its_node(api):
    spec = api.make(PODS, pod("a"))["spec"]

    assert spec["serviceAccountName"] == "default"
    assert [(t["key"], t["effect"], t["tolerationSeconds"]) for t in spec["tolerations"]] == [
        ("node.kubernetes.io/not-ready", "NoExecute", 300),
        ("node.kubernetes.io/unreachable", "NoExecute", 300),
    ]


@pytest.mark.parametrize("name, priority", [(None, 0), ("system-node-critical", 2_000_001_000)])
def test_a_pod_has_the_priority_of_its_class(api, name, priority):
    spec = api.make(PODS, pod("a", priorityClassName=name))["spec"]

    assert (spec["priority"], spec["preemptionPolicy"]) == (priority, "PreemptLowerPriority")


def test_a_priority_class_that_is_not_there_is_refused(api):
    answer = api.post(PODS, pod("a", priorityClassName="unicorn"))

    assert answer.status == 403
    assert "no PriorityClass with name unicorn was found" in answer.message


def test_the_older_address_binds_too(api):
    api.make(PODS, pod("a"))
    bindings = "/api/v1/namespaces/default/bindings"

    answer = api.post(bindings, {"metadata": {"name": "a"}, "target": {"kind": "Node", "name": "n1"}})

    assert (answer.status, api.get(f"{PODS}/a").json["spec"]["nodeName"]) == (201, "n1")
    assert api.post(bindings, {"target": {"name": "n1"}}).status == 422


def test_a_toleration_of_the_users_own_is_left_alone(api):
    own = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    everything = {"operator": "Exists"}

    assert api.make(PODS, pod("a", tolerations=[own]))["spec"]["tolerations"][0] == own
    assert api.make(PODS, pod("b", tolerations=[everything]))["spec"]["tolerations"] == [everything]


@pytest.mark.parametrize("subresource, status", [("exec", 400), ("log", 200)])
def test_a_pod_without_a_node_has_no_output(api, subresource, status):
    api.make(PODS, pod("a"))

    assert api.get(f"{PODS}/a/{subresource}?command=ls").status == status


@pytest.mark.parametrize("subresource", ["resize"])
def test_what_kubernetes_has_and_we_have_not_is_said(api, subresource):
    answer = api.post(f"{PODS}/a/{subresource}", None)

    assert (answer.status, answer.json["reason"]) == (501, "NotImplemented")
    assert answer.message == f"pods/{subresource} is not supported yet"


@pytest.mark.parametrize(
    "query, said",
    [
        ("", "a container name must be specified for pod a, choose one of: [c d]"),
        ("?container=x", "container x is not valid for pod a"),
    ],
)
def test_there_must_be_no_doubt_whose_log_it_is(api, query, said):
    api.make(PODS, pod("a", containers=[{"name": "c", "image": "x"}, {"name": "d", "image": "x"}]))

    answer = api.get(f"{PODS}/a/log{query}")

    assert (answer.status, answer.message) == (400, said)


@pytest.mark.parametrize(
    "query", ["tailLines=-1", "sinceSeconds=0", "limitBytes=0", "sinceSeconds=5&sinceTime=2026-11-23T12:00:00Z"]
)
def test_a_part_of_a_log_must_make_sense(api, query):
    api.make(PODS, pod("a"))

    assert api.get(f"{PODS}/a/log?{query}").status == 422


def test_a_node_that_has_not_said_where_it_listens_cannot_be_asked(api):
    api.make("/api/v1/nodes", {"metadata": {"name": "n1"}})
    api.make(PODS, pod("a"))
    bind(api)

    for target in (f"{PODS}/a/log", "/api/v1/nodes/n1/proxy/containers"):
        answer = api.get(target)
        assert answer.status == 503
        assert 'the kubelet of node "n1" has not said where it listens' in answer.message
