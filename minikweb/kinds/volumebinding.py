"""Which volume a claim can get, for who binds it and for who looks for a node. Pure.

Source: kubernetes/pkg/controller/volume/persistentvolume/{index.go,util.go}, k8s.io/component-helpers/storage/volume.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from minikweb.apimachinery import labels, meta, quantity
from minikweb.kinds import nodeaffinity
from minikweb.kinds.registry import Object
from minikweb.kinds.storage import class_of

SELECTED_NODE = "volume.kubernetes.io/selected-node"  # on a claim: where its first pod is to run
WAIT = "WaitForFirstConsumer"


def annotations(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def requested(claim: Object) -> Decimal:
    return quantity.parse(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage") or 0)


def capacity(volume: Object) -> Decimal:
    return quantity.parse((volume["spec"].get("capacity") or {}).get("storage") or 0)


def claim_ref(volume: Object) -> Object:
    return volume["spec"].get("claimRef") or {}


def is_meant_for(volume: Object, claim: Object) -> bool:
    """Whether the volume names the claim, by uid where it has one."""
    reference, metadata = claim_ref(volume), claim["metadata"]
    if (reference.get("namespace"), reference.get("name")) != (metadata["namespace"], metadata["name"]):
        return False
    return reference.get("uid") in (None, "", metadata["uid"])


def mismatch(volume: Object, claim: Object) -> str:
    """Why a volume that the claim names is none for it, "" if it is one."""
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if (class_of(volume) or "") != (class_of(claim) or ""):
        return "storageClassName does not match"
    if mode_of(volume) != mode_of(claim):
        return "incompatible volumeMode"
    if not set(claim["spec"].get("accessModes") or ()) <= set(volume["spec"].get("accessModes") or ()):
        return "incompatible accessMode"
    return ""


def mode_of(obj: Object) -> str:
    return obj["spec"].get("volumeMode") or "Filesystem"


def best(
    claim: Object, volumes: Iterable[Object], node: Object | None = None, *, delayed: bool = False
) -> Object | None:
    """The volume made for the claim, else the smallest free one that is large enough.

    node     where it has to be reachable
    delayed  the claim waits for its first pod: only a volume that names it will do
    """
    fitting = [each for each in volumes if not meta.is_being_deleted(each) and not mismatch(each, claim)]
    meant = [each for each in fitting if claim_ref(each) and is_meant_for(each, claim)]
    if meant or delayed:
        return _smallest(meant)
    selector = labels.from_label_selector(claim["spec"]["selector"]) if claim["spec"].get("selector") else None
    return _smallest(
        each
        for each in fitting
        if not claim_ref(each)
        and (each.get("status") or {}).get("phase") == "Available"
        and (selector is None or selector.matches(each["metadata"].get("labels")))
        and (node is None or is_reachable(each, node))
    )


def _smallest(volumes: Iterable[Object]) -> Object | None:
    return min(volumes, key=lambda volume: (capacity(volume), volume["metadata"]["name"]), default=None)


def is_reachable(volume: Object, node: Object) -> bool:
    """Whether pods of the node can have the volume."""
    required = ((volume["spec"].get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms")
    return not required or any(nodeaffinity.matches_term(node, term) for term in required)
