"""The Service of the cluster's DNS: what `kubectl cluster-info` and `kubectl -n kube-system get svc` show.

Each node answers for its own pods at the Service's address, as with Kubernetes' NodeLocal DNSCache, so nothing is
balanced; the slice says which nodes answer. Source: the manifests kubeadm installs (cmd/kubeadm/app/phases/addons/dns).
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import AlreadyExists, NotFound
from minikweb.client.controller import Controller
from minikweb.kinds.discovery import MANAGED_BY, SERVICE_NAME
from minikweb.network import dns
from minikweb.network.agent import KEY
from minikweb.network.nodes import address, is_on_docker, is_ready

Object = dict[str, Any]

NAMESPACE, NAME = "kube-system", "kube-dns"
LABELS = {"k8s-app": NAME, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "DNS"}
MANAGER = "network.minikweb.io"
PORTS = (("dns", "UDP"), ("dns-tcp", "TCP"))


class KubeDNS(Controller):
    """Keeps the Service and its EndpointSlice where there is a network."""

    name = "kubedns"
    kind = "Service"
    owns = ("EndpointSlice",)
    needs = ("Node",)
    workers = 1

    def keys(self, kind: str, old: Object | None, new: Object | None) -> Iterable[str]:
        if kind == "Node":
            if not (old and new) or (address(old), is_ready(old)) != (address(new), is_ready(new)):
                yield KEY
        elif (new or old or {})["metadata"].get("namespace") == NAMESPACE:
            yield KEY

    def sync(self, namespace: str, name: str) -> float | None:
        nodes = self.cache.list("Node")
        if not is_on_docker(nodes):
            return None
        found = self.cache.get("Service", NAMESPACE, NAME)
        if found is None:
            with suppress(AlreadyExists):
                self.client.create(service())
            return None
        if found["spec"].get("selector"):
            return None  # somebody runs a DNS server of his own
        wanted = endpoint_slice(found, nodes)
        current = self.cache.get("EndpointSlice", NAMESPACE, wanted["metadata"]["name"])
        if current is None:
            with suppress(AlreadyExists):
                self.client.create(wanted)
        elif current.get("endpoints") != wanted["endpoints"]:
            with suppress(NotFound):
                patch = {"endpoints": wanted["endpoints"]}
                self.client.patch("EndpointSlice", wanted["metadata"]["name"], patch, NAMESPACE)
        return None


def service() -> Object:
    ports = [{"name": name, "port": 53, "targetPort": 53, "protocol": protocol} for name, protocol in PORTS]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": dict(LABELS)},
        "spec": {"type": "ClusterIP", "clusterIP": dns.ADDRESS, "clusterIPs": [dns.ADDRESS], "ports": ports},
    }


def endpoint_slice(owner: Object, nodes: Iterable[Object]) -> Object:
    """The nodes that answer."""
    found = sorted((address(node)[1], node["metadata"]["name"]) for node in nodes if is_ready(node))
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{NAME}-nodes",
            "namespace": NAMESPACE,
            "labels": {**LABELS, SERVICE_NAME: NAME, MANAGED_BY: MANAGER},
            "ownerReferences": [meta.owner_reference(owner, "Service", "v1")],
        },
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": [ip], "conditions": {"ready": True, "serving": True, "terminating": False}, "nodeName": name}
            for ip, name in found
            if ip
        ],
        "ports": [{"name": name, "protocol": protocol, "port": 53} for name, protocol in PORTS],
    }
