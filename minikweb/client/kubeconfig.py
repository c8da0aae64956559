"""Where a client's server and identity come from: this machine's own files, or a kubeconfig.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import ssl
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from minikweb import settings
from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.client.connection import Headers
from minikweb.client.execplugin import ExecPlugin
from minikweb.client.transport import HttpTransport

LOOK = 1.0  # seconds between two looks at a token file


class KubeconfigError(Exception):
    """A kubeconfig that cannot be used; the message says why in one sentence."""


def client_for(component: str) -> Client:
    """A client of this installation's API server over its unix socket, with the token of `tokens/<component>`."""
    token = TokenFile(settings.DATA_DIR / "tokens" / component)
    return Client(HttpTransport.unix(settings.API_SOCKET, token), user_agent=component)


def from_kubeconfig(path: str | Path, context: str | None = None, *, user_agent: str = "minikweb") -> Client:
    """A client of the cluster a kubeconfig names, by its current context or the given one."""
    path = Path(path).expanduser()
    config = _read(path)
    context = context or config.get("current-context") or ""
    chosen = _named(config, "contexts", "context", context, path)
    cluster = _named(config, "clusters", "cluster", chosen.get("cluster", ""), path)
    user = _named(config, "users", "user", chosen["user"], path) if chosen.get("user") else {}
    tls = _tls(cluster, user, path.parent)
    return Client(HttpTransport.url(cluster["server"], tls, _identity(user, path.parent)), user_agent=user_agent)


def server_of(path: str | Path) -> str:
    """The address of the API that a kubeconfig's current context names."""
    path = Path(path).expanduser()
    config = _read(path)
    chosen = _named(config, "contexts", "context", config.get("current-context") or "", path)
    return _named(config, "clusters", "cluster", chosen.get("cluster", ""), path)["server"]


class TokenFile:
    """The bearer header from a file that may be replaced while we run."""

    def __init__(self, path: Path):
        self._path = path
        self._stamp = -1
        self._look_at = 0.0
        self._headers: Headers = {}

    def __call__(self) -> Headers:
        if time.monotonic() >= self._look_at:
            self._look()
        return self._headers

    def _look(self) -> None:
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._headers = {"Authorization": f"Bearer {self._path.read_text().strip()}"}
                self._stamp = stamp
        except FileNotFoundError:
            raise errors.Unauthorized(f"there is no token at {self._path}: start the cluster first") from None
        self._look_at = time.monotonic() + LOOK


def _read(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(path.read_text())
    except OSError as error:
        raise KubeconfigError(f"cannot read the kubeconfig {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise KubeconfigError(f"the kubeconfig {path} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise KubeconfigError(f"the kubeconfig {path} is empty")
    return config


def _named(config: dict[str, Any], section: str, key: str, name: str, path: Path) -> dict[str, Any]:
    for entry in config.get(section) or ():
        if entry.get("name") == name:
            return entry.get(key) or {}
    raise KubeconfigError(f"the kubeconfig {path} has no {key} named {name!r}")


def _data(section: dict[str, Any], key: str, folder: Path) -> bytes | None:
    """The content of `<key>-data` (base64) or of the file `<key>`, relative to the kubeconfig."""
    if section.get(f"{key}-data"):
        return base64.b64decode(section[f"{key}-data"])
    return (folder / section[key]).read_bytes() if section.get(key) else None


def _tls(cluster: dict[str, Any], user: dict[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _data(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _data(user, "client-certificate", folder), _data(user, "client-key", folder)
    if certificate and key:
        with tempfile.NamedTemporaryFile() as pair:  # the ssl module reads only files; 0600, gone at once
            pair.write(certificate + b"\n" + key)
            pair.flush()
            context.load_cert_chain(pair.name)
    return context


def _identity(user: dict[str, Any], folder: Path) -> Callable[[], Headers]:
    if "auth-provider" in user:
        raise KubeconfigError(
            "this kubeconfig gets its token from an auth-provider, which Kubernetes has given up: "
            "use a credential plugin (exec), a token or a certificate"
        )
    headers: dict[str, str] = {}
    if user.get("as"):
        headers["Impersonate-User"] = user["as"]
    if user.get("exec") or user.get("tokenFile"):
        token = ExecPlugin(user["exec"], folder) if user.get("exec") else TokenFile(folder / user["tokenFile"])
        return lambda: {**headers, **token()}
    if user.get("token"):
        headers["Authorization"] = f"Bearer {user['token']}"
    elif user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return lambda: headers
