"""What Kubernetes fills in where a pod is silent."""

from __future__ import annotations

import copy

import pytest

from minikweb.kinds.podspec import default_pod, default_pod_spec, pull_policy


def defaulted(container=None, **spec):
    found = {"containers": [{"name": "web", "image": "demo:1", **(container or {})}], **spec}
    default_pod(found)
    return found


def test_it_works():
    assert defaulted() == {
        "containers": [
            {
                "name": "web",
                "image": "demo:1",
                "imagePullPolicy": "IfNotPresent",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }


def test_doing_it_twice_changes_nothing():
    once = defaulted({"resources": {"limits": {"cpu": "0.5"}}, "env": [{"name": "A"}]}, volumes=[{"name": "tmp"}])
    twice = copy.deepcopy(once)
    default_pod(twice)
    assert twice == once


def test_what_the_user_says_stays():
    said = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "enableServiceLinks": False}
    found = defaulted({"imagePullPolicy": "Never"}, **said)
    assert {key: found[key] for key in said} == said
    assert found["containers"][0]["imagePullPolicy"] == "Never"


def test_null_and_empty_count_as_silence():
    found = defaulted({"imagePullPolicy": "", "resources": None}, restartPolicy=None)
    assert found["restartPolicy"] == "Always"
    assert found["containers"][0]["resources"] == {}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("demo", "Always"),
        ("demo:latest", "Always"),
        ("demo:1", "IfNotPresent"),
        ("registry.example:5000/demo", "Always"),
        ("registry.example:5000/demo:1", "IfNotPresent"),
        ("demo@sha256:" + "0" * 64, "IfNotPresent"),
        ("demo:1@sha256:" + "0" * 64, "IfNotPresent"),
    ],
)
def test_the_tag_decides_when_to_pull(image, policy):
    assert pull_policy(image) == policy


def test_limits_are_requested_in_a_pod():
    resources = {"limits": {"cpu": "0.5", "memory": "1024Mi"}, "requests": {"cpu": "100m"}}
    found = defaulted({"resources": resources})["containers"][0]["resources"]
    assert found == {"limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "1Gi"}}


def test_a_template_gets_less_than_a_pod():
    template = {"containers": [{"name": "web", "image": "demo:1", "resources": {"limits": {"cpu": 1}}}]}
    default_pod_spec(template)
    assert template["containers"][0]["resources"] == {"limits": {"cpu": "1"}}
    assert "enableServiceLinks" not in template


def test_an_amount_that_is_none_is_left_for_validation():
    found = defaulted({"resources": {"limits": {"cpu": "much"}}})
    assert found["containers"][0]["resources"]["limits"] == {"cpu": "much"}


def test_ports_probes_and_references():
    found = defaulted(
        {
            "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
            "readinessProbe": {"httpGet": {"port": 80}},
            "livenessProbe": {"grpc": {"port": 80}, "periodSeconds": 5},
            "lifecycle": {"preStop": {"httpGet": {"port": 80, "path": "/bye"}}},
            "env": [
                {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
            ],
        }
    )["containers"][0]
    counts = {"timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}
    assert [port["protocol"] for port in found["ports"]] == ["TCP", "UDP"]
    assert found["readinessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "periodSeconds": 10,
        **counts,
    }
    assert found["livenessProbe"] == {"grpc": {"port": 80, "service": ""}, "periodSeconds": 5, **counts}
    assert found["lifecycle"]["preStop"]["httpGet"] == {"port": 80, "path": "/bye", "scheme": "HTTP"}
    assert found["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert found["env"][1]["valueFrom"]["resourceFieldRef"]["divisor"] == "0"


def test_volumes():
    volumes = [
        {"name": "scratch"},
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "password", "secret": {"secretName": "password", "defaultMode": 0o400}},
        {"name": "logs", "hostPath": {"path": "/var/log"}},
        {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
        {"name": "me", "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
    ]
    scratch, settings, password, logs, token, me = defaulted(volumes=volumes)["volumes"]
    assert scratch["emptyDir"] == {}
    assert settings["configMap"]["defaultMode"] == 0o644
    assert password["secret"]["defaultMode"] == 0o400
    assert logs["hostPath"]["type"] == ""
    assert token["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 3600
    assert me["downwardAPI"]["items"][0]["fieldRef"]["apiVersion"] == "v1"


def test_the_old_name_of_the_service_account_follows_the_new_one():
    assert defaulted(serviceAccount="bot")["serviceAccountName"] == "bot"
    assert defaulted(serviceAccountName="bot", serviceAccount="old")["serviceAccount"] == "bot"


def test_ports_of_the_host_network_are_the_hosts():
    found = defaulted({"ports": [{"containerPort": 80}]}, hostNetwork=True)
    assert found["containers"][0]["ports"] == [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]


def test_init_containers_are_containers_too():
    found = defaulted(initContainers=[{"name": "setup", "image": "demo"}])
    assert found["initContainers"][0]["imagePullPolicy"] == "Always"
