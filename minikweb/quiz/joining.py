"""How phones find a live quiz: an address that they can reach."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address(request: HttpRequest, path: str) -> str:
    """`path` as another machine reaches it: the teacher's own browser may say localhost where phones cannot."""
    name, port = _parts(request.get_host())
    if is_loopback(name) and settings.OWN_HOSTS:
        name = settings.OWN_HOSTS[0]
    return f"{request.scheme}://{name}{port}{path}"


def _parts(host: str) -> tuple[str, str]:
    """A Host header as (name, ":port" or "")."""
    name, colon, port = host.rpartition(":")
    return (name, colon + port) if port.isdigit() else (host, "")


def is_within_reach(url: str) -> bool:
    """Whether phones can open an address."""
    return not is_loopback(_parts(url.partition("//")[2].partition("/")[0])[0])


def is_loopback(host: str) -> bool:
    """Whether a host's name or address leads back to the same machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
