"""What a pod's claims have to do with its node: the plugins VolumeBinding, VolumeZone and VolumeRestrictions. Pure.

A claim of a class that waits for its first consumer is told the node of that pod, and bound for it; the pod waits
meanwhile. A claim that is bound may hold its pod to certain nodes.

Source: kubernetes/pkg/scheduler/framework/plugins/{volumebinding/volume_binding.go,volumerestrictions}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from minikweb.apimachinery.meta import is_being_deleted
from minikweb.kinds.storage import class_of
from minikweb.kinds.volumebinding import SELECTED_NODE, WAIT, annotations, best, is_reachable

Object = dict[str, Any]
Get = Callable[[str], Object | None]

TAKEN = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


@dataclass(frozen=True)
class Needs:
    """What the claims of a pod ask of a node.

    problem  why no node at all will do, "" for nothing
    is_binding  its claims know their node and are being bound: nothing to do but to wait
    bound    the volumes that its claims have
    unbound  the claims that are to be told the pod's node
    only_available  of those, the ones nobody makes a volume for; `available` are the volumes there are
    """

    problem: str = ""
    is_binding: bool = False
    bound: tuple[Object, ...] = ()
    unbound: tuple[Object, ...] = ()
    only_available: tuple[Object, ...] = ()
    available: tuple[Object, ...] = ()
    is_taken: bool = False  # another pod has a claim that only one may have


NOTHING = Needs()


def claim_names(pod: Object) -> list[str]:
    names = []
    for volume in pod["spec"].get("volumes") or ():
        if volume.get("persistentVolumeClaim"):
            names.append(volume["persistentVolumeClaim"].get("claimName", ""))
        elif volume.get("ephemeral") is not None:
            names.append(f"{pod['metadata']['name']}-{volume['name']}")
    return names


def needs(
    pod: Object, claim: Get, volume: Get, storage_class: Get, node: Get, volumes: Iterable[Object], users: Callable
) -> Needs:
    """The getters find a claim of the pod's namespace, a volume, a class, a node; `users` the pods of a claim."""
    names = claim_names(pod)
    if not names:
        return NOTHING
    bound, unbound, only_available, is_binding, is_taken = [], [], [], False, False
    for name in names:
        found = claim(name)
        if found is None:
            return Needs(f'persistentvolumeclaim "{name}" not found')
        if is_being_deleted(found):
            return Needs(f'persistentvolumeclaim "{name}" is being deleted')
        is_taken = is_taken or _is_taken(pod, found, users)
        state = (found.get("status") or {}).get("phase")
        if state == "Lost":
            return Needs(f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{_volume(found)}"')
        if state == "Bound" and (known := volume(_volume(found))) is not None:
            bound.append(known)
            continue
        of_class = storage_class(class_of(found) or "")
        if of_class is None or of_class.get("volumeBindingMode") != WAIT or _volume(found):
            return Needs("pod has unbound immediate PersistentVolumeClaims")
        if node(annotations(found).get(SELECTED_NODE, "")) is not None:
            is_binding = True
            continue
        unbound.append(found)
        if of_class["provisioner"] == NO_PROVISIONER:
            only_available.append(found)
    available = tuple(volumes) if only_available else ()
    return Needs("", is_binding, tuple(bound), tuple(unbound), tuple(only_available), available, is_taken)


def _volume(claim: Object) -> str:
    return claim["spec"].get("volumeName") or ""


def _is_taken(pod: Object, claim: Object, users: Callable[[Object], Iterable[Object]]) -> bool:
    """Whether another pod that runs somewhere has a claim that one pod alone may have."""
    if "ReadWriteOncePod" not in (claim["spec"].get("accessModes") or ()):
        return False
    uid = pod["metadata"]["uid"]
    return any(
        other["spec"].get("nodeName") and other["metadata"]["uid"] != uid and not _is_over(other)
        for other in users(claim)
    )


def _is_over(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def refusals(asked: Needs, node: Object) -> list[str]:
    """Why the node cannot have the pod's volumes."""
    reasons = []
    if asked.is_taken:
        reasons.append(TAKEN)
    if not all(is_reachable(volume, node) for volume in asked.bound):
        reasons.append("node(s) didn't match PersistentVolume's node affinity")
    if not all(best(claim, asked.available, node) for claim in asked.only_available):
        reasons.append("node(s) didn't find available persistent volumes to bind")
    return reasons
