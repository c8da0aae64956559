"""What a student may do, as Kubernetes objects. Pure.

A namespace of a student carries a quota, default limits and the Pod Security level `baseline`; in it the student
holds the ClusterRole `edit`. Beyond it: the nodes and a few kinds that tell nothing of others, and the names of the
namespaces, which is why these names tell nothing of a person.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]

CLASS_LABEL = "minikweb.io/class"  # on all that is made for a class: its key
STUDENT_LABEL = "minikweb.io/student"  # on what is made for one student: the name of the account
SECURITY = "pod-security.kubernetes.io/"
LEVELS = {f"{SECURITY}{mode}": "baseline" for mode in ("enforce", "warn")}
READ = ["get", "list", "watch"]
RBAC = "rbac.authorization.k8s.io"
CLASS_ROLE = "minikweb:student"
BOUNDS = "student"  # the name of what bounds a namespace: quota, limits, network policy, role

# Cluster-scoped kinds that every student may read: kind → (group, plural).
SHARED_KINDS = {
    "Node": ("", "nodes"),
    "StorageClass": ("storage.k8s.io", "storageclasses"),
    "IngressClass": ("networking.k8s.io", "ingressclasses"),
    "PriorityClass": ("scheduling.k8s.io", "priorityclasses"),
    "RuntimeClass": ("node.k8s.io", "runtimeclasses"),
    "CustomResourceDefinition": ("apiextensions.k8s.io", "customresourcedefinitions"),
}
# (kind, namespace) of what they may read elsewhere: the leases of the control plane, the Services of DNS and of the
# Ingress controller, which lessons speak of.
SHARED_PLACES = {("Lease", "kube-system"), ("Service", "kube-system")}

# Enough for every lesson, and thirty times of it for one laptop: containers of the lessons use a few MiB.
HARD = {
    "pods": "30",
    "limits.cpu": "8",
    "limits.memory": "4Gi",
    "requests.cpu": "2",
    "requests.memory": "1Gi",
    "requests.storage": "2Gi",
    "persistentvolumeclaims": "6",
    "services": "12",
    "services.nodeports": "3",
    "services.loadbalancers": "2",
    "configmaps": "40",
    "secrets": "40",
    "count/deployments.apps": "20",
    "count/jobs.batch": "40",
    "count/cronjobs.batch": "10",
    "count/ingresses.networking.k8s.io": "6",
}
# A pod with a priority class would push others off their nodes.
NO_PRIORITY = {"scopeName": "PriorityClass", "operator": "Exists"}
DEFAULT_LIMIT = {"cpu": "250m", "memory": "128Mi"}
DEFAULT_REQUEST = {"cpu": "20m", "memory": "16Mi"}
MOST = {"cpu": "2", "memory": "1Gi"}  # of one container


def user_name(class_namespace: str, account: str) -> str:
    """Whom the API sees when this student acts."""
    return f"system:serviceaccount:{class_namespace}:{account}"


def class_objects(namespace: str, key: str) -> list[Object]:
    """What a class needs before its first student: the namespace of its accounts, and what all students may read."""
    group = {"kind": "Group", "apiGroup": RBAC, "name": f"system:serviceaccounts:{namespace}"}
    labels = {CLASS_LABEL: key}
    binding = {"labels": labels, "name": f"minikweb:class-{key}"}
    shared = {"name": f"minikweb:class-{key}", "namespace": "kube-system", "labels": labels}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels | LEVELS}},
        _class_role(),
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": binding,
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": CLASS_ROLE},
            "subjects": [group],
        },
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "Role",
            "metadata": shared,
            "rules": [
                {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": READ},
                {"apiGroups": [""], "resources": ["services"], "verbs": READ},
            ],
        },
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": shared,
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": shared["name"]},
            "subjects": [group],
        },
    ]


def _class_role() -> Object:
    rules = [{"apiGroups": [group], "resources": [plural], "verbs": READ} for group, plural in SHARED_KINDS.values()]
    rules.append({"apiGroups": [""], "resources": ["namespaces"], "verbs": READ})
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": CLASS_ROLE}, "rules": rules}


def account(class_namespace: str, key: str, name: str) -> Object:
    """The identity of a student. It is not in the student's namespace, where the student may delete accounts."""
    metadata = {"name": name, "namespace": class_namespace, "labels": {CLASS_LABEL: key, STUDENT_LABEL: name}}
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata,
        "automountServiceAccountToken": False,
    }


TOOLBOX_IMAGE = "minikweb/toolbox:1.37"
TOOLBOX = "toolbox"  # its container


def toolbox(class_namespace: str, key: str, name: str) -> list[Object]:
    """A student's terminal: a pod beside the accounts of the class that runs as the student, and the right to enter it.

    It is not in the student's namespaces, where it would be counted and cleaned away by lessons.
    """
    labels = {CLASS_LABEL: key, STUDENT_LABEL: name}
    metadata = {"name": name, "namespace": class_namespace, "labels": labels}
    container = {
        "name": TOOLBOX,
        "image": TOOLBOX_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": "NAMESPACE", "value": name}],
        "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}, "requests": DEFAULT_REQUEST},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "serviceAccountName": name,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
        "containers": [container],
    }
    rules = [
        {"apiGroups": [""], "resources": ["pods", "pods/log"], "resourceNames": [name], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods/exec"], "resourceNames": [name], "verbs": ["create", "get"]},
    ]
    return [
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "namespace": class_namespace, "name": name}],
        },
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
    ]


def namespace_objects(
    namespace: str, class_namespace: str, key: str, name: str, pod_ranges: Iterable[str] = ()
) -> list[Object]:
    """A namespace of the student `name` with all that bounds it, in the order in which it has to be made.

    `pod_ranges`: the addresses of all pods, see `ranges`.
    """
    labels = {CLASS_LABEL: key, STUDENT_LABEL: name}
    limit = {"type": "Container", "default": DEFAULT_LIMIT, "defaultRequest": DEFAULT_REQUEST, "max": MOST}
    subject = {"kind": "ServiceAccount", "namespace": class_namespace, "name": name}
    within = {"namespace": namespace, "labels": labels}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels | LEVELS}},
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": within | {"name": BOUNDS},
            "spec": {"hard": HARD},
        },
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": within | {"name": "no-priority"},
            "spec": {"hard": {"pods": "0"}, "scopeSelector": {"matchExpressions": [NO_PRIORITY]}},
        },
        {
            "apiVersion": "v1",
            "kind": "LimitRange",
            "metadata": within | {"name": BOUNDS},
            "spec": {"limits": [limit]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": within | {"name": BOUNDS},
            "spec": {
                "podSelector": {},
                "policyTypes": ["Ingress"],
                "ingress": [{"from": _callers(class_namespace, name, pod_ranges)}],
            },
        },
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": within | {"name": BOUNDS},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "edit"},
            "subjects": [subject],
        },
    ]


def _callers(class_namespace: str, name: str, pod_ranges: Iterable[str]) -> list[Object]:
    """Who may call a student's pods: their own pods and terminal, the Ingress controller, and whatever is no pod."""
    own, of_class = {"matchLabels": {STUDENT_LABEL: name}}, {"kubernetes.io/metadata.name": class_namespace}
    return [
        {"namespaceSelector": own},
        {"namespaceSelector": {"matchLabels": of_class}, "podSelector": own},
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}},
        {"ipBlock": {"cidr": "0.0.0.0/0", **({"except": excepted} if (excepted := list(pod_ranges)) else {})}},
    ]


def ranges(pod_cidrs: Iterable[str]) -> list[str]:
    """The addresses of pods, of nodes to come too: nodes take their /24 from x.y.1.0 up to x.y.254.0.

    What is below and above are nodes and published ports. Ranges of another size are taken as they are.
    """
    found: dict[str, None] = {}
    for cidr in pod_cidrs:
        network = ipaddress.ip_network(cidr)
        if isinstance(network, ipaddress.IPv4Network) and network.prefixlen == 24:
            whole = network.supernet(new_prefix=16)
            first, last = whole.network_address + 256, whole.broadcast_address - 256
            found |= dict.fromkeys(map(str, ipaddress.summarize_address_range(first, last)))
        elif network.version == 4:
            found[cidr] = None
    return list(found)


def may_delete(namespace: str, class_namespace: str, key: str, name: str) -> list[Object]:
    """The right to delete one namespace: the second one of a student, which a lesson has them delete."""
    metadata = {"name": f"minikweb:{namespace}", "labels": {CLASS_LABEL: key, STUDENT_LABEL: name}}
    rule = {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": [namespace], "verbs": ["delete"]}
    subject = {"kind": "ServiceAccount", "namespace": class_namespace, "name": name}
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": metadata["name"]}
    return [
        {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": [rule]},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": metadata,
            "roleRef": reference,
            "subjects": [subject],
        },
    ]
