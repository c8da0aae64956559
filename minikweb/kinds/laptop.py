"""Where a Service or an Ingress opens on the machine that runs the cluster. Pure: plain objects → links.

Published ports are always on localhost, and every name under `.localhost` is localhost (RFC 6761), so a browser needs
no entry in /etc/hosts. On the simulated runtime nothing answers: whoever shows the links leaves them out there.
"""

from __future__ import annotations

from typing import Any

from minikweb.kinds.services import balancer_addresses, needs_node_ports

Object = dict[str, Any]

LOCALHOST = "localhost"
INGRESS_HTTP, INGRESS_HTTPS = 8080, 8443  # unless MINIKWEB_INGRESS_HTTP_PORT and _HTTPS_PORT say otherwise


def laptop_urls(obj: Object, *, http: int = INGRESS_HTTP, https: int = INGRESS_HTTPS) -> list[str]:
    """The links that open a Service or an Ingress from this machine's browser; of any other object none.

    http and https are the ports of the Ingress controller. A Service that waits for its address, an Ingress that no
    controller serves, and what is only reached inside the cluster have none. Written like "http://shop.localhost:8080/".
    """
    match obj.get("kind"):
        case "Service":
            return _of_service(obj)
        case "Ingress":
            return _of_ingress(obj, http, https)
    return []


def _of_service(service: Object) -> list[str]:
    """Its load balancer's ports once they answer, else its node ports."""
    spec = service.get("spec") or {}
    if not needs_node_ports(spec):
        return []
    key = "port" if balancer_addresses(service) else "nodePort"
    missing = _missing(service)
    ports = [
        port
        for port in spec.get("ports") or ()
        if port.get("protocol", "TCP") == "TCP" and port.get(key) and port[key] not in missing
    ]
    return [link(_scheme(port), LOCALHOST, port[key]) for port in ports]


def _missing(service: Object) -> set[int]:
    """The ports of a load balancer that another program of this machine has."""
    entries = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return {port["port"] for entry in entries for port in entry.get("ports") or () if port.get("error")}


def _scheme(port: Object) -> str:
    """What the port's own words say of TLS: its appProtocol, its name, or that it is 443."""
    name = port.get("name") or ""
    secure = port.get("appProtocol") == "https" or name == "https" or name.startswith("https-") or port["port"] == 443
    return "https" if secure else "http"


def _of_ingress(ingress: Object, http: int, https: int) -> list[str]:
    spec = ingress.get("spec") or {}
    if not ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
        return []
    secure = [host for entry in spec.get("tls") or () for host in entry.get("hosts") or ()]
    links = []
    for rule in spec.get("rules") or ():
        host = rule.get("host") or LOCALHOST
        if opens(host):
            scheme, port = ("https", https) if _covered(host, secure) else ("http", http)
            paths = [route.get("path") or "/" for route in (rule.get("http") or {}).get("paths") or ()]
            links += [link(scheme, host, port, path) for path in paths or ["/"]]
    if spec.get("defaultBackend") and not spec.get("rules"):
        links.append(link("http", LOCALHOST, http))
    return list(dict.fromkeys(links))


def opens(host: str) -> bool:
    """Whether a browser of this machine finds that host without being told; a wildcard is no host yet."""
    return host == LOCALHOST or (host.endswith(f".{LOCALHOST}") and not host.startswith("*"))


def _covered(host: str, secure: list[str]) -> bool:
    """Whether a certificate is asked for that host, by its name or by a wildcard in place of its first label."""
    return host in secure or f"*.{host.partition('.')[2]}" in secure


def link(scheme: str, host: str, port: int, path: str = "/") -> str:
    """A URL without the port that its scheme implies."""
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{host}{'' if port == usual else f':{port}'}{path}"
