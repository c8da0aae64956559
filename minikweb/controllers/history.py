"""The past of a DaemonSet or StatefulSet: a ControllerRevision for each template it had.

`kubectl rollout history` reads these, `kubectl rollout undo` applies the data of one as a patch; the label
`controller-revision-hash` tells which pods are of which.

Source: kubernetes/pkg/controller/history/controller_history.go, daemon/update.go (constructHistory).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import AlreadyExists, NotFound
from minikweb.apimachinery.labels import from_label_selector
from minikweb.apimachinery.serializer import deep_copy, dump_json
from minikweb.client.client import Client
from minikweb.client.informer import Cache
from minikweb.controllers import podcontrol

Object = dict[str, Any]

KIND = "ControllerRevision"
HASH_LABEL = "controller-revision-hash"  # of pods: a DaemonSet's hold the hash, a StatefulSet's the revision's name
HASH_OF_REVISION = {"DaemonSet": HASH_LABEL, "StatefulSet": "controller.kubernetes.io/hash"}
SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels, so that no hash is a word
LONGEST_PREFIX = 223


def snapshot(owner: Object) -> Object:
    """What a revision keeps of its owner: a patch that puts the template back as it was."""
    return {"spec": {"template": {**deep_copy(owner["spec"]["template"]), "$patch": "replace"}}}


def restored(owner: Object, revision: Object) -> Object:
    """The owner with the template of a revision."""
    template = {key: value for key, value in revision["data"]["spec"]["template"].items() if key != "$patch"}
    return {**owner, "spec": {**owner["spec"], "template": template}}


def hash_of(revision: Object) -> str:
    """The value of HASH_LABEL on its pods."""
    return revision["metadata"].get("labels", {}).get(HASH_LABEL, revision["metadata"]["name"])


def short_hash(text: bytes) -> str:
    """Ten characters or fewer that spell no word."""
    number = int.from_bytes(hashlib.blake2s(text, digest_size=4).digest(), "big")
    return "".join(SAFE_ALPHABET[ord(digit) % len(SAFE_ALPHABET)] for digit in str(number))


def new_revision(owner: Object, number: int) -> Object:
    """The revision of the owner's template."""
    metadata, data = owner["metadata"], snapshot(owner)
    collisions = owner.get("status", {}).get("collisionCount")
    digest = short_hash(dump_json(data) + (b"" if collisions is None else b"%d" % collisions))
    labels = owner["spec"]["template"]["metadata"].get("labels", {})
    return {
        "apiVersion": "apps/v1",
        "kind": KIND,
        "metadata": {
            "name": f"{metadata['name'][:LONGEST_PREFIX]}-{digest}",
            "namespace": metadata["namespace"],
            "labels": {**labels, HASH_OF_REVISION[owner["kind"]]: digest},
            "annotations": dict(metadata.get("annotations") or {}),
            "ownerReferences": [meta.owner_reference(owner)],
        },
        "data": data,
        "revision": number,
    }


def in_order(revisions: Iterable[Object]) -> list[Object]:
    """Oldest first."""
    return sorted(revisions, key=lambda each: (each["revision"], each["metadata"]["name"]))


def claim(client: Client, cache: Cache, owner: Object) -> list[Object]:
    """Its revisions, oldest first: those that name it as their controller and those that its selector matches."""
    selector = from_label_selector(owner["spec"]["selector"])
    found = podcontrol.candidates(cache, KIND, owner)
    return in_order(podcontrol.claim(client, owner, selector, found))


def keep(client: Client, owner: Object, revisions: list[Object]) -> tuple[Object, list[Object]]:
    """(the revision of the template as it is now, the others); makes it, or gives an old one the next number.

    Raises what the API says; AlreadyExists after a collision has been counted, for another hash.
    """
    data = snapshot(owner)
    same = [each for each in revisions if each["data"] == data]
    current = same[-1] if same else None
    others = [each for each in revisions if each is not current]
    number = max((each["revision"] for each in others), default=0) + 1
    if current is None:
        return create(client, owner, number), others
    if current["revision"] < number:
        name, namespace = current["metadata"]["name"], current["metadata"]["namespace"]
        current = client.patch(KIND, name, {"revision": number}, namespace)
    return current, others


def create(client: Client, owner: Object, number: int) -> Object:
    wanted = new_revision(owner, number)
    try:
        return client.create(wanted)
    except AlreadyExists as error:
        name, namespace = owner["metadata"]["name"], owner["metadata"]["namespace"]
        found = client.get(KIND, wanted["metadata"]["name"], namespace)
        if meta.is_controlled_by(found, owner) and found["data"] == wanted["data"]:
            return found
        collisions = {"collisionCount": owner.get("status", {}).get("collisionCount", 0) + 1}
        client.patch(owner["kind"], name, {"status": collisions}, namespace, subresource="status")
        raise error


def forget(client: Client, owner: Object, others: list[Object], live: set[str]) -> None:
    """Deletes the oldest beyond revisionHistoryLimit, but none whose hash is `live`: pods are of it."""
    limit = owner["spec"].get("revisionHistoryLimit", 10)
    spare = [each for each in in_order(others) if hash_of(each) not in live]
    for revision in spare[: max(0, len(others) - limit)]:
        metadata = revision["metadata"]
        with suppress(NotFound):
            client.delete(KIND, metadata["name"], metadata["namespace"], uid=metadata["uid"])
