"""What an object takes of a ResourceQuota, and which quota counts it. Pure: for admission and for the controller alike.

Source: pkg/quota/v1/evaluator/core/{pods,services,persistent_volume_claims}.go, k8s.io/apiserver/pkg/quota/v1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from minikweb.apimachinery import clock, quantity
from minikweb.kinds import podresources
from minikweb.kinds.podresources import Amounts
from minikweb.kinds.pods import qos_class
from minikweb.kinds.registry import Object

ONE = Decimal(1)
# Objects that have a name of their own in a quota beside count/<resource>.
OWN_NAMES = ("configmaps", "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "secrets", "services")
COMPUTE = ("cpu", "memory", "ephemeral-storage")
# Who limits these has every container name them: "it was a mistake", says the source, and so it stays.
NAMED_BY_ALL = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
OF_CLASS = ".storageclass.storage.k8s.io/"


def resource_of(name: str) -> str:
    """Whose objects a name in a quota counts: `requests.cpu` → pods, `count/jobs.batch` → jobs.batch, "" for nobody."""
    if name.startswith("count/"):
        return name.removeprefix("count/")
    if name in OWN_NAMES:
        return name
    if name.startswith("services."):
        return "services"
    if name == "requests.storage" or OF_CLASS in name:
        return "persistentvolumeclaims"
    bare = name.removeprefix("requests.").removeprefix("limits.")
    extended = name.startswith("requests.") and "/" in name
    return "pods" if name == "pods" or bare in COMPUTE or bare.startswith("hugepages-") or extended else ""


def usage(resource: str, obj: Object, now: datetime) -> Amounts:
    """All that an object of `resource` (such as pods, deployments.apps) takes, by the names in a quota."""
    found: Amounts = {f"count/{resource}": ONE}
    if resource in OWN_NAMES:
        found[resource] = ONE
    special = _SPECIAL.get(resource)
    return {**found, **special(obj, now)} if special else found


def _of_pod(pod: Object, now: datetime) -> Amounts:
    if not _lives(pod, now):
        return {}
    requests, limits = podresources.peak(pod["spec"]), podresources.peak(pod["spec"], "limits")
    return {"pods": ONE, **_of_containers(requests, limits)}


def _of_containers(requests: Amounts, limits: Amounts) -> Amounts:
    found: Amounts = {}
    for name, amount in requests.items():
        found[f"requests.{name}"] = amount
        if "/" not in name:
            found[name] = amount
    return found | {f"limits.{name}": amount for name, amount in limits.items() if name in COMPUTE}


def _lives(pod: Object, now: datetime) -> bool:
    """Whether it has not ended, nor should have."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return False
    metadata = pod["metadata"]
    if not metadata.get("deletionTimestamp"):
        return True
    grace = timedelta(seconds=metadata.get("deletionGracePeriodSeconds") or 0)
    return now <= clock.parse(metadata["deletionTimestamp"]) + grace


def _of_service(service: Object, now: datetime) -> Amounts:
    spec = service.get("spec") or {}
    ports = Decimal(len(spec.get("ports") or ()))
    kind = spec.get("type") or "ClusterIP"
    found = {"services.nodeports": Decimal(0), "services.loadbalancers": Decimal(0)}
    if kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False):
        found["services.nodeports"] = ports
    if kind == "LoadBalancer":
        found["services.loadbalancers"] = ONE
    return found


def _of_claim(claim: Object, now: datetime) -> Amounts:
    spec = claim["spec"]
    found = {
        "requests.storage": quantity.parse(((spec.get("resources") or {}).get("requests") or {}).get("storage", 0))
    }
    if name := spec.get("storageClassName"):
        found[f"{name}{OF_CLASS}persistentvolumeclaims"] = ONE
        found[f"{name}{OF_CLASS}requests.storage"] = found["requests.storage"]
    return found


_SPECIAL: dict[str, Callable[[Object, datetime], Amounts]] = {
    "pods": _of_pod,
    "services": _of_service,
    "persistentvolumeclaims": _of_claim,
}


# --- Scopes ------------------------------------------------------------------------------------------


def in_scope(quota: Object, resource: str, obj: Object) -> bool:
    """Whether a quota looks at this object: all its scopes have to hold. Only pods have scopes."""
    spec = quota.get("spec") or {}
    requirements = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    requirements += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    return not requirements or (resource == "pods" and all(_matches(each, obj["spec"]) for each in requirements))


def _matches(requirement: Object, spec: Object) -> bool:
    name = requirement.get("scopeName", "")
    if name in ("Terminating", "NotTerminating"):
        return ((spec.get("activeDeadlineSeconds") or -1) >= 0) is (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        return (qos_class(spec) == "BestEffort") is (name == "BestEffort")
    if name == "CrossNamespacePodAffinity":
        return any(term.get("namespaces") or term.get("namespaceSelector") for term in _affinity_terms(spec))
    return name == "PriorityClass" and _matches_priority(requirement, spec.get("priorityClassName") or "")


def _matches_priority(requirement: Object, name: str) -> bool:
    listed = name in (requirement.get("values") or ())
    return {"Exists": bool(name), "DoesNotExist": not name, "In": bool(name) and listed, "NotIn": not listed}.get(
        requirement.get("operator", ""), False
    )


def _affinity_terms(spec: Object) -> Iterable[Object]:
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        yield from rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for preferred in rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield preferred.get("podAffinityTerm") or {}


# --- Quotas ------------------------------------------------------------------------------------------


def unnamed(names: Iterable[str], pod: Object) -> str:
    """What containers of a pod must name and do not: `limits.cpu for: web; limits.memory for: web`, or ""."""
    lacking: dict[str, set[str]] = {}
    for container in [*(pod["spec"].get("containers") or ()), *(pod["spec"].get("initContainers") or ())]:
        requests, limits = (podresources.of_container(container, key) for key in ("requests", "limits"))
        named = _of_containers(requests, limits)
        for name in names:
            if name in NAMED_BY_ALL and name not in named:
                lacking.setdefault(name, set()).add(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(lacking[name]))}" for name in sorted(lacking))


def used(quota: Object, objects: dict[str, Iterable[Object]], now: datetime) -> Amounts:
    """What all objects (by resource) of the quota's namespace take of each amount it limits."""
    hard = (quota.get("spec") or {}).get("hard") or {}
    total = {name: Decimal(0) for name in hard if resource_of(name)}
    for resource, found in objects.items():
        for obj in found:
            if in_scope(quota, resource, obj):
                for name, amount in usage(resource, obj, now).items():
                    if name in total:
                        total[name] += amount
    return total


def written(name: str, amount: Decimal) -> str:
    """An amount as Kubernetes shows it: bytes in powers of two, the rest in powers of ten."""
    return quantity.format(amount, quantity.BINARY_SI if is_in_bytes(name) else quantity.DECIMAL_SI)


def is_in_bytes(name: str) -> bool:
    return name.rpartition("requests.")[2].removeprefix("limits.") in ("memory", "storage", "ephemeral-storage")
