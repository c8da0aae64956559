"""Which pods answer for a Service: EndpointSlices follow its selector, each pod with ready, serving and terminating.

Source: kubernetes/pkg/controller/endpointslice/endpointslice_controller.go and
staging/src/k8s.io/endpointslice/{reconciler,utils}.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import NotFound
from minikweb.apimachinery.labels import from_labels
from minikweb.client.controller import Controller, key_of
from minikweb.controllers import podcontrol
from minikweb.kinds.discovery import MANAGED_BY, SERVICE_NAME
from minikweb.kinds.services import HEADLESS

Object = dict[str, Any]
Ports = tuple[tuple[str, str, int], ...]  # (name, protocol, number), sorted

MANAGER = "endpointslice-controller.k8s.io"
HEADLESS_LABEL = "service.kubernetes.io/headless"
MOST_ENDPOINTS = 100  # in one slice: a change of one pod then rewrites a hundredth of a large Service


class EndpointSliceController(Controller):
    """Keeps the slices of each Service with a selector."""

    name = "endpointslice"
    kind = "Service"
    owns = ("EndpointSlice",)
    needs = ("Pod",)
    source = "endpoint-slice-controller"

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind != "Pod":
            yield from super().keys(kind, old, new)
        elif not (old and new) or what_matters(old) != what_matters(new):
            yield from self.services_of(old, new)

    def services_of(self, *versions: Object | None) -> set[str]:
        """The keys of the Services that select the pod as it was or as it is."""
        pods = [pod for pod in versions if pod]
        services = self.cache.list("Service", pods[0]["metadata"]["namespace"])
        return {key_of(service) for service in services if any(selects(service, pod) for pod in pods)}

    def sync(self, namespace: str, name: str) -> float | None:
        service = self.cache.get("Service", namespace, name)
        if service is None or meta.is_being_deleted(service) or not service["spec"].get("selector"):
            return None  # its slices go with it; without a selector they are the user's
        pods = [pod for pod in self.cache.list("Pod", namespace) if selects(service, pod)]
        owned = self.cache.owned("EndpointSlice", service["metadata"]["uid"])
        ours = [each for each in owned if each["metadata"]["labels"].get(MANAGED_BY) == MANAGER]
        self.write(ours, desired(service, pods))
        return None

    def write(self, existing: list[Object], wanted: list[Object]) -> None:
        """Makes the slices equal to those wanted, with as few writes as there are differences."""
        pairs, left_over = pair(existing, wanted)
        for found, new in pairs:
            if found is None:
                self.client.create(new)
            elif changed := difference(found, new):
                with suppress(NotFound):  # the next look creates it anew
                    place = found["metadata"]
                    patch = {"metadata": {"uid": place["uid"]}, **changed}
                    self.client.patch("EndpointSlice", place["name"], patch, place["namespace"])
        for found in left_over:
            with suppress(NotFound):
                self.client.delete("EndpointSlice", found["metadata"]["name"], found["metadata"]["namespace"])


def what_matters(pod: Object) -> tuple:
    """What of a pod its endpoint is made from."""
    metadata, status, spec = pod["metadata"], pod.get("status") or {}, pod["spec"]
    return (
        metadata["uid"],
        metadata.get("labels"),
        bool(metadata.get("deletionTimestamp")),
        status.get("podIP"),
        podcontrol.is_terminal(pod),
        podcontrol.ready_since(pod) is not None,
        spec.get("nodeName"),
    )


def selects(service: Object, pod: Object) -> bool:
    """Whether the Service's selector matches; one without a selector selects nothing."""
    wanted = service["spec"].get("selector")
    return bool(wanted) and from_labels(wanted).matches(pod["metadata"].get("labels"))


# --- The plan (pure) ----------------------------------------------------------------------------------
def desired(service: Object, pods: Iterable[Object]) -> list[Object]:
    """The slices a Service should have: pods with the same port numbers together, 100 to a slice.

    Without any pod there is one empty slice, so that a reader knows that the Service has been looked at.
    """
    groups: dict[Ports, list[Object]] = {}
    for pod in pods:
        if has_endpoint(pod):
            groups.setdefault(ports_of(service, pod), []).append(endpoint(service, pod))
    slices = []
    for ports, endpoints in sorted(groups.items()):
        endpoints.sort(key=lambda each: (_number(each["addresses"][0]), each["targetRef"]["uid"]))
        for start in range(0, len(endpoints), MOST_ENDPOINTS):
            slices.append(endpoint_slice(service, ports, endpoints[start : start + MOST_ENDPOINTS]))
    return slices or [endpoint_slice(service, (), [])]


def has_endpoint(pod: Object) -> bool:
    """Whether there is anybody to send to."""
    return bool((pod.get("status") or {}).get("podIP")) and not podcontrol.is_terminal(pod)


def endpoint(service: Object, pod: Object) -> Object:
    """One pod. A terminating one is not ready (unless not-ready ones are wanted too), but may still be serving."""
    metadata, spec = pod["metadata"], pod["spec"]
    serving, terminating = podcontrol.ready_since(pod) is not None, meta.is_being_deleted(pod)
    everyone = bool(service["spec"].get("publishNotReadyAddresses"))
    found = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": everyone or (serving and not terminating),
            "serving": serving,
            "terminating": terminating,
        },
        "targetRef": {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
    }
    if spec.get("nodeName"):
        found["nodeName"] = spec["nodeName"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        found["hostname"] = spec["hostname"]
    return found


def ports_of(service: Object, pod: Object) -> Ports:
    """The Service's ports as numbers of this pod; a named port that the pod lacks is left out."""
    found = []
    for port in service["spec"].get("ports") or ():
        protocol = port.get("protocol", "TCP")
        number = target_number(pod, port.get("targetPort") or port["port"], protocol)
        if number:
            found.append((port.get("name") or "", protocol, number))
    return tuple(sorted(found))


def target_number(pod: Object, target: int | str, protocol: str) -> int | None:
    """A targetPort of this pod: itself, or the number of the container port of that name."""
    if isinstance(target, int):
        return target
    sidecars = [each for each in pod["spec"].get("initContainers") or () if each.get("restartPolicy") == "Always"]
    for container in (*pod["spec"]["containers"], *sidecars):
        for port in container.get("ports") or ():
            if port.get("name") == target and port.get("protocol", "TCP") == protocol:
                return port["containerPort"]
    return None


def endpoint_slice(service: Object, ports: Ports, endpoints: list[Object]) -> Object:
    """A slice as it is created; the API server finds the rest of its name."""
    metadata = service["metadata"]
    own = {SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER}
    if service["spec"].get("clusterIP") == HEADLESS:
        own[HEADLESS_LABEL] = ""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": {**(metadata.get("labels") or {}), **own},
            "ownerReferences": [meta.owner_reference(service, "Service", "v1")],
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": name, "protocol": protocol, "port": number} for name, protocol, number in ports],
    }


def pair(existing: list[Object], wanted: list[Object]) -> tuple[list[tuple[Object | None, Object]], list[Object]]:
    """Each slice wanted with the one to become it, of the same ports if there is one; and those left over."""
    free = sorted(existing, key=lambda each: each["metadata"]["name"])
    pairs: list[tuple[Object | None, Object]] = []
    for new in sorted(wanted, key=lambda each: not any(_same_ports(each, old) for old in free)):
        found = next((old for old in free if _same_ports(old, new)), free[0] if free else None)
        if found is not None:
            free.remove(found)
        pairs.append((found, new))
    return pairs, free


def _same_ports(one: Object, other: Object) -> bool:
    return (one.get("ports") or []) == (other.get("ports") or [])


def difference(found: Object, new: Object) -> Object:
    """The merge patch that makes a slice what it should be; empty if it is."""
    change: Object = {key: new[key] for key in ("endpoints", "ports") if (found.get(key) or []) != new[key]}
    old, labels = found["metadata"].get("labels") or {}, new["metadata"]["labels"]
    if old != labels:
        change["metadata"] = {"labels": {**dict.fromkeys(old), **labels}}
    return change


def _number(address: str) -> tuple[int, ...]:
    """An IPv4 address in the order of its numbers."""
    return tuple(int(part) for part in address.split("."))
