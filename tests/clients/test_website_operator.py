"""The operator of the lessons, under the rights of its own ServiceAccount: from a laptop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.kubectl]

FOLDER = Path(__file__).resolve().parents[2] / "lessons" / "operators" / "website"
NAMESPACE = "websites"


@pytest.fixture(scope="module")
def sites(cluster):
    """kubectl in a namespace where somebody looks after Websites."""
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("apply", "-f", str(FOLDER / "crd.yaml"), "-f", str(FOLDER / "rbac.yaml"))
    log = cluster.folder / "website-operator.log"
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--all-namespaces", str(FOLDER / "operator.py")]
    with log.open("wb") as output:
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig(cluster))}
        operator = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield lambda *words, **options: cluster.kubectl("-n", NAMESPACE, *words, **options)
    finally:
        cluster.kubectl("-n", NAMESPACE, "delete", "websites", "--all", "--timeout=30s", check=False)
        operator.terminate()
        operator.wait(20)
        cluster.kubectl("delete", "-f", str(FOLDER / "crd.yaml"), "-f", str(FOLDER / "rbac.yaml"))
        cluster.kubectl("delete", "namespace", NAMESPACE)
    assert "Traceback" not in log.read_text(), log.read_text()


def kubeconfig(cluster):
    """The administrator's, with the token of the operator's ServiceAccount instead."""
    token = cluster.kubectl("-n", "operators", "create", "token", "website-operator").strip()
    config = json.loads(cluster.kubectl("config", "view", "--raw", "-o", "json"))
    config["users"] = [{"name": user["name"], "user": {"token": token}} for user in config["users"]]
    path = cluster.folder / "website-operator.json"
    path.write_text(json.dumps(config))
    return path


def read(sites, what, name="hello"):
    return json.loads(sites("get", what, name, "-o", "json"))


def ready(sites):
    conditions = read(sites, "website").get("status", {}).get("conditions") or [{}]
    return conditions[0].get("status"), conditions[0].get("message", "")


def test_it_works(sites):
    sites("apply", "-f", str(FOLDER / "website.yaml"))
    until(lambda: ready(sites) == ("True", "2 of 2 pods are ready"), "the website is ready")
    wanted = ["deployment.apps/hello", "service/hello", "ingress.networking.k8s.io/hello"]
    made = ("get", "deployment,service,ingress", "-l", "website=hello", "-o", "name")
    until(lambda: sites(*made).split() == wanted, "a Deployment, a Service and an Ingress")
    assert sites("get", "ws").split("\n")[1].split()[:4] == ["hello", "True", "2", "hello.localhost"]


def test_a_change_of_the_wish_is_followed(sites):
    sites("patch", "website", "hello", "--type=merge", "-p", '{"spec": {"replicas": 3, "host": null}}')
    until(lambda: ready(sites) == ("True", "3 of 3 pods are ready"), "the third pod")
    until(lambda: "NotFound" in sites("get", "ingress", "hello", check=False), "the end of the Ingress")


def test_what_the_schema_forbids_is_refused(sites):
    refused = sites("patch", "website", "hello", "--type=merge", "-p", '{"spec": {"replicas": 99}}', check=False)
    assert "spec.replicas" in refused and "less than or equal to 10" in refused


def test_the_pages_show_who_looks_after_it(sites, cluster):
    page = cluster.page(f"/objects/Website/{NAMESPACE}/hello/")
    assert "website-operator" in page and "2 of" not in page


def test_everything_ends_with_it(sites):
    sites("delete", "website", "hello", "--timeout=30s")
    until(lambda: sites("get", "deployment,service", "-l", "website=hello", "-o", "name") == "", "their end")
