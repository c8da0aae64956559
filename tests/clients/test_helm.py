"""helm 4, as it comes from its makers: the life of a release."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests import tools

pytestmark = [pytest.mark.cluster, pytest.mark.helm]
NAMESPACE = "released"


@pytest.fixture(scope="module")
def binary():
    """The helm binary."""
    return tools.helm()


@pytest.fixture(scope="module")
def helm(binary, cluster, tmp_path_factory):
    """helm in a namespace of its own, beside the chart that `helm create` makes."""
    folder = tmp_path_factory.mktemp("helm")
    environment = {"KUBECONFIG": str(cluster.kubeconfig), "HOME": str(folder), "PATH": "/usr/bin:/bin"}

    def run(command: str, *, check: bool = True) -> str:
        words = [str(binary), *command.split(), "--namespace", NAMESPACE]
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        assert not check or done.returncode == 0, f"helm {command}: {done.stdout}{done.stderr}"
        return done.stdout if check else done.stdout + done.stderr

    run("create shop")
    yield run
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false", check=False)


def replicas(cluster, release: str) -> str:
    return cluster.kubectl("-n", NAMESPACE, "get", "deployment", f"{release}-shop", "-o", "jsonpath={.spec.replicas}")


def test_it_works(helm, cluster):
    helm("install first shop --create-namespace --wait --timeout 60s")
    (release,) = json.loads(helm("list -o json"))
    assert (release["name"], release["revision"], release["status"]) == ("first", "1", "deployed")
    assert cluster.client.get("Deployment", "first-shop", NAMESPACE)["status"]["readyReplicas"] == 1
    helm("uninstall first --wait")
    assert json.loads(helm("list -o json")) == []


def test_a_release_is_upgraded_and_rolled_back(helm, cluster):
    helm("install second shop --create-namespace")
    helm("upgrade second shop --set replicaCount=3 --wait --timeout 60s")
    assert replicas(cluster, "second") == "3"
    helm("rollback second 1 --wait --timeout 60s")
    assert replicas(cluster, "second") == "1"
    statuses = [(one["revision"], one["status"]) for one in json.loads(helm("history second -o json"))]
    assert statuses == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
    helm("uninstall second")


def test_what_is_released_can_be_read_back(helm):
    helm("install third shop --create-namespace --set fullnameOverride=named")
    assert json.loads(helm("get values third -o json")) == {"fullnameOverride": "named"}
    assert "kind: Deployment" in helm("get manifest third")
    assert "STATUS: deployed" in helm("status third")
    helm("uninstall third")


def test_a_name_is_given_once(helm):
    helm("install fourth shop --create-namespace")
    assert "cannot reuse a name that is still in use" in helm("install fourth shop", check=False)
    helm("uninstall fourth")


def test_what_another_manager_owns_is_a_conflict_with_its_name(helm, cluster):
    helm("install fifth shop --create-namespace")
    cluster.kubectl("-n", NAMESPACE, "set", "image", "deployment/fifth-shop", "shop=minikweb/demo:2")
    refused = helm("upgrade fifth shop --set image.tag=9", check=False)
    assert 'conflict with "kubectl-set"' in refused
    helm("uninstall fifth")
