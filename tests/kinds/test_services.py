"""Services: defaults, addresses given and kept, what is wrong with them."""

from __future__ import annotations

import copy

import pytest

from minikweb.kinds.services import SERVICE
from tests.kinds.testdata import messages


def made(ports=({"port": 80},), **spec):
    """A Service as it is stored, with the addresses that the server gives."""
    service = {"metadata": {"name": "web", "namespace": "demo"}, "spec": {"ports": [dict(p) for p in ports], **spec}}
    SERVICE.default(service)
    SERVICE.prepare_for_create(service)
    if service["spec"]["type"] != "ExternalName":
        service["spec"].setdefault("clusterIP", "10.96.1.1")
        service["spec"].setdefault("clusterIPs", [service["spec"]["clusterIP"]])
    if service["spec"]["type"] in ("NodePort", "LoadBalancer"):
        for number, port in enumerate(service["spec"]["ports"], 30001):
            port.setdefault("nodePort", number)
    return service


def updated(service, **spec):
    """A write that leaves out what the server gave, as `kubectl apply` would not."""
    new = copy.deepcopy(service)
    for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        new["spec"].pop(key, None)
    new["spec"].update(spec)
    SERVICE.default(new)
    SERVICE.prepare_for_update(new, service)
    return new


def problems(**spec):
    return messages(SERVICE.validate(made(**spec), None))


def test_it_works():
    assert made()["spec"] == {
        "type": "ClusterIP",
        "clusterIP": "10.96.1.1",
        "clusterIPs": ["10.96.1.1"],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"port": 80, "targetPort": 80, "protocol": "TCP"}],
        "sessionAffinity": "None",
    }
    assert made()["status"] == {"loadBalancer": {}}
    assert problems() == []


def test_outside_traffic_goes_everywhere():
    assert made(type="NodePort")["spec"]["externalTrafficPolicy"] == "Cluster"
    assert made(type="ClusterIP", externalIPs=["192.0.2.1"])["spec"]["externalTrafficPolicy"] == "Cluster"
    assert problems(type="NodePort") == []


def test_a_headless_service_has_no_address():
    assert made(clusterIP="None")["spec"]["clusterIPs"] == ["None"]


def test_a_name_of_another_host_has_neither_address_nor_policy():
    spec = made([], type="ExternalName", externalName="db.example.com")["spec"]
    assert spec == {"type": "ExternalName", "externalName": "db.example.com", "sessionAffinity": "None", "ports": []}


def test_a_load_balancer_has_node_ports_unless_it_says_no():
    assert made(type="LoadBalancer")["spec"]["allocateLoadBalancerNodePorts"] is True
    assert (
        made(type="LoadBalancer", allocateLoadBalancerNodePorts=False)["spec"]["allocateLoadBalancerNodePorts"] is False
    )


def test_sticky_sessions_last_three_hours():
    config = made(sessionAffinity="ClientIP")["spec"]["sessionAffinityConfig"]
    assert config == {"clientIP": {"timeoutSeconds": 10800}}


def test_an_update_keeps_the_address_and_the_node_ports():
    service = made(type="NodePort")
    new = updated(service, ports=[{"port": 80, "targetPort": 8080}])
    assert new["spec"]["clusterIP"] == service["spec"]["clusterIP"]
    assert new["spec"]["ports"][0]["nodePort"] == 30001
    assert SERVICE.validate(new, service) == []


def test_turning_inward_gives_the_node_ports_back():
    service = made(type="NodePort")
    new = updated(service, type="ClusterIP")
    assert "nodePort" not in new["spec"]["ports"][0]
    assert "externalTrafficPolicy" not in new["spec"]
    assert SERVICE.validate(new, service) == []


def test_becoming_a_name_gives_the_address_back():
    service = made()
    new = copy.deepcopy(service)
    new["spec"].update(type="ExternalName", externalName="db.example.com")
    SERVICE.prepare_for_update(new, service)
    assert "clusterIP" not in new["spec"]
    assert SERVICE.validate(new, service) == []


def test_an_address_does_not_change():
    service = made()
    new = updated(service, clusterIP="10.96.9.9", clusterIPs=["10.96.9.9"])
    expected = 'spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set'
    assert messages(SERVICE.validate(new, service)) == [expected]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"ports": []}, "spec.ports: Required value"),
        (
            {"type": "Web"},
            'spec.type: Unsupported value: "Web": supported values: "ClusterIP", "ExternalName", "LoadBalancer", '
            '"NodePort"',
        ),
        ({"ports": [{"port": 0}]}, "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"),
        ({"ports": [{"port": 80}, {"port": 81}]}, "spec.ports[0].name: Required value"),
        (
            {"ports": [{"name": "a", "port": 80}, {"name": "a", "port": 81}]},
            'spec.ports[1].name: Duplicate value: "a"',
        ),
        (
            {"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]},
            'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
        ),
        (
            {"ports": [{"port": 80, "nodePort": 30080}]},
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
        (
            {"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]},
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid "
            "ports is 30000-32767",
        ),
        (
            {"type": "NodePort", "clusterIP": "None"},
            "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
        ),
        (
            {"clusterIP": "everywhere"},
            'spec.clusterIPs[0]: Invalid value: "everywhere": must be a valid IP address, (e.g. 10.9.8.7 or '
            "2001:db8::ffff)",
        ),
        ({"type": "ExternalName", "ports": []}, "spec.externalName: Required value"),
        ({"ports": [{"port": 80, "targetPort": "HTTP"}]}, 'spec.ports[0].targetPort: Invalid value: "HTTP": must'),
    ],
)
def test_it_names_what_is_wrong(spec, expected):
    found = problems(**spec)
    assert any(message.startswith(expected) for message in found), found
