"""Makes the claims of ephemeral volumes: a claim that its pod owns, and takes with it.

Source: kubernetes/pkg/controller/volume/ephemeral/controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import AlreadyExists, ApiError
from minikweb.client.controller import Controller, key_of

Object = dict[str, Any]

CLAIM = "PersistentVolumeClaim"


class EphemeralVolumeController(Controller):
    """Its keys are those of pods."""

    name = "ephemeralvolume"
    kind = "Pod"
    needs = (CLAIM,)
    source = "ephemeral_volume"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if (
            kind == "Pod"
            and new is not None
            and (old is None or meta.is_being_deleted(old) != meta.is_being_deleted(new))
        ):
            yield from (
                key_of(new) for volume in new["spec"].get("volumes") or () if volume.get("ephemeral") is not None
            )
        elif kind == CLAIM and new is None and (owner := meta.controller_of(old)) and owner["kind"] == "Pod":
            yield f"{old['metadata']['namespace']}/{owner['name']}"

    def sync(self, namespace: str, name: str) -> None:
        pod = self.cache.get(self.kind, namespace, name)
        if pod is None or meta.is_being_deleted(pod):
            return
        for volume in pod["spec"].get("volumes") or ():
            if volume.get("ephemeral") is not None:
                self.make(pod, claim_of(pod, volume))

    def make(self, pod: Object, claim: Object) -> None:
        """Raises what the API says, after telling the pod."""
        name, namespace = claim["metadata"]["name"], claim["metadata"]["namespace"]
        if self.cache.get(CLAIM, namespace, name) is not None:
            return
        try:
            self.client.create(claim)
        except AlreadyExists:
            return
        except ApiError as error:
            words = f"ephemeral volume controller failed to create PVC {name}: {error.message}"
            self.recorder.event(pod, "Warning", "FailedCreate", words)
            raise


def claim_of(pod: Object, volume: Object) -> Object:
    """The claim of an ephemeral volume."""
    template = (volume["ephemeral"].get("volumeClaimTemplate")) or {}
    own = template.get("metadata") or {}
    metadata = {
        "name": f"{pod['metadata']['name']}-{volume['name']}",
        "namespace": pod["metadata"]["namespace"],
        "ownerReferences": [meta.owner_reference(pod)],
        **{key: own[key] for key in ("labels", "annotations") if own.get(key)},
    }
    return {"apiVersion": "v1", "kind": CLAIM, "metadata": metadata, "spec": template.get("spec") or {}}
