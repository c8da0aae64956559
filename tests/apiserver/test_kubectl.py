"""The real kubectl against an API server alone: nothing runs, everything else must work."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.apiserver.api import deployment, pod
from tests.apiserver.served import ServedApi

PATH = os.environ["PATH"]
pytestmark = pytest.mark.kubectl


class Kubectl:
    """Runs kubectl on a served API."""

    def __init__(self, served: ServedApi, folder: Path):
        self._served = served
        self._folder = folder
        self._binary = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or "kubectl"

    def run(self, *arguments: str, obj=None, namespace: str = "default", **environment: str):
        command = [self._binary, "-n", namespace, *arguments]
        return subprocess.run(
            command,
            input=None if obj is None else yaml.safe_dump(obj),
            env={
                "KUBECONFIG": str(self._served.data / "kubeconfig"),
                "HOME": str(self._folder),
                "PATH": PATH,
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=30,
        )

    def __call__(self, *arguments: str, **options) -> str:
        """What it printed; AssertionError unless it ended well."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr or done.stdout}"
        return done.stdout

    def fails(self, *arguments: str, **options) -> str:
        """What it complained of; AssertionError if it ended well."""
        done = self.run(*arguments, **options)
        assert done.returncode != 0, done.stdout
        return done.stderr or done.stdout


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kubectl")
    with tempfile.TemporaryDirectory(prefix="mk-") as run:
        served = ServedApi(folder / "data", Path(run))
        try:
            yield Kubectl(served.wait_until_ready(), folder)
        finally:
            served.kill()


@pytest.fixture
def namespace(kubectl, request):
    """A namespace of the test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")[:40].strip("-")
    kubectl("create", "namespace", name)
    return name


def test_it_works(kubectl):
    assert "Server Version: v1.37" in kubectl("version")
    assert "is running at https://127.0.0.1" in kubectl("cluster-info")
    assert "apps/v1" in kubectl("api-versions").split()
    assert "deployments" in kubectl("api-resources", "--api-group=apps", "-o", "name")


def test_typed_creation_sends_protobuf(kubectl, namespace):
    kubectl("create", "configmap", "c", "--from-literal=k=v", namespace=namespace)
    kubectl("create", "secret", "generic", "s", "--from-literal=p=q", namespace=namespace)
    kubectl("create", "serviceaccount", "bot", namespace=namespace)
    kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2", namespace=namespace)

    assert kubectl("get", "configmap", "c", "-o", "jsonpath={.data.k}", namespace=namespace) == "v"
    assert kubectl("get", "secret", "s", "-o", "jsonpath={.data.p}", namespace=namespace) == "cQ=="
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}", namespace=namespace) == "2"
    assert kubectl("create", "token", "bot", namespace=namespace).count(".") == 2


def test_get_prints_what_is_asked(kubectl, namespace):
    kubectl("create", "-f", "-", obj=deployment("web", 3), namespace=namespace)

    table = kubectl("get", "deploy", "-o", "wide", namespace=namespace).splitlines()
    assert table[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", "CONTAINERS", "IMAGES", "SELECTOR"]
    assert table[1].split()[:2] == ["web", "0/3"]
    assert kubectl("get", "deploy", "-o", "name", namespace=namespace) == "deployment.apps/web\n"
    assert json.loads(kubectl("get", "deploy", "-o", "json", namespace=namespace))["items"][0]["kind"] == "Deployment"
    assert yaml.safe_load(kubectl("get", "deploy", "web", "-o", "yaml", namespace=namespace))["spec"]["replicas"] == 3
    assert "web" in kubectl("get", "deploy", "-A", "--field-selector", f"metadata.namespace={namespace}")
    assert kubectl("get", "deploy", "-l", "app=other", namespace=namespace) == ""
    assert "nginx:1" in kubectl("describe", "deploy", "web", namespace=namespace)


def test_apply_diff_and_edit_change_what_is_there(kubectl, namespace, tmp_path):
    wanted = deployment("web", 1)
    assert "created" in kubectl("apply", "-f", "-", obj=wanted, namespace=namespace)
    assert "unchanged" in kubectl("apply", "-f", "-", obj=wanted, namespace=namespace)
    wanted["spec"]["replicas"] = 4

    difference = kubectl.run("diff", "-f", "-", obj=wanted, namespace=namespace)
    assert difference.returncode == 1
    assert "+  replicas: 4" in difference.stdout
    assert "configured" in kubectl("apply", "-f", "-", obj=wanted, namespace=namespace)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed "s/replicas:.*/replicas: 6/" "$1" > "$1.new" && mv "$1.new" "$1"\n')
    editor.chmod(0o700)
    assert "edited" in kubectl("edit", "deploy", "web", namespace=namespace, EDITOR=str(editor))
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}", namespace=namespace) == "6"


def test_server_side_apply_names_who_is_in_the_way(kubectl, namespace):
    wanted = deployment("web", 1)
    kubectl("apply", "--server-side", "-f", "-", obj=wanted, namespace=namespace)
    kubectl("scale", "deploy", "web", "--replicas=3", namespace=namespace)

    refused = kubectl.fails("apply", "--server-side", "-f", "-", obj=wanted, namespace=namespace)

    assert 'conflict with "kubectl" with subresource "scale"' in refused
    assert ".spec.replicas" in refused
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", obj=wanted, namespace=namespace)
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}", namespace=namespace) == "1"


def test_every_kind_of_patch(kubectl, namespace):
    kubectl("create", "-f", "-", obj=deployment("web"), namespace=namespace)

    def web(*arguments):
        kubectl(*arguments, namespace=namespace)
        return json.loads(kubectl("get", "deploy", "web", "-o", "json", namespace=namespace))

    assert web("patch", "deploy", "web", "-p", '{"spec":{"replicas":2}}')["spec"]["replicas"] == 2
    assert web("patch", "deploy", "web", "--type=merge", "-p", '{"spec":{"replicas":3}}')["spec"]["replicas"] == 3
    replace = '[{"op":"replace","path":"/spec/replicas","value":4}]'
    assert web("patch", "deploy", "web", "--type=json", "-p", replace)["spec"]["replicas"] == 4
    assert web("label", "deploy", "web", "tier=front")["metadata"]["labels"]["tier"] == "front"
    assert web("annotate", "deploy", "web", "example.com/a=b")["metadata"]["annotations"]["example.com/a"] == "b"
    assert web("scale", "deploy", "web", "--replicas=5")["spec"]["replicas"] == 5
    containers = web("set", "image", "deploy/web", "c=nginx:2")["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == "nginx:2"
    assert web("rollout", "pause", "deploy/web")["spec"]["paused"] is True
    assert "paused" not in web("rollout", "resume", "deploy/web")["spec"]
    annotations = web("rollout", "restart", "deploy/web")["spec"]["template"]["metadata"]["annotations"]
    assert "kubectl.kubernetes.io/restartedAt" in annotations


def test_a_fault_is_named(kubectl, namespace):
    misspelt = deployment("web")
    misspelt["spec"]["replcas"] = 3

    assert 'unknown field "spec.replcas"' in kubectl.fails("apply", "-f", "-", obj=misspelt, namespace=namespace)
    assert 'pods "nobody" not found' in kubectl.fails("get", "pod", "nobody", namespace=namespace)
    assert "the server doesn't have a resource type" in kubectl.fails("get", "unicorns")
    assert "does not have a host assigned" in _exec_without_node(kubectl, namespace)


def _exec_without_node(kubectl, namespace):
    kubectl("create", "-f", "-", obj=pod("p"), namespace=namespace)
    return kubectl.fails("exec", "p", "--", "ls", namespace=namespace)


def test_deletion_in_its_three_ways(kubectl, namespace):
    for name, cascade, finalizers in (("a", "foreground", ["foregroundDeletion"]), ("b", "orphan", ["orphan"])):
        kubectl("create", "-f", "-", obj=deployment(name), namespace=namespace)
        kubectl("delete", "deploy", name, f"--cascade={cascade}", "--wait=false", namespace=namespace)
        found = json.loads(kubectl("get", "deploy", name, "-o", "json", namespace=namespace))
        assert found["metadata"]["finalizers"] == finalizers
    kubectl("create", "-f", "-", obj=deployment("c"), namespace=namespace)

    assert 'deployment.apps "c" deleted' in kubectl("delete", "deploy", "c", namespace=namespace)


def test_wait_follows_until_it_is_so(kubectl, namespace):
    kubectl("create", "-f", "-", obj=deployment("web", 2), namespace=namespace)

    met = kubectl("wait", "--for=jsonpath={.spec.replicas}=2", "deploy/web", "--timeout=10s", namespace=namespace)
    waited = kubectl.fails("wait", "--for=condition=Available", "deploy/web", "--timeout=1s", namespace=namespace)

    assert "condition met" in met
    assert "timed out waiting for the condition" in waited


def test_explain_reads_the_schema(kubectl):
    assert "The deployment strategy" in kubectl("explain", "deploy.spec.strategy")
    assert "containers" in kubectl("explain", "pod.spec", "--recursive")


def test_may_i(kubectl):
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert "system:admin" in kubectl("auth", "whoami")
    assert "*.*" in kubectl("auth", "can-i", "--list")
    assert kubectl.run("auth", "can-i", "create", "pods", "--as=bob").stdout == "no\n"


def test_events_are_listed(kubectl, namespace):
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "namespace": namespace, "name": "p"},
        "reason": "Started",
        "message": "Started container c",
        "type": "Normal",
        "lastTimestamp": "2026-11-23T12:00:00Z",
    }
    kubectl("create", "-f", "-", obj=event, namespace=namespace)

    assert "Started container c" in kubectl("events", namespace=namespace)
    assert "pod/p" in kubectl("get", "events", namespace=namespace)


def test_a_watch_prints_as_it_happens(kubectl, namespace):
    kubectl("create", "configmap", "a", namespace=namespace)

    printed = kubectl("get", "configmaps", "-w", "--request-timeout=2s", namespace=namespace)

    assert [line.split()[0] for line in printed.splitlines()][-1] == "a"
