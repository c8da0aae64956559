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


# --- The repository that the pages serve ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def repository(helm, cluster):
    helm(f"repo add minikweb {cluster.url('/charts')}")
    helm("repo update")


def test_the_charts_that_come_along_are_found_and_pulled(helm, repository):
    found = {(one["name"], one["version"]) for one in json.loads(helm("search repo minikweb --versions -o json"))}
    assert {("minikweb/hello", "0.1.0"), ("minikweb/hello", "0.2.0"), ("minikweb/boutique", "1.0.0")} <= found
    assert "greeting: Bonjour" in helm("show values minikweb/hello")
    assert "name: hello" in helm("show chart minikweb/hello --version 0.1.0")
    helm("pull minikweb/boutique --untar")
    assert "0 chart(s) failed" in helm("lint boutique")


def test_a_chart_is_installed_from_it_and_upgraded_to_its_next_version(helm, repository, cluster):
    helm("install sixth minikweb/hello --version 0.1.0 --set greeting=Salut --create-namespace --wait --timeout 60s")
    helm("upgrade sixth minikweb/hello --reuse-values --wait --timeout 60s")
    (release,) = [one for one in json.loads(helm("list -o json")) if one["name"] == "sixth"]
    assert release["chart"] == "hello-0.2.0"
    refused = helm("upgrade sixth minikweb/hello --set replicas=99", check=False)
    assert "at '/replicas': maximum: got 99, want 20" in refused
    helm("uninstall sixth")


def test_an_upgrade_that_fails_goes_back(helm, repository, cluster):
    helm("install seventh minikweb/hello --create-namespace --wait --timeout 60s")
    refused = helm(
        "upgrade seventh minikweb/hello --set image.name=Not/Possible --rollback-on-failure --timeout 3s", check=False
    )
    assert "rolled back" in refused
    assert json.loads(helm("history seventh -o json"))[-1]["status"] == "deployed"
    helm("uninstall seventh")


def test_a_chart_with_a_subchart_is_installed_whole(helm, repository, cluster):
    helm("install eighth minikweb/boutique --create-namespace --wait --timeout 60s")
    assert "deployment.apps/eighth-cache" in cluster.kubectl("-n", NAMESPACE, "get", "deployments", "-o", "name")
    helm("upgrade eighth minikweb/boutique --set cache.enabled=false")
    assert "eighth-cache" not in cluster.kubectl("-n", NAMESPACE, "get", "deployments", "-o", "name")
    assert "Phase:          Succeeded" in helm("test eighth --timeout 60s")
    helm("uninstall eighth")
