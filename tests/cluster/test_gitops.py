"""GitOps on a running cluster: real git over HTTP, real kubectl, the git server in the box."""

import json
import os
import shutil
import subprocess

import pytest

from tests.running import until

pytestmark = [pytest.mark.cluster, pytest.mark.kubectl]


@pytest.fixture
def clone(cluster, tmp_path):
    """clone(name) → a work tree of one of the box's repositories, and git in it."""

    def git(*words, cwd=tmp_path):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(["git", *words], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    git("config", "--global", "user.name", "Ada")
    git("config", "--global", "user.email", "ada@example.org")

    def function(name):
        git("clone", "--quiet", cluster.url(f"/git/{name}.git"))
        return tmp_path / name, lambda *words: git(*words, cwd=tmp_path / name)

    yield function
    shutil.rmtree(cluster.data / "git", ignore_errors=True)  # others find the repositories as they come along


def app(cluster, name):
    return json.loads(cluster.kubectl("-n", "argocd", "get", "app", name, "-o", "json"))


def is_at(cluster, name, revision):
    status = app(cluster, name).get("status", {})
    sync, health = status.get("sync", {}), status.get("health", {})
    return (sync.get("status"), health.get("status"), sync.get("revision")) == ("Synced", "Healthy", revision)


def replicas(cluster, namespace):
    return cluster.client.get("Deployment", "web", namespace)["spec"]["replicas"]


def test_it_works(cluster, clone):
    folder, git = clone("shop")
    root = (folder / "apps" / "prod.yaml").read_text()
    root = (
        root.replace("shop-prod", "shop-apps", 1)
        .replace("path: web", "path: apps")
        .replace("[CreateNamespace=true]", "[]")
    )
    cluster.kubectl("apply", "-f", "-", stdin=root.replace("namespace: shop-prod", "namespace: argocd"))
    heads = {env: git("rev-parse", f"origin/{branch}").strip() for env, branch in ENVIRONMENTS.items()}
    for env, head in heads.items():
        until(lambda env=env, head=head: _is_there(cluster, env) and is_at(cluster, f"shop-{env}", head), env)
    assert [replicas(cluster, f"shop-{env}") for env in ("dev", "qualif", "prod")] == [1, 2, 3]
    assert "shop-dev" in cluster.kubectl("-n", "argocd", "get", "applications")

    git("checkout", "--quiet", "dev")
    manifest = folder / "web" / "deployment.yaml"
    manifest.write_text(manifest.read_text().replace("replicas: 1", "replicas: 4"))
    git("commit", "--quiet", "--all", "-m", "Four of them")
    git("push", "--quiet", "origin", "dev")
    pushed = git("rev-parse", "HEAD").strip()
    until(lambda: is_at(cluster, "shop-dev", pushed), "the push in the cluster")
    assert replicas(cluster, "shop-dev") == 4

    cluster.kubectl("-n", "shop-qualif", "scale", "deployment", "web", "--replicas=5")
    until(lambda: replicas(cluster, "shop-qualif") == 2, "the drift healed")
    cluster.kubectl("-n", "shop-dev", "scale", "deployment", "web", "--replicas=5")
    until(lambda: app(cluster, "shop-dev")["status"]["sync"]["status"] == "OutOfSync", "the drift seen")
    assert replicas(cluster, "shop-dev") == 5

    cluster.kubectl("-n", "argocd", "delete", "app", "shop-apps", "--wait=false")
    until(lambda: "No resources found" in _applications(cluster), "the end of the Applications")
    for env in ENVIRONMENTS:
        cluster.kubectl("delete", "namespace", f"shop-{env}", "--wait=false")


ENVIRONMENTS = {"dev": "dev", "qualif": "qualif", "prod": "master"}


def _is_there(cluster, env):
    return f"shop-{env}" in _applications(cluster)


def _applications(cluster):
    return cluster.kubectl("-n", "argocd", "get", "applications", check=False)
