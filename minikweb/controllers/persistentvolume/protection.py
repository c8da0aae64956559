"""Keeps a claim while a pod uses it, and a volume while it is bound: takes the finalizer away when that is over.

Source: kubernetes/pkg/controller/volume/{pvcprotection/pvc_protection_controller.go,pvprotection}.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from minikweb.apimachinery.errors import NotFound
from minikweb.apimachinery.meta import has_finalizer, is_being_deleted
from minikweb.client.controller import Controller, key_of

Object = dict[str, Any]

CLAIM, VOLUME = "PersistentVolumeClaim", "PersistentVolume"
FINALIZERS = {CLAIM: "kubernetes.io/pvc-protection", VOLUME: "kubernetes.io/pv-protection"}
USED_CLAIMS = "claims"  # the index of pods by the claims they use


def claims_of(pod: Object) -> list[str]:
    """The index function of USED_CLAIMS: the keys of its claims; those of ephemeral volumes have its name in theirs."""
    metadata, names = pod["metadata"], []
    for volume in pod["spec"].get("volumes") or ():
        if volume.get("persistentVolumeClaim"):
            names.append(volume["persistentVolumeClaim"].get("claimName"))
        elif volume.get("ephemeral") is not None:
            names.append(f"{metadata['name']}-{volume['name']}")
    return [f"{metadata['namespace']}/{name}" for name in names]


class VolumeProtectionController(Controller):
    """Its keys are those of claims (`namespace/name`) and of volumes (`/name`)."""

    name = "volumeprotection"
    kind = CLAIM
    needs = (VOLUME, "Pod")

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        cache.informer("Pod").add_indexer(USED_CLAIMS, claims_of)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == "Pod":
            yield from claims_of(old) if new is None and old else ()
        elif new is not None and is_being_deleted(new) and has_finalizer(new, FINALIZERS[kind]):
            yield key_of(new)

    def sync(self, namespace: str, name: str) -> None:
        kind = CLAIM if namespace else VOLUME
        obj = self.cache.get(kind, namespace or None, name)
        if obj is None or not is_being_deleted(obj) or not has_finalizer(obj, FINALIZERS[kind]):
            return
        if self.is_used(kind, obj):
            return
        left = [each for each in obj["metadata"]["finalizers"] if each != FINALIZERS[kind]]
        patch = {"metadata": {"uid": obj["metadata"]["uid"], "finalizers": left}}
        patch["metadata"]["resourceVersion"] = obj["metadata"]["resourceVersion"]  # nobody else's finalizer is lost
        with suppress(NotFound):
            self.client.patch(kind, name, patch, namespace or None)

    def is_used(self, kind: str, obj: Object) -> bool:
        """A pod without a node does not use its claims yet: none would be given to it now.

        The cache may be behind a binding, so the API has the last word.
        """
        if kind == VOLUME:
            return (obj.get("status") or {}).get("phase") == "Bound"
        cached = self.cache.by_index("Pod", USED_CLAIMS, key_of(obj))
        if any(pod["spec"].get("nodeName") for pod in cached):
            return True
        pods = self.client.list("Pod", obj["metadata"]["namespace"])["items"]
        return any(pod["spec"].get("nodeName") and key_of(obj) in claims_of(pod) for pod in pods)
