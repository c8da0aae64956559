"""Endpoints that somebody wrote by hand become EndpointSlices, which is what nodes and DNS read.

Source: kubernetes/pkg/controller/endpointslicemirroring. It is about Services without a selector alone; those with one
get their slices from their pods.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import zip_longest
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import NotFound
from minikweb.client.controller import Controller
from minikweb.kinds.discovery import MANAGED_BY, SERVICE_NAME

Object = dict[str, Any]

MANAGER = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"  # Endpoints that are a lock
NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", "endpoints.kubernetes.io/last-change-trigger-time")
MOST_ADDRESSES = 1000  # of a subset


class EndpointSliceMirroringController(Controller):
    """Keeps the slices of each Endpoints object that is the user's."""

    name = "endpointslicemirroring"
    kind = "Endpoints"
    owns = ("EndpointSlice",)
    needs = ("Service",)
    source = "endpoint-slice-mirroring-controller"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        yield from super().keys(kind, old, new)
        if kind == "Service":
            metadata = (new or old or {})["metadata"]
            yield f"{metadata['namespace']}/{metadata['name']}"

    def sync(self, namespace: str, name: str) -> float | None:
        endpoints = self.cache.get("Endpoints", namespace, name)
        if endpoints is None:
            return None  # its slices go with it
        service = self.cache.get("Service", namespace, name)
        owned = self.cache.owned("EndpointSlice", endpoints["metadata"]["uid"])
        ours = [one for one in owned if (one["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER]
        self.write(ours, desired(endpoints) if is_mirrored(endpoints, service) else [])
        return None

    def write(self, existing: list[Object], wanted: list[Object]) -> None:
        """Makes the slices those wanted."""
        for found, new in zip_longest(sorted(existing, key=_ports), sorted(wanted, key=_ports)):
            if found is None:
                self.client.create(new)
                continue
            place = found["metadata"]
            with suppress(NotFound):
                if new is None:
                    self.client.delete("EndpointSlice", place["name"], place["namespace"])
                elif change := difference(found, new):
                    self.client.patch("EndpointSlice", place["name"], change, place["namespace"])


def is_mirrored(endpoints: Object, service: Object | None) -> bool:
    """Whether they are the user's, for a Service that has no selector."""
    metadata = endpoints["metadata"]
    if (metadata.get("labels") or {}).get(SKIP) == "true" or LEADER in (metadata.get("annotations") or {}):
        return False
    return service is not None and not meta.is_being_deleted(service) and not service["spec"].get("selector")


def desired(endpoints: Object) -> list[Object]:
    """A slice for each subset that has somebody in it."""
    return [endpoint_slice(endpoints, subset) for subset in endpoints.get("subsets") or () if _all(subset)]


def endpoint_slice(endpoints: Object, subset: Object) -> Object:
    metadata = endpoints["metadata"]
    labels = {**(metadata.get("labels") or {}), SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER}
    annotations = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in NOT_COPIED}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [meta.owner_reference(endpoints, "Endpoints", "v1")],
        },
        "addressType": "IPv4",
        "endpoints": _all(subset)[:MOST_ADDRESSES],
        "ports": [{"name": "", "protocol": "TCP", **port} for port in subset.get("ports") or ()],
    }


def _all(subset: Object) -> list[Object]:
    """Its IPv4 addresses, the ready ones first."""
    found = [_endpoint(address, ready=True) for address in subset.get("addresses") or ()]
    found += [_endpoint(address, ready=False) for address in subset.get("notReadyAddresses") or ()]
    return [one for one in found if ":" not in one["addresses"][0]]


def _endpoint(address: Object, *, ready: bool) -> Object:
    kept = {key: address[key] for key in ("hostname", "nodeName", "targetRef") if address.get(key)}
    return {"addresses": [address["ip"]], "conditions": {"ready": ready}, **kept}


def difference(found: Object, new: Object) -> Object:
    """The merge patch that makes a slice what it should be; empty if it is."""
    change: Object = {key: new[key] for key in ("endpoints", "ports") if (found.get(key) or []) != new[key]}
    for key in ("labels", "annotations"):
        old, wanted = found["metadata"].get(key) or {}, new["metadata"][key]
        if old != wanted:
            change.setdefault("metadata", {})[key] = {**dict.fromkeys(old), **wanted}
    return change


def _ports(one: Object) -> str:
    """Slices of the same ports meet, so that a change is a change and not two."""
    return str(one.get("ports") or [])
