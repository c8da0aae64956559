"""The places of a class in the cluster: made, cleaned, removed; and the token of a student. All by the API."""

from __future__ import annotations

import contextlib
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import yaml

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.people import grants
from minikweb.people.models import SchoolClass, Student

Object = dict[str, Any]

FIELD_MANAGER = "minikweb-people"
TOKEN_SECONDS = 12 * 3600  # a day of class; the page gives a new one at any time
AT_ONCE = 4  # requests under way while a class is taken down
CA = "kube-root-ca.crt"  # the ConfigMap with the cluster's CA that every namespace has
TLS_NAME = "kubernetes.default.svc"  # in the API's certificate whatever address the laptop has today


def open_class(client: Client, school_class: SchoolClass) -> None:
    """Makes what a class needs in the cluster. Repeatable."""
    for obj in grants.class_objects(school_class.namespace, school_class.key):
        _ensure(client, obj)


def welcome(client: Client, student: Student) -> None:
    """Makes the identity and the namespaces of a student, and mends what is missing of them."""
    place, key, name = student.school_class.namespace, student.school_class.key, student.account
    _ensure(client, grants.account(place, key, name))
    cidrs = [node["spec"]["podCIDR"] for node in client.list("Node")["items"] if node["spec"].get("podCIDR")]
    for namespace in student.namespaces:
        for obj in grants.namespace_objects(namespace, place, key, name, grants.ranges(cidrs)):
            _ensure(client, obj)
    for obj in grants.may_delete(student.namespaces[1], place, key, name):
        _ensure(client, obj)


def open_toolbox(client: Client, student: Student) -> None:
    """Makes the pod of a student's terminal, and mends what is missing around it."""
    place = student.school_class
    for obj in grants.toolbox(place.namespace, place.key, student.account):
        _ensure(client, obj)


def toolbox_of(client: Client, student: Student) -> Object | None:
    """The pod of a student's terminal."""
    with contextlib.suppress(errors.NotFound):
        return client.get("Pod", student.account, student.school_class.namespace)
    return None


def is_simulated(client: Client) -> bool:
    """Whether no node runs containers, so that there is no terminal."""
    nodes = client.list("Node")["items"]
    versions = [node.get("status", {}).get("nodeInfo", {}).get("containerRuntimeVersion", "") for node in nodes]
    return bool(versions) and all(version.startswith("simulated") for version in versions)


def _ensure(client: Client, obj: Object) -> None:
    with contextlib.suppress(errors.AlreadyExists):
        client.create(obj)


def dismiss(client: Client, student: Student) -> list[str]:
    """Removes all of a student from the cluster, the token first; returns what was asked to go, as `kind/name`."""
    removed = _remove(client, "ServiceAccount", student.account, student.school_class.namespace)
    for namespace in student.namespaces:
        removed += _remove(client, "Namespace", namespace)
    for kind in ("Pod", "RoleBinding", "Role"):
        removed += _remove(client, kind, student.account, student.school_class.namespace)
    role = f"minikweb:{student.namespaces[1]}"
    return removed + _remove(client, "ClusterRoleBinding", role) + _remove(client, "ClusterRole", role)


def close_class(client: Client, school_class: SchoolClass) -> list[str]:
    """Removes everybody and the class from the cluster; tokens are dead when it returns."""
    name = f"minikweb:class-{school_class.key}"
    removed = _remove(client, "ClusterRoleBinding", name) + _remove(client, "RoleBinding", name, "kube-system")
    removed += _remove(client, "Role", name, "kube-system")
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="dismiss") as pool:
        students = list(school_class.students.select_related("school_class"))
        for gone in pool.map(lambda student: dismiss(client, student), students):
            removed += gone
    return removed + _remove(client, "Namespace", school_class.namespace)


def _remove(client: Client, kind: str, name: str, namespace: str | None = None) -> list[str]:
    try:
        client.delete(kind, name, namespace, propagation_policy="Background")
    except errors.NotFound:
        return []
    return [f"{kind}/{name}"]


# What a reset deletes: what a person makes; what these own goes along.
CLEANED = ("CronJob", "Job", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Service", "Ingress")
CLEANED += ("NetworkPolicy", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ConfigMap", "Secret")
CLEANED += ("PersistentVolumeClaim",)


def clean(client: Client, student: Student) -> int:
    """Empties the namespaces of a student and makes them anew where they are missing; returns how many objects went."""
    deleted = 0
    for namespace in student.namespaces:
        for kind in CLEANED:
            deleted += sum(_clean_one(client, obj, namespace) for obj in _of_persons(client, kind, namespace))
        _remove(client, "NetworkPolicy", grants.BOUNDS, namespace)  # `edit` may have changed it: made anew
    welcome(client, student)
    return deleted


def _of_persons(client: Client, kind: str, namespace: str) -> list[Object]:
    """The objects that no controller looks after, but for what every namespace is given."""
    found = client.list(kind, namespace)["items"]
    kept = [obj for obj in found if not any(o.get("controller") for o in obj["metadata"].get("ownerReferences", ()))]
    given = (CA, grants.BOUNDS)
    return [obj for obj in kept if obj["metadata"]["name"] not in given]


def _clean_one(client: Client, obj: Object, namespace: str) -> bool:
    try:
        client.delete(obj["kind"], obj["metadata"]["name"], namespace, propagation_policy="Background")
    except errors.NotFound:
        return False
    return True


def token(client: Client, student: Student, seconds: int = TOKEN_SECONDS) -> str:
    """A token of the student's account (TokenRequest). It dies with the account."""
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {"name": student.account, "namespace": student.school_class.namespace},
        "spec": {"expirationSeconds": seconds},
    }
    return client.create(request, subresource="token")["status"]["token"]


def kubeconfig(client: Client, student: Student, server: str) -> str:
    """What `kubectl` needs to be this student at the API at `server` (https://host:port), as YAML."""
    # The namespace of the student may be too young to have it.
    authority = b64encode(client.get("ConfigMap", CA, "default")["data"]["ca.crt"].encode()).decode()
    cluster = {"server": server, "tls-server-name": TLS_NAME, "certificate-authority-data": authority}
    context = {"cluster": "minikweb", "user": student.account, "namespace": student.account}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "minikweb", "cluster": cluster}],
        "users": [{"name": student.account, "user": {"token": token(client, student)}}],
        "contexts": [{"name": "minikweb", "context": context}],
        "current-context": "minikweb",
    }
    return yaml.safe_dump(config, sort_keys=False)
