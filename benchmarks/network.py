"""What a Service costs: a connection to its address against one to the pod's own, from the same pod in the same run."""

from __future__ import annotations

import subprocess
import time

from benchmarks.cluster import running, user
from benchmarks.report import Figure
from minikweb.client.client import Client
from tests.running import KUBECTL, RunningCluster, until

NAMESPACE = "demo"
REQUESTS = 300
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
        seen = _change_seen(cluster, client)
    each = 1000 / (3 * REQUESTS)
    return [
        Figure("a request through a Service", through * each, "ms", direct * each, "the pod's own address"),
        Figure("Service created → its name answers in a pod", seen * 1000, "ms"),
    ]


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


def _change_seen(cluster: RunningCluster, client: Client) -> float:
    """Seconds from the POST until the new name is answered, looked at every few milliseconds inside the pod."""
    name = "seen"
    script = f"until getent hosts {name} >/dev/null; do sleep 0.01; done; echo $EPOCHREALTIME"
    command = ["exec", "-n", NAMESPACE, "client", "--", "bash", "-c", f"echo looking; {script}"]
    environment = {**cluster.environment, "KUBECONFIG": str(cluster.kubeconfig)}
    looking = subprocess.Popen([KUBECTL, *command], env=environment, stdout=subprocess.PIPE, text=True)
    assert looking.stdout
    looking.stdout.readline()
    began = time.time()
    client.create(_service(name, {"ports": [{"port": 80}]}))
    return float(looking.communicate(timeout=30)[0].split()[-1]) - began
