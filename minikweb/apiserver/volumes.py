"""Claims and volumes at admission: the default class, the finalizers that protect what is in use, who may grow.

Source: plugin/pkg/admission/storage/{storageclass/setdefault,storageobjectinuseprotection,persistentvolume/resize}.
"""

from __future__ import annotations

from minikweb.apimachinery.errors import forbidden
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object
from minikweb.kinds.storage import DEFAULT_CLASS, class_of
from minikweb.kinds.volumebinding import requested

PROTECTION = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
}
CLASSES = "storageclasses.storage.k8s.io"


def complete(server: Server, kind: Kind, obj: Object) -> None:
    """Gives a new claim its class, and both kinds the finalizer that keeps them while they are used."""
    finalizer = PROTECTION.get(kind.resource)
    if finalizer is None:
        return
    finalizers = obj["metadata"].setdefault("finalizers", [])
    if finalizer not in finalizers:
        finalizers.append(finalizer)
    if kind.resource == "persistentvolumeclaims" and class_of(obj) is None and (default := default_class(server)):
        obj["spec"]["storageClassName"] = default


def default_class(server: Server) -> str:
    """The name of the class for claims that name none: of several the youngest, then by name; "" without one."""
    defaults = [
        each["metadata"]
        for each in server.lister.list(CLASSES)
        if (each["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"
    ]
    if not defaults:
        return ""
    youngest = max(each["creationTimestamp"] for each in defaults)
    return min(each["name"] for each in defaults if each["creationTimestamp"] == youngest)


def check_growth(server: Server, kind: Kind, new: Object, old: Object) -> None:
    """Raises Forbidden for a claim that grows and whose class does not know how."""
    if kind.resource != "persistentvolumeclaims" or requested(new) <= requested(old):
        return
    storage_class = server.lister.get(CLASSES, "", class_of(old) or "")
    if not (storage_class or {}).get("allowVolumeExpansion"):
        why = (
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
            "support resize"
        )
        raise forbidden("", kind.plural, new["metadata"]["name"], why)
