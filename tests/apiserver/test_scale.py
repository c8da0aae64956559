import pytest

from tests.apiserver.api import DEPLOYMENTS, JSON_PATCH, MERGE, deployment


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
