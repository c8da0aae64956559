"""The Service.

Source: pkg/registry/core/service, pkg/apis/core/v1/defaults.go,
pkg/apis/core/validation/validation.go (validateService).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import duplicate, forbidden_value, invalid_value, required
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, NONE, UNKNOWN, labels
from minikweb.kinds.containervalidation import PROTOCOLS
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Column, Health, Kind, Object

Spec = dict[str, Any]

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
HEADLESS = "None"
NODE_PORTS = range(30000, 32768)


# --- Defaults and updates ----------------------------------------------------------------------------


def _default(service: Object) -> None:
    spec = service.setdefault("spec", {})
    service.setdefault("status", {}).setdefault("loadBalancer", {})
    fill(spec, type="ClusterIP", sessionAffinity="None")
    _default_affinity(spec)
    for port in spec.get("ports") or []:
        fill(port, protocol="TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if externally_accessible(spec):
        fill(spec, externalTrafficPolicy="Cluster")
    if needs_cluster_ip(spec):
        fill(spec, internalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        fill(spec, allocateLoadBalancerNodePorts=True)


def _default_affinity(spec: Spec) -> None:
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.get("sessionAffinityConfig") or {}
        if (config.get("clientIP") or {}).get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": 10800}}


def externally_accessible(spec: Spec) -> bool:
    """Whether traffic from outside the cluster reaches it."""
    return spec.get("type") in ("LoadBalancer", "NodePort") or (
        spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs"))
    )


def needs_cluster_ip(spec: Spec) -> bool:
    """Whether it has an address (or None, said to be headless) at all."""
    return spec.get("type") in ("ClusterIP", "LoadBalancer", "NodePort")


def needs_node_ports(spec: Spec) -> bool:
    """Whether its ports are also opened on each node."""
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True))


def _prepare_for_create(service: Object) -> None:
    service["status"] = {"loadBalancer": {}}
    _normalise_cluster_ips(service["spec"])


def _normalise_cluster_ips(spec: Spec) -> None:
    """clusterIP and clusterIPs say the same; one address family, IPv4."""
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]
    if needs_cluster_ip(spec):
        fill(spec, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")


def _prepare_for_update(new: Object, old: Object) -> None:
    strategy.keep_status(new, old)
    after, before = new["spec"], old["spec"]
    if needs_cluster_ip(before):
        _update_cluster_ip(after, before)
    if needs_node_ports(before):
        _update_node_ports(after, before)
    if externally_accessible(before) and not externally_accessible(after):
        _forget(after, before, "externalTrafficPolicy")
    if before["type"] == "LoadBalancer" != after["type"]:
        _forget(after, before, "allocateLoadBalancerNodePorts", "loadBalancerClass")
        new["status"] = {"loadBalancer": {}}
    _normalise_cluster_ips(after)


def _forget(after: Spec, before: Spec, *keys: str) -> None:
    """Drops what no longer applies, unless the user changed it in the same write."""
    for key in keys:
        if after.get(key) == before.get(key):
            after.pop(key, None)


def _update_cluster_ip(after: Spec, before: Spec) -> None:
    keys = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")
    if not needs_cluster_ip(after):
        _forget(after, before, *keys)
    elif not after.get("clusterIP"):
        strategy.restore(after, before, *keys)


def _update_node_ports(after: Spec, before: Spec) -> None:
    """A write that leaves node ports out keeps them; a type without them loses them."""
    known = {port.get("name"): port.get("nodePort") for port in before.get("ports") or []}
    ports = after.get("ports") or []
    named = {port.get("nodePort") for port in ports} - {None, 0}
    for port in ports:
        kept = known.get(port.get("name"))
        if needs_node_ports(after) and not port.get("nodePort") and kept and kept not in named:
            port["nodePort"] = kept
        elif not needs_node_ports(after) and port.get("nodePort") == kept:
            port.pop("nodePort", None)


# --- Validation --------------------------------------------------------------------------------------


def _validate(service: Object, old: Object | None) -> list[Cause]:
    spec = service["spec"]
    causes = _validate_type(spec) + _validate_ports(spec)
    causes += formats.label_map("spec.selector", spec.get("selector"))
    causes += formats.one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    causes += _validate_cluster_ips(spec) + _validate_policies(spec)
    if old:
        causes += _validate_unchanged_ip(spec, old["spec"])
    return causes


def _validate_type(spec: Spec) -> list[Cause]:
    kind, headless = spec.get("type"), spec.get("clusterIP") == HEADLESS
    causes = formats.one_of("spec.type", kind, TYPES)
    if not spec.get("ports") and not headless and kind != "ExternalName":
        causes.append(required("spec.ports"))
    if headless and kind in ("LoadBalancer", "NodePort"):
        detail = f"may not be set to 'None' for {kind} services"
        causes.append(invalid_value("spec.clusterIPs[0]", HEADLESS, detail))
    if kind == "ExternalName":
        for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(key):
                causes.append(forbidden_value(f"spec.{key}", "may not be set for ExternalName services"))
        causes += formats.dns_subdomain("spec.externalName", (spec.get("externalName") or "").removesuffix("."))
    return causes


def _validate_ports(spec: Spec) -> list[Cause]:
    ports = spec.get("ports") or []
    causes = []
    for index, port in enumerate(ports):
        path = f"spec.ports[{index}]"
        if port.get("name") or len(ports) > 1:
            causes += formats.dns_label(f"{path}.name", port.get("name"))
        causes += formats.port(f"{path}.port", port.get("port"))
        causes += formats.one_of(f"{path}.protocol", port.get("protocol"), PROTOCOLS)
        causes += formats.port_or_name(f"{path}.targetPort", port.get("targetPort"))
        if port.get("nodePort"):
            causes += _validate_node_port(f"{path}.nodePort", port["nodePort"], spec["type"])
    causes += formats.unique((f"spec.ports[{i}].name", port.get("name")) for i, port in enumerate(ports))
    return causes + _validate_pairs(ports)


def _validate_node_port(path: str, port: int, kind: str) -> list[Cause]:
    if kind == "ClusterIP":
        return [forbidden_value(path, "may not be used when `type` is 'ClusterIP'")]
    if port not in NODE_PORTS:
        detail = (
            f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
        )
        return [invalid_value(path, port, detail)]
    return []


def _validate_pairs(ports: list[Spec]) -> list[Cause]:
    """No (protocol, port) and no (protocol, node port) may come twice."""
    causes, seen = [], set()
    for index, port in enumerate(ports):
        for key, path in (("port", ""), ("nodePort", ".nodePort")):
            pair = key, port.get("protocol"), port.get(key)
            if port.get(key) and pair in seen:
                value = {"protocol": port["protocol"], "port": port["port"]} if key == "port" else port[key]
                causes.append(duplicate(f"spec.ports[{index}]{path}", value))
            seen.add(pair)
    return causes


def _validate_cluster_ips(spec: Spec) -> list[Cause]:
    ips = spec.get("clusterIPs") or []
    if spec.get("clusterIP") and ips and ips[0] != spec["clusterIP"]:
        return [invalid_value("spec.clusterIPs", ips, "first value must match `clusterIP`")]
    if len(ips) > 1:
        return [invalid_value("spec.clusterIPs", ips, "may specify no more than one IP for each IP family")]
    causes = []
    for key, values in (("clusterIPs", ips), ("externalIPs", spec.get("externalIPs") or [])):
        for index, value in enumerate(values):
            if value != HEADLESS:
                causes += formats.ip_address(f"spec.{key}[{index}]", value)
    return causes


def _validate_policies(spec: Spec) -> list[Cause]:
    causes = []
    path, policy = "spec.externalTrafficPolicy", spec.get("externalTrafficPolicy")
    if externally_accessible(spec):
        causes += formats.one_of(path, policy, ("Cluster", "Local"))
    elif policy:
        causes.append(invalid_value(path, policy, "may only be set for externally-accessible services"))
    if internal := spec.get("internalTrafficPolicy"):
        causes += formats.one_of("spec.internalTrafficPolicy", internal, ("Cluster", "Local"))
    if spec.get("allocateLoadBalancerNodePorts") is not None and spec.get("type") != "LoadBalancer":
        detail = "may only be used when `type` is 'LoadBalancer'"
        causes.append(forbidden_value("spec.allocateLoadBalancerNodePorts", detail))
    return causes


def _validate_unchanged_ip(new: Spec, old: Spec) -> list[Cause]:
    before, after = old.get("clusterIPs") or [], new.get("clusterIPs") or []
    if "ExternalName" in (new.get("type"), old.get("type")) or not before or before[:1] == after[:1]:
        return []
    return [invalid_value("spec.clusterIPs[0]", after, "may not change once set")]


# --- Columns and health ------------------------------------------------------------------------------


def _type(service: Object, now: datetime) -> str:
    return service["spec"].get("type") or ""


def _cluster_ip(service: Object, now: datetime) -> str:
    ips = service["spec"].get("clusterIPs")
    return ips[0] if ips else NONE


def balancer_addresses(service: Object) -> list[str]:
    """Where a LoadBalancer is reached from outside: addresses and host names, sorted."""
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return sorted({found.get("ip") or found.get("hostname") or "" for found in ingress} - {""})


def _external_ip(service: Object, now: datetime) -> str:
    spec = service["spec"]
    own = spec.get("externalIPs") or []
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(own) or NONE
        case "LoadBalancer":
            return ",".join(balancer_addresses(service) + own) or "<pending>"
        case "ExternalName":
            return spec.get("externalName") or ""
    return UNKNOWN


def _ports(service: Object, now: datetime) -> str:
    ports = service["spec"].get("ports") or []
    return ",".join(map(_port, ports)) or NONE


def _port(port: Spec) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"


def _selector(service: Object, now: datetime) -> str:
    return labels(service["spec"].get("selector"))


def _health(service: Object) -> Health:
    kind = service["spec"].get("type") or ""
    if kind == "LoadBalancer" and not balancer_addresses(service):
        return Health("Progressing", kind, "Waiting for an external address.")
    return Health("Healthy", kind)


SERVICE = Kind(
    group="",
    version="v1",
    kind="Service",
    plural="services",
    namespaced=True,
    schema="io.k8s.api.core.v1.Service",
    short_names=("svc",),
    categories=("all",),
    subresources=("proxy", "status"),
    columns=(
        NAME,
        Column("Type", _type, description="How the Service is reached."),
        Column("Cluster-IP", _cluster_ip, description="Its address inside the cluster."),
        Column("External-IP", _external_ip, description="Its addresses outside the cluster."),
        Column("Port(s)", _ports, description="Its ports, with the node's port after a colon."),
        AGE,
        Column("Selector", _selector, priority=1, description="Which pods answer."),
    ),
    default=_default,
    prepare_for_create=_prepare_for_create,
    prepare_for_update=_prepare_for_update,
    prepare_for_status_update=strategy.keep_spec,
    validate=_validate,
    validate_name=meta.validate_dns_label,
    selectable={
        "spec.clusterIP": strategy.path("spec", "clusterIP"),
        "spec.type": strategy.path("spec", "type"),
    },
    health=_health,
)
