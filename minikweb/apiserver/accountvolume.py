"""How a pod gets at the API: the volume with its account's token, mounted in all of its containers.

Source: plugin/pkg/admission/serviceaccount/admission.go (mountServiceAccountToken, TokenVolumeSource).
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import orjson

from minikweb.apiserver import objects
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Object

PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
PREFIX = "kube-api-access-"
LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # as in generated names
EXPIRES = 60 * 60 + 7  # seconds
CA, CA_KEY = "kube-root-ca.crt", "ca.crt"


def add(server: Server, pod: Object) -> None:
    """Adds it where neither the pod nor its account says no, to the containers that mount nothing there."""
    lacking = [one for one in _containers(pod["spec"]) if not _mounts(one)]
    if not lacking or not _wanted(server, pod):
        return
    volumes = pod["spec"].setdefault("volumes", [])
    name = next((one["name"] for one in volumes if one.get("name", "").startswith(PREFIX)), "")
    if not name:
        name = PREFIX + "".join(random.choices(LETTERS, k=5))
        volumes.append(_volume(name))
    for container in lacking:
        container.setdefault("volumeMounts", []).append({"name": name, "readOnly": True, "mountPath": PATH})


def add_pull_secrets(server: Server, pod: Object) -> None:
    """A pod that names no imagePullSecrets has those of its account."""
    if pod["spec"].get("imagePullSecrets"):
        return
    kind = server.registry.at("", "v1", "serviceaccounts")
    assert kind
    stored = objects.find(server, kind, pod["metadata"].get("namespace", ""), pod["spec"]["serviceAccountName"])
    if stored is None or '"imagePullSecrets"' not in stored.body:
        return
    if secrets := orjson.loads(stored.body).get("imagePullSecrets"):
        pod["spec"]["imagePullSecrets"] = secrets


def _containers(spec: Object) -> Iterator[Object]:
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def _mounts(container: Object) -> bool:
    return any(one.get("mountPath") == PATH for one in container.get("volumeMounts") or ())


def _wanted(server: Server, pod: Object) -> bool:
    asked = pod["spec"].get("automountServiceAccountToken")
    if asked is not None:
        return bool(asked)
    kind = server.registry.at("", "v1", "serviceaccounts")
    assert kind
    stored = objects.find(server, kind, pod["metadata"].get("namespace", ""), pod["spec"]["serviceAccountName"])
    if stored is None or '"automountServiceAccountToken"' not in stored.body:
        return stored is not None
    return orjson.loads(stored.body).get("automountServiceAccountToken", True) is not False


def _volume(name: str) -> Object:
    namespace = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": EXPIRES, "path": "token"}},
        {"configMap": {"name": CA, "items": [{"key": CA_KEY, "path": CA_KEY}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": namespace}]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 0o644}}
