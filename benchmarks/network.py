"""What a Service and an Ingress cost, each against the shorter way in the same run; how evenly a Service shares out."""

from __future__ import annotations

import socket
import subprocess
import time

from benchmarks.cluster import running, user
from benchmarks.report import Figure
from minikweb.client.client import Client
from minikweb.kinds.balancing import shares
from tests.running import KUBECTL, RunningCluster, until

NAMESPACE = "demo"
REQUESTS = 300
SERVICES, ENDPOINTS = 500, 10  # of the large cluster
ASK = """
page() { exec 3<>/dev/tcp/$1/$2; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; read -r -d '' x <&3; }
ask() { for i in $(seq $3); do page $1 $2; done; }
time_of() { local began=$EPOCHREALTIME; ask "$@"; echo "$began $EPOCHREALTIME"; }
"""


def figures() -> list[Figure]:
    """Nothing where no Docker answers."""
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return []
    with running("docker") as cluster:
        client = user(cluster)
        pods = cluster.wait_for_pods(3)
        address = _expose(client)
        _run_client(client)
        until(lambda: _in_pod(cluster, f"ask {address} 80 1; echo fine").endswith("fine\n"), "the Service answers")
        direct = through = 0.0
        for _ in range(3):
            direct += _seconds(cluster, f"{pods[0]['status']['podIP']} 8080")
            through += _seconds(cluster, f"{address} 80")
        least = _least_share(client)
        by_ingress, by_port = _from_the_laptop(cluster, client)
        alone = _change_seen(cluster, client, "alone")
        _fill(client)
        last = f"getent hosts many-{SERVICES - 1}"
        until(lambda: "many" in _in_pod(cluster, last), "the nodes have caught up")
        among = _change_seen(cluster, client, "among")
    each = 1000 / (3 * REQUESTS)
    return [
        Figure("a request through a Service", through * each, "ms", direct * each, "the pod's own address"),
        Figure(
            f"the smallest share of {3 * REQUESTS} connections to 3 pods", least * 100, "%", 100 / 3, "equal shares"
        ),
        Figure("a request through the Ingress", by_ingress * 1000, "ms", by_port * 1000, "the Service's node port"),
        Figure("Service created → its name answers in a pod", alone * 1000, "ms"),
        Figure(f"the same among {SERVICES} Services × {ENDPOINTS} endpoints", among * 1000, "ms"),
    ]


def _least_share(client: Client) -> float:
    """Of what the pods of `bench` were given, as the nodes have counted."""
    nodes = [node["metadata"]["name"] for node in client.list("Node")["items"]]
    counts = [client.request("GET", f"/api/v1/nodes/{node}/proxy/connections").json() for node in nodes]
    slices = client.list("EndpointSlice", NAMESPACE, label_selector="kubernetes.io/service-name=bench")["items"]
    given = [share.connections for share in shares(client.get("Service", "bench", NAMESPACE), slices, counts)]
    return min(given) / sum(given)


def _from_the_laptop(cluster: RunningCluster, client: Client) -> tuple[float, float]:
    """Seconds of a request on this machine: (through the Ingress, through the node port)."""
    spec = {"type": "NodePort", "selector": {"app": "demo"}, "ports": [{"port": 80, "targetPort": 8080}]}
    port = client.create(_service("door", spec))["spec"]["ports"][0]["nodePort"]
    done = cluster.run("ingress", "install", seconds=300)
    assert done.returncode == 0, done.stderr
    cluster.kubectl("create", "ingress", "bench", "-n", NAMESPACE, "--rule=bench.localhost/*=bench:80")
    ways = (cluster.ingress_port, port)
    for way in ways:
        until(lambda way=way: all(_page(way) for _ in range(20)), f"localhost:{way} through each node")
    found = dict.fromkeys(ways, 0.0)
    for _ in range(3):
        for way in ways:
            began = time.monotonic()
            for _ in range(REQUESTS):
                assert _page(way), f"localhost:{way} does not answer"
            found[way] += time.monotonic() - began
    return found[ways[0]] / (3 * REQUESTS), found[ways[1]] / (3 * REQUESTS)


def _page(port: int) -> bool:
    """One request by a connection of its own."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: bench.localhost\r\n\r\n")
            return b" 200 " in b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError:
        return False


def _fill(client: Client) -> None:
    """A large cluster's Services, each with endpoints elsewhere."""
    for number in range(SERVICES):
        client.create(_service(f"many-{number}", {"ports": [{"port": 80, "targetPort": 8080}]}))
        addresses = [f"192.0.{number // 250}.{1 + (number * ENDPOINTS + n) % 250}" for n in range(ENDPOINTS)]
        labels = {"kubernetes.io/service-name": f"many-{number}"}
        client.create(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": f"many-{number}", "namespace": NAMESPACE, "labels": labels},
                "addressType": "IPv4",
                "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
                "ports": [{"name": "", "port": 8080, "protocol": "TCP"}],
            }
        )


def _expose(client: Client) -> str:
    spec = {"selector": {"app": "demo"}, "ports": [{"port": 80, "targetPort": 8080}]}
    return client.create(_service("bench", spec))["spec"]["clusterIP"]


def _service(name: str, spec: dict) -> dict:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def _run_client(client: Client) -> None:
    container = {"name": "c", "image": "minikweb/node:1", "command": ["sleep", "infinity"]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    client.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "client", "namespace": NAMESPACE}, "spec": spec}
    )
    until(lambda: client.get("Pod", "client", NAMESPACE)["status"].get("phase") == "Running", "the client")


def _in_pod(cluster: RunningCluster, script: str) -> str:
    return cluster.kubectl("exec", "-n", NAMESPACE, "client", "--", "bash", "-c", ASK + script, check=False)


def _seconds(cluster: RunningCluster, target: str) -> float:
    began, ended = _in_pod(cluster, f"time_of {target} {REQUESTS}").split()[-2:]
    return float(ended) - float(began)


def _change_seen(cluster: RunningCluster, client: Client, name: str) -> float:
    """Seconds from the POST until the new name is answered, looked at every few milliseconds inside the pod."""
    script = f"until getent hosts {name} >/dev/null; do sleep 0.01; done; echo $EPOCHREALTIME"
    command = ["exec", "-n", NAMESPACE, "client", "--", "bash", "-c", f"echo looking; {script}"]
    environment = {**cluster.environment, "KUBECONFIG": str(cluster.kubeconfig)}
    looking = subprocess.Popen([KUBECTL, *command], env=environment, stdout=subprocess.PIPE, text=True)
    assert looking.stdout
    looking.stdout.readline()
    began = time.time()
    client.create(_service(name, {"ports": [{"port": 80}]}))
    return float(looking.communicate(timeout=30)[0].split()[-1]) - began
