"""Removes the Docker volume of a PersistentVolume that is deleted: the controllers decide, a node can do it.

All nodes of the volume's machine try; the first is enough. Who keeps what he had (Retain) only lets go of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from minikweb.apimachinery.errors import Conflict, NotFound
from minikweb.apimachinery.meta import has_finalizer, is_being_deleted
from minikweb.client.controller import Controller, key_of
from minikweb.kinds.storage import PROVISIONER, source_of
from minikweb.kubelet.node import MACHINE
from minikweb.runtime.protocol import Runtime, RuntimeFailure

Object = dict[str, Any]

FINALIZER = "docker.minikweb.io/volume"
PROTECTION = "kubernetes.io/pv-protection"
IN_USE = 1.0  # seconds until a volume that a container still has is tried again


class VolumeReclaimer(Controller):
    """One per node; its keys are those of PersistentVolumes."""

    kind = "PersistentVolume"
    source = "docker.minikweb.io_provisioner"
    workers = 1

    def __init__(self, client, cache, recorder, *, runtime: Runtime, node: str, machine: str):
        """machine: the value of the node's label MACHINE."""
        super().__init__(client, cache, recorder)
        self.name = f"reclaimer-{node}"
        self.runtime, self.machine = runtime, machine

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if new is not None and self.is_ready(new):
            yield key_of(new)

    def is_ready(self, volume: Object) -> bool:
        """Whether it is deleted, used by nobody, and of this machine."""
        released = is_being_deleted(volume) and not has_finalizer(volume, PROTECTION)
        return released and has_finalizer(volume, FINALIZER) and self.machine in (machines_of(volume) or [self.machine])

    def sync(self, _: str, name: str) -> float | None:
        volume = self.cache.get(self.kind, None, name)
        if volume is None or not self.is_ready(volume):
            return None
        kind, source = source_of(volume)
        is_ours = kind == "csi" and source.get("driver") == PROVISIONER
        if is_ours and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            try:
                self.runtime.remove_store(source["volumeHandle"])
            except RuntimeFailure as failure:
                self.recorder.event(volume, "Warning", "VolumeFailedDelete", failure.message)
                return IN_USE
        left = [each for each in volume["metadata"]["finalizers"] if each != FINALIZER]
        change = {"uid": volume["metadata"]["uid"], "finalizers": left}
        change["resourceVersion"] = volume["metadata"]["resourceVersion"]
        with suppress(NotFound, Conflict):  # another node was faster; another change wakes us again
            self.client.patch(self.kind, name, {"metadata": change})
        return None


def machines_of(volume: Object) -> list[str]:
    """The machines that a volume's affinity names; none where it can be anywhere."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required") or {}
    return [
        value
        for term in required.get("nodeSelectorTerms") or ()
        for expression in term.get("matchExpressions") or ()
        if expression["key"] == MACHINE
        for value in expression.get("values") or ()
    ]
