"""The storage of an ordinal: its claims, and who owns them, so that they go when they should. Pure.

Source: kubernetes/pkg/controller/statefulset/stateful_set_utils.go (getPersistentVolumeClaims, claim owner references).
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.serializer import deep_copy

Object = dict[str, Any]

KIND = "PersistentVolumeClaim"


def templates(stateful_set: Object) -> list[Object]:
    return stateful_set["spec"].get("volumeClaimTemplates") or []


def claim_name(stateful_set: Object, template: Object, ordinal: int) -> str:
    return f"{template['metadata']['name']}-{stateful_set['metadata']['name']}-{ordinal}"


def volumes(stateful_set: Object, ordinal: int) -> list[Object]:
    """The volumes through which a pod has its claims."""
    return [
        {
            "name": template["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claim_name(stateful_set, template, ordinal)},
        }
        for template in templates(stateful_set)
    ]


def new_claims(stateful_set: Object, ordinal: int) -> list[Object]:
    """The claims of an ordinal as they are to be made."""
    selected = stateful_set["spec"]["selector"].get("matchLabels") or {}
    found = []
    for template in templates(stateful_set):
        claim = deep_copy(template)
        claim.pop("status", None)
        claim["metadata"] |= {
            "name": claim_name(stateful_set, template, ordinal),
            "namespace": stateful_set["metadata"]["namespace"],
            "labels": {**(claim["metadata"].get("labels") or {}), **selected},
        }
        found.append({**claim, "apiVersion": "v1", "kind": KIND})
    return found


def _names(reference: Object, owner: Object) -> bool:
    """Whether a reference is by kind and name to the owner, or to one of that name before it."""
    return (reference["kind"], reference["name"]) == (owner["kind"], owner["metadata"]["name"])


def is_stale(claim: Object, owner: Object) -> bool:
    """Whether it belongs to an owner of that name who is gone: it will go, too."""
    references = claim["metadata"].get("ownerReferences") or ()
    return any(_names(each, owner) and each["uid"] != owner["metadata"].get("uid") for each in references)


def owners_wanted(claim: Object, stateful_set: Object, pod: Object, *, scaled_down: bool) -> list[Object] | None:
    """The owner references that the retention policy asks for; None when they are as they should be.

    whenDeleted=Delete: the set owns it. whenScaled=Delete: the pod owns it once it is beyond the number of replicas.
    A claim with another controller is not ours to give away.
    """
    before = claim["metadata"].get("ownerReferences") or []
    if is_stale(claim, stateful_set) or is_stale(claim, pod):
        return None
    policy = stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    wanted = [each for each in before if not _names(each, stateful_set) and not _names(each, pod)]
    if not any(each.get("controller") for each in wanted):
        if policy.get("whenScaled") == "Delete" and scaled_down:
            wanted = [*wanted, meta.owner_reference(pod)]
        elif policy.get("whenDeleted") == "Delete":
            wanted = [*wanted, meta.owner_reference(stateful_set)]
    return None if wanted == before else wanted
