"""Ports of localhost follow node ports and load balancers."""

import pytest

from minikweb.network.publisher import Publisher, publications
from minikweb.runtime.protocol import RuntimeFailure
from tests.network.objects import endpoint, endpoint_slice, service

RANGE = "Bind for 127.0.0.1:80 failed: port is already allocated"


class Publishers:
    """Docker: which ports are brought to localhost, and by which rules."""

    def __init__(self):
        self.ports, self.rules, self.taken, self.redirected = {}, {}, set(), []

    def published(self):
        return dict(self.ports)

    def publish(self, port, target, rules, address):
        assert address == "127.0.0.1"
        if port in self.taken:
            raise RuntimeFailure(RANGE)
        self.ports[port], self.rules[port] = target, rules

    def redirect(self, port, rules):
        self.rules[port] = rules
        self.redirected.append(port)

    def withdraw(self, port):
        self.ports.pop(port, None)


class Cached(dict):
    def list(self, kind):
        return self.get(kind, [])

    def get(self, kind, *place):
        if len(place) < 2:
            return super().get(kind, *place)
        namespace, name = place
        metadata = ((one["metadata"], one) for one in self.list(kind))
        return next((one for meta, one in metadata if (meta["namespace"], meta["name"]) == (namespace, name)), None)


class Client:
    def __init__(self):
        self.statuses = {}

    def patch(self, kind, name, patch, namespace, subresource):
        assert (kind, subresource) == ("Service", "status")
        self.statuses[name] = patch["status"]["loadBalancer"]["ingress"]


class Recorded:
    def __init__(self):
        self.said = []

    def event(self, obj, type_, reason, message):
        self.said.append((obj["metadata"]["name"], reason, message))


def node(name, number, *, ready=True, runtime="docker"):
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    addresses = [{"type": "InternalIP", "address": f"10.244.0.{10 + number}"}]
    return {
        "metadata": {"name": name, "labels": {"minikweb.io/runtime": runtime}},
        "spec": {"podCIDR": f"10.244.{number}.0/24"},
        "status": {"addresses": addresses, "conditions": conditions},
    }


def exposed(name="web", kind="NodePort", *, port=80, node_port=30080, created="2026-11-23T12:00:00Z", **spec):
    ports = [{"port": port, "nodePort": node_port, "protocol": "TCP"}]
    found = service(name, type=kind, ports=ports, **spec)
    found["metadata"] |= {"uid": name, "creationTimestamp": created}
    found["status"] = {"loadBalancer": {}}
    return found


class World:
    def __init__(self):
        self.docker, self.client, self.recorded = Publishers(), Client(), Recorded()
        self.cache = Cached(Node=[node("node-1", 1), node("node-2", 2)], Service=[], EndpointSlice=[])
        self.publisher = Publisher(self.client, self.cache, self.recorded, connect=lambda: self.docker)

    def sync(self, *services):
        self.cache["Service"] = list(services)
        return self.publisher.sync("", "everything")


@pytest.fixture
def world():
    return World()


def test_it_works(world):
    world.sync(exposed())
    assert world.docker.ports == {"30080/tcp": "30080"}
    wanted = "dnat to numgen random mod 2 map { 0 : 10.244.0.11 . 30080, 1 : 10.244.0.12 . 30080 }"
    assert f"meta l4proto tcp th dport 30080 {wanted}" in world.docker.rules["30080/tcp"]


def test_a_load_balancer_answers_at_its_own_port_too_and_says_where(world):
    world.sync(exposed(kind="LoadBalancer"))
    assert world.docker.ports == {"30080/tcp": "30080", "80/tcp": "30080"}
    assert world.client.statuses == {"web": [{"ip": "127.0.0.1", "ipMode": "Proxy"}]}


def test_a_load_balancer_says_which_of_its_ports_is_not_there(world):
    two = exposed(kind="LoadBalancer")
    two["spec"]["ports"].append({"name": "b", "port": 443, "nodePort": 30443, "protocol": "TCP"})
    world.docker.taken = {"443/tcp"}
    world.sync(two)
    missing = {"port": 443, "protocol": "TCP", "error": "PortUnavailable"}
    assert world.client.statuses == {"web": [{"ip": "127.0.0.1", "ipMode": "Proxy", "ports": [missing]}]}


def test_a_service_inside_the_cluster_is_not_published(world):
    assert world.sync(service()) is None
    assert world.docker.ports == {}


def test_what_is_gone_is_withdrawn(world):
    world.sync(exposed(), exposed("other", node_port=30081))
    world.sync(exposed("other", node_port=30081))
    assert world.docker.ports == {"30081/tcp": "30081"}


def test_what_an_earlier_process_published_is_kept_or_withdrawn(world):
    world.docker.ports = {"30080/tcp": "30080", "30099/tcp": "30099"}
    world.sync(exposed())
    assert world.docker.ports == {"30080/tcp": "30080"}
    assert world.docker.redirected == ["30080/tcp"]


def test_a_port_that_another_program_has_is_told_once_and_the_rest_works(world):
    world.docker.taken = {"80/tcp"}
    for _ in range(2):
        assert world.sync(exposed(kind="LoadBalancer")) > 0
    assert world.docker.ports == {"30080/tcp": "30080"}
    assert world.client.statuses == {}
    ((name, reason, message),) = world.recorded.said
    assert (name, reason) == ("web", "PortUnavailable")
    assert message.startswith("Port 80 of this machine is taken by another program: the Service does not answer at")
    world.docker.taken = set()
    world.sync(exposed(kind="LoadBalancer"))
    assert world.client.statuses["web"]


def test_of_two_services_that_want_a_port_the_older_has_it(world):
    younger = exposed("a", "LoadBalancer", node_port=30081, created="2026-11-23T12:00:01Z")
    world.sync(younger, exposed("b", "LoadBalancer"))
    assert world.docker.ports["80/tcp"] == "30080"
    assert [said[:2] for said in world.recorded.said if said[1] == "PortUnavailable"] == [("a", "PortUnavailable")]
    assert list(world.client.statuses) == ["b"]


def test_nodes_that_are_not_ready_get_nothing(world):
    world.sync(exposed())
    world.cache["Node"] = [node("node-1", 1, ready=False), node("node-2", 2)]
    world.sync(exposed())
    assert "10.244.0.11" not in world.docker.rules["30080/tcp"]
    assert world.docker.redirected == ["30080/tcp"]


def test_with_local_traffic_only_the_nodes_of_its_pods_are_asked():
    slices = [endpoint_slice(endpoint("10.244.2.2", node="node-2"))]
    found = publications([exposed(externalTrafficPolicy="Local")], slices, [node("node-1", 1), node("node-2", 2)])
    assert found[0].nodes == ("10.244.0.12",)


def test_in_a_simulated_cluster_nothing_is_published(world):
    world.cache["Node"] = [node("node-1", 1, runtime="simulated")]
    world.sync(exposed(kind="LoadBalancer"))
    assert (world.docker.ports, world.client.statuses) == ({}, {})
