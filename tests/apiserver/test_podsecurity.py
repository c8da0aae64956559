"""Pod Security by the labels of a namespace."""

import pytest

from tests.apiserver.api import pod

PREFIX = "pod-security.kubernetes.io/"
PODS = "/api/v1/namespaces/team/pods"
PRIVILEGED = {"containers": [{"name": "c", "image": "demo:1", "securityContext": {"privileged": True}}]}
REFUSED = 'privileged (container "c" must not set securityContext.privileged=true)'


@pytest.fixture
def team(api):
    def make(**labels):
        named = {PREFIX + key.replace("_", "-"): value for key, value in labels.items()}
        return api.make("/api/v1/namespaces", {"metadata": {"name": "team", "labels": named}})

    return make


def test_what_breaks_the_enforced_level_is_refused(api, team):
    team(enforce="baseline")
    answer = api.post(PODS, pod("web", **PRIVILEGED))
    assert answer.status == 403
    assert answer.message == f'pods "web" is forbidden: violates PodSecurity "baseline:latest": {REFUSED}'
    assert api.post(PODS, pod("web")).status == 201


def test_a_warning_comes_with_the_pod(api, team):
    team(warn="restricted", warn_version="v1.30")
    answer = api.post(PODS, pod("web"))
    assert answer.status == 201
    assert (
        'would violate PodSecurity \\"restricted:v1.30\\": allowPrivilegeEscalation != false'
        in answer.headers["warning"]
    )


def test_a_workload_is_warned_of_and_made(api, team):
    team(enforce="baseline")
    template = {"metadata": {"labels": {"app": "web"}}, "spec": PRIVILEGED}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    made = api.post("/apis/apps/v1/namespaces/team/deployments", {"metadata": {"name": "web"}, "spec": spec})
    assert made.status == 201
    assert 'would violate PodSecurity \\"baseline:latest\\": privileged' in made.headers["warning"]
    scaled = api.patch("/apis/apps/v1/namespaces/team/deployments/web", {"metadata": {"labels": {"a": "b"}}})
    assert "warning" not in scaled.headers


def test_a_cronjobs_inner_template_is_looked_at(api, team):
    team(warn="baseline")
    job = {"template": {"spec": {**PRIVILEGED, "restartPolicy": "Never"}}}
    spec = {"schedule": "* * * * *", "jobTemplate": {"spec": job}}
    made = api.post("/apis/batch/v1/namespaces/team/cronjobs", {"metadata": {"name": "tick"}, "spec": spec})
    assert "would violate PodSecurity" in made.headers["warning"]


def test_a_pod_from_before_can_still_be_labelled(api, team):
    team()
    api.make(PODS, pod("web", **PRIVILEGED))
    api.patch("/api/v1/namespaces/team", {"metadata": {"labels": {f"{PREFIX}enforce": "baseline"}}})
    assert api.patch(f"{PODS}/web", {"metadata": {"labels": {"a": "b"}}}).status == 200
    image = [{"op": "replace", "path": "/spec/containers/0/image", "value": "demo:2"}]
    assert api.patch(f"{PODS}/web", image, "application/json-patch+json").status == 403


def test_who_makes_a_namespace_stricter_hears_of_the_pods_that_are_there(api, team):
    team()
    for name in ("b", "a"):
        api.make(PODS, pod(name, **PRIVILEGED))
    answer = api.patch("/api/v1/namespaces/team", {"metadata": {"labels": {f"{PREFIX}enforce": "baseline"}}})
    assert answer.status == 200
    assert "a (and 1 other pod): privileged" in answer.headers["warning"]


def test_labels_that_mean_nothing_are_refused(api, team):
    answer = api.post("/api/v1/namespaces", {"metadata": {"name": "x", "labels": {f"{PREFIX}enforce": "strict"}}})
    assert answer.status == 422
    assert "must be one of privileged, baseline, restricted" in answer.message
