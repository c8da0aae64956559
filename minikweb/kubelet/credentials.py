"""Who one is to an image's registry, by the pod's imagePullSecrets. Pure.

Source: pkg/credentialprovider/{config.go,keyring.go}.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from minikweb.runtime.protocol import Credential

Object = dict[str, Any]

DEFAULT = "docker.io"  # the registry of images that name none
SAME = ("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")  # names of the same


def for_image(image: str, secrets: Iterable[Object]) -> list[Credential]:
    """All that the secrets know of the image's registry, the most specific first."""
    name, found = _located(image), []
    for secret in secrets:
        for server, entry in _entries(secret).items():
            place = _place(server)
            is_meant = name == place or name.startswith(f"{place}/")
            if is_meant and (credential := _credential(entry)):
                found.append((len(place), credential))
    return [credential for _, credential in sorted(found, key=lambda each: -each[0])]


def _located(image: str) -> str:
    """The image with its registry: `web:1` → docker.io/library/web:1."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return image
    return f"{DEFAULT}/{image}" if slash else f"{DEFAULT}/library/{image}"


def _place(server: str) -> str:
    """A registry as secrets name it, such as https://index.docker.io/v1/, as images do."""
    place = server.removeprefix("https://").removeprefix("http://").rstrip("/")
    host, _, path = place.partition("/")
    if path in ("v1", "v2"):
        path = ""
    host = DEFAULT if host in SAME else host
    return f"{host}/{path}" if path else host


def _entries(secret: Object) -> dict[str, Object]:
    """Server → what is known of it, of a Secret in either of Docker's formats; {} for any other or a broken one."""
    data = secret.get("data") or {}
    try:
        if ".dockerconfigjson" in data:
            found = json.loads(base64.b64decode(data[".dockerconfigjson"])).get("auths")
        else:
            found = json.loads(base64.b64decode(data.get(".dockercfg", "e30=")))
    except (ValueError, AttributeError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, dict)}


def _credential(entry: Object) -> Credential | None:
    user, password = entry.get("username"), entry.get("password")
    if entry.get("auth"):
        try:
            user, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        except (ValueError, TypeError):
            return None
    given = isinstance(user, str) and isinstance(password, str) and user and password
    return Credential(user, password) if given else None
