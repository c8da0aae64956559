"""What is written when a claim gets a volume, and how a new volume looks. Pure; the choice is kinds/volumebinding.py's.

Source: kubernetes/pkg/controller/volume/persistentvolume/util.go, k8s.io/component-helpers/storage/volume.
"""

from __future__ import annotations

from typing import Any

from minikweb.kinds.storage import PROVISIONER
from minikweb.kinds.volumebinding import mode_of

Object = dict[str, Any]

COMPLETED = "pv.kubernetes.io/bind-completed"  # on a claim: it was bound once
BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"  # on both: the binding may be undone
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
STORAGE_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
FINALIZER = "docker.minikweb.io/volume"  # on a volume: its Docker volume is there
MACHINE = "topology.minikweb.io/machine"  # on nodes: those of one machine share its Docker volumes


def reference_to(claim: Object) -> Object:
    metadata = claim["metadata"]
    return {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }


def new_volume(claim: Object, storage_class: Object, machine: str) -> Object:
    """The Docker volume for a claim; `machine` is the one whose nodes can have it, "" for any."""
    name = f"pvc-{claim['metadata']['uid']}"
    spec: Object = {
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "accessModes": claim["spec"]["accessModes"],
        "volumeMode": mode_of(claim),
        "storageClassName": storage_class["metadata"]["name"],
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
        "claimRef": reference_to(claim),
        "csi": {"driver": PROVISIONER, "volumeHandle": name},
    }
    if storage_class.get("mountOptions"):
        spec["mountOptions"] = storage_class["mountOptions"]
    if machine:
        here = {"matchExpressions": [{"key": MACHINE, "operator": "In", "values": [machine]}]}
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [here]}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}, "finalizers": [FINALIZER]},
        "spec": spec,
    }


def not_provided(claim: Object, storage_class: Object) -> str:
    """Why no Docker volume can be made for a claim, "" if one can."""
    if mode_of(claim) == "Block":
        return "Docker volumes are file systems: volumeMode Block is not supported"
    if claim["spec"].get("selector"):
        return "claim Selector is not supported"
    if storage_class.get("parameters"):
        return f"invalid option {next(iter(storage_class['parameters']))!r} for volume plugin {PROVISIONER}"
    return ""


def status_of_bound(volume: Object) -> Object:
    """The status of the claim that a volume is bound to."""
    return {
        "phase": "Bound",
        "accessModes": volume["spec"].get("accessModes") or [],
        "capacity": volume["spec"].get("capacity") or {},
    }
