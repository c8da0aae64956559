"""Volumes that outlive their pods, on real containers."""

import pytest

from minikweb.runtime.docker.connection import connect
from minikweb.runtime.protocol import RuntimeFailure
from tests.docker.conftest import until
from tests.docker.test_volumes import mount, run
from tests.kubelet.conftest import container, pod

pytestmark = pytest.mark.docker


def claimed(node, store):
    """A claim `data`, bound to a volume whose Docker volume is `store`."""
    metadata = {"name": "data", "namespace": "default", "uid": f"uid-{store}"}
    status, spec = {"phase": "Bound"}, {"volumeName": store}
    node.api.add({"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec, "status": status})
    csi = {"driver": "docker.minikweb.io", "volumeHandle": store}
    spec = {"claimRef": {"uid": metadata["uid"]}, "csi": csi}
    node.api.add({"kind": "PersistentVolume", "metadata": {"name": store}, "spec": spec})


def using(source, *mounts, **spec):
    containers = [container(volumeMounts=list(mounts))]
    return pod(volumes=[{"name": "data", **source}], containers=containers, **spec)


def gone(node, obj):
    node.api.delete("Pod", obj["metadata"]["name"], "default", grace_period_seconds=0, uid=obj["metadata"]["uid"])
    node.kubelet.sync("default", obj["metadata"]["name"])
    until(lambda: not node.runtime.pods(obj["metadata"]["uid"]), "the end of the pod")


CLAIM = {"persistentVolumeClaim": {"claimName": "data"}}


def test_data_outlives_the_pod_and_a_folder_of_it_can_be_mounted(node):
    claimed(node, "pvc-outlives")
    first = using(CLAIM, mount("data", "/data"), mount("data", "/db", subPath="deep/db"))
    node.run(first)
    assert run(node, first, "echo kept > /data/file; echo row > /db/table; chmod 700 /data /db; stat -c %a /db") == (
        0,
        "700\n",
    )
    gone(node, first)
    second = using(CLAIM, mount("data", "/data", readOnly=True), mount("data", "/db", subPath="deep/db"))
    node.run(second)
    assert run(node, second, "cat /data/file /db/table /data/deep/db/table") == (0, "kept\nrow\nrow\n")
    assert run(node, second, "stat -c %a /data /db") == (0, "700\n700\n")
    assert run(node, second, "echo no > /data/file")[0] != 0
    with pytest.raises(RuntimeFailure):
        node.runtime.remove_store("pvc-outlives")
    gone(node, second)
    name = f"minikweb-{node.runtime.cluster}_pvc-outlives"
    assert connect().inspect_volume(name)["Labels"]["minikweb.cluster"] == node.runtime.cluster
    node.runtime.remove_store("pvc-outlives")
    assert name not in [one["Name"] for one in connect().volumes()["Volumes"]]
    node.runtime.remove_store("pvc-outlives")


def test_an_ordinary_user_may_write_in_a_new_volume(node):
    claimed(node, "pvc-user")
    web = using(CLAIM, mount("data", "/data"), securityContext={"runAsUser": 1234, "fsGroup": 77})
    node.run(web)
    assert run(node, web, "touch /data/mine && stat -c %u:%g /data/mine") == (0, "1234:77\n")
    gone(node, web)
    node.runtime.remove_store("pvc-user")


def test_a_host_path_is_a_folder_that_pods_of_the_node_share(node):
    source = {"hostPath": {"path": "/mnt/data"}}
    web = using(source, mount("data", "/here"))
    node.run(web)
    run(node, web, "echo shared > /here/file")
    gone(node, web)
    above = using({"hostPath": {"path": "/mnt"}}, mount("data", "/here"))
    node.run(above)
    assert run(node, above, "cat /here/data/file") == (0, "shared\n")
    gone(node, above)
    node.runtime.remove_store("files-of_node-1")
