"""Claims and volumes: who gets which, what is made, what becomes of it, and what is kept while it is used."""

from contextlib import suppress

import pytest

from minikweb.apimachinery.errors import Forbidden, Invalid, ServiceUnavailable
from minikweb.apimachinery.errors import NotFound as Gone
from minikweb.controllers.ephemeralvolume import EphemeralVolumeController
from minikweb.controllers.persistentvolume.controller import PersistentVolumeController
from minikweb.controllers.persistentvolume.protection import VolumeProtectionController
from minikweb.scheduler.scheduler import Scheduler

CLAIM, VOLUME = "PersistentVolumeClaim", "PersistentVolume"
DOCKER = "docker.minikweb.io"


@pytest.fixture
def cluster(start):
    cluster = start(PersistentVolumeController, VolumeProtectionController, Scheduler)
    cluster.node("node-1")
    cluster.settle()
    return cluster


def claim(cluster, name="data", size="1Gi", modes=("ReadWriteOnce",), **spec):
    spec = {"accessModes": list(modes), "resources": {"requests": {"storage": size}}, **spec}
    metadata = {"name": name, "namespace": "default"}
    return cluster.client.create({"apiVersion": "v1", "kind": CLAIM, "metadata": metadata, "spec": spec})


def volume(cluster, name, size="1Gi", modes=("ReadWriteOnce",), storage_class="manual", metadata=None, **spec):
    spec = {
        "capacity": {"storage": size},
        "accessModes": list(modes),
        "storageClassName": storage_class,
        "hostPath": {"path": f"/data/{name}"},
        **spec,
    }
    metadata = {"name": name, **(metadata or {})}
    return cluster.client.create({"apiVersion": "v1", "kind": VOLUME, "metadata": metadata, "spec": spec})


def storage_class(cluster, name, provisioner=DOCKER, mode="Immediate", **fields):
    return cluster.client.create(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": provisioner,
            "volumeBindingMode": mode,
            **fields,
        }
    )


def pod(cluster, name="web", claim_name="data", **spec):
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}]
    spec = {"containers": [{"name": "web", "image": "web:1"}], "volumes": volumes, **spec}
    metadata = {"name": name, "namespace": "default"}
    return cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def seen(cluster, kind, name):
    """The object once everybody has done his part; None when it is gone."""
    cluster.settle()
    try:
        return cluster.client.get(kind, name, "default" if kind != VOLUME else None)
    except Gone:
        return None


def phase(cluster, kind, name):
    return seen(cluster, kind, name)["status"]["phase"]


def test_the_smallest_volume_that_fits_is_bound(cluster):
    for name, size in (("small", "512Mi"), ("large", "10Gi"), ("right", "2Gi")):
        volume(cluster, name, size)
    assert phase(cluster, VOLUME, "right") == "Available"
    claim(cluster, storageClassName="manual")
    bound = seen(cluster, CLAIM, "data")
    assert bound["spec"]["volumeName"] == "right"
    assert bound["status"] == {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "2Gi"}}
    taken = seen(cluster, VOLUME, "right")
    assert taken["status"]["phase"] == "Bound"
    assert taken["spec"]["claimRef"]["uid"] == bound["metadata"]["uid"]
    assert phase(cluster, VOLUME, "large") == "Available"


@pytest.mark.parametrize(
    "differs",
    [{"storage_class": "other"}, {"size": "1Mi"}, {"modes": ["ReadOnlyMany"]}, {"volumeMode": "Block"}],
    ids=lambda differs: next(iter(differs)),
)
def test_a_volume_that_does_not_fit_stays(cluster, differs):
    volume(cluster, "v", **differs)
    claim(cluster, storageClassName="manual")
    assert phase(cluster, CLAIM, "data") == "Pending"
    assert phase(cluster, VOLUME, "v") == "Available"
    assert 'storageclass.storage.k8s.io "manual" not found' in cluster.said("ProvisioningFailed")[0]


def test_a_selector_chooses_by_label(cluster):
    volume(cluster, "a")
    volume(cluster, "b", metadata={"labels": {"disk": "fast"}})
    claim(cluster, storageClassName="manual", selector={"matchLabels": {"disk": "fast"}})
    assert seen(cluster, CLAIM, "data")["spec"]["volumeName"] == "b"


def test_no_class_and_no_volume_is_said(cluster):
    claim(cluster, storageClassName="")
    assert phase(cluster, CLAIM, "data") == "Pending"
    assert cluster.said("FailedBinding")[0] == (
        "no persistent volumes available for this claim and no storage class is set"
    )


def test_a_volume_that_comes_later_is_taken(cluster):
    claim(cluster, storageClassName="manual")
    assert phase(cluster, CLAIM, "data") == "Pending"
    volume(cluster, "late")
    assert phase(cluster, CLAIM, "data") == "Bound"


def test_a_volume_kept_for_a_claim_is_nobody_elses(cluster):
    volume(cluster, "mine", claimRef={"namespace": "default", "name": "data"})
    claim(cluster, "other", storageClassName="manual")
    assert phase(cluster, CLAIM, "other") == "Pending"
    claim(cluster, storageClassName="manual")
    assert phase(cluster, CLAIM, "data") == "Bound"


def test_a_claim_may_name_its_volume(cluster):
    volume(cluster, "a")
    volume(cluster, "b", "5Gi")
    claim(cluster, storageClassName="manual", volumeName="b")
    assert phase(cluster, CLAIM, "data") == "Bound"
    claim(cluster, "big", "9Gi", storageClassName="manual", volumeName="a")
    assert phase(cluster, CLAIM, "big") == "Pending"
    assert cluster.said("VolumeMismatch") == ['Cannot bind to requested volume "a": requested PV is too small']


# --- Provisioning ------------------------------------------------------------------------------------


def test_a_claim_that_names_no_class_waits_for_its_first_pod_and_gets_a_docker_volume(cluster):
    made = claim(cluster, size="3Gi")
    assert made["spec"]["storageClassName"] == "standard"
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert phase(cluster, CLAIM, "data") == "Pending"
    assert "waiting for first consumer to be created before binding" in cluster.said("WaitForFirstConsumer")
    pod(cluster)
    bound = seen(cluster, CLAIM, "data")
    assert bound["status"]["phase"] == "Bound"
    assert bound["metadata"]["annotations"]["volume.kubernetes.io/selected-node"] == "node-1"
    found = seen(cluster, VOLUME, bound["spec"]["volumeName"])
    assert found["metadata"]["name"] == f"pvc-{bound['metadata']['uid']}"
    assert found["spec"]["csi"] == {"driver": DOCKER, "volumeHandle": found["metadata"]["name"]}
    assert found["spec"]["capacity"] == {"storage": "3Gi"}
    assert found["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    assert seen(cluster, "Pod", "web")["spec"]["nodeName"] == "node-1"
    assert cluster.said("ProvisioningSucceeded") == [f"Successfully provisioned volume {found['metadata']['name']}"]


def test_a_controller_that_dies_half_way_makes_no_second_volume(cluster, monkeypatch):
    storage_class(cluster, "now")
    controller = cluster["persistentvolume"]
    for step in range(5):  # each time one write more gets through
        left, real = [step], controller.client.request

        def request(method, path, left=left, real=real, **options):
            if method != "GET":
                if not left[0]:
                    raise ServiceUnavailable("killed")
                left[0] -= 1
            return real(method, path, **options)

        with monkeypatch.context() as outage:
            outage.setattr(controller.client, "request", request)
            if not step:
                claim(cluster, storageClassName="now")
            cluster.catch_up()
            with suppress(ServiceUnavailable):
                controller.sync("default", "data")
        cluster.catch_up()
    assert phase(cluster, CLAIM, "data") == "Bound"
    assert len(cluster.names(VOLUME, None)) == 1


def test_an_immediate_class_waits_for_nobody(cluster):
    storage_class(cluster, "now", reclaimPolicy="Retain")
    claim(cluster, storageClassName="now")
    found = seen(cluster, VOLUME, seen(cluster, CLAIM, "data")["spec"]["volumeName"])
    assert found["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_a_provisioner_that_is_not_ours_is_waited_for(cluster):
    storage_class(cluster, "cloud", "ebs.csi.aws.com")
    claim(cluster, storageClassName="cloud")
    assert phase(cluster, CLAIM, "data") == "Pending"
    said = cluster.said("ExternalProvisioning")[0]
    assert said.startswith("Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com'")


@pytest.mark.parametrize(
    "spec, why",
    [({"volumeMode": "Block"}, "volumeMode Block"), ({"selector": {"matchLabels": {"a": "b"}}}, "Selector")],
)
def test_what_docker_cannot_give_is_refused_by_an_event(cluster, spec, why):
    storage_class(cluster, "now")
    claim(cluster, storageClassName="now", **spec)
    assert phase(cluster, CLAIM, "data") == "Pending"
    assert why in cluster.said("ProvisioningFailed")[0]


def test_a_claim_from_before_the_default_class_gets_it(cluster):
    cluster.client.delete("StorageClass", "standard")
    assert "storageClassName" not in claim(cluster)["spec"]
    cluster.settle()
    storage_class(cluster, "late")
    notes = {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
    cluster.client.patch("StorageClass", "late", notes)
    assert phase(cluster, CLAIM, "data") == "Bound"


def test_a_claim_grows_where_its_class_allows_it(cluster):
    storage_class(cluster, "now", allowVolumeExpansion=True)
    claim(cluster, storageClassName="now")
    cluster.settle()
    bigger = {"spec": {"resources": {"requests": {"storage": "5Gi"}}}}
    cluster.client.patch(CLAIM, "data", bigger, "default")
    assert seen(cluster, CLAIM, "data")["status"]["capacity"] == {"storage": "5Gi"}
    with pytest.raises(Invalid, match="can not be less than status.capacity"):
        cluster.client.patch(CLAIM, "data", {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}, "default")


def test_a_claim_does_not_grow_where_its_class_does_not_know_how(cluster):
    volume(cluster, "v")
    claim(cluster, storageClassName="manual")
    cluster.settle()
    with pytest.raises(Forbidden, match="only dynamically provisioned pvc can be resized"):
        cluster.client.patch(CLAIM, "data", {"spec": {"resources": {"requests": {"storage": "5Gi"}}}}, "default")


# --- Ends --------------------------------------------------------------------------------------------


def test_delete_takes_the_volume_along_once_its_node_has_let_go(cluster):
    storage_class(cluster, "now")
    claim(cluster, storageClassName="now")
    name = seen(cluster, CLAIM, "data")["spec"]["volumeName"]
    cluster.client.delete(CLAIM, "data", "default")
    left = seen(cluster, VOLUME, name)
    assert left["metadata"]["deletionTimestamp"]
    assert left["metadata"]["finalizers"] == ["docker.minikweb.io/volume"]
    assert left["status"]["phase"] == "Released"


def test_retain_keeps_it_for_who_looks_after_it(cluster):
    volume(cluster, "v")
    claim(cluster, storageClassName="manual")
    cluster.settle()
    cluster.client.delete(CLAIM, "data", "default")
    assert phase(cluster, VOLUME, "v") == "Released"
    claim(cluster, storageClassName="manual")
    assert phase(cluster, CLAIM, "data") == "Pending"
    cluster.client.patch(VOLUME, "v", {"spec": {"claimRef": None}})
    assert phase(cluster, CLAIM, "data") == "Bound"


def test_delete_of_what_nobody_can_delete_fails(cluster):
    volume(cluster, "v", persistentVolumeReclaimPolicy="Delete")
    claim(cluster, storageClassName="manual")
    cluster.settle()
    cluster.client.delete(CLAIM, "data", "default")
    assert phase(cluster, VOLUME, "v") == "Failed"
    assert "no deletable volume plugin matched" in cluster.said("VolumeFailedDelete")[0]


def test_a_claim_stays_while_a_pod_uses_it(cluster):
    claim(cluster)
    pod(cluster)
    cluster.settle()
    cluster.client.delete(CLAIM, "data", "default")
    assert seen(cluster, CLAIM, "data")["metadata"]["deletionTimestamp"]
    cluster.client.delete("Pod", "web", "default", grace_period_seconds=0)
    assert seen(cluster, CLAIM, "data") is None


def test_a_volume_stays_while_it_is_bound(cluster):
    volume(cluster, "v")
    claim(cluster, storageClassName="manual")
    cluster.settle()
    cluster.client.delete(VOLUME, "v")
    assert seen(cluster, VOLUME, "v")["status"]["phase"] == "Bound"
    cluster.client.delete(CLAIM, "data", "default")
    assert seen(cluster, VOLUME, "v") is None


def test_a_claim_whose_volume_is_gone_is_lost(cluster):
    volume(cluster, "v")
    claim(cluster, storageClassName="manual")
    cluster.settle()
    cluster.client.patch(VOLUME, "v", {"metadata": {"finalizers": None}})
    cluster.client.delete(VOLUME, "v")
    assert phase(cluster, CLAIM, "data") == "Lost"
    assert cluster.said("ClaimLost") == ["Bound claim has lost its PersistentVolume. Data on the volume is lost!"]


# --- Pods and their claims ---------------------------------------------------------------------------


def unscheduled(cluster, name="web"):
    found = seen(cluster, "Pod", name)
    assert "nodeName" not in found["spec"]
    return cluster.said("FailedScheduling")[-1]


def test_a_pod_without_its_claim_waits_for_it(cluster):
    pod(cluster)
    assert unscheduled(cluster) == (
        '0/1 nodes are available: persistentvolumeclaim "data" not found. '
        "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    )
    claim(cluster)
    assert seen(cluster, "Pod", "web")["spec"]["nodeName"] == "node-1"


def test_a_pod_waits_for_a_claim_that_is_not_bound(cluster):
    claim(cluster, storageClassName="manual")
    pod(cluster)
    assert "pod has unbound immediate PersistentVolumeClaims" in unscheduled(cluster)
    volume(cluster, "v")
    assert seen(cluster, "Pod", "web")["spec"]["nodeName"] == "node-1"


def test_a_pod_goes_where_its_volume_is(cluster):
    cluster.node("node-2")
    cluster.client.patch("Node", "node-2", {"metadata": {"labels": {"kubernetes.io/hostname": "node-2"}}})
    here = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]}]}
    volume(cluster, "v", nodeAffinity={"required": {"nodeSelectorTerms": [here]}})
    claim(cluster, storageClassName="manual")
    for number in range(3):
        pod(cluster, f"web-{number}")
    assert {seen(cluster, "Pod", f"web-{number}")["spec"]["nodeName"] for number in range(3)} == {"node-2"}
    cluster.client.patch("Node", "node-2", {"spec": {"unschedulable": True}})
    cluster.settle()
    pod(cluster, "late")
    reasons = "1 node(s) didn't match PersistentVolume's node affinity, 1 node(s) were unschedulable."
    assert unscheduled(cluster, "late").startswith(f"0/2 nodes are available: {reasons}")


def test_local_volumes_without_a_provisioner_are_bound_where_the_pod_can_run(cluster):
    storage_class(cluster, "local", "kubernetes.io/no-provisioner", "WaitForFirstConsumer")
    claim(cluster, storageClassName="local")
    pod(cluster)
    assert "1 node(s) didn't find available persistent volumes to bind" in unscheduled(cluster)
    volume(cluster, "v", storage_class="local")
    assert seen(cluster, "Pod", "web")["spec"]["nodeName"] == "node-1"
    assert phase(cluster, CLAIM, "data") == "Bound"


def test_read_write_once_pod_is_for_one_pod(cluster):
    claim(cluster, modes=["ReadWriteOncePod"])
    pod(cluster, "first")
    cluster.settle()
    pod(cluster, "second")
    assert "ReadWriteOncePod access mode" in unscheduled(cluster, "second")
    cluster.client.delete("Pod", "first", "default", grace_period_seconds=0)
    assert seen(cluster, "Pod", "second")["spec"]["nodeName"] == "node-1"


def test_an_ephemeral_volume_has_a_claim_that_its_pod_owns(start):
    cluster = start(PersistentVolumeController, EphemeralVolumeController, Scheduler)
    cluster.node("node-1")
    template = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    made = pod(cluster, volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}])
    found = seen(cluster, CLAIM, "web-scratch")
    assert found["metadata"]["ownerReferences"][0]["uid"] == made["metadata"]["uid"]
    assert found["status"]["phase"] == "Bound"
    assert seen(cluster, "Pod", "web")["spec"]["nodeName"] == "node-1"
