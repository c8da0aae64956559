"""The data folder: who owns it now, which version wrote it, and what the cluster is called.

cluster.json:
  id          8 hex digits, in every name and label given to Docker
  version     DATA_VERSION of the Minikweb that made it
  podNetwork  10.244.0.0/16 or the first /16 that was free
  runtime     "docker" or "simulated", as at the last start
  docker      whether a Docker daemon ever ran its pods: then a reset needs the daemon
  seeded      whether the first start has made the nodes and the demo
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext as _

DATA_VERSION = 1  # of the folder's layout; a folder of a higher one is refused, never guessed at
NEEDED_BYTES = (
    200 * 1024 * 1024
)  # the database's log and the processes' logs grow; below this SQLite fails in the middle
POD_NETWORKS = [ipaddress.ip_network(f"10.{second}.0.0/16") for second in range(244, 256)] + [
    ipaddress.ip_network(f"172.{second}.0.0/16") for second in range(20, 32)
]


class Refusal(Exception):
    """Why a command cannot go on: one sentence for the user, who can act on it."""


class DataFolder:
    """One installation's files. Nothing is written before `open`, which also takes the lock."""

    def __init__(self, path: Path, run_path: Path | None = None):
        self.path = path
        self.run_path = run_path or path / "run"
        self._lock: IO[str] | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def secret_key_file(self) -> Path:
        return self.path / "secret-key"

    def exists(self) -> bool:
        return (self.path / "cluster.json").exists()

    # --- Opening --------------------------------------------------------------------------------------
    def open(self, wait: float = 3.0) -> None:
        """Makes the folder if need be, checks it and locks it for this process and its children.

        Raises Refusal. `wait` is how many seconds the children of a killed `up` have to end.
        """
        try:
            self._check_ownership()
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check_space()
            self.lock(wait)
            self._check_version()
            for folder in (self.run_path, self.logs, self.path / "tokens"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except PermissionError as error:
            raise Refusal(_("%(file)s may not be written by this user.") % {"file": error.filename}) from error
        except OSError as error:
            raise Refusal(
                _("The data folder %(folder)s cannot be used: %(why)s.")
                % {"folder": self.path, "why": error.strerror or error}
            ) from error

    def _check_ownership(self) -> None:
        """A folder with somebody's files is never made ours: `reset` would remove them."""
        if self.path.is_dir() and any(self.path.iterdir()) and not self.is_ours():
            raise Refusal(
                _("%(folder)s has other files in it: set MINIKWEB_DATA to a folder of its own.") % {"folder": self.path}
            )

    def is_ours(self) -> bool:
        """Whether it is a data folder of Minikweb, complete or not."""
        return self.exists() or (self.path / "lock").exists()

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.path).free
        if free < NEEDED_BYTES:
            raise Refusal(
                _("The disk of %(folder)s is full: %(free)d MB are left and %(needed)d MB are needed.")
                % {"folder": self.path, "free": free // 2**20, "needed": NEEDED_BYTES // 2**20}
            )

    def lock(self, wait: float = 3.0) -> None:
        """Takes the lock. It ends with the last process that inherited it, so that two API servers never meet.

        Raises Refusal if another `up` has it.
        """
        self._lock = open(self.path / "lock", "a+")  # noqa: SIM115  (held until the end)
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                owner = self.owner()
                if time.monotonic() > deadline or is_alive(owner):
                    raise Refusal(
                        _("Minikweb already runs on %(folder)s (process %(pid)s): stop it with Ctrl-C there first.")
                        % {"folder": self.path, "pid": owner or "?"}
                    ) from None
                time.sleep(0.05)
        self._lock.truncate(0)
        self._lock.write(str(os.getpid()))
        self._lock.flush()

    def owner(self) -> int | None:
        """The process that wrote itself into the lock file, alive or not."""
        try:
            return int((self.path / "lock").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _check_version(self) -> None:
        if self.exists() and self.cluster().get("version", 0) > DATA_VERSION:
            raise Refusal(
                _("A newer Minikweb wrote the data folder %(folder)s: update this one, or set MINIKWEB_DATA.")
                % {"folder": self.path}
            )

    def close(self) -> None:
        """Gives the lock back before the process ends."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def remove(self) -> None:
        """Deletes it, and of the folder of sockets what is ours."""
        for socket in self.run_path.glob("*.sock"):
            socket.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it may be elsewhere and have other files in it
            self.run_path.rmdir()
        shutil.rmtree(self.path)

    # --- What is in it ----------------------------------------------------------------------------------
    def cluster(self) -> dict[str, Any]:
        """The content of cluster.json. Raises Refusal if it cannot be read."""
        try:
            return json.loads((self.path / "cluster.json").read_text())
        except (OSError, ValueError) as error:
            raise Refusal(
                _("%(file)s is damaged: `make reset` starts a new cluster.") % {"file": self.path / "cluster.json"}
            ) from error

    def update_cluster(self, **changes: Any) -> dict[str, Any]:
        """Writes changes into cluster.json, whole or not at all, and returns the new content."""
        content = (self.cluster() if self.exists() else {}) | changes
        write_private(self.path / "cluster.json", json.dumps(content, indent=2) + "\n")
        return content

    def ensure_cluster(self) -> dict[str, Any]:
        """The cluster's identity, made at the first start and then kept."""
        if self.exists():
            return self.cluster()
        return self.update_cluster(
            id=secrets.token_hex(4), version=DATA_VERSION, podNetwork="", docker=False, seeded=False
        )

    def ensure_pod_network(self, taken: Iterable[str], claim: Callable[[str], bool]) -> str:
        """The pods' network, chosen at the first start and then kept; `claim` says whether one can really be had."""
        recorded = self.cluster()["podNetwork"]
        if recorded:
            return recorded
        for network in free_networks(taken):
            if claim(network):
                self.update_cluster(podNetwork=network)
                return network
        raise Refusal(_("No /16 network is left for the pods: remove unused ones with `docker network prune`."))

    def ensure_secret_key(self) -> bool:
        """Makes Django's key at the first start; True if it was made now."""
        if self.secret_key_file.exists():
            return False
        write_private(self.secret_key_file, secrets.token_urlsafe(48) + "\n")
        return True


def write_private(path: Path, text: str) -> None:
    """Writes a file only this user can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def free_networks(taken: Iterable[str]) -> Iterator[str]:
    """The /16s for pods that overlap none of `taken` (CIDRs; what is no IPv4 network is ignored)."""
    busy = [network for text in taken if (network := _ipv4_network(text)) and network.prefixlen]
    for candidate in POD_NETWORKS:
        if not any(candidate.overlaps(network) for network in busy):
            yield str(candidate)


def host_routes(table: Path = Path("/proc/net/route")) -> list[str]:
    """The IPv4 networks this machine has routes to, as CIDRs; empty where Linux' table is not to be had."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return []
    routes = []
    for line in lines:
        fields = line.split()
        address, mask = (int.from_bytes(bytes.fromhex(fields[n]), "little") for n in (1, 7))
        routes.append(f"{ipaddress.ip_address(address)}/{mask.bit_count()}")
    return routes


def _ipv4_network(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None


def is_alive(pid: int | None) -> bool:
    """Whether a process has this id."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
