"""What lets the components and the user in: the PKI, a token per component, the kubeconfig.

Called by `up` before it forks anything, and by `apiserver` when it runs alone.
"""

from __future__ import annotations

import base64
import contextlib
import os
import socket
from pathlib import Path

import jwt
import yaml

from minikweb.apiserver import certificates
from minikweb.apiserver.authentication import Issuer

CONTEXT = "minikweb"
MASTERS = "system:masters"

# Component → (user, groups). A node's is added by install_node_credentials.
COMPONENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "admin": ("system:admin", (MASTERS,)),
    "controllers": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "argocd": ("minikweb:argocd", ()),  # applies what git says, whatever it is: cluster-admin, as the original
    "web": ("minikweb:web", ()),  # a ClusterRoleBinding of its name makes it cluster-admin
}


def install_credentials(data_dir: Path, *, bind: str, port: int, nodes: tuple[str, ...] = ()) -> None:
    """Makes what is missing in pki/ and tokens/, and writes `kubeconfig`. Files with secrets are 0600."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificates.install(data_dir / "pki", _own_names(bind))
    issuer = issuer_of(data_dir)
    for component, (user, groups) in COMPONENTS.items():
        _install_token(data_dir, issuer, component, user, groups)
    for node in nodes:
        install_node_credentials(data_dir, node)
    write_kubeconfig(data_dir, f"https://127.0.0.1:{port}")


def install_node_credentials(data_dir: Path, node: str) -> Path:
    """The token of a node's kubelet at tokens/<node>; returns its path."""
    return _install_token(data_dir, issuer_of(data_dir), node, f"system:node:{node}", ("system:nodes",))


def issuer_of(data_dir: Path) -> Issuer:
    """The issuer that signs with this installation's key."""
    return Issuer(certificates.load_key(data_dir / "pki" / "sa.key"))


def write_kubeconfig(data_dir: Path, server: str) -> Path:
    """The kubeconfig of the cluster's administrator."""
    authority = base64.b64encode((data_dir / "pki" / "ca.crt").read_bytes()).decode()
    token = (data_dir / "tokens" / "admin").read_text().strip()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": CONTEXT, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "current-context": CONTEXT,
    }
    path = data_dir / "kubeconfig"
    _write_secret(path, yaml.safe_dump(config, sort_keys=False))
    return path


def _install_token(data_dir: Path, issuer: Issuer, component: str, user: str, groups: tuple[str, ...]) -> Path:
    path = data_dir / "tokens" / component
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with contextlib.suppress(OSError, jwt.InvalidTokenError):
        claims = issuer.read(path.read_text().strip())
        if (claims["sub"], tuple(claims["groups"])) == (user, groups):
            return path
    _write_secret(path, issuer.issue(user, groups))
    return path


def _own_names(bind: str) -> list[str]:
    names = [socket.gethostname()]
    if bind not in ("", "0.0.0.0", "::"):
        names.append(bind)
    return [name for name in names if name and name.isascii()]


def _write_secret(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
