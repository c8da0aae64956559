"""What every cluster has from its first second: four namespaces, the default roles, the Service of the API itself.

Source: pkg/controlplane/controller/{systemnamespaces,kubernetesservice}, pkg/registry/rbac/rest/storage_rbac.go.
"""

from __future__ import annotations

from datetime import datetime

from minikweb.apimachinery.errors import AlreadyExists
from minikweb.apiserver import create, defaultroles, objects, update
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds import rbac
from minikweb.kinds.registry import Object
from minikweb.kinds.scheduling import OF_SYSTEM
from minikweb.kinds.storage import DEFAULT_CLASS, PROVISIONER

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
API_ADDRESS = "10.96.0.1"
STORAGE_CLASS = "standard"
USER = "system:apiserver"


def bootstrap(server: Server, now: datetime) -> None:
    """Creates or repairs what is missing; may be called at every start."""
    call = Call(user=USER, now=now, agent="kube-apiserver", verb="create", manager="kube-apiserver")
    for name in NAMESPACES:
        _ensure(server, call, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    _ensure(server, call, _api_service())
    _ensure(server, call, _storage_class())
    for name, (value, description) in OF_SYSTEM.items():
        _ensure(server, call, _priority_class(name, value, description))
    _install_roles(server, call)


def _ensure(server: Server, call: Call, obj: Object) -> None:
    kind = server.registry.of(obj["apiVersion"], obj["kind"])
    assert kind
    namespace = obj["metadata"].get("namespace", "")
    if objects.find(server, kind, namespace, obj["metadata"]["name"]):
        return
    try:
        create.create(server, call, kind, namespace, obj)
    except AlreadyExists:
        return


def _install_roles(server: Server, call: Call) -> None:
    """Kubernetes' default roles and bindings. What gathers rules is filled here once, later by its controller."""
    made: list[Object] = []
    for role in defaultroles.cluster_roles():
        if "aggregationRule" in role:
            role["rules"] = rbac.aggregated_rules(role, made)
        made.append(role)
        _install(server, call, role)
    for binding in defaultroles.cluster_role_bindings():
        _install(server, call, binding)


def _install(server: Server, call: Call, default: Object) -> None:
    kind = server.registry.of(default["apiVersion"], default["kind"])
    assert kind
    name = default["metadata"]["name"]
    stored = objects.find(server, kind, "", name)
    if stored is None:
        create.create(server, call, kind, "", default)
    elif objects.parse(stored) != defaultroles.repaired(objects.parse(stored), default):
        update.update(server, call, kind, "", name, lambda live: defaultroles.repaired(live, default))


def answer_at(server: Server, now: datetime, ip: str, port: int) -> None:
    """Says where pods reach the API behind its Service; the address may be another than at the last start."""
    call = Call(user=USER, now=now, agent="kube-apiserver", verb="update", manager="kube-apiserver")
    wanted = _api_endpoint(ip, port)
    _ensure(server, call, wanted)
    kind = server.registry.of(wanted["apiVersion"], wanted["kind"])
    assert kind
    here = {key: wanted[key] for key in ("endpoints", "ports")}
    update.update(server, call, kind, "default", "kubernetes", lambda live: {**live, **here})


def _api_endpoint(ip: str, port: int) -> Object:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": [ip], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }


def _priority_class(name: str, value: int, description: str) -> Object:
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        "description": description,
    }


def _storage_class() -> Object:
    """The class of claims that name none, as kind and most clouds have it."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS, "annotations": {DEFAULT_CLASS: "true"}},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


def _api_service() -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": API_ADDRESS,
            "clusterIPs": [API_ADDRESS],
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    }
