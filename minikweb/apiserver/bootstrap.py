"""What every cluster has from its first second: four namespaces and the Service of the API itself.

Source: pkg/controlplane/controller/{systemnamespaces,kubernetesservice}.
"""

from __future__ import annotations

from datetime import datetime

from minikweb.apimachinery.errors import AlreadyExists
from minikweb.apiserver import create, objects
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Object

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
API_ADDRESS = "10.96.0.1"
USER = "system:apiserver"


def bootstrap(server: Server, now: datetime) -> None:
    """Creates what is missing; may be called at every start."""
    call = Call(user=USER, now=now, agent="kube-apiserver", verb="create", manager="kube-apiserver")
    for name in NAMESPACES:
        _ensure(server, call, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    _ensure(server, call, _api_service())


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
