"""NetworkPolicies for real: who reaches whom, asked from inside pods on the same node and on another."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.docker]

NAMESPACE, ELSEWHERE = "policed", "elsewhere"
ANYBODY = {"podSelector": {}}
SERVER = {"podSelector": {"matchLabels": {"app": "server"}}}
# Sends back each line it gets, at port 9000.
ECHO = """
use IO::Socket::INET; $SIG{CHLD} = 'IGNORE'; $SIG{TERM} = sub { exit };
my $s = IO::Socket::INET->new(LocalPort => 9000, Listen => 9, ReuseAddr => 1) or die;
while (my $c = $s->accept) { next if fork; $c->autoflush(1); while (my $line = <$c>) { print $c $line } exit }
"""
TRIED = 'timeout 1 bash -c "exec 3<>/dev/tcp/{host}/{port}" 2>/dev/null && echo open || echo closed'


class Town:
    """A server and its clients: `near` on its node, `far` on another, `stranger` in another namespace."""

    def __init__(self, cluster):
        self.cluster, self.client = cluster, cluster.client

    def pod(self, name, container, *, node, namespace=NAMESPACE, **labels):
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        spec = {"nodeName": node, "containers": [{"name": "c", **container}], "terminationGracePeriodSeconds": 0}
        self.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    def policy(self, name, **spec):
        metadata = {"name": name, "namespace": NAMESPACE}
        kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
        self.client.create({**kind, "metadata": metadata, "spec": {**ANYBODY, **spec}})

    def tries(self, client, host, port, namespace=NAMESPACE):
        """`open` or `closed`; while the pod does not run yet, kubectl's complaint."""
        script = TRIED.format(host=host, port=port)
        return self.cluster.kubectl("exec", "-n", namespace, client, "--", "bash", "-c", script, check=False).strip()

    def comes_to(self, expected, host="server", port=80):
        """Waits until the clients find this, such as {"near": "open"}."""

        def asks(client):
            return self.tries(client, host, port, NAMESPACE if client != "stranger" else ELSEWHERE)

        def found():
            with ThreadPoolExecutor(len(expected)) as pool:
                return dict(zip(expected, pool.map(asks, expected), strict=True))

        until(lambda: found() == expected, f"{expected} at {host}:{port}")

    def ip(self, pod, namespace=NAMESPACE):
        return self.client.get("Pod", pod, namespace)["status"]["podIP"]


@pytest.fixture(scope="module")
def made(docker_cluster):
    town = Town(docker_cluster)
    for name in (NAMESPACE, ELSEWHERE):
        town.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    ready = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    ports = [{"name": "http", "containerPort": 8080}]
    server = {"image": "minikweb/demo:1", "readinessProbe": ready, "ports": ports}
    shell = {"image": "minikweb/node:1", "command": ["sleep", "infinity"]}
    town.pod("server", server, node="node-1", app="server")
    echo = {"image": "minikweb/node:1", "command": ["perl", "-e", ECHO]}
    town.pod("near", echo, node="node-1", app="near")
    town.pod("far", shell, node="node-2", app="far")
    town.pod("stranger", shell, node="node-2", namespace=ELSEWHERE, app="far")
    spec = {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": "http"}]}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "server", "namespace": NAMESPACE},
        "spec": spec,
    }
    town.client.create(service)
    yield town
    for name in (NAMESPACE, ELSEWHERE):
        town.client.delete("Namespace", name)


@pytest.fixture
def town(made):
    """Without policies, and everybody reaches the server."""
    made.comes_to({"near": "open", "far": "open", "stranger": "open"}, host=f"server.{NAMESPACE}")
    yield made
    for policy in made.client.list("NetworkPolicy", NAMESPACE)["items"]:
        made.client.delete("NetworkPolicy", policy["metadata"]["name"], NAMESPACE)


def test_it_works(town):
    town.policy("nobody", policyTypes=["Ingress"])
    town.comes_to({"near": "closed", "far": "closed"})
    town.policy("near", **SERVER, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "near"}}}]}])
    town.comes_to({"near": "open", "far": "closed"})
    town.comes_to({"near": "open", "far": "closed", "stranger": "closed"}, host=town.ip("server"), port=8080)


def test_namespaces_and_addresses_are_told_apart(town):
    elsewhere = {"matchLabels": {"kubernetes.io/metadata.name": ELSEWHERE}}
    town.policy("elsewhere", **SERVER, ingress=[{"from": [{"namespaceSelector": elsewhere}]}])
    town.comes_to({"stranger": "open"}, host=f"server.{NAMESPACE}")
    town.comes_to({"near": "closed", "far": "closed"})
    block = {"cidr": "10.0.0.0/8", "except": [f"{town.ip('far')}/32"]}
    town.policy("addresses", **SERVER, ingress=[{"from": [{"ipBlock": block}]}])
    town.comes_to({"near": "open", "far": "closed"})


def test_ports_by_number_range_and_name(town):
    town.policy("range", **SERVER, ingress=[{"ports": [{"port": 8000, "endPort": 8079}]}])
    town.comes_to({"near": "closed", "far": "closed"})
    town.policy("name", **SERVER, ingress=[{"ports": [{"port": "http"}]}])
    town.comes_to({"near": "open", "far": "open"})
    town.comes_to({"near": "closed", "far": "closed"}, host=town.ip("server"), port=8081)


def test_what_may_leave_is_judged_names_included(town):
    town.policy("nothing", policyTypes=["Egress"])
    town.comes_to({"near": "closed", "far": "closed"})
    found = ("exec", "-n", NAMESPACE, "far", "--", "timeout", "3", "getent", "hosts", "server")
    assert "server." not in town.cluster.kubectl(*found, check=False)
    dns = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}}
    town.policy("names", policyTypes=["Egress"], egress=[{"to": [dns], "ports": [{"protocol": "UDP", "port": 53}]}])
    until(lambda: "server." in town.cluster.kubectl(*found, check=False), "names")
    town.comes_to({"far": "closed"})
    town.policy("server", policyTypes=["Egress"], egress=[{"to": [SERVER], "ports": [{"port": 8080}]}])
    town.comes_to({"near": "open", "far": "open"})


def test_what_is_open_goes_on_and_the_node_still_asks_whether_a_pod_is_ready(town):
    talk = (
        f"exec 3<>/dev/tcp/{town.ip('near')}/9000; echo one >&3; read -t 5 said <&3; echo $said >/begun; "
        "until [ -e /go ]; do sleep 0.1; done; echo two >&3; read -t 5 said <&3; echo $said >/said"
    )
    _in_far(town, f"({talk}) >/dev/null 2>&1 &")
    until(lambda: _in_far(town, "cat /begun 2>/dev/null || true") == "one\n", "a connection")
    town.policy("nobody", policyTypes=["Ingress", "Egress"])
    town.comes_to({"far": "closed"}, host=town.ip("near"), port=9000)
    _in_far(town, "touch /go")
    until(lambda: _in_far(town, "cat /said 2>/dev/null || true") == "two\n", "an answer")
    _stays_ready(town, seconds=3)


def _in_far(town, script):
    return town.cluster.kubectl("exec", "-n", NAMESPACE, "far", "--", "bash", "-c", script)


def _stays_ready(town, seconds):
    """Three probes and more find the way."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        status = town.client.get("Pod", "server", NAMESPACE)["status"]
        assert next(one["status"] for one in status["conditions"] if one["type"] == "Ready") == "True"
        time.sleep(0.2)
