import pytest

from tests.apiserver.api import CONFIG_MAPS, DEPLOYMENTS, PODS, config_map, deployment, pod

NAMESPACES = "/api/v1/namespaces"


def bound_pod(api, name="a", **spec):
    api.make(PODS, pod(name, **spec))
    binding = {"metadata": {"name": name}, "target": {"kind": "Node", "name": "n1"}}
    assert api.post(f"{PODS}/{name}/binding", binding).status == 201
    return api.get(f"{PODS}/{name}").json


def test_it_works(api):
    created = api.make(CONFIG_MAPS, config_map("a"))

    answer = api.delete(f"{CONFIG_MAPS}/a")

    assert answer.status == 200
    assert answer.json["status"] == "Success"
    assert answer.json["details"] == {"name": "a", "kind": "configmaps", "uid": created["metadata"]["uid"]}
    assert api.get(f"{CONFIG_MAPS}/a").status == 404


def test_what_is_not_there_cannot_be_deleted(api):
    answer = api.delete(f"{CONFIG_MAPS}/a")

    assert (answer.status, answer.message) == (404, 'configmaps "a" not found')


@pytest.mark.parametrize(
    "preconditions, said",
    [({"uid": "another"}, "UID in precondition: another"), ({"resourceVersion": "1"}, "does not match")],
)
def test_preconditions_hold(api, preconditions, said):
    api.make(CONFIG_MAPS, config_map("a"))

    answer = api.delete(f"{CONFIG_MAPS}/a", {"kind": "DeleteOptions", "preconditions": preconditions})

    assert answer.status == 409
    assert said in answer.message
    assert api.get(f"{CONFIG_MAPS}/a").status == 200


def test_preconditions_that_are_met_delete(api):
    metadata = api.make(CONFIG_MAPS, config_map("a"))["metadata"]
    preconditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}

    assert api.delete(f"{CONFIG_MAPS}/a", {"preconditions": preconditions}).status == 200


def test_a_dry_run_deletes_nothing(api):
    api.make(CONFIG_MAPS, config_map("a"))

    assert api.delete(f"{CONFIG_MAPS}/a?dryRun=All").status == 200
    assert api.delete(f"{CONFIG_MAPS}/a", {"dryRun": ["All"]}).status == 200

    assert api.get(f"{CONFIG_MAPS}/a").status == 200


@pytest.mark.parametrize(
    "options",
    [
        [],
        "x",
        {"kind": "Pod"},
        {"preconditions": []},
        {"gracePeriodSeconds": "soon"},
        {"dryRun": "All"},
        {"dryRun": [3]},
    ],
)
def test_options_must_be_options(api, options):
    api.make(CONFIG_MAPS, config_map("a"))

    assert api.delete(f"{CONFIG_MAPS}/a", options).status == (400 if options else 200)


# --- Pods end with grace --------------------------------------------------------------------------


def test_a_pod_on_a_node_gets_its_grace(api):
    bound_pod(api, terminationGracePeriodSeconds=40)

    answer = api.delete(f"{PODS}/a")

    assert answer.status == 200
    metadata = answer.json["metadata"]
    assert (metadata["deletionTimestamp"], metadata["deletionGracePeriodSeconds"]) == ("2026-11-23T12:00:40Z", 40)
    assert api.get(f"{PODS}/a").json == answer.json


def test_the_kubelet_removes_a_pod_with_no_grace_left(api):
    bound_pod(api)
    api.delete(f"{PODS}/a")

    answer = api.delete(f"{PODS}/a", {"gracePeriodSeconds": 0})

    assert answer.status == 200
    assert answer.json["kind"] == "Pod"
    assert api.get(f"{PODS}/a").status == 404


def test_a_pod_without_a_node_goes_at_once(api):
    api.make(PODS, pod("a"))

    api.delete(f"{PODS}/a")

    assert api.get(f"{PODS}/a").status == 404


def test_a_pod_that_has_ended_goes_at_once(api):
    ended = bound_pod(api)
    api.put(f"{PODS}/a/status", ended | {"status": {"phase": "Succeeded"}})

    api.delete(f"{PODS}/a")

    assert api.get(f"{PODS}/a").status == 404


@pytest.mark.parametrize("grace, given", [(-5, 1), (10**17, 2**31 - 1)])
def test_a_grace_has_bounds(api, grace, given):
    bound_pod(api)

    assert api.delete(f"{PODS}/a?gracePeriodSeconds={grace}").json["metadata"]["deletionGracePeriodSeconds"] == given


def test_a_grace_can_only_be_shortened(api):
    bound_pod(api)
    api.delete(f"{PODS}/a", {"gracePeriodSeconds": 20})

    longer = api.delete(f"{PODS}/a", {"gracePeriodSeconds": 60}).json["metadata"]
    shorter = api.delete(f"{PODS}/a?gracePeriodSeconds=5").json["metadata"]
    unsaid = api.delete(f"{PODS}/a").json["metadata"]

    assert longer["deletionGracePeriodSeconds"] == 20
    assert (shorter["deletionGracePeriodSeconds"], shorter["deletionTimestamp"]) == (5, "2026-11-23T12:00:05Z")
    assert unsaid == shorter


def test_a_pod_with_a_finalizer_outlives_its_grace(api):
    bound_pod(api)
    kept = api.patch(f"{PODS}/a", {"metadata": {"finalizers": ["example.com/keep"]}})
    assert kept.status == 200
    api.delete(f"{PODS}/a", {"gracePeriodSeconds": 0})

    assert api.get(f"{PODS}/a").json["metadata"]["deletionGracePeriodSeconds"] == 0
    api.patch(f"{PODS}/a", {"metadata": {"finalizers": None}})

    assert api.get(f"{PODS}/a").status == 404


# --- Dependents ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, finalizers, status",
    [
        ({"propagationPolicy": "Foreground"}, ["foregroundDeletion"], 202),
        ({"propagationPolicy": "Orphan"}, ["orphan"], 200),
        ({"orphanDependents": True}, ["orphan"], 200),
        ({"propagationPolicy": "Background"}, None, 200),
        ({}, None, 200),
    ],
)
def test_the_propagation_policy_becomes_a_finalizer(api, options, finalizers, status):
    api.make(DEPLOYMENTS, deployment("web"))

    answer = api.delete(f"{DEPLOYMENTS}/web", options)

    assert answer.status == status
    found = api.get(f"{DEPLOYMENTS}/web")
    if finalizers is None:
        assert found.status == 404
    else:
        assert found.json["metadata"]["finalizers"] == finalizers
        assert found.json["metadata"]["deletionTimestamp"]
        assert found.json["metadata"]["generation"] == 2


def test_a_later_policy_replaces_the_first(api):
    api.make(DEPLOYMENTS, deployment("web"))
    api.delete(f"{DEPLOYMENTS}/web?propagationPolicy=Foreground")

    api.delete(f"{DEPLOYMENTS}/web", {"propagationPolicy": "Background"})

    assert api.get(f"{DEPLOYMENTS}/web").status == 404


@pytest.mark.parametrize(
    "options", [{"propagationPolicy": "Sideways"}, {"propagationPolicy": "Orphan", "orphanDependents": True}]
)
def test_a_policy_must_make_sense(api, options):
    api.make(CONFIG_MAPS, config_map("a"))

    assert api.delete(f"{CONFIG_MAPS}/a", options).status == 422


# --- Namespaces ---------------------------------------------------------------------------------


def test_a_namespace_terminates_until_it_is_finalized(api):
    api.make(NAMESPACES, {"metadata": {"name": "demo"}})

    terminating = api.delete(f"{NAMESPACES}/demo").json

    assert terminating["status"]["phase"] == "Terminating"
    assert terminating["metadata"]["deletionTimestamp"] == "2026-11-23T12:00:00Z"
    assert api.delete(f"{NAMESPACES}/demo").json == terminating
    answer = api.put(f"{NAMESPACES}/demo/finalize", terminating | {"spec": {"finalizers": []}})
    assert answer.status == 200
    assert api.get(f"{NAMESPACES}/demo").status == 404


def test_finalizing_a_living_namespace_does_not_end_it(api):
    namespace = api.make(NAMESPACES, {"metadata": {"name": "demo"}})

    api.put(f"{NAMESPACES}/demo/finalize", namespace | {"spec": {"finalizers": []}})

    assert api.get(f"{NAMESPACES}/demo").status == 200


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
def test_a_cluster_cannot_be_without_some_namespaces(api, name):
    answer = api.delete(f"{NAMESPACES}/{name}")

    assert (answer.status, answer.message) == (
        403,
        f'namespaces "{name}" is forbidden: this namespace may not be deleted',
    )


# --- Collections --------------------------------------------------------------------------------


def test_a_collection_is_deleted_as_selected(api):
    for name in "abc":
        labelled = config_map(name)
        labelled["metadata"]["labels"] = {"keep": "yes" if name == "b" else "no"}
        api.make(CONFIG_MAPS, labelled)

    answer = api.delete(f"{CONFIG_MAPS}?labelSelector=keep=no")

    assert answer.status == 200
    assert (answer.json["kind"], len(answer.json["items"])) == ("ConfigMapList", 2)
    assert [item["metadata"]["name"] for item in api.get(CONFIG_MAPS).json["items"]] == ["b"]


def test_namespaces_are_not_deleted_by_the_dozen(api):
    assert api.delete(NAMESPACES).status == 405
