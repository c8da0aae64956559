"""The group discovery.k8s.io, v1: EndpointSlice; and Endpoints of the core group, for readers of the older form.

Source: pkg/apis/discovery/validation/validation.go, pkg/apis/discovery/v1/defaults.go,
pkg/printers/internalversion/printers.go (printEndpointSlice, formatEndpoints).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from minikweb.apimachinery import meta
from minikweb.apimachinery.errors import invalid_value, required
from minikweb.kinds import formats, strategy
from minikweb.kinds.columns import AGE, NAME, NONE
from minikweb.kinds.containervalidation import PROTOCOLS
from minikweb.kinds.podspec import fill
from minikweb.kinds.registry import Cause, Column, Kind, Object

SERVICE_NAME = "kubernetes.io/service-name"  # label: the Service that a slice belongs to
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
ADDRESS_TYPES = ("IPv4", "IPv6", "FQDN")
MOST_ENDPOINTS, MOST_PORTS = 1000, 100
SHOWN = 3  # endpoints or ports in one cell, then "+ 2 more..."

Spec = dict[str, Any]


# --- EndpointSlice -----------------------------------------------------------------------------------


def _default(endpoint_slice: Object) -> None:
    for port in endpoint_slice.get("ports") or []:
        fill(port, name="", protocol="TCP")


def _prepare_for_update(new: Object, old: Object) -> None:
    strategy.next_generation(new, old, lambda each: {key: each.get(key) for key in ("endpoints", "ports")})


def _validate(endpoint_slice: Object, old: Object | None) -> list[Cause]:
    causes = formats.one_of("addressType", endpoint_slice.get("addressType"), ADDRESS_TYPES)
    if old and endpoint_slice.get("addressType") != old.get("addressType"):
        causes += formats.immutable("addressType", endpoint_slice.get("addressType"), old.get("addressType"))
    endpoints, ports = endpoint_slice.get("endpoints") or [], endpoint_slice.get("ports") or []
    for path, found, most in (("endpoints", endpoints, MOST_ENDPOINTS), ("ports", ports, MOST_PORTS)):
        if len(found) > most:
            causes.append(invalid_value(path, len(found), f"must have at most {most} items"))
    for index, endpoint in enumerate(endpoints):
        causes += _validate_endpoint(f"endpoints[{index}]", endpoint, endpoint_slice.get("addressType"))
    for index, port in enumerate(ports):
        causes += formats.one_of(f"ports[{index}].protocol", port.get("protocol"), PROTOCOLS)
    return causes + formats.unique((f"ports[{index}].name", port.get("name")) for index, port in enumerate(ports))


def _validate_endpoint(path: str, endpoint: Spec, address_type: str | None) -> list[Cause]:
    addresses = endpoint.get("addresses") or []
    causes = [] if addresses else [required(f"{path}.addresses", "must contain at least 1 address")]
    for index, address in enumerate(addresses):
        rule = formats.dns_subdomain if address_type == "FQDN" else formats.ip_address
        causes += rule(f"{path}.addresses[{index}]", address)
    return causes + (formats.dns_label(f"{path}.hostname", endpoint["hostname"]) if endpoint.get("hostname") else [])


def _address_type(endpoint_slice: Object, now: datetime) -> str:
    return endpoint_slice.get("addressType") or ""


def _ports(endpoint_slice: Object, now: datetime) -> str:
    ports = [str(port.get("port") or "*") for port in endpoint_slice.get("ports") or []]
    return _few(ports) if ports else "<unset>"


def _endpoints(endpoint_slice: Object, now: datetime) -> str:
    found = [address for endpoint in endpoint_slice.get("endpoints") or [] for address in endpoint["addresses"]]
    return _few(found) if found else "<unset>"


def _few(words: list[str]) -> str:
    more = f" + {len(words) - SHOWN} more..." if len(words) > SHOWN else ""
    return ",".join(words[:SHOWN]) + more


ENDPOINT_SLICE = Kind(
    group="discovery.k8s.io",
    version="v1",
    kind="EndpointSlice",
    plural="endpointslices",
    namespaced=True,
    schema="io.k8s.api.discovery.v1.EndpointSlice",
    columns=(
        NAME,
        Column("AddressType", _address_type, description="IPv4, IPv6 or FQDN."),
        Column("Ports", _ports, description="Where the endpoints listen."),
        Column("Endpoints", _endpoints, description="The addresses of the endpoints."),
        AGE,
    ),
    default=_default,
    prepare_for_create=strategy.first_generation,
    prepare_for_update=_prepare_for_update,
    validate=_validate,
)


# --- Endpoints ---------------------------------------------------------------------------------------


def _default_endpoints(endpoints: Object) -> None:
    if endpoints.get("subsets"):
        endpoints["subsets"] = [subset or {} for subset in endpoints["subsets"]]  # Go reads null as an empty struct
    for subset in endpoints.get("subsets") or []:
        for port in subset.get("ports") or []:
            fill(port, protocol="TCP")


def _validate_endpoints(endpoints: Object, old: Object | None) -> list[Cause]:
    causes = []
    for index, subset in enumerate(endpoints.get("subsets") or []):
        path = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            causes.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
        for key in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(key) or []):
                causes += formats.ip_address(f"{path}.{key}[{number}].ip", address.get("ip") or "")
        for number, port in enumerate(subset.get("ports") or []):
            causes += formats.port(f"{path}.ports[{number}].port", port.get("port"))
            causes += formats.one_of(f"{path}.ports[{number}].protocol", port.get("protocol"), PROTOCOLS)
    return causes


def _ready_addresses(endpoints: Object, now: datetime) -> str:
    found = []
    for subset in endpoints.get("subsets") or []:
        for address in subset.get("addresses") or []:
            found += [f"{address['ip']}:{port['port']}" for port in subset.get("ports") or []] or [address["ip"]]
    return _few(found) if found else NONE


ENDPOINTS = Kind(
    group="",
    version="v1",
    kind="Endpoints",
    plural="endpoints",
    singular="endpoints",
    namespaced=True,
    schema="io.k8s.api.core.v1.Endpoints",
    short_names=("ep",),
    columns=(NAME, Column("Endpoints", _ready_addresses, description="The addresses that are ready."), AGE),
    default=_default_endpoints,
    validate=_validate_endpoints,
    validate_name=meta.validate_dns_label,
)

KINDS = [ENDPOINT_SLICE]
