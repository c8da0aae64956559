"""Which nodes a DaemonSet's pods belong on, and the pod for one of them. Pure.

The pod is bound by the scheduler like any other; only its required node affinity lets a single node fit.

Source: kubernetes/pkg/controller/daemon/daemon_controller.go (NodeShouldRunDaemonPod), daemon/util/daemonset_util.go.
"""

from __future__ import annotations

from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.serializer import deep_copy
from minikweb.controllers import history, podcontrol
from minikweb.kinds import nodeaffinity
from minikweb.kinds.daemonsets import template_generation
from minikweb.kinds.taints import NO_EXECUTE, NO_SCHEDULE, NOT_READY, UNREACHABLE, UNSCHEDULABLE, taints_of, untolerated

Object = dict[str, Any]

GENERATION_LABEL = "pod-template-generation"
TOLERATED = (
    (NOT_READY, NO_EXECUTE),
    (UNREACHABLE, NO_EXECUTE),
    ("node.kubernetes.io/disk-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/memory-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/pid-pressure", NO_SCHEDULE),
    (UNSCHEDULABLE, NO_SCHEDULE),
)
OF_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", NO_SCHEDULE)


def tolerations(spec: Object) -> list[Object]:
    """The tolerations of the template, and those that every daemon has."""
    found = list(spec.get("tolerations") or ())
    for key, effect in (*TOLERATED, *([OF_HOST_NETWORK] if spec.get("hostNetwork") else ())):
        wanted = {"key": key, "operator": "Exists", "effect": effect}
        found = [each for each in found if {**each, "tolerationSeconds": None} != {**wanted, "tolerationSeconds": None}]
        found.append(wanted)
    return found


def should_run(daemon_set: Object, node: Object) -> bool:
    """Whether a pod should be made for the node."""
    taints = taints_of(node, NO_SCHEDULE, NO_EXECUTE)
    return _fits(daemon_set, node) and not untolerated(taints, tolerations(daemon_set["spec"]["template"]["spec"]))


def may_stay(daemon_set: Object, node: Object) -> bool:
    """Whether a pod that is there may go on."""
    taints = taints_of(node, NO_EXECUTE)
    return _fits(daemon_set, node) and not untolerated(taints, tolerations(daemon_set["spec"]["template"]["spec"]))


def _fits(daemon_set: Object, node: Object) -> bool:
    spec = daemon_set["spec"]["template"]["spec"]
    return spec.get("nodeName") in (None, "", node["metadata"]["name"]) and nodeaffinity.fits(spec, node)


def node_of(pod: Object) -> str:
    """The node it is bound to, or made for; "" when that cannot be told."""
    if pod["spec"].get("nodeName"):
        return pod["spec"]["nodeName"]
    required = nodeaffinity.of(pod["spec"]).get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for entry in term.get("matchFields") or ():
            if (entry["key"], entry["operator"], len(entry["values"])) == ("metadata.name", "In", 1):
                return entry["values"][0]
    return ""


def by_node(pods: list[Object]) -> dict[str, list[Object]]:
    """Node → its pods, the one that counts first: bound before unbound, then the oldest."""
    found: dict[str, list[Object]] = {}
    for pod in sorted(pods, key=_rank):
        if not (podcontrol.is_terminal(pod) and meta.is_being_deleted(pod)):
            found.setdefault(node_of(pod), []).append(pod)
    return found


def _rank(pod: Object) -> tuple:
    is_pending = pod.get("status", {}).get("phase") == "Pending"
    return not pod["spec"].get("nodeName"), is_pending, pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]


def is_updated(pod: Object, digest: str) -> bool:
    return pod["metadata"].get("labels", {}).get(history.HASH_LABEL) == digest


def new_pod(daemon_set: Object, node: str, digest: str) -> Object:
    """The pod for a node."""
    pod = podcontrol.pod_from_template(daemon_set["spec"]["template"], daemon_set)
    labels = pod["metadata"].setdefault("labels", {})
    labels[history.HASH_LABEL] = digest
    if template_generation(daemon_set):
        labels[GENERATION_LABEL] = str(template_generation(daemon_set))
    spec = pod["spec"]
    spec["tolerations"] = tolerations(spec)
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    affinity = deep_copy(spec.get("affinity") or {})
    affinity["nodeAffinity"] = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [field]}]},
    }
    spec["affinity"] = affinity
    return pod
