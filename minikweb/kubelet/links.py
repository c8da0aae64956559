"""The variables by which a container finds Services without DNS. Source: pkg/kubelet/envvars/envvars.go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Object = dict[str, Any]

MASTER = ("default", "kubernetes")  # the API's Service: every pod sees it


def variables(pod: Object, services: Iterable[Object]) -> dict[str, str]:
    """Of the Services of the pod's namespace (unless enableServiceLinks is false), and of the API's."""
    namespace, links = pod["metadata"]["namespace"], pod["spec"].get("enableServiceLinks", True)
    chosen: dict[str, Object] = {}
    for service in services:
        whose = (service["metadata"]["namespace"], service["metadata"]["name"])
        if service["spec"].get("clusterIP") in (None, "", "None"):
            continue
        is_own = links and whose[0] == namespace
        if is_own or (whose == MASTER and whose[1] not in chosen):
            chosen[whose[1]] = service
    found: dict[str, str] = {}
    for name in sorted(chosen):
        found |= _of_service(chosen[name])
    return found


def _of_service(service: Object) -> dict[str, str]:
    name, spec = _variable(service["metadata"]["name"]), service["spec"]
    ip, ports = spec["clusterIP"], spec.get("ports") or []
    if not ports:
        return {}
    found = {f"{name}_SERVICE_HOST": ip, f"{name}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if port.get("name"):
            found[f"{name}_SERVICE_PORT_{_variable(port['name'])}"] = str(port["port"])
    for number, port in enumerate(ports):
        protocol = port.get("protocol") or "TCP"
        url = f"{protocol.lower()}://{ip}:{port['port']}"
        prefix = f"{name}_PORT_{port['port']}_{protocol}"
        if number == 0:
            found[f"{name}_PORT"] = url
        found |= {
            prefix: url,
            f"{prefix}_PROTO": protocol.lower(),
            f"{prefix}_PORT": str(port["port"]),
            f"{prefix}_ADDR": ip,
        }
    return found


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")
