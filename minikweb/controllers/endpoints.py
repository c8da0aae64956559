"""Endpoints, for readers that do not know EndpointSlices: the slices of a Service in the older form.

Source: kubernetes/pkg/controller/endpoint/endpoints_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import NotFound
from minikweb.client.controller import Controller
from minikweb.kinds.discovery import SERVICE_NAME

Object = dict[str, Any]

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"


class EndpointsController(Controller):
    """Keeps one Endpoints object, of the same name, for each Service with a selector."""

    name = "endpoints"
    kind = "Service"
    needs = ("EndpointSlice", "Endpoints")
    source = "endpoint-controller"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        yield from super().keys(kind, old, new)
        metadata = (new or old or {})["metadata"]
        if kind == "EndpointSlice" and (service := (metadata.get("labels") or {}).get(SERVICE_NAME)):
            yield f"{metadata['namespace']}/{service}"
        if kind == "Endpoints" and (new is None or old is not None):
            yield f"{metadata['namespace']}/{metadata['name']}"

    def sync(self, namespace: str, name: str) -> float | None:
        service = self.cache.get("Service", namespace, name)
        found = self.cache.get("Endpoints", namespace, name)
        if service is None or meta.is_being_deleted(service):
            if found is not None:
                with suppress(NotFound):
                    self.client.delete("Endpoints", name, namespace)
            return None
        if service["spec"].get("selector"):
            self.write(found, desired(service, self.slices_of(service)))
        return None

    def slices_of(self, service: Object) -> list[Object]:
        return self.cache.owned("EndpointSlice", service["metadata"]["uid"])

    def write(self, found: Object | None, wanted: Object) -> None:
        if found is None:
            self.client.create(wanted)
            return
        same_labels = (found["metadata"].get("labels") or {}) == wanted["metadata"]["labels"]
        if same_labels and (found.get("subsets") or []) == wanted["subsets"]:
            return
        labels = {**dict.fromkeys(found["metadata"].get("labels") or {}), **wanted["metadata"]["labels"]}
        patch = {"metadata": {"labels": labels}, "subsets": wanted["subsets"]}
        self.client.patch("Endpoints", found["metadata"]["name"], patch, found["metadata"]["namespace"])


def desired(service: Object, slices: Iterable[Object]) -> Object:
    """The Endpoints of a Service. Terminating pods are not in it: the older form has no word for them."""
    subsets = [found for each in slices if (found := subset(each))]
    subsets.sort(key=lambda each: (str(each.get("ports")), each.get("addresses", [])[:1] == [], str(each)))
    metadata = service["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": {**(metadata.get("labels") or {}), MANAGED_BY: MANAGER},
        },
        "subsets": subsets,
    }


def subset(endpoint_slice: Object) -> Object | None:
    """A slice as a subset, None if nobody is in it."""
    ready, others = [], []
    for endpoint in endpoint_slice.get("endpoints") or ():
        conditions = endpoint["conditions"]
        if conditions.get("ready"):
            ready.append(address(endpoint))
        elif not conditions.get("terminating"):
            others.append(address(endpoint))
    found: Object = {"addresses": ready} if ready else {}
    if others:
        found["notReadyAddresses"] = others
    if not found:
        return None
    if endpoint_slice.get("ports"):
        found["ports"] = [
            {key: value for key, value in port.items() if key != "name" or value} for port in endpoint_slice["ports"]
        ]
    return found


def address(endpoint: Object) -> Object:
    kept = {key: endpoint[key] for key in ("hostname", "nodeName", "targetRef") if key in endpoint}
    return {"ip": endpoint["addresses"][0], **kept}
