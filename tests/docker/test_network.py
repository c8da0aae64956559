"""The network for real: pods, Services, names and ports of localhost, asked from inside pods and from here."""

import json
import re
import socket
import subprocess
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from minikweb.apimachinery import errors
from minikweb.kinds.balancing import shares
from minikweb.runtime.docker import tunnel
from minikweb.runtime.docker.connection import connect
from minikweb.runtime.docker.network import node_name
from tests.running import free_port, until

pytestmark = [pytest.mark.cluster, pytest.mark.docker]

NAMESPACE = "network"
# What a shell in a pod can say: `get host port` asks for a page, `who host port n` asks n times and names the pods.
SHELL = """
get() { exec 3<>/dev/tcp/$1/$2 || return 1; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3 | tail -n 1; exec 3>&-; }
who() { for i in $(seq $3); do get $1 $2; done | sed 's/.*pod \\([^,]*\\),.*/\\1/'; }
"""


class Net:
    """A namespace of the cluster with a client pod on each of two nodes."""

    def __init__(self, cluster):
        self.cluster, self.client = cluster, cluster.client

    def pod(self, name, *, image="minikweb/demo:1", node=None, labels=None, command=None, **spec):
        container = {"name": "c", "image": image, **({"command": command} if command else {})}
        spec = {"containers": [container], "terminationGracePeriodSeconds": 1, **spec}
        if node:
            spec["nodeName"] = node
        metadata = {"name": name, "namespace": NAMESPACE, "labels": labels or {}}
        return self.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    def wait(self, *names):
        """The addresses of pods, once they run."""

        def running():
            found = [self.client.get("Pod", name, NAMESPACE)["status"] for name in names]
            return all(one.get("phase") == "Running" for one in found) and [one["podIP"] for one in found]

        return until(running, f"running {names}")

    def service(self, name, *, ports=None, **spec):
        spec = {"ports": ports or [{"port": 80, "targetPort": 8080}], **spec}
        metadata = {"name": name, "namespace": NAMESPACE}
        found = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        return self.client.create(found)

    def in_pod(self, pod, script, *, check=True):
        return self.cluster.kubectl("exec", "-n", NAMESPACE, pod, "--", "bash", "-c", SHELL + script, check=check)

    def ready(self, service):
        """The addresses that a Service's slices call ready."""
        selector = f"kubernetes.io/service-name={service}"
        slices = self.client.list("EndpointSlice", NAMESPACE, label_selector=selector)["items"]
        endpoints = [each for one in slices for each in one.get("endpoints") or []]
        return {each["addresses"][0] for each in endpoints if each["conditions"]["ready"]}

    def answers(self, service, count):
        """Waits until a Service has so many ready pods and every node knows."""
        until(lambda: len(self.ready(service)) == count, f"{count} endpoints of {service}")
        self.settle()

    def settle(self):
        """Every node has programmed what is in the API now: a Service made last has its name on each."""
        self.marks = getattr(self, "marks", 0) + 1
        name = f"mark-{self.marks}"
        self.service(name)
        for client in ("client-1", "client-2"):
            until(
                lambda pod=client: name in self.in_pod(pod, f"getent hosts {name}", check=False), f"{name} in {client}"
            )
        self.client.delete("Service", name, NAMESPACE)

    def logs(self, pod):
        return self.cluster.kubectl("logs", "-n", NAMESPACE, pod)

    def page(self, port):
        """What localhost answers at a port, None if it does not."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return None


@pytest.fixture(scope="module")
def net(docker_cluster):
    found = Net(docker_cluster)
    metadata = {"name": NAMESPACE}
    docker_cluster.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    for number in (1, 2):
        node = f"node-{number}"
        found.pod(f"client-{number}", image="minikweb/node:1", node=node, command=["sleep", "infinity"])
    for number in range(4):
        found.pod(f"web-{number}", node=f"node-{number % 2 + 1}", labels={"app": "web"})
    found.addresses = dict(zip(names := [f"web-{n}" for n in range(4)], found.wait(*names), strict=True))
    found.clients = dict(zip(names := ["client-1", "client-2"], found.wait(*names), strict=True))
    found.service("web", selector={"app": "web"})
    found.answers("web", 4)
    yield found
    docker_cluster.client.delete("Namespace", NAMESPACE)


def test_it_works(net):
    assert "Hello from Minikweb version 1, pod web-" in net.in_pod("client-1", "get web 80")


@pytest.mark.parametrize("server", ["web-0", "web-1"])  # on the client's node and on another
def test_pods_reach_each_other_and_are_seen_as_who_they_are(net, server):
    assert f"pod {server}," in net.in_pod("client-1", f"get {net.addresses[server]} 8080")
    assert f"from {net.clients['client-1']} " in net.logs(server)


def test_a_service_is_balanced_at_random_and_keeps_the_clients_address(net):
    found = Counter(net.in_pod("client-1", "who web 80 200").split())
    assert set(found) == set(net.addresses)
    assert min(found.values()) >= 25  # of 50 on average: five standard deviations below would be 19
    assert f"from {net.clients['client-1']} " in net.logs("web-3")


def test_the_nodes_tell_which_pod_got_how_many_connections(net):
    service = net.service("counted", selector={"app": "web"})
    net.answers("counted", 4)

    def given():
        nodes = [node["metadata"]["name"] for node in net.client.list("Node")["items"]]
        counts = [net.client.request("GET", f"/api/v1/nodes/{node}/proxy/connections").json() for node in nodes]
        slices = net.client.list("EndpointSlice", NAMESPACE, label_selector="kubernetes.io/service-name=counted")
        return {share.pod: share.connections for share in shares(service, slices["items"], counts)}

    assert given() == dict.fromkeys(net.addresses, 0)
    found = Counter(net.in_pod("client-1", "who counted 80 20").split())
    net.service("change", selector={"app": "web"})
    net.settle()  # the rules are new, the counts are not
    found += Counter(net.in_pod("client-2", "who counted 80 20").split())
    assert given() == {pod: found[pod] for pod in net.addresses}
    assert sum(given().values()) == 40


def test_a_pod_that_is_not_ready_or_ends_gets_nothing_new(net):
    slow = ["sh", "-c", "trap 'sleep 20' TERM; /demo & wait; wait"]
    for name in ("ending", "staying"):
        net.pod(name, labels={"app": "ending"}, command=slow, terminationGracePeriodSeconds=20)
    net.wait("ending", "staying")
    net.service("ending", selector={"app": "ending"})
    net.answers("ending", 2)
    assert set(net.in_pod("client-2", "who ending 80 40").split()) == {"ending", "staying"}
    net.client.delete("Pod", "ending", NAMESPACE)
    net.answers("ending", 1)
    assert net.client.get("Pod", "ending", NAMESPACE)["metadata"]["deletionTimestamp"]
    assert set(net.in_pod("client-2", "who ending 80 40").split()) == {"staying"}
    for name in ("ending", "staying"):
        net.client.delete("Pod", name, NAMESPACE, grace_period_seconds=0)


def test_a_service_without_endpoints_refuses_at_once(net):
    net.service("nobody", selector={"app": "nobody"})
    net.settle()
    began = time.monotonic()
    assert "Connection refused" in net.in_pod("client-1", "get nobody 80", check=False)
    assert time.monotonic() - began < 5


def test_a_pod_reaches_itself_through_its_service(net):
    server = {"name": "server", "image": "minikweb/demo:1"}
    client = {"name": "client", "image": "minikweb/node:1", "command": ["sleep", "infinity"]}
    net.pod("itself", labels={"app": "self"}, containers=[client, server])
    net.wait("itself")
    net.service("self", selector={"app": "self"})
    net.answers("self", 1)
    assert net.in_pod("itself", "who self 80 3").split() == ["itself"] * 3


def test_udp_is_balanced_and_follows_its_endpoints(net):
    server = 'IO::Socket::INET->new(LocalPort => 9000, Proto => "udp")'
    loop = f"$s = {server}; $SIG{{TERM}} = sub {{ exit }}; while ($s->recv($m, 99)) {{ $s->send(`hostname`) }}"
    command = ["perl", "-MIO::Socket::INET", "-e", loop]
    for name in ("udp-0", "udp-1"):
        net.pod(name, image="minikweb/node:1", labels={"app": "udp"}, command=command)
    net.wait("udp-0", "udp-1")
    net.service("udp", selector={"app": "udp"}, ports=[{"port": 53, "targetPort": 9000, "protocol": "UDP"}])
    net.answers("udp", 2)
    ask = "for i in $(seq 20); do exec 3<>/dev/udp/udp/53; echo hello >&3; timeout 3 head -n 1 <&3; exec 3>&-; done"
    assert set(net.in_pod("client-1", ask).split()) == {"udp-0", "udp-1"}
    net.client.delete("Pod", "udp-0", NAMESPACE)
    net.answers("udp", 1)
    assert set(net.in_pod("client-1", ask).split()) == {"udp-1"}


def test_a_client_sticks_to_its_pod_where_asked(net):
    net.service("sticky", selector={"app": "web"}, sessionAffinity="ClientIP")
    net.answers("sticky", 4)
    for client in ("client-1", "client-2"):
        assert len(set(net.in_pod(client, "who sticky 80 20").split())) == 1


def test_several_ports_of_one_service_and_a_port_by_name(net):
    container = {
        "name": "c",
        "image": "minikweb/demo:1",
        "env": [{"name": "PORT", "value": "9090"}],
        "ports": [{"name": "http", "containerPort": 9090}],
    }
    net.pod("named", labels={"app": "named"}, containers=[container])
    net.wait("named")
    ports = [{"name": "a", "port": 80, "targetPort": "http"}, {"name": "b", "port": 81, "targetPort": 9090}]
    net.service("named", selector={"app": "named"}, ports=ports)
    net.answers("named", 1)
    assert net.in_pod("client-1", "who named 80 1; who named 81 1").split() == ["named", "named"]


# --- Names ----------------------------------------------------------------------------------------------
def test_pods_read_the_resolv_conf_of_kubernetes(net):
    assert net.in_pod("client-1", "cat /etc/resolv.conf").splitlines() == [
        "nameserver 10.96.0.10",
        f"search {NAMESPACE}.svc.cluster.local svc.cluster.local cluster.local",
        "options ndots:5",
    ]


def test_services_have_names_in_every_length(net):
    ip = net.client.get("Service", "web", NAMESPACE)["spec"]["clusterIP"]
    full = f"web.{NAMESPACE}.svc.cluster.local"
    for name in ("web", f"web.{NAMESPACE}", f"web.{NAMESPACE}.svc", full):
        assert net.in_pod("client-2", f"getent hosts {name}").split() == [ip, full]
    assert net.in_pod("client-2", f"getent hosts {ip}").split()[1] == full
    assert net.in_pod("client-2", "getent hosts nothing-here || echo none") == "none\n"


def test_a_headless_service_is_its_pods_and_each_has_a_name(net):
    net.pod("db-0", labels={"app": "db"}, hostname="db-0", subdomain="db")
    net.pod("db-1", labels={"app": "db"}, hostname="db-1", subdomain="db")
    first, second = net.wait("db-0", "db-1")
    net.service("db", selector={"app": "db"}, clusterIP="None")
    net.answers("db", 2)
    addresses = net.in_pod("client-1", "getent ahostsv4 db")
    assert set(re.findall(r"^\S+", addresses, re.MULTILINE)) == {first, second}
    assert net.in_pod("client-1", "getent hosts db-1.db").split()[0] == second


def test_an_external_name_of_the_cluster_is_followed(net):
    net.service("alias", type="ExternalName", externalName=f"web.{NAMESPACE}.svc.cluster.local", ports=[{"port": 80}])
    net.settle()
    assert "Hello from Minikweb" in net.in_pod("client-1", "get alias 80")


def test_pods_reach_the_api_at_its_service(net):
    ask = "exec 3<>/dev/tcp/kubernetes.default/443 && echo open"
    assert net.in_pod("client-1", ask) == "open\n"
    slices = net.client.list("EndpointSlice", "default")["items"]
    assert [one["ports"][0]["port"] for one in slices] == [net.cluster.api_port]


def test_a_pods_address_is_a_name(net):
    ip = net.addresses["web-1"]
    name = f"{ip.replace('.', '-')}.{NAMESPACE}.pod.cluster.local"
    assert net.in_pod("client-1", f"getent hosts {name}").split() == [ip, name]
    assert net.in_pod("client-1", f"getent hosts 10-1-2-3.{NAMESPACE}.pod || echo none") == "none\n"


# --- From the laptop ------------------------------------------------------------------------------------
def test_a_node_port_answers_on_every_node_and_on_localhost(net):
    made = net.service("door", type="NodePort", selector={"app": "web"})
    port = made["spec"]["ports"][0]["nodePort"]
    assert 30000 <= port <= 32767
    net.answers("door", 4)
    for node in net.client.list("Node")["items"]:
        address = node["status"]["addresses"][0]["address"]
        assert "Hello from" in net.in_pod("client-1", f"get {address} {port}")
    pages = [until(lambda: net.page(port), f"localhost:{port}") for _ in range(40)]
    assert len({re.search(r"pod (\S+),", page)[1] for page in pages}) == 4
    net.client.delete("Service", "door", NAMESPACE)
    until(lambda: net.page(port) is None, "the end of the node port")


def test_a_load_balancer_answers_at_its_port_of_localhost(net):
    port = free_port()
    made = net.service(
        "balanced", type="LoadBalancer", selector={"app": "web"}, ports=[{"port": port, "targetPort": 8080}]
    )
    assert made["status"] == {"loadBalancer": {}}
    until(lambda: "127.0.0.1" in net.cluster.kubectl("get", "svc", "-n", NAMESPACE, "balanced"), "an external address")
    assert "Hello from" in until(lambda: net.page(port), f"localhost:{port}")


def test_a_port_that_is_taken_is_told_in_one_sentence_and_the_rest_works(net):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports = [{"port": port, "targetPort": 8080}]
        made = net.service("late", type="LoadBalancer", selector={"app": "web"}, ports=ports)
        said = until(lambda: _events(net, "late", "PortUnavailable"), "an event")
        assert said == [
            f"Port {port} of this machine is taken by another program: the Service does not answer at "
            f"localhost:{port}; inside the cluster it does"
        ]
        assert "Hello from" in until(lambda: net.page(made["spec"]["ports"][0]["nodePort"]), "the node port")
        assert "<pending>" in net.cluster.kubectl("get", "svc", "-n", NAMESPACE, "late")


def _events(net, name, reason):
    events = net.client.list("Event", NAMESPACE, field_selector=f"involvedObject.name={name}")["items"]
    return [event["message"] for event in events if event["reason"] == reason]


def test_a_node_port_that_is_taken_is_refused_in_kubernetes_words(net):
    ports = [{"port": 80, "nodePort": 30999}]
    net.service("first", type="NodePort", ports=ports)
    with pytest.raises(errors.Invalid, match="provided port is already allocated"):
        net.service("second", type="NodePort", ports=ports)


def test_a_machine_that_is_not_on_the_bridge_reaches_pods_through_a_node(net):
    identity = json.loads((net.cluster.data / "cluster.json").read_text())["id"]
    api, node, ip = connect(), node_name(identity, "node-1"), net.addresses["web-1"]
    with tunnel.connect(api, node, ip, 8080, 10) as connection:
        connection.settimeout(10)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"pod web-1," in b"".join(iter(lambda: connection.recv(4096), b""))
    with pytest.raises(ConnectionRefusedError):
        tunnel.connect(api, node, ip, 81, 10)


# --- Faults ---------------------------------------------------------------------------------------------
def test_a_killed_node_container_is_a_dead_node_until_it_is_back_with_all_its_rules(net):
    identity = json.loads((net.cluster.data / "cluster.json").read_text())["id"]
    container = f"minikweb-{identity}-node-2"
    subprocess.run(["docker", "kill", container], check=True, capture_output=True)
    until(lambda: _ready(net, "node-2") == "False", "node-2 not ready")
    assert net.in_pod(
        "client-1", f"timeout 2 bash -c 'exec 3<>/dev/tcp/{net.addresses['web-1']}/8080' || echo lost"
    ) == ("lost\n")
    subprocess.run(["docker", "start", container], check=True, capture_output=True)
    until(lambda: _ready(net, "node-2") == "True", "node-2 ready")
    net.answers("web", 4)
    assert len(set(net.in_pod("client-2", "who web 80 60").split())) == 4


def test_a_killed_dns_server_is_back_by_itself(net):
    identity = json.loads((net.cluster.data / "cluster.json").read_text())["id"]
    pid = ["docker", "exec", f"minikweb-{identity}-node-1", "cat", "/run/unbound.pid"]
    before = subprocess.run(pid, check=True, capture_output=True, text=True).stdout.strip()
    kill = ["docker", "exec", f"minikweb-{identity}-node-1", "sh", "-c", f"kill -9 {before}"]
    subprocess.run(kill, check=True, capture_output=True)
    until(lambda: "web." in net.in_pod("client-1", "getent hosts web", check=False), "names again")
    assert subprocess.run(pid, check=True, capture_output=True, text=True).stdout.strip() != before


def _ready(net, node):
    conditions = net.client.get("Node", node)["status"]["conditions"]
    return next(one["status"] for one in conditions if one["type"] == "Ready")


def test_a_killed_worker_goes_on_where_it_was(net):
    net.cluster.kill_process("kubelet-node-1")
    assert "Hello from" in net.in_pod(
        "client-2", f"get {net.addresses['web-0']} 8080"
    )  # its pods talk while it is away
    net.service("afterwards", selector={"app": "web"})
    net.answers("afterwards", 4)
    assert len(set(net.in_pod("client-1", "who afterwards 80 60").split())) == 4


def test_established_connections_outlive_changes_of_the_rules(net):
    slowly = "for letter in G E T ' ' / ' ' H T T P / 1 . 0; do printf \"$letter\" >&3; sleep 0.4; done"
    stream = f"exec 3<>/dev/tcp/web/80; {slowly}; printf '\\r\\n\\r\\n' >&3; cat <&3 | tail -n 1"
    shell = ["exec", "-n", NAMESPACE, "client-1", "--", "bash", "-c", stream]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(net.cluster.kubectl, *shell)
        for number in range(5):
            net.service(f"change-{number}", selector={"app": "web"})
            net.settle()
        assert "Hello from" in answer.result()
