"""What the API adds to an Ingress and refuses, and what it says where nobody would act on one.

Source: plugin/pkg/admission/network/defaultingressclass/admission.go. That a host and path belong to one namespace is a
rule of this cluster, as of ingress-nginx' own webhook: in a class two students would otherwise share them at random.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from minikweb import settings
from minikweb.apimachinery import errors
from minikweb.apiserver.objects import Call
from minikweb.apiserver.server import Server
from minikweb.kinds.registry import Kind, Object
from minikweb.store.query import Query

INGRESSES, CLASSES = "ingresses.networking.k8s.io", "ingressclasses.networking.k8s.io"
POLICIES = "networkpolicies.networking.k8s.io"
DEFAULT = "ingressclass.kubernetes.io/is-default-class"
OLD_CLASS = "kubernetes.io/ingress.class"  # the annotation of before spec.ingressClassName
RUNTIME = "minikweb.io/runtime"  # a node's label


def creating(server: Server, call: Call, kind: Kind, obj: Object) -> None:
    """Completes a new Ingress, refuses one that is in another's way, warns. Raises Forbidden."""
    if kind.resource == POLICIES and is_simulated(server):
        call.warnings.append("pods are simulated here and have no network: a NetworkPolicy is stored and not enforced")
    if kind.resource != INGRESSES:
        return
    classes = _all(server, CLASSES)
    _set_class(obj, classes)
    _check_places(server, obj)
    if why := _not_routed(server, obj, classes):
        call.warnings.append(why)


def updating(server: Server, kind: Kind, new: Object, old: Object) -> None:
    """Raises Forbidden."""
    if kind.resource == INGRESSES and places(new) - places(old):
        _check_places(server, new)


def is_simulated(server: Server) -> bool:
    """Whether no node has a network."""
    nodes = [(node["metadata"].get("labels") or {}).get(RUNTIME) for node in _all(server, "nodes")]
    return bool(nodes) and all(runtime == "simulated" for runtime in nodes)


def places(ingress: Object) -> set[tuple[str, str]]:
    """The hosts and paths it routes; "" is every host."""
    found = set()
    for rule in (ingress.get("spec") or {}).get("rules") or ():
        for route in (rule.get("http") or {}).get("paths") or ():
            found.add((rule.get("host") or "", route.get("path") or "/"))
    return found


def _set_class(ingress: Object, classes: list[Object]) -> None:
    """Where none is named, the default: of several the newest, as in Kubernetes."""
    spec = ingress.setdefault("spec", {})
    annotations = ingress["metadata"].get("annotations") or {}
    if spec.get("ingressClassName") is not None or OLD_CLASS in annotations:
        return
    if default := list(_defaults(classes)):
        spec["ingressClassName"] = default[0]["metadata"]["name"]


def _defaults(classes: list[Object]) -> Iterator[Object]:
    by_name = sorted(classes, key=lambda one: one["metadata"]["name"])
    for one in sorted(by_name, key=lambda one: one["metadata"]["creationTimestamp"], reverse=True):
        if (one["metadata"].get("annotations") or {}).get(DEFAULT) == "true":
            yield one


def _check_places(server: Server, ingress: Object) -> None:
    """Raises Forbidden where an Ingress of another namespace routes the same host and path, or the pages are there."""
    meta, wanted = ingress["metadata"], places(ingress)
    for host, _ in sorted(wanted):
        if host in settings.OWN_HOSTS:  # an application there would get the cookies of who is signed in
            raise _forbidden(meta, f'host "{host}" is where the dashboard answers: no application shares its name')
    for other in _all(server, INGRESSES):
        namespace, name = other["metadata"]["namespace"], other["metadata"]["name"]
        if namespace == meta.get("namespace") or not (taken := sorted(wanted & places(other))):
            continue
        host, path = taken[0]
        what = f'host "{host}"' if host else "every host"
        why = f'{what} with path "{path}" belongs to the Ingress {name} of namespace {namespace} already'
        raise _forbidden(meta, why)


def _forbidden(meta: Object, why: str) -> errors.Forbidden:
    name = meta.get("name", "")
    details = {"name": name, "group": "networking.k8s.io", "kind": "ingresses"}
    return errors.Forbidden(f'{INGRESSES} "{name}" is forbidden: {why}', details=details)


def _not_routed(server: Server, ingress: Object, classes: list[Object]) -> str:
    """Why nothing will act on it, "" where something may."""
    if is_simulated(server):
        return "pods are simulated here and have no network: an Ingress is stored and routes nothing"
    name = ingress["spec"].get("ingressClassName")
    if name and name not in [one["metadata"]["name"] for one in classes]:
        return f"there is no IngressClass {name}: nothing routes this Ingress until its controller is installed"
    if not name and OLD_CLASS not in (ingress["metadata"].get("annotations") or {}):
        return "no IngressClass is the default here: nothing routes this Ingress until spec.ingressClassName names one"
    return ""


def _all(server: Server, resource: str) -> list[Object]:
    return [orjson.loads(body) for body in server.storage.list(Query(resource)).bodies]
