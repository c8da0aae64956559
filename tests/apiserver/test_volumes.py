"""StorageClasses, volumes and claims as the API takes and shows them."""

import pytest

from tests.apiserver.api import TABLE

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
VOLUMES, CLAIMS = "/api/v1/persistentvolumes", "/api/v1/namespaces/default/persistentvolumeclaims"
REQUESTS = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
CAPACITY = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}


def named(**more):
    return {"metadata": {"name": "x"}, **more}


GOOD = [
    (CLASSES, named(provisioner="example.com/disk"), ["x", "example.com/disk", "Delete", "Immediate", False, "0s"]),
    (
        VOLUMES,
        named(spec={**CAPACITY, "hostPath": {"path": "/d"}}),
        ["x", "1Gi", "RWO", "Retain", "Available", "", "", "<unset>", "", "0s", "Filesystem"],
    ),
    (CLAIMS, named(spec=REQUESTS), ["x", "Pending", "", "", "", "standard", "<unset>", "0s", "Filesystem"]),
]


@pytest.mark.parametrize("target, obj, cells", GOOD)
def test_it_works(api, target, obj, cells):
    answer = api.post(target, obj)
    assert answer.status == 201, answer.text
    assert "warning" not in answer.headers
    assert api.get(f"{target}/x", accept=TABLE).json["rows"][0]["cells"] == cells
    assert api.put(f"{target}/x", answer.json).status == 200


BAD = [
    (CLASSES, named(), "provisioner"),
    (VOLUMES, named(spec={"accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/d"}}), "spec.capacity"),
    (VOLUMES, named(spec=CAPACITY), "spec"),
    (
        VOLUMES,
        named(spec={**CAPACITY, "hostPath": {"path": "/d"}, "nfs": {"path": "/", "server": "a"}}),
        "spec.nfs",
    ),
    (CLAIMS, named(spec={**REQUESTS, "accessModes": []}), "spec.accessModes"),
    (CLAIMS, named(spec={"accessModes": ["ReadWriteOnce"]}), "spec.resources[storage]"),
]


@pytest.mark.parametrize("target, obj, field", BAD)
def test_what_is_wrong_is_named(api, target, obj, field):
    answer = api.post(target, obj)
    assert answer.status == 422, answer.text
    assert field in [cause["field"] for cause in answer.json["details"]["causes"]]


def test_the_class_that_comes_with_the_cluster_is_the_default(api):
    (row,) = api.get(CLASSES, accept=TABLE).json["rows"]
    assert row["cells"][:5] == ["standard (default)", "docker.minikweb.io", "Delete", "WaitForFirstConsumer", True]


def test_of_several_default_classes_the_youngest_is_taken(api):
    api.wait(10)
    notes = {"storageclass.kubernetes.io/is-default-class": "true"}
    api.make(CLASSES, {"metadata": {"name": "newer", "annotations": notes}, "provisioner": "example.com/disk"})
    assert api.make(CLAIMS, named(spec=REQUESTS))["spec"]["storageClassName"] == "newer"


def test_a_claim_without_a_class_on_purpose_stays_so(api):
    assert api.make(CLAIMS, named(spec={**REQUESTS, "storageClassName": ""}))["spec"]["storageClassName"] == ""


def test_a_claim_stays_as_it_was_made(api):
    api.make(CLAIMS, named(spec=REQUESTS))
    assert api.patch(f"{CLAIMS}/x", {"spec": {"accessModes": ["ReadWriteMany"]}}).status == 422
    assert api.patch(f"{CLAIMS}/x", {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}).status == 422
    assert api.patch(f"{CLAIMS}/x", {"spec": {"volumeName": "v"}}).status == 200
    assert api.patch(f"{CLAIMS}/x", {"spec": {"volumeName": "w"}}).status == 422


def test_a_volume_stays_what_it_is_made_of(api):
    api.make(VOLUMES, named(spec={**CAPACITY, "hostPath": {"path": "/d"}}))
    assert api.patch(f"{VOLUMES}/x", {"spec": {"hostPath": {"path": "/e"}}}).status == 422
    assert api.patch(f"{VOLUMES}/x", {"spec": {"capacity": {"storage": "2Gi"}}}).status == 200


def test_what_is_in_use_is_protected_from_its_first_second(api):
    claim = api.make(CLAIMS, named(spec=REQUESTS))
    volume = api.make(VOLUMES, named(spec={**CAPACITY, "hostPath": {"path": "/d"}}))
    assert claim["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    assert volume["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
