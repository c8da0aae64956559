"""The roles and bindings every cluster is born with, and their repair at each start.

Roles for parts of Kubernetes that do not exist here are left out. The controllers share one identity here, where
Kubernetes gives each its own account; so system:kube-controller-manager may do everything.

Source: plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, pkg/registry/rbac/reconciliation,
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
"""

from __future__ import annotations

from typing import Any

from minikweb.kinds.rbac import GROUP

Object = dict[str, Any]
Rule = dict[str, Any]

AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate"
_API_VERSION = f"{GROUP}/v1"
_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}

READ = ("get", "list", "watch")
WRITE = ("create", "delete", "deletecollection", "patch", "update")

_STREAMED = "pods/attach pods/exec pods/portforward pods/proxy"
_WORKLOADS = "daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale"
_WORKLOADS_READ = f"controllerrevisions {_WORKLOADS} daemonsets/status deployments/status replicasets/status "
_WORKLOADS_READ += "statefulsets/status"


def _rule(groups: str, resources: str, *verbs: str, names: str = "") -> Rule:
    """A rule; groups are separated by commas ("" is the core group), resources and names by blanks."""
    rule: Rule = {"verbs": sorted(verbs), "apiGroups": groups.split(","), "resources": sorted(resources.split())}
    return {**rule, "resourceNames": names.split()} if names else rule


def _paths(*paths: str) -> Rule:
    return {"verbs": ["get"], "nonResourceURLs": list(paths)}


_EVENTS = _rule(",events.k8s.io", "events", "create", "patch", "update")
_REVIEWS = [
    _rule("authentication.k8s.io", "tokenreviews", "create"),
    _rule("authorization.k8s.io", "subjectaccessreviews", "create"),
]

_TO_VIEW = [
    _rule(
        "",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
        "replicationcontrollers/scale serviceaccounts services services/status",
        *READ,
    ),
    _rule(
        "",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status "
        "resourcequotas resourcequotas/status",
        *READ,
    ),
    _rule("", "namespaces", *READ),
    _rule("discovery.k8s.io", "endpointslices", *READ),
    _rule("apps", _WORKLOADS_READ, *READ),
    _rule("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", *READ),
    _rule("batch", "cronjobs cronjobs/status jobs jobs/status", *READ),
    _rule("policy", "poddisruptionbudgets poddisruptionbudgets/status", *READ),
    _rule("networking.k8s.io", "ingresses ingresses/status networkpolicies", *READ),
]
_TO_EDIT = [
    _rule("", f"{_STREAMED} secrets services/proxy", *READ),
    _rule("", "serviceaccounts", "impersonate"),
    _rule("", f"pods {_STREAMED}", *WRITE),
    _rule("", "pods/eviction", "create"),
    _rule(
        "",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
        "serviceaccounts services services/proxy",
        *WRITE,
    ),
    _rule("", "serviceaccounts/token", "create"),
    _rule("apps", f"{_WORKLOADS} deployments/rollback", *WRITE),
    _rule("autoscaling", "horizontalpodautoscalers", *WRITE),
    _rule("batch", "cronjobs jobs", *WRITE),
    _rule("policy", "poddisruptionbudgets", *WRITE),
    _rule("networking.k8s.io", "ingresses networkpolicies", *WRITE),
    _rule("coordination.k8s.io", "leases", *READ, *WRITE),
]
_TO_ADMIN = [
    _rule("authorization.k8s.io", "localsubjectaccessreviews", "create"),
    _rule(GROUP, "rolebindings roles", *READ, *WRITE),
]
_BASIC_USER = [
    _rule("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", "create"),
    _rule("authentication.k8s.io", "selfsubjectreviews", "create"),
]
_DISCOVERY = _paths(
    "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version",
    "/version/",
)  # fmt: skip
_PUBLIC_INFO = _paths("/healthz", "/livez", "/readyz", "/version", "/version/")
_NODE = [
    *_REVIEWS,
    _rule("authorization.k8s.io", "localsubjectaccessreviews", "create"),
    _rule("", "services", *READ),
    _rule("", "nodes", "create", "patch", "update", *READ),
    _rule("", "nodes/status pods/status", "patch", "update"),
    _EVENTS,
    _rule("", "pods", "create", "delete", *READ),
    _rule("", "pods/eviction", "create"),
    _rule("", "configmaps secrets", *READ),
    _rule("", "persistentvolumeclaims endpoints serviceaccounts", "get"),
    _rule(
        "", "persistentvolumes", "patch", *READ
    ),  # patch: our nodes take away the Docker volume of one that is deleted
    _rule("coordination.k8s.io", "leases", "create", "delete", "get", "patch", "update"),
    _rule("", "serviceaccounts/token", "create"),
    _rule("node.k8s.io", "runtimeclasses", *READ),
]
_SCHEDULER = [
    _EVENTS,
    _rule("coordination.k8s.io", "leases", "create"),
    _rule("coordination.k8s.io", "leases", "get", "patch", "update", names="kube-scheduler"),
    _rule("", "namespaces nodes persistentvolumeclaims persistentvolumes replicationcontrollers services", *READ),
    _rule("", "pods", "delete", *READ),
    _rule("", "bindings pods/binding", "create"),
    _rule("", "pods/status", "patch", "update"),
    _rule("apps", "replicasets statefulsets", *READ),
    _rule("policy", "poddisruptionbudgets", *READ),
    *_REVIEWS,
]
_VOLUME_SCHEDULER = [
    _rule("", "persistentvolumeclaims persistentvolumes", "patch", "update", *READ),
    _rule("storage.k8s.io", "storageclasses", *READ),
]
_NODE_PROXIER = [
    _rule("", "endpoints services", "list", "watch"),
    _rule("", "nodes", *READ),
    _EVENTS,
    _rule("discovery.k8s.io", "endpointslices", "list", "watch"),
    # NetworkPolicies, which in other clusters a further component enforces
    _rule("", "namespaces pods", "list", "watch"),
    _rule("networking.k8s.io", "networkpolicies", "list", "watch"),
]
_EVERYTHING = [_rule("*", "*", "*"), {"verbs": ["*"], "nonResourceURLs": ["*"]}]


def _role(name: str, rules: list[Rule], *, joins: str = "", gathers: str = "") -> Object:
    """A ClusterRole. `joins` names the role its rules are added to, `gathers` makes it be added from others."""
    labels = {**_LABELS, **({f"{GROUP}/aggregate-to-{joins}": "true"} if joins else {})}
    metadata = {"name": name, "labels": labels, "annotations": {AUTO_UPDATE: "true"}}
    role: Object = {"apiVersion": _API_VERSION, "kind": "ClusterRole", "metadata": metadata, "rules": rules}
    if gathers:
        selector = {"matchLabels": {f"{GROUP}/aggregate-to-{gathers}": "true"}}
        role["aggregationRule"] = {"clusterRoleSelectors": [selector]}
    return role


def _binding(role: str, *subjects: tuple[str, str], name: str = "") -> Object:
    """A ClusterRoleBinding to (kind, name) subjects, called as its role unless said."""
    return {
        "apiVersion": _API_VERSION,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name or role, "labels": dict(_LABELS), "annotations": {AUTO_UPDATE: "true"}},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": GROUP, "kind": kind, "name": who} for kind, who in subjects],
    }


def cluster_roles() -> list[Object]:
    """What gathers comes after what it gathers."""
    return [
        _role("system:aggregate-to-view", _TO_VIEW, joins="view"),
        _role("system:aggregate-to-edit", _TO_EDIT, joins="edit"),
        _role("system:aggregate-to-admin", _TO_ADMIN, joins="admin"),
        _role("system:aggregated-metrics-reader", [_rule("metrics.k8s.io", "nodes pods", *READ)], joins="view"),
        _role("view", [], joins="edit", gathers="view"),
        _role("edit", [], joins="admin", gathers="edit"),
        _role("admin", [], gathers="admin"),
        _role("cluster-admin", _EVERYTHING),
        _role("system:auth-delegator", _REVIEWS),
        _role("system:basic-user", _BASIC_USER),
        _role("system:discovery", [_DISCOVERY]),
        _role("system:public-info-viewer", [_PUBLIC_INFO]),
        _role("system:monitoring", [_paths("/healthz", "/healthz/*", "/livez", "/livez/*", "/readyz", "/readyz/*")]),
        _role("system:kube-controller-manager", _EVERYTHING),
        _role("system:kube-scheduler", _SCHEDULER),
        _role("system:volume-scheduler", _VOLUME_SCHEDULER),
        _role("system:kube-dns", [_rule("", "endpoints services", "list", "watch")]),
        _role("system:node", _NODE),
        _role("system:node-proxier", _NODE_PROXIER),
        _role("system:kubelet-api-admin", [_rule("", "nodes", "proxy", *READ), _rule("", "nodes/proxy", "*")]),
    ]


def cluster_role_bindings() -> list[Object]:
    signed_in, anybody = ("Group", "system:authenticated"), ("Group", "system:unauthenticated")
    return [
        _binding("cluster-admin", ("Group", "system:masters")),
        _binding("cluster-admin", ("User", "minikweb:web"), name="minikweb:web"),
        _binding("cluster-admin", ("User", "minikweb:argocd"), name="minikweb:argocd"),
        _binding("system:basic-user", signed_in),
        _binding("system:discovery", signed_in),
        _binding("system:public-info-viewer", signed_in, anybody),
        _binding("system:kube-controller-manager", ("User", "system:kube-controller-manager")),
        _binding("system:kube-scheduler", ("User", "system:kube-scheduler")),
        _binding("system:volume-scheduler", ("User", "system:kube-scheduler")),
        _binding("system:node", ("Group", "system:nodes")),
        _binding("system:node-proxier", ("User", "system:kube-proxy"), ("Group", "system:nodes")),
    ]


def repaired(live: Object, default: Object) -> Object:
    """The live role or binding with what it lacks of the default; the same object when it lacks nothing.

    What was added by hand stays. A role that gathers its rules keeps those it has.
    """
    annotations = live["metadata"].get("annotations") or {}
    if annotations.get(AUTO_UPDATE) == "false":
        return live
    fixed = {**live, "metadata": dict(live["metadata"])}
    for key in ("labels", "annotations"):
        fixed["metadata"][key] = {**(live["metadata"].get(key) or {}), **default["metadata"][key]}
    if "aggregationRule" in default:
        fixed["aggregationRule"] = live.get("aggregationRule") or default["aggregationRule"]
    else:
        field = "rules" if "rules" in default else "subjects"
        held = live.get(field) or []
        fixed[field] = [*held, *(each for each in default[field] if each not in held)]
    return live if fixed == live else fixed
