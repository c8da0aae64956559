"""What a Service promises while pods come and go, and what a pod may ask of the API."""

import json
import re
import threading
import urllib.request

import pytest

from tests.running import KUBECTL, until

pytestmark = [pytest.mark.cluster, pytest.mark.docker]

NAMESPACE = "rollout"
MOUNTED = "/var/run/secrets/kubernetes.io/serviceaccount"
# As the documentation advises: ready only when it is, and still answering while the nodes learn that it ends.
CONTAINER = {
    "name": "demo",
    "image": "minikweb/demo:1",
    "env": [{"name": "READY_AFTER", "value": "1"}],
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 1},
    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
}


@pytest.fixture(scope="module")
def cluster(docker_cluster):
    docker_cluster.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    yield docker_cluster
    docker_cluster.client.delete("Namespace", NAMESPACE)


def make(cluster, api_version, kind, name, **content):
    metadata = {"name": name, "namespace": NAMESPACE, **content.pop("metadata", {})}
    return cluster.client.create({"apiVersion": api_version, "kind": kind, "metadata": metadata, **content})


class Load:
    """Asks a URL again and again, each time by a new connection, until stopped."""

    def __init__(self, url, threads=2):
        self.url, self.pages, self.failures = url, [], []
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        while not self._stopping.wait(0.02):
            try:
                with urllib.request.urlopen(self.url, timeout=10) as answer:
                    self.pages.append(answer.read().decode())
            except OSError as error:
                self.failures.append(f"after {len(self.pages)} pages: {error!r}")


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_a_rolling_update_under_load_fails_no_request(cluster):
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [CONTAINER], "terminationGracePeriodSeconds": 10},
    }
    strategy = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template, "strategy": strategy}
    make(cluster, "apps/v1", "Deployment", "web", spec=spec)
    ports = [{"port": 80, "targetPort": 8080}]
    service = make(cluster, "v1", "Service", "web", spec={"type": "NodePort", "selector": labels, "ports": ports})
    url = f"http://127.0.0.1:{service['spec']['ports'][0]['nodePort']}/"
    cluster.kubectl("rollout", "status", "-n", NAMESPACE, "deployment/web", "--timeout=60s")
    until(lambda: all(answers(url) for _ in range(15)), f"{url} through each node")
    with Load(url) as load:
        before = len(load.pages)
        until(lambda: len(load.pages) > before + 20, "some requests")
        cluster.kubectl("set", "image", "-n", NAMESPACE, "deployment/web", "demo=minikweb/demo:2")
        cluster.kubectl("rollout", "status", "-n", NAMESPACE, "deployment/web", "--timeout=60s")
        cluster.wait_for_pods(2, NAMESPACE, "app=web")  # the old ones are gone, too
        after = len(load.pages)
        until(lambda: len(load.pages) > after + 20, "some more requests")
    assert load.failures == []
    seen = [re.search(r"version (\d+), pod (\S+),", page).groups() for page in load.pages]
    assert {version for version, _ in seen} == {"1", "2"}
    assert len({pod for _, pod in seen}) == 4


def test_a_pod_asks_the_api_with_its_mounted_token_and_believes_nobody_else(cluster):
    make(cluster, "v1", "ServiceAccount", "reader")
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    make(cluster, "rbac.authorization.k8s.io/v1", "Role", "reader", rules=[rule])
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subjects = [{"kind": "ServiceAccount", "name": "reader", "namespace": NAMESPACE}]
    make(cluster, "rbac.authorization.k8s.io/v1", "RoleBinding", "reader", roleRef=role, subjects=subjects)
    container = {"name": "c", "image": "minikweb/node:1", "command": ["sleep", "infinity"]}
    spec = {"serviceAccountName": "reader", "containers": [container], "terminationGracePeriodSeconds": 0}
    make(cluster, "v1", "Pod", "client", spec=spec)
    until(lambda: cluster.client.get("Pod", "client", NAMESPACE)["status"].get("phase") == "Running", "the client")
    cluster.kubectl("cp", "-n", NAMESPACE, str(KUBECTL.resolve()), "client:/kubectl")

    def inside(*words):
        """kubectl in the pod: without a kubeconfig it takes the mounted token and certificate."""
        return cluster.kubectl("exec", "-n", NAMESPACE, "client", "--", "/kubectl", *words, check=False)

    assert json.loads(inside("get", "pod", "client", "-o", "json"))["spec"]["serviceAccountName"] == "reader"
    assert f"system:serviceaccount:{NAMESPACE}:reader" in inside("auth", "whoami")
    assert 'cannot list resource "secrets"' in inside("get", "secrets")

    token = ("-n", NAMESPACE, "client", "--", "cat", f"{MOUNTED}/token")
    by_name = ("--server=https://kubernetes.default.svc", f"--token={cluster.kubectl('exec', *token).strip()}")
    assert "client" in inside("get", "pods", *by_name, f"--certificate-authority={MOUNTED}/ca.crt")
    assert "certificate signed by unknown authority" in inside("get", "pods", *by_name)
