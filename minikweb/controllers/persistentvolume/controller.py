"""Binds claims to volumes, makes volumes for claims, and takes them back.

Its keys are those of claims (`namespace/name`) and of volumes (`/name`).
Source: kubernetes/pkg/controller/volume/persistentvolume/pv_controller.go (its space shuttle comment says why both
sides are written), and what an external provisioner does, for Docker volumes.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from minikweb.apimachinery import meta, quantity
from minikweb.apimachinery.errors import AlreadyExists, NotFound
from minikweb.client.controller import Controller, key_of
from minikweb.controllers.persistentvolume import binding
from minikweb.kinds import volumebinding
from minikweb.kinds.storage import DEFAULT_CLASS, PROVISIONER, class_of, source_of

Object = dict[str, Any]

CLAIM, VOLUME, CLASS = "PersistentVolumeClaim", "PersistentVolume", "StorageClass"
OF_CLAIM = "claim"  # the index of volumes by the key of the claim they name


def claim_key(volume: Object) -> list[str]:
    """The index function of OF_CLAIM."""
    reference = volumebinding.claim_ref(volume)
    return [f"{reference.get('namespace')}/{reference.get('name')}"] if reference else []


class PersistentVolumeController(Controller):
    """One thread: who gets which volume is decided one claim after the other."""

    name = "persistentvolume"
    kind = CLAIM
    needs = (VOLUME, CLASS, "Node")
    source = "persistentvolume-controller"
    workers = 1

    def __init__(self, client, cache, recorder):
        super().__init__(client, cache, recorder)
        cache.informer(VOLUME).add_indexer(OF_CLAIM, claim_key)

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == CLAIM:
            yield key_of(new or old)
            yield from (key_of(volume) for volume in self.volumes_of(new or old))
        elif kind == VOLUME:
            yield key_of(new or old)
            yield from (key for version in (old, new) if version for key in claim_key(version))
            if new and not volumebinding.claim_ref(new):
                yield from self.waiting()
        elif kind == CLASS and new:
            yield from self.waiting()

    def waiting(self) -> list[str]:
        """The claims without a volume."""
        claims = self.cache.list(CLAIM)
        return [key_of(claim) for claim in claims if (claim.get("status") or {}).get("phase") != "Bound"]

    def volumes_of(self, claim: Object) -> list[Object]:
        return self.cache.by_index(VOLUME, OF_CLAIM, key_of(claim))

    def sync(self, namespace: str, name: str) -> None:
        if not namespace:
            volume = self.cache.get(VOLUME, None, name)
            if volume is not None:
                self.sync_volume(volume)
            return
        claim = self.cache.get(CLAIM, namespace, name)
        if claim is not None and not meta.is_being_deleted(claim):
            if claim["spec"].get("volumeName"):
                self.sync_named(claim, claim["spec"]["volumeName"])
            else:
                self.sync_unbound(claim)

    # --- claims -------------------------------------------------------------------------------------

    def sync_unbound(self, claim: Object) -> None:
        """A claim without a volume: the best there is, else a new one, else it waits and says for what."""
        claim = self.with_class(claim)
        storage_class = self.cache.get(CLASS, None, class_of(claim) or "")
        node = self.cache.get("Node", None, volumebinding.annotations(claim).get(volumebinding.SELECTED_NODE, ""))
        delayed = bool(storage_class and storage_class.get("volumeBindingMode") == volumebinding.WAIT and node is None)
        volume = volumebinding.best(claim, self.cache.list(VOLUME), node, delayed=delayed)
        if volume is not None:
            self.bind(claim, volume)
            return
        self.write_status(claim, {"phase": "Pending"})
        if delayed:
            words = "waiting for first consumer to be created before binding"
            self.recorder.event(claim, "Normal", "WaitForFirstConsumer", words)
        elif class_of(claim):
            self.provision(claim, storage_class, node)
        else:
            words = "no persistent volumes available for this claim and no storage class is set"
            self.recorder.event(claim, "Normal", "FailedBinding", words)

    def with_class(self, claim: Object) -> Object:
        """A claim from before there was a default class gets it now."""
        if class_of(claim) is not None:
            return claim
        defaults = [
            each["metadata"]["name"]
            for each in self.cache.list(CLASS)
            if volumebinding.annotations(each).get(DEFAULT_CLASS) == "true"
        ]
        return self.patch(claim, {"spec": {"storageClassName": min(defaults)}}) if defaults else claim

    def sync_named(self, claim: Object, name: str) -> None:
        """A claim that has a volume, or asks for one by name."""
        volume = self.cache.get(VOLUME, None, name)
        was_bound = binding.COMPLETED in volumebinding.annotations(claim)
        if volume is None:
            words = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
            self.lose_or_wait(claim, words if was_bound and not self.exists(VOLUME, name) else "")
        elif not volumebinding.claim_ref(volume) or volumebinding.is_meant_for(volume, claim):
            wrong = "" if was_bound else volumebinding.mismatch(volume, claim)
            if wrong:
                self.recorder.event(
                    claim, "Warning", "VolumeMismatch", f'Cannot bind to requested volume "{name}": {wrong}'
                )
                self.write_status(claim, {"phase": "Pending"})
            else:
                self.bind(claim, self.grown(claim, volume))
        else:
            words = "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"
            taken = f'volume "{name}" already bound to a different claim.'
            if not was_bound:
                self.recorder.event(claim, "Warning", "FailedBinding", taken)
            self.lose_or_wait(claim, words if was_bound else "")

    def lose_or_wait(self, claim: Object, lost: str) -> None:
        if lost and (claim.get("status") or {}).get("phase") != "Lost":
            self.recorder.event(claim, "Warning", "ClaimLost", lost)
        self.write_status(claim, {"phase": "Lost" if lost else "Pending"})

    def bind(self, claim: Object, volume: Object) -> None:
        """Writes each on the other; any of the four writes may have been done before."""
        reference = binding.reference_to(claim)
        if volumebinding.claim_ref(volume) != reference:
            own = {} if volumebinding.claim_ref(volume) else {binding.BY_CONTROLLER: "yes"}
            volume = self.patch(volume, {"metadata": {"annotations": own}, "spec": {"claimRef": reference}})
        self.write_status(volume, {"phase": "Bound"})
        name, notes = volume["metadata"]["name"], volumebinding.annotations(claim)
        if claim["spec"].get("volumeName") != name or binding.COMPLETED not in notes:
            own = {binding.COMPLETED: "yes"}
            if not claim["spec"].get("volumeName"):
                own[binding.BY_CONTROLLER] = "yes"
            claim = self.patch(claim, {"metadata": {"annotations": own}, "spec": {"volumeName": name}})
        self.write_status(claim, binding.status_of_bound(volume))

    # --- provisioning -------------------------------------------------------------------------------

    def provision(self, claim: Object, storage_class: Object | None, node: Object | None) -> None:
        """Makes a volume for a claim, if it is ours to make."""
        if storage_class is None:
            words = f'storageclass.storage.k8s.io "{class_of(claim)}" not found'
            self.recorder.event(claim, "Warning", "ProvisioningFailed", words)
            return
        provisioner = storage_class["provisioner"]
        if volumebinding.annotations(claim).get(binding.STORAGE_PROVISIONER) != provisioner:
            claim = self.patch(claim, {"metadata": {"annotations": {binding.STORAGE_PROVISIONER: provisioner}}})
        if provisioner == "kubernetes.io/no-provisioner":
            return
        if provisioner != PROVISIONER:
            words = (
                f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by "
                "the system administrator. If volume creation is delayed, please verify that the provisioner is "
                "running and correctly registered."
            )
            self.recorder.event(claim, "Normal", "ExternalProvisioning", words)
        elif problem := binding.not_provided(claim, storage_class):
            words = f'failed to provision volume with StorageClass "{storage_class["metadata"]["name"]}": {problem}'
            self.recorder.event(claim, "Warning", "ProvisioningFailed", words)
        else:
            self.make(claim, storage_class, node)

    def make(self, claim: Object, storage_class: Object, node: Object | None) -> None:
        wanted = binding.new_volume(claim, storage_class, self.machine(node))
        words = f'External provisioner is provisioning volume for claim "{key_of(claim)}"'
        self.recorder.event(claim, "Normal", "Provisioning", words)
        try:
            volume = self.client.create(wanted)
        except AlreadyExists:
            volume = self.client.get(VOLUME, wanted["metadata"]["name"])
        self.recorder.event(
            claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {volume['metadata']['name']}"
        )
        self.bind(claim, volume)

    def machine(self, node: Object | None) -> str:
        """The machine of the node, else the first one that is known; "" where nodes name none."""
        nodes = [node] if node else sorted(self.cache.list("Node"), key=lambda each: each["metadata"]["name"])
        named = [(each["metadata"].get("labels") or {}).get(binding.MACHINE, "") for each in nodes]
        return next(filter(None, named), "")

    def grown(self, claim: Object, volume: Object) -> Object:
        """A Docker volume has no size: it grows as soon as its claim asks for more."""
        if volumebinding.requested(claim) <= volumebinding.capacity(volume) or self.handle(volume) is None:
            return volume
        size = quantity.canonical(claim["spec"]["resources"]["requests"]["storage"])
        grown = self.patch(volume, {"spec": {"capacity": {"storage": size}}})
        self.recorder.event(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded")
        return grown

    def handle(self, volume: Object) -> str | None:
        """The name of the Docker volume behind it, None if it is of something else."""
        kind, source = source_of(volume)
        return source.get("volumeHandle") if kind == "csi" and source.get("driver") == PROVISIONER else None

    # --- volumes ------------------------------------------------------------------------------------

    def sync_volume(self, volume: Object) -> None:
        """A volume that nobody claims is available; one whose claim is gone is released and reclaimed."""
        reference = volumebinding.claim_ref(volume)
        if meta.is_being_deleted(volume) and not reference:
            return
        if not reference.get("uid"):
            self.write_status(volume, {"phase": "Available"})
            return
        namespace, name = reference.get("namespace", ""), reference.get("name", "")
        claim = self.cache.get(CLAIM, namespace, name)
        if claim is None and self.exists(CLAIM, name, namespace, reference["uid"]):
            return  # the cache will show it
        if claim is None or claim["metadata"]["uid"] != reference["uid"]:
            self.release(volume)
        elif claim["spec"].get("volumeName") not in (None, "", volume["metadata"]["name"]):
            self.unbind(volume)

    def release(self, volume: Object) -> None:
        if (volume.get("status") or {}).get("phase") != "Failed":
            self.write_status(volume, {"phase": "Released"})
        if volume["spec"]["persistentVolumeReclaimPolicy"] != "Delete" or meta.is_being_deleted(volume):
            return
        metadata = volume["metadata"]
        if self.handle(volume) is None:
            why = "no deletable volume plugin matched"
            words = f'error getting deleter volume plugin for volume "{metadata["name"]}": {why}'
            self.write_status(volume, {"phase": "Failed", "message": words})
            self.recorder.event(volume, "Warning", "VolumeFailedDelete", words)
            return
        with suppress(NotFound):
            self.client.delete(VOLUME, metadata["name"], uid=metadata["uid"])

    def unbind(self, volume: Object) -> None:
        """Its claim has another volume: what was made for it goes, what was bound by us is free again."""
        if volumebinding.annotations(volume).get(binding.PROVISIONED_BY) == PROVISIONER:
            self.release(volume)
        elif binding.BY_CONTROLLER in volumebinding.annotations(volume):
            patch = {"metadata": {"annotations": {binding.BY_CONTROLLER: None}}, "spec": {"claimRef": None}}
            self.write_status(self.patch(volume, patch), {"phase": "Available"})

    # --- writing ------------------------------------------------------------------------------------

    def exists(self, kind: str, name: str, namespace: str = "", uid: str = "") -> bool:
        """Asked of the API itself, before something is given up."""
        try:
            found = self.client.get(kind, name, namespace or None)
        except NotFound:
            return False
        return not uid or found["metadata"]["uid"] == uid

    def patch(self, obj: Object, patch: Object, subresource: str = "") -> Object:
        metadata = obj["metadata"]
        body = {**patch, "metadata": {**(patch.get("metadata") or {}), "uid": metadata["uid"]}}
        return self.client.patch(
            obj["kind"], metadata["name"], body, metadata.get("namespace"), subresource=subresource or None
        )

    def write_status(self, obj: Object, status: Object) -> None:
        """Where it differs. A volume or claim that is gone has none."""
        before = obj.get("status") or {}
        if any(before.get(key) != value for key, value in status.items()):
            with suppress(NotFound):
                self.patch(obj, {"status": status}, "status")
