"""The Ingress controller: an unmodified Traefik, installed as the objects of traefik.yaml and nothing else.

As in k3s it comes with the cluster and can be left out, so that another one may be installed instead. What is ours
carries a label; what somebody else has installed under the same names is left alone.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from minikweb.apimachinery import serializer
from minikweb.apimachinery.errors import NotFound
from minikweb.client.client import Client
from minikweb.runtime.docker.images import TRAEFIK

Object = dict[str, Any]

MANIFESTS = Path(__file__).with_name("traefik.yaml")
NAMESPACE, NAME = "kube-system", "traefik"
OWNER = ("app.kubernetes.io/managed-by", "minikweb")


class NotOurs(Exception):
    """Somebody has installed a Traefik of his own there."""


def objects(http: int, https: int, image: str = TRAEFIK) -> list[Object]:
    """What is installed, with the Service's ports on localhost."""
    found = serializer.load_yaml(MANIFESTS.read_bytes())
    for obj in found:
        obj["metadata"].setdefault("labels", {}).update([OWNER])
        if obj["kind"] == "Service":
            for port, number in zip(obj["spec"]["ports"], (http, https), strict=True):
                port["port"] = number
        elif obj["kind"] == "Deployment":
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return found


def install(client: Client, http: int, https: int) -> None:
    """Brings it to what this version wants; what a user has set beside stays (replicas). Raises NotOurs, ApiError."""
    _check_is_ours(client)
    for obj in objects(http, https):
        meta = obj["metadata"]
        client.patch(obj["kind"], meta["name"], obj, meta.get("namespace"), type="apply", force=True)


def remove(client: Client) -> None:
    """Removes what was installed. Idempotent. Raises ApiError."""
    for obj in reversed(objects(0, 0)):
        kind, meta = obj["kind"], obj["metadata"]
        with suppress(NotFound):
            if is_ours(client.get(kind, meta["name"], meta.get("namespace"))):
                client.delete(kind, meta["name"], meta.get("namespace"), propagation_policy="Background")


def is_ours(obj: Object) -> bool:
    label, value = OWNER
    return (obj["metadata"].get("labels") or {}).get(label) == value


def _check_is_ours(client: Client) -> None:
    for kind in ("Deployment", "Service"):
        with suppress(NotFound):
            if not is_ours(client.get(kind, NAME, NAMESPACE)):
                raise NotOurs(f"{NAMESPACE} has a {kind} {NAME} that is not Minikweb's: it is left as it is")
