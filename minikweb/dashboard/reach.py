"""How traffic gets to pods: a Service's endpoints, an Ingress' routes, and which of it leads nowhere. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from minikweb.kinds.registry import HealthStatus

Object = dict[str, Any]

SERVICE_NAME = "kubernetes.io/service-name"  # the label by which an EndpointSlice names its Service


@dataclass(frozen=True)
class Endpoint:
    """One address behind a Service. `pod` is "" for addresses that were written by hand."""

    address: str
    pod: str
    node: str
    ready: bool
    serving: bool
    terminating: bool
    ports: tuple[str, ...]

    @property
    def word(self) -> str:
        """The condition that decides: who gets new connections, who only keeps the old ones."""
        if self.terminating:
            return "terminating, serving" if self.serving else "terminating"
        return "ready" if self.ready else "not ready"

    @property
    def health(self) -> HealthStatus:
        if self.terminating:
            return "Suspended"
        return "Healthy" if self.ready else "Missing"


def endpoints(slices: Iterable[Object]) -> list[Endpoint]:
    """The addresses of a Service's slices, each once, by pod."""
    found: dict[tuple[str, str], Endpoint] = {}
    for one in slices:
        ports = tuple(_port(port) for port in one.get("ports") or ())
        for listed in one.get("endpoints") or ():
            conditions, target = listed.get("conditions") or {}, listed.get("targetRef") or {}
            ready = conditions.get("ready", True) is not False  # unknown counts as ready (discovery.k8s.io/v1)
            for address in listed.get("addresses") or ():
                name = target.get("name", "") if target.get("kind") == "Pod" else ""
                found[address, name] = Endpoint(
                    address=address,
                    pod=name,
                    node=listed.get("nodeName", ""),
                    ready=ready,
                    serving=conditions.get("serving", ready) is not False,
                    terminating=bool(conditions.get("terminating")),
                    ports=ports,
                )
    return sorted(found.values(), key=lambda one: (one.pod, one.address))


def _port(port: Object) -> str:
    name = f" ({port['name']})" if port.get("name") else ""
    return f"{port.get('port', '')}/{port.get('protocol', 'TCP')}{name}"


def slices_of(service: Object, slices: Iterable[Object]) -> list[Object]:
    """Those of one Service, out of its namespace's."""
    meta = service["metadata"]
    return [
        one
        for one in slices
        if one["metadata"].get("namespace") == meta.get("namespace")
        and (one["metadata"].get("labels") or {}).get(SERVICE_NAME) == meta["name"]
    ]


def selects(service: Object, labels: dict[str, str]) -> bool:
    """Whether a Service chooses pods with these labels; one without a selector chooses none."""
    chosen = (service.get("spec") or {}).get("selector") or {}
    return bool(chosen) and chosen.items() <= labels.items()


@dataclass(frozen=True)
class Route:
    """One line of an Ingress. `problem`: "", or what of it leads nowhere (see PROBLEMS in views/network.py)."""

    host: str
    path: str
    path_type: str
    service: str
    port: str
    ready: int
    secure: bool
    problem: str


def routes(ingress: Object, service: Callable[[str], Object | None], ready: Callable[[str], int]) -> list[Route]:
    """What an Ingress promises. service(name) is the Service or None; ready(name) counts its ready endpoints."""
    spec = ingress.get("spec") or {}
    secure = {host for entry in spec.get("tls") or () for host in entry.get("hosts") or ()}
    found = []
    for rule in spec.get("rules") or ():
        host = rule.get("host", "")
        for path in (rule.get("http") or {}).get("paths") or ():
            place = (host, path.get("path") or "/", path.get("pathType", ""))
            found.append(_route(place, path.get("backend") or {}, host in secure, service, ready))
    if spec.get("defaultBackend"):
        found.append(_route(("", "", "default"), spec["defaultBackend"], False, service, ready))
    return found


def _route(
    place: tuple[str, str, str],
    backend: Object,
    secure: bool,
    service: Callable[[str], Object | None],
    ready: Callable[[str], int],
) -> Route:
    wanted = backend.get("service") or {}
    name, port = wanted.get("name", ""), wanted.get("port") or {}
    asked = str(port.get("name") or port.get("number") or "")
    there, count = service(name) if name else None, ready(name) if name else 0
    problem = ""
    if not name:
        problem = "resource"
    elif there is None:
        problem = "no service"
    elif not _has_port(there, port):
        problem = "no port"
    elif not count and there.get("spec", {}).get("type") != "ExternalName":
        problem = "no endpoint"
    return Route(*place, service=name, port=asked, ready=count, secure=secure, problem=problem)


def _has_port(service: Object, wanted: Object) -> bool:
    ports = (service.get("spec") or {}).get("ports") or ()
    return any(
        (wanted.get("name") and port.get("name") == wanted["name"])
        or (wanted.get("number") and port.get("port") == wanted["number"])
        for port in ports
    )


def backends(ingress: Object) -> list[str]:
    """The names of the Services that an Ingress leads to, each once."""
    return list(
        dict.fromkeys(route.service for route in routes(ingress, lambda name: None, lambda name: 0) if route.service)
    )
