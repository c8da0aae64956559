"""The group storage.k8s.io: v1, and the volumes of the core group.

Source: pkg/apis/{storage,core}/{v1/defaults.go,validation/validation.go}, pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.apimachinery.errors import forbidden_value, required
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME
from minikweb.kinds.labelselectors import validate_label_selector
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Column, Kind, Object

ACCESS_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
PROVISIONER = "docker.minikweb.io"  # of volumes that are Docker's, and the name of their CSI driver
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"  # the annotation from before spec.storageClassName
_NO_SOURCE = (
    "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy",
    "storageClassName", "volumeAttributesClassName", "volumeMode",
)  # fmt: skip


def class_of(obj: Object) -> str | None:
    """The class a claim asks for or a volume is of; "" for none, None where a claim leaves it to the default."""
    annotated = (obj["metadata"].get("annotations") or {}).get(OLD_CLASS)
    return annotated if annotated is not None else (obj.get("spec") or {}).get("storageClassName")


def source_of(volume: Object) -> tuple[str, Object]:
    """What a PersistentVolume is made of: (`csi`, {…}); ("", {}) for nothing."""
    for key, value in (volume.get("spec") or {}).items():
        if key not in _NO_SOURCE and value is not None:
            return key, value
    return "", {}


def _of(section: str, key: str) -> Any:
    """A cell: the text at spec.key or status.key."""
    return lambda obj, now: (obj.get(section) or {}).get(key) or ""


# --- StorageClass ------------------------------------------------------------------------------------


def _default_class(storage_class: Object) -> None:
    fill(storage_class, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _validate_class(storage_class: Object, old: Object | None) -> list[Cause]:
    causes = [] if storage_class.get("provisioner") else [required("provisioner")]
    causes += formats.one_of("reclaimPolicy", storage_class["reclaimPolicy"], ("Delete", "Retain"))
    modes = ("Immediate", "WaitForFirstConsumer")
    causes += formats.one_of("volumeBindingMode", storage_class["volumeBindingMode"], modes)
    for key in ("provisioner", "reclaimPolicy", "volumeBindingMode", "parameters") if old else ():
        if storage_class.get(key) != old.get(key):
            causes.append(forbidden_value(key, "updates to this field are forbidden"))
    return causes


def _class_name(storage_class: Object, now: datetime) -> str:
    metadata = storage_class["metadata"]
    is_default = (metadata.get("annotations") or {}).get(DEFAULT_CLASS) == "true"
    return metadata["name"] + (" (default)" if is_default else "")


STORAGE_CLASS = Kind(
    group="storage.k8s.io",
    version="v1",
    kind="StorageClass",
    plural="storageclasses",
    namespaced=False,
    schema="io.k8s.api.storage.v1.StorageClass",
    short_names=("sc",),
    columns=(
        Column("Name", _class_name, format="name", description="Its name, and whether it is the default."),
        Column("Provisioner", lambda obj, now: obj.get("provisioner", ""), description="Who makes the volumes."),
        Column("ReclaimPolicy", lambda obj, now: obj.get("reclaimPolicy", ""), description="What becomes of a volume."),
        Column("VolumeBindingMode", lambda obj, now: obj.get("volumeBindingMode", ""), description="When it is bound."),
        Column(
            "AllowVolumeExpansion",
            lambda obj, now: bool(obj.get("allowVolumeExpansion")),
            type="boolean",
            description="Whether its volumes may grow.",
        ),
        AGE,
    ),
    default=_default_class,
    validate=_validate_class,
)


# --- PersistentVolume ----------------------------------------------------------------------------------


def _default_volume(volume: Object) -> None:
    fill(volume.setdefault("spec", {}), persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")


def _prepare_volume(volume: Object) -> None:
    volume["status"] = {"phase": "Available"}


def _validate_volume(volume: Object, old: Object | None) -> list[Cause]:
    spec = volume["spec"]
    causes = _validate_modes(spec)
    storage = (spec.get("capacity") or {}).get("storage")
    causes += formats.resource_amount("spec.capacity[storage]", storage) if storage else [required("spec.capacity")]
    policies = ("Delete", "Recycle", "Retain")
    policy = spec["persistentVolumeReclaimPolicy"]
    causes += formats.one_of("spec.persistentVolumeReclaimPolicy", policy, policies)
    kinds = [key for key in spec if key not in _NO_SOURCE and spec[key] is not None]
    if not kinds:
        causes.append(required("spec", "must specify a volume type"))
    causes += formats.at_most_one("spec", spec, kinds, "volume type")
    if old and source_of(volume) != source_of(old):
        detail = "spec.persistentvolumesource is immutable after creation"
        causes.append(forbidden_value("spec.persistentvolumesource", detail))
    return causes + (
        formats.immutable("spec.volumeMode", spec["volumeMode"], old["spec"].get("volumeMode")) if old else []
    )


def _validate_modes(spec: Object) -> list[Cause]:
    modes = spec.get("accessModes") or []
    if not modes:
        return [required("spec.accessModes", "at least 1 access mode is required")]
    return [fault for mode in modes for fault in formats.one_of("spec.accessModes", mode, tuple(ACCESS_MODES))]


def _modes(obj: Object, now: datetime) -> str:
    found = (obj.get("spec") or {}).get("accessModes") or ()
    return ",".join(short for mode, short in ACCESS_MODES.items() if mode in found)


def _claim(volume: Object, now: datetime) -> str:
    reference = (volume.get("spec") or {}).get("claimRef")
    return f"{reference.get('namespace')}/{reference.get('name')}" if reference else ""


def _volume_status(obj: Object, now: datetime) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return (obj.get("status") or {}).get("phase") or ""


def _capacity(obj: Object, now: datetime) -> str:
    return ((obj.get("spec") or {}).get("capacity") or {}).get("storage") or ""


_MODE = Column("VolumeMode", _of("spec", "volumeMode"), priority=1, description="A file system or a block device.")

PERSISTENT_VOLUME = Kind(
    group="",
    version="v1",
    kind="PersistentVolume",
    plural="persistentvolumes",
    namespaced=False,
    schema="io.k8s.api.core.v1.PersistentVolume",
    short_names=("pv",),
    subresources=("status",),
    columns=(
        NAME,
        Column("Capacity", _capacity, description="How much it holds."),
        Column("Access Modes", _modes, description="How it can be mounted."),
        Column(
            "Reclaim Policy",
            _of("spec", "persistentVolumeReclaimPolicy"),
            description="What becomes of it when released.",
        ),
        Column("Status", _volume_status, description="Its phase."),
        Column("Claim", _claim, description="The claim it is bound to."),
        Column("StorageClass", _of("spec", "storageClassName"), description="Its class."),
        Column("VolumeAttributesClass", lambda obj, now: "<unset>", description="Its attributes' class."),
        Column("Reason", _of("status", "reason"), description="Why it failed."),
        AGE,
        _MODE,
    ),
    default=_default_volume,
    prepare_for_create=_prepare_volume,
    prepare_for_update=strategy.keep_status,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate_volume,
)


# --- PersistentVolumeClaim -----------------------------------------------------------------------------


def _default_claim(claim: Object) -> None:
    fill(claim.setdefault("spec", {}), volumeMode="Filesystem")


def _prepare_claim(claim: Object) -> None:
    claim["status"] = {"phase": "Pending"}


def _validate_claim(claim: Object, old: Object | None) -> list[Cause]:
    spec = claim["spec"]
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    path = "spec.resources[storage]"
    causes = _validate_modes(spec) + (formats.resource_amount(path, storage) if storage else [required(path)])
    causes += validate_label_selector("spec.selector", spec.get("selector") or {})
    if not old:
        return causes
    before = old.get("spec") or {}
    if _fixed(spec, before) != _fixed(before, before):
        detail = (
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
        )
        causes.append(forbidden_value("spec", detail))
    return causes or _validate_size(claim, old)


def _fixed(spec: Object, before: Object) -> Object:
    """What stays as it was made. The volume is filled in once, and so is the class where none was named."""
    keys = ["accessModes", "selector", "volumeMode", "dataSource", "dataSourceRef"]
    keys += [key for key in ("volumeName", "storageClassName") if before.get(key) is not None]
    return {key: spec.get(key) or None for key in keys}


def _validate_size(claim: Object, old: Object) -> list[Cause]:
    """A claim may grow once it is bound, and never shrinks below what it has."""
    new, before = _requested(claim), _requested(old)
    if new == before:
        return []
    path, status = "spec.resources.requests.storage", old.get("status") or {}
    if status.get("phase") != "Bound":
        return [forbidden_value("spec", "is immutable after creation except resources.requests for bound claims")]
    capacity = (status.get("capacity") or {}).get("storage") or 0
    if quantity.parse(new) < quantity.parse(before) and quantity.parse(new) <= quantity.parse(capacity):
        return [forbidden_value(path, "field can not be less than status.capacity")]
    return []


def _requested(claim: Object) -> str:
    return ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage") or "0"


def _claimed(claim: Object, now: datetime) -> str:
    return ((claim.get("status") or {}).get("capacity") or {}).get("storage") or ""


def _granted_modes(claim: Object, now: datetime) -> str:
    """Of a claim that is bound; a waiting one shows none."""
    return _modes({"spec": claim.get("status") or {}}, now)


PERSISTENT_VOLUME_CLAIM = Kind(
    group="",
    version="v1",
    kind="PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    namespaced=True,
    schema="io.k8s.api.core.v1.PersistentVolumeClaim",
    short_names=("pvc",),
    subresources=("status",),
    columns=(
        NAME,
        Column("Status", _volume_status, description="Pending, Bound or Lost."),
        Column("Volume", _of("spec", "volumeName"), description="The volume it is bound to."),
        Column("Capacity", _claimed, description="How much that holds."),
        Column("Access Modes", _granted_modes, description="How it can be mounted."),
        Column("StorageClass", _of("spec", "storageClassName"), description="The class it asks for."),
        Column("VolumeAttributesClass", lambda obj, now: "<unset>", description="Its attributes' class."),
        AGE,
        _MODE,
    ),
    default=_default_claim,
    prepare_for_create=_prepare_claim,
    prepare_for_update=strategy.keep_status,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate_claim,
)

KINDS = [STORAGE_CLASS]
