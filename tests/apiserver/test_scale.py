import pytest

from tests.apiserver.api import APPLY, DEPLOYMENTS, JSON_PATCH, MERGE, deployment


def test_it_works(api):
    created = api.make(DEPLOYMENTS, deployment("web", replicas=3))

    scale = api.get(f"{DEPLOYMENTS}/web/scale").json

    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {"replicas": 3}
    assert scale["status"] == {"replicas": 0, "selector": "app=web"}
    assert scale["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]


def test_writing_it_changes_the_replicas(api):
    api.make(DEPLOYMENTS, deployment("web"))
    scale = api.get(f"{DEPLOYMENTS}/web/scale").json

    answer = api.put(f"{DEPLOYMENTS}/web/scale", scale | {"spec": {"replicas": 5}})

    assert (answer.status, answer.json["kind"], answer.json["spec"]) == (200, "Scale", {"replicas": 5})
    found = api.get(f"{DEPLOYMENTS}/web").json
    assert (found["spec"]["replicas"], found["metadata"]["generation"]) == (5, 2)
    assert api.put(f"{DEPLOYMENTS}/web/scale", scale).status == 409


def test_zero_is_a_number_of_replicas(api):
    api.make(DEPLOYMENTS, deployment("web"))

    assert api.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 0}}).json["spec"].get("replicas", 0) == 0
    assert api.get(f"{DEPLOYMENTS}/web").json["spec"]["replicas"] == 0


@pytest.mark.parametrize(
    "media, patch",
    [(MERGE, {"spec": {"replicas": 4}}), (JSON_PATCH, [{"op": "replace", "path": "/spec/replicas", "value": 4}])],
)
def test_it_can_be_patched(api, media, patch):
    api.make(DEPLOYMENTS, deployment("web"))

    assert api.patch(f"{DEPLOYMENTS}/web/scale", patch, media).json["spec"] == {"replicas": 4}


def test_there_are_no_negative_replicas(api):
    api.make(DEPLOYMENTS, deployment("web"))

    answer = api.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": -1}})

    assert answer.status == 422
    assert "must be greater than or equal to 0" in answer.message


def test_a_dry_run_scales_nothing(api):
    api.make(DEPLOYMENTS, deployment("web"))

    assert api.patch(f"{DEPLOYMENTS}/web/scale?dryRun=All", {"spec": {"replicas": 9}}).json["spec"] == {"replicas": 9}
    assert api.get(f"{DEPLOYMENTS}/web/scale").json["spec"] == {"replicas": 1}


# --- Server-side apply ---

SCALE = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": "web"}}


def applied(api, replicas, manager="autoscaler", options=""):
    target = f"{DEPLOYMENTS}/web/scale?fieldManager={manager}{options}"
    return api.patch(target, SCALE | {"spec": {"replicas": replicas}}, APPLY)


def owners_of_replicas(api):
    """(manager, operation, subresource) of who owns spec.replicas."""
    return [
        (entry["manager"], entry["operation"], entry.get("subresource", ""))
        for entry in api.get(f"{DEPLOYMENTS}/web").json["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    ]


def test_who_applies_a_scale_owns_the_replicas_of_the_workload(api):
    api.make(DEPLOYMENTS, deployment("web", replicas=3))

    assert applied(api, 3).status == 200  # the same number is no conflict
    assert ("autoscaler", "Apply", "scale") in owners_of_replicas(api)

    answer = applied(api, 7, options="&force=true")
    assert (answer.status, answer.json["kind"], answer.json["spec"]) == (200, "Scale", {"replicas": 7})
    assert api.get(f"{DEPLOYMENTS}/web").json["spec"]["replicas"] == 7
    assert owners_of_replicas(api) == [("autoscaler", "Apply", "scale")]


def test_another_owner_of_the_replicas_is_a_conflict(api):
    api.make(DEPLOYMENTS, deployment("web", replicas=3))
    assert applied(api, 5, options="&force=true").status == 200

    answer = applied(api, 6, manager="somebody")

    assert answer.status == 409
    assert "autoscaler" in answer.message
    assert ".spec.replicas" in answer.message
    assert api.get(f"{DEPLOYMENTS}/web").json["spec"]["replicas"] == 5


def test_a_scale_that_cannot_be_applied_is_refused(api):
    api.make(DEPLOYMENTS, deployment("web"))

    assert applied(api, -1, options="&force=true").status == 422
    assert api.patch(f"{DEPLOYMENTS}/web/scale", SCALE, APPLY).status == 422  # no fieldManager
    assert api.patch(f"{DEPLOYMENTS}/web/scale?fieldManager=a", SCALE | {"kind": "Pod"}, APPLY).status == 400
    nobody = SCALE | {"metadata": {"name": "nobody"}}
    assert api.patch(f"{DEPLOYMENTS}/nobody/scale?fieldManager=a", nobody, APPLY).status == 404
