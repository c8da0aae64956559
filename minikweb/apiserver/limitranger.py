"""LimitRange: what a container gets that says nothing, and how much a container, a pod or a claim may ask for.

Source: plugin/pkg/admission/limitranger/admission.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from minikweb.apimachinery import quantity
from minikweb.apimachinery.errors import forbidden
from minikweb.apimachinery.meta import is_being_deleted
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object

ANNOTATION = "kubernetes.io/limit-ranger"
Texts = dict[str, Any]  # resource → quantity as it is written
Check = Callable[[str, str, str, Texts, Texts], str]  # (type, resource, bound, requests, limits) → what is wrong


def complete(server: Server, kind: Kind, obj: Object) -> None:
    """Gives the containers of a new pod the defaults of the namespace's ranges."""
    if kind.resource == "pods":
        for limit_range in server.lister.list("limitranges", obj["metadata"].get("namespace", "")):
            _complete_pod(limit_range, obj)


def check(server: Server, kind: Kind, obj: Object, old: Object | None = None) -> None:
    """Raises Forbidden with all that a range refuses: of a pod once, of a claim also when it changes."""
    if kind.resource not in ("pods", "persistentvolumeclaims"):
        return
    if old is not None and (kind.resource == "pods" or is_being_deleted(old)):
        return
    for limit_range in server.lister.list("limitranges", obj["metadata"].get("namespace", "")):
        faults = list(faults_of(limit_range, kind.kind, obj))
        if faults:
            why = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
            raise forbidden(kind.group, kind.plural, obj["metadata"].get("name", ""), why)


# --- Defaults ----------------------------------------------------------------------------------------


def _complete_pod(limit_range: Object, pod: Object) -> None:
    limits: Texts = {}
    requests: Texts = {}
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        if item.get("type") == "Container":
            limits |= item.get("default") or {}
            requests |= item.get("defaultRequest") or {}
    said = []
    for key, word in (("containers", "container"), ("initContainers", "init container")):
        for container in pod["spec"].get(key) or ():
            said += _complete_container(container, word, requests, limits)
    if said:
        annotations = pod["metadata"].setdefault("annotations", {})
        annotations[ANNOTATION] = "LimitRanger plugin set: " + "; ".join(said)


def _complete_container(container: Object, word: str, requests: Texts, limits: Texts) -> Iterator[str]:
    """Fills in what is missing and says what it was."""
    resources = container.setdefault("resources", {})
    for section, defaults in (("requests", requests), ("limits", limits)):
        missing = {name: value for name, value in defaults.items() if name not in (resources.get(section) or {})}
        if missing:
            resources[section] = {**(resources.get(section) or {}), **missing}
            yield f"{', '.join(sorted(missing))} {section[:-1]} for {word} {container.get('name', '')}"


# --- Checks ------------------------------------------------------------------------------------------


def faults_of(limit_range: Object, kind: str, obj: Object) -> Iterator[str]:
    """What of a Pod or PersistentVolumeClaim a range refuses, in Kubernetes' words."""
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        type_ = item.get("type", "")
        if kind == "PersistentVolumeClaim":
            if type_ == kind:
                yield from _claim_faults(item, (obj["spec"].get("resources") or {}).get("requests") or {})
        elif type_ == "Container":
            for container in [*(obj["spec"].get("containers") or ()), *(obj["spec"].get("initContainers") or ())]:
                resources = container.get("resources") or {}
                yield from _faults(item, resources.get("requests") or {}, resources.get("limits") or {})
        elif type_ == "Pod":
            yield from _faults(item, _of_pod(obj["spec"], "requests"), _of_pod(obj["spec"], "limits"))


def _faults(item: Object, requests: Texts, limits: Texts) -> Iterator[str]:
    for key, check in CHECKS.items():
        for resource, bound in sorted((item.get(key) or {}).items()):
            fault = check(item["type"], resource, bound, requests, limits)
            if fault:
                yield fault


def _claim_faults(item: Object, requests: Texts) -> Iterator[str]:
    for key, word, is_wrong in (("min", "minimum", Decimal.__lt__), ("max", "maximum", Decimal.__gt__)):
        for resource, bound in sorted((item.get(key) or {}).items()):
            what = f"{word} {resource} usage per PersistentVolumeClaim is {bound}"
            if resource not in requests:
                yield f"{what}.  No request is specified"
            elif is_wrong(quantity.parse(requests[resource]), quantity.parse(bound)):
                yield f"{what}, but request is {requests[resource]}"


def _of_pod(spec: Object, section: str) -> Texts:
    """What the pod as a whole names: all its containers together, or its greediest init container."""
    listed = [(one.get("resources") or {}).get(section) or {} for one in spec.get("containers") or ()]
    total: dict[str, Decimal] = {
        name: sum((quantity.parse(each[name]) for each in listed), Decimal(0))
        for name in set().union(*listed)
        if all(name in each for each in listed)
    }
    for container in spec.get("initContainers") or ():
        for name, value in ((container.get("resources") or {}).get(section) or {}).items():
            total[name] = max(total.get(name, Decimal(0)), quantity.parse(value))
    return {name: quantity.format(amount) for name, amount in total.items()}


def _minimum(type_: str, resource: str, bound: str, requests: Texts, limits: Texts) -> str:
    what, least = f"minimum {resource} usage per {type_} is {bound}", quantity.parse(bound)
    if resource not in requests:
        return f"{what}.  No request is specified"
    if quantity.parse(requests[resource]) < least:
        return f"{what}, but request is {requests[resource]}"
    if resource in limits and quantity.parse(limits[resource]) < least:
        return f"{what}, but limit is {limits[resource]}"
    return ""


def _maximum(type_: str, resource: str, bound: str, requests: Texts, limits: Texts) -> str:
    what, most = f"maximum {resource} usage per {type_} is {bound}", quantity.parse(bound)
    if resource not in limits:
        return f"{what}.  No limit is specified"
    if quantity.parse(limits[resource]) > most:
        return f"{what}, but limit is {limits[resource]}"
    if resource in requests and quantity.parse(requests[resource]) > most:
        return f"{what}, but request is {requests[resource]}"
    return ""


def _ratio(type_: str, resource: str, bound: str, requests: Texts, limits: Texts) -> str:
    what = f"{resource} max limit to request ratio per {type_} is {bound}, but"
    request, limit = quantity.parse(requests.get(resource, 0)), quantity.parse(limits.get(resource, 0))
    if not request:
        return f"{what} no request is specified or request is 0"
    if not limit:
        return f"{what} no limit is specified or limit is 0"
    return f"{what} provided ratio is {limit / request:.6f}" if limit / request > quantity.parse(bound) else ""


CHECKS: dict[str, Check] = {"min": _minimum, "max": _maximum, "maxLimitRequestRatio": _ratio}
