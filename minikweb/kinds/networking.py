"""The group networking.k8s.io: v1.

Source: pkg/apis/networking/{v1/defaults.go,validation/validation.go}, pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import forbidden_value, invalid_value, required
from minikweb.apimachinery.labels import Selector, from_label_selector
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, NONE
from minikweb.kinds.labelselectors import validate_label_selector
from minikweb.kinds.registry import Cause, Column, Kind, Object

PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
SHOWN_HOSTS = 3
_CIDR_RULE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def _first(obj: Object) -> None:
    strategy.first_generation(obj)
    obj.pop("status", None)


def _update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    strategy.next_generation(new, old, strategy.spec_of)


# --- Ingress -----------------------------------------------------------------------------------------


def _prepare_ingress(ingress: Object) -> None:
    _first(ingress)
    ingress["status"] = {"loadBalancer": {}}


def _validate_ingress(ingress: Object, old: Object | None) -> list[Cause]:
    spec = ingress.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        detail = "either `defaultBackend` or `rules` must be specified"
        return [invalid_value("spec", spec, detail)]
    causes = []
    for index, rule in enumerate(spec.get("rules") or ()):
        path = f"spec.rules[{index}]"
        if host := rule.get("host"):
            causes += formats.dns_subdomain(f"{path}.host", host.removeprefix("*."))
        for number, route in enumerate((rule.get("http") or {}).get("paths") or ()):
            causes += _validate_route(f"{path}.http.paths[{number}]", route)
    if backend := spec.get("defaultBackend"):
        causes += _validate_backend("spec.defaultBackend", backend)
    return causes


def _validate_route(path: str, route: Object) -> list[Cause]:
    kind = route.get("pathType")
    if not kind:
        return [required(f"{path}.pathType", "pathType must be specified")]
    causes = formats.one_of(f"{path}.pathType", kind, PATH_TYPES)
    if kind != "ImplementationSpecific" and not (route.get("path") or "").startswith("/"):
        causes.append(invalid_value(f"{path}.path", route.get("path") or "", "must be an absolute path"))
    return causes + _validate_backend(f"{path}.backend", route.get("backend") or {})


def _validate_backend(path: str, backend: Object) -> list[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if bool(service) == bool(resource):
        return [required(path, "exactly one of service and resource is required")]
    if not service:
        return []
    causes = formats.named(f"{path}.service.name", service.get("name"), meta.validate_dns_1035_label)
    port = service.get("port") or {}
    if bool(port.get("name")) == bool(port.get("number")):
        causes.append(required(f"{path}.service.port", "port name or number is required"))
    return causes


def _class(ingress: Object, now: datetime) -> str:
    return (ingress.get("spec") or {}).get("ingressClassName") or NONE


def _hosts(ingress: Object, now: datetime) -> str:
    hosts = [rule["host"] for rule in (ingress.get("spec") or {}).get("rules") or () if rule.get("host")]
    if not hosts:
        return "*"
    more = f" + {len(hosts) - SHOWN_HOSTS} more..." if len(hosts) > SHOWN_HOSTS else ""
    return ",".join(hosts[:SHOWN_HOSTS]) + more


def _address(ingress: Object, now: datetime) -> str:
    entries = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return ",".join(entry.get("ip") or entry.get("hostname") or "" for entry in entries)


def _ports(ingress: Object, now: datetime) -> str:
    return "80, 443" if (ingress.get("spec") or {}).get("tls") else "80"


INGRESS = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="Ingress",
    plural="ingresses",
    namespaced=True,
    schema="io.k8s.api.networking.v1.Ingress",
    short_names=("ing",),
    subresources=("status",),
    columns=(
        NAME,
        Column("Class", _class, description="The IngressClass, and so the controller, it is for."),
        Column("Hosts", _hosts, description="The host names it routes."),
        Column("Address", _address, description="Where it can be reached."),
        Column("Ports", _ports, description="The ports it listens on."),
        AGE,
    ),
    prepare_for_create=_prepare_ingress,
    prepare_for_update=_update,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate_ingress,
)


# --- IngressClass ------------------------------------------------------------------------------------


def _validate_class(ingress_class: Object, old: Object | None) -> list[Cause]:
    controller = (ingress_class.get("spec") or {}).get("controller")
    causes = [] if controller else [required("spec.controller")]
    if old and controller != (old.get("spec") or {}).get("controller"):
        causes += formats.immutable("spec.controller", controller, (old.get("spec") or {}).get("controller"))
    return causes


def _controller(ingress_class: Object, now: datetime) -> str:
    return (ingress_class.get("spec") or {}).get("controller") or ""


def _parameters(ingress_class: Object, now: datetime) -> str:
    found = (ingress_class.get("spec") or {}).get("parameters")
    if not found:
        return NONE
    group = f".{found['apiGroup']}" if found.get("apiGroup") else ""
    return f"{found.get('kind')}{group}/{found.get('name')}"


INGRESS_CLASS = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="IngressClass",
    plural="ingressclasses",
    namespaced=False,
    schema="io.k8s.api.networking.v1.IngressClass",
    columns=(
        NAME,
        Column("Controller", _controller, description="Which controller serves it."),
        Column("Parameters", _parameters, description="What is passed to the controller."),
        AGE,
    ),
    prepare_for_create=strategy.first_generation,
    prepare_for_update=lambda new, old: strategy.next_generation(new, old, strategy.spec_of),
    validate=_validate_class,
)


# --- NetworkPolicy -----------------------------------------------------------------------------------


def _default_policy(policy: Object) -> None:
    spec = policy.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    for rule in [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]:
        for port in rule.get("ports") or ():
            port.setdefault("protocol", "TCP")


def _validate_policy(policy: Object, old: Object | None) -> list[Cause]:
    spec = policy["spec"]
    causes = validate_label_selector("spec.podSelector", spec.get("podSelector") or {})
    for index, kind in enumerate(spec["policyTypes"]):
        causes += formats.one_of(f"spec.policyTypes[{index}]", kind, ("Egress", "Ingress"))
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for number, port in enumerate(rule.get("ports") or ()):
                causes += _validate_port(f"{path}.ports[{number}]", port)
            for number, peer in enumerate(rule.get(side) or ()):
                causes += _validate_peer(f"{path}.{side}[{number}]", peer)
    return causes


def _validate_port(path: str, port: dict[str, Any]) -> list[Cause]:
    causes = formats.one_of(f"{path}.protocol", port["protocol"], ("SCTP", "TCP", "UDP"))
    number, last = port.get("port"), port.get("endPort")
    if number is not None:
        causes += formats.port_or_name(f"{path}.port", number)
    if last is None:
        return causes
    if not isinstance(number, int):
        why = (
            "may not be specified when `port` is not specified"
            if number is None
            else "may not be specified when `port` is non-numeric"
        )
        return [*causes, forbidden_value(f"{path}.endPort", why)]
    if last < number:
        causes.append(invalid_value(f"{path}.endPort", last, "must be greater than or equal to `port`"))
    return causes + formats.port(f"{path}.endPort", last)


def _validate_peer(path: str, peer: dict[str, Any]) -> list[Cause]:
    block, causes = peer.get("ipBlock"), []
    selectors = [key for key in ("podSelector", "namespaceSelector") if peer.get(key) is not None]
    if not selectors and not block:
        return [required(path, "must specify a peer")]
    if selectors and block:
        return [forbidden_value(path, "may not specify both ipBlock and another peer")]
    for key in selectors:
        causes += validate_label_selector(f"{path}.{key}", peer[key])
    return causes + (_validate_block(f"{path}.ipBlock", block) if block else [])


def _validate_block(path: str, block: dict[str, Any]) -> list[Cause]:
    """A network, and networks within it that are left out."""
    whole = _network(block.get("cidr"))
    if not block.get("cidr"):
        return [required(f"{path}.cidr")]
    if whole is None:
        return [invalid_value(f"{path}.cidr", block["cidr"], _CIDR_RULE)]
    causes = []
    for index, text in enumerate(block.get("except") or ()):
        part, here = _network(text), f"{path}.except[{index}]"
        if part is None:
            causes.append(invalid_value(here, text, _CIDR_RULE))
        elif part.version != whole.version or part == whole or not part.subnet_of(whole):  # type: ignore[arg-type]
            causes.append(invalid_value(here, text, "must be a strict subset of `cidr`"))
    return causes


def _network(text: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if isinstance(text, str) and "/" in text else None
    except ValueError:
        return None


def _pod_selector(policy: Object, now: datetime) -> str:
    found = from_label_selector((policy.get("spec") or {}).get("podSelector"))
    return str(Selector(tuple(sorted(found.requirements)))) or NONE


NETWORK_POLICY = Kind(
    group="networking.k8s.io",
    version="v1",
    kind="NetworkPolicy",
    plural="networkpolicies",
    namespaced=True,
    schema="io.k8s.api.networking.v1.NetworkPolicy",
    short_names=("netpol",),
    columns=(NAME, Column("Pod-Selector", _pod_selector, description="The pods it is about."), AGE),
    default=_default_policy,
    prepare_for_create=strategy.first_generation,
    prepare_for_update=lambda new, old: strategy.next_generation(new, old, strategy.spec_of),
    validate=_validate_policy,
)

KINDS = [INGRESS, INGRESS_CLASS, NETWORK_POLICY]
