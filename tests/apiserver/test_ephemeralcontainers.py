"""Containers that join a running pod."""

import pytest

from tests.apiserver.api import PODS, STRATEGIC, pod

TARGET = f"{PODS}/web/ephemeralcontainers"


def debugger(name="debugger", **fields):
    return {"name": name, "image": "demo:1", **fields}


def add(api, *containers):
    return api.patch(TARGET, {"spec": {"ephemeralContainers": list(containers)}}, STRATEGIC)


@pytest.fixture
def web(api):
    return api.make(PODS, pod("web"))


def test_a_container_joins_a_pod_that_is_there(api, web):
    answer = add(api, debugger(targetContainerName="c", stdin=True, tty=True))
    assert answer.status == 200, answer.text
    (container,) = answer.json["spec"]["ephemeralContainers"]
    assert container["terminationMessagePath"] == "/dev/termination-log"
    assert answer.json["metadata"]["generation"] == web["metadata"]["generation"] + 1
    assert len(add(api, debugger("second")).json["spec"]["ephemeralContainers"]) == 2


def test_nothing_else_changes_there(api, web):
    changed = {**web, "spec": {**web["spec"], "nodeName": "node-1", "ephemeralContainers": [debugger()]}}
    made = api.put(TARGET, changed).json
    assert "nodeName" not in made["spec"]
    assert made["spec"]["containers"] == web["spec"]["containers"]


@pytest.mark.parametrize(
    "container, why",
    [
        (debugger("c"), "Duplicate value"),
        (debugger(ports=[{"containerPort": 80}]), "cannot be set for an Ephemeral Container"),
        (debugger(resources={"limits": {"cpu": "1"}}), "cannot be set for an Ephemeral Container"),
        (debugger(targetContainerName="nobody"), "Not found"),
        ({"name": "debugger"}, "Required value"),
    ],
)
def test_what_does_not_fit_is_refused(api, web, container, why):
    answer = add(api, container)
    assert answer.status == 422, answer.text
    assert why in answer.message


def test_what_has_come_stays_as_it_is(api, web):
    add(api, debugger())
    assert 'existing ephemeral containers "debugger" may not be changed' in add(api, debugger(image="demo:2")).message
    removed = api.put(TARGET, {**api.get(f"{PODS}/web").json, "spec": web["spec"]})
    assert 'existing ephemeral containers "debugger" may not be removed' in removed.message
    assert api.patch(f"{PODS}/web", {"metadata": {"labels": {"a": "b"}}}).status == 200


def test_pod_security_looks_at_them_too(api):
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    api.make("/api/v1/namespaces", {"metadata": {"name": "team", "labels": labels}})
    place = PODS.replace("default", "team")
    api.make(place, pod("web"))
    privileged = debugger(securityContext={"privileged": True})
    answer = api.patch(f"{place}/web/ephemeralcontainers", {"spec": {"ephemeralContainers": [privileged]}}, STRATEGIC)
    assert answer.status == 403
    assert 'privileged (container "debugger"' in answer.message
