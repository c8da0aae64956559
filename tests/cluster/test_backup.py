"""A backup of a running cluster, brought back after a reset."""

import pytest

pytestmark = pytest.mark.cluster


def test_it_works(fresh_cluster, tmp_path):
    fresh_cluster.kubectl("create", "configmap", "kept", "--from-literal=a=1")
    kept = tmp_path / "kept.tar.gz"
    done = fresh_cluster.run("backup", str(kept))
    assert "keep it secret" in done.stdout, done.stderr
    fresh_cluster.kubectl("create", "configmap", "later")
    before = fresh_cluster.client.get("ConfigMap", "kept", "default")
    assert "is in use" in fresh_cluster.run("restore", str(kept)).stderr
    fresh_cluster.stop()
    assert fresh_cluster.run("reset", "--yes").returncode == 0

    done = fresh_cluster.run("restore", str(kept))
    assert "make run" in done.stdout, done.stderr
    fresh_cluster.start()
    fresh_cluster.wait_for_pods(3)
    assert fresh_cluster.client.get("ConfigMap", "kept", "default") == before
    assert "later" not in fresh_cluster.kubectl("get", "configmaps")
