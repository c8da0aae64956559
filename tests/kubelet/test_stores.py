"""Volumes that outlive their pods: claims, ephemeral volumes, folders of the node."""

import pytest

from minikweb.kubelet import volumes
from minikweb.kubelet.reclaiming import VolumeReclaimer
from minikweb.runtime.protocol import Mount, RuntimeFailure
from tests.kubelet.conftest import Cached, Node, container, pod

DOCKER = {"csi": {"driver": "docker.minikweb.io", "volumeHandle": "pvc-1"}}


@pytest.fixture
def node():
    return Node()


def claim(node, name="data", volume="pv", phase="Bound", **meta):
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", **meta}
    spec, status = {"volumeName": volume}, {"phase": phase}
    return node.api.add({"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec, "status": status})


def volume(node, name="pv", uid="uid-data", **source):
    spec = {"claimRef": {"uid": uid}, **(source or DOCKER)}
    return node.api.add({"kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec})


def using(source, **mount):
    mounts = [{"name": "data", "mountPath": "/data", **mount}]
    return pod(volumes=[{"name": "data", **source}], containers=[container(volumeMounts=mounts)])


CLAIMED = {"persistentVolumeClaim": {"claimName": "data"}}


def mounted(node, wanted):
    """(volume, mount) as the runtime gets them."""
    made = node.kubelet.volumes.of_pod(wanted)
    (mount,), _ = volumes.mounts(wanted, wanted["spec"]["containers"][0], made, {})
    return made[0], mount


def failure(node, wanted):
    node.run(wanted)
    return node.recorded.said("FailedMount")[-1].partition(" : ")[2]


def test_a_claims_volume_is_a_store_of_its_own(node):
    claim(node)
    volume(node)
    made, mount = mounted(node, using(CLAIMED))
    assert (made.store, made.folder, made.parts, made.files) == ("pvc-1", "", (), None)
    assert mount == Mount("data", "/data", store="pvc-1")


def test_a_sub_path_is_a_folder_of_the_store(node):
    claim(node)
    volume(node)
    made, mount = mounted(node, using(CLAIMED, subPath="db"))
    assert made.parts == ("db",)
    assert mount.part == "db"


def test_a_claim_may_be_mounted_to_be_read_only(node):
    claim(node)
    volume(node)
    assert mounted(node, using({"persistentVolumeClaim": {"claimName": "data", "readOnly": True}}))[1].read_only


def test_a_pod_runs_once_its_claim_is_bound(node):
    wanted = using(CLAIMED)
    assert failure(node, wanted) == 'persistentvolumeclaim "data" not found'
    claim(node, phase="Pending")
    assert failure(node, wanted) == "error processing PVC default/data: PVC is not bound"
    claim(node)
    volume(node)
    node.sync(wanted)
    assert node.status(wanted)["phase"] == "Running"


def test_a_claim_that_is_being_deleted_starts_no_pod(node):
    claim(node, deletionTimestamp="2026-11-23T12:00:00Z")
    volume(node)
    assert failure(node, using(CLAIMED)) == "PVC default/data is being deleted"


def test_a_volume_that_is_anothers_is_not_mounted(node):
    claim(node)
    volume(node, uid="somebody-else")
    assert failure(node, using(CLAIMED)) == "persistentvolume pv is bound to another claim"


def test_a_volume_of_a_type_that_is_not_mounted_here_is_said(node):
    claim(node)
    volume(node, nfs={"server": "a", "path": "/"})
    assert "volumes of type nfs are not mounted here" in failure(node, using(CLAIMED))


def test_a_host_path_is_a_folder_of_the_nodes_own_files(node):
    made, mount = mounted(node, using({"hostPath": {"path": "/mnt/data/"}}, subPath="db"))
    assert (made.store, made.folder, made.parts) == ("files-of_node-1", "mnt/data", ("mnt/data/db",))
    assert (mount.store, mount.part) == ("files-of_node-1", "mnt/data/db")


def test_a_volume_made_of_a_host_path_is_too(node):
    claim(node)
    volume(node, hostPath={"path": "/mnt/data"})
    assert mounted(node, using(CLAIMED))[0].parts == ("mnt/data",)


def test_a_host_path_that_is_no_folder_is_refused(node):
    assert failure(node, using({"hostPath": {"path": "/var/run/docker.sock", "type": "Socket"}})) == (
        "hostPath type check failed: /var/run/docker.sock is not a socket"
    )
    assert "must not contain '..'" in failure(node, using({"hostPath": {"path": "/mnt/../etc"}}))


def test_an_ephemeral_volumes_claim_has_to_be_the_pods(node):
    wanted = using({"ephemeral": {"volumeClaimTemplate": {"spec": {}}}})
    claim(node, "web-data")
    volume(node, uid="uid-web-data")
    assert failure(node, wanted) == "PVC web-data was not created for pod web"
    owner = {"kind": "Pod", "name": "web", "uid": wanted["metadata"]["uid"], "controller": True}
    claim(node, "web-data", ownerReferences=[owner])
    node.sync(wanted)
    assert node.status(wanted)["phase"] == "Running"


# --- Reclaiming --------------------------------------------------------------------------------------


class Stores:
    """A runtime that removes stores."""

    def __init__(self):
        self.removed, self.busy = [], False

    def remove_store(self, store):
        if self.busy:
            raise RuntimeFailure("volume is in use")
        self.removed.append(store)


class Patched:
    def __init__(self):
        self.patches = []

    def patch(self, kind, name, patch, namespace=None):
        self.patches.append((name, patch["metadata"]["finalizers"]))


def deleted(node, policy="Delete", machines=("here",), finalizers=("docker.minikweb.io/volume",), **source):
    terms = [
        {"matchExpressions": [{"key": "topology.minikweb.io/machine", "operator": "In", "values": list(machines)}]}
    ]
    metadata = {
        "name": "pv",
        "uid": "u",
        "resourceVersion": "1",
        "deletionTimestamp": "2026-11-23T12:00:00Z",
        "finalizers": list(finalizers),
    }
    spec = {
        "persistentVolumeReclaimPolicy": policy,
        "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
        **(source or DOCKER),
    }
    return node.api.add({"kind": "PersistentVolume", "metadata": metadata, "spec": spec})


@pytest.fixture
def reclaimer(node):
    return VolumeReclaimer(Patched(), Cached(node.api), node.recorded, runtime=Stores(), node="node-1", machine="here")


def test_a_deleted_volume_takes_its_docker_volume_along(node, reclaimer):
    found = deleted(node)
    assert list(reclaimer.keys("PersistentVolume", None, found)) == ["/pv"]
    reclaimer.cache.get = lambda kind, namespace, name: found
    assert reclaimer.sync("", "pv") is None
    assert reclaimer.runtime.removed == ["pvc-1"]
    assert reclaimer.client.patches == [("pv", [])]


def test_one_in_use_is_tried_again(node, reclaimer):
    found = deleted(node)
    reclaimer.cache.get = lambda kind, namespace, name: found
    reclaimer.runtime.busy = True
    assert reclaimer.sync("", "pv") == 1.0
    assert reclaimer.client.patches == []
    assert node.recorded.said("VolumeFailedDelete") == ["volume is in use"]


@pytest.mark.parametrize("fields", [{"policy": "Retain"}, {"hostPath": {"path": "/d"}}])
def test_what_is_to_stay_is_only_let_go(node, reclaimer, fields):
    found = deleted(node, **fields)
    reclaimer.cache.get = lambda kind, namespace, name: found
    reclaimer.sync("", "pv")
    assert reclaimer.runtime.removed == []
    assert reclaimer.client.patches == [("pv", [])]


@pytest.mark.parametrize(
    "fields",
    [{"machines": ["elsewhere"]}, {"finalizers": ["kubernetes.io/pv-protection", "docker.minikweb.io/volume"]}],
)
def test_what_is_elsewhere_or_still_protected_is_left(node, reclaimer, fields):
    assert list(reclaimer.keys("PersistentVolume", None, deleted(node, **fields))) == []
