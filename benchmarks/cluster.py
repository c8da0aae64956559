"""A whole installation of its own for one benchmark: a temporary data folder, free ports, the wished runtime."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from minikweb.apimachinery import errors
from minikweb.client.client import Client
from minikweb.client.kubeconfig import from_kubeconfig

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installation:
    """`up` as a user starts it, in a folder that goes away afterwards."""

    def __init__(self, runtime: str, *, nodes: int = 3):
        self.folder = Path(tempfile.mkdtemp(prefix="minikweb-bench-"))
        self.http_port, self.api_port = free_port(), free_port()
        self.environment = os.environ | {
            "MINIKWEB_DATA": str(self.folder),
            "MINIKWEB_RUNTIME": runtime,
            "MINIKWEB_NODES": str(nodes),
            "MINIKWEB_HTTP_PORT": str(self.http_port),
            "MINIKWEB_API_PORT": str(self.api_port),
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def start(self) -> float:
        """Starts everything; returns the seconds until the API is ready and all nodes are Ready."""
        began = time.monotonic()
        log = open(self.folder / "up.log", "ab")  # noqa: SIM115 (it belongs to the process)
        command = [sys.executable, "manage.py", "up"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.wait_ready(nodes=int(self.environment["MINIKWEB_NODES"]))
        return time.monotonic() - began

    def wait_ready(self, nodes: int, timeout: float = 180) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with contextlib.suppress(errors.ApiError, OSError):
                if sum(map(is_ready, self.client().list("Node")["items"])) >= nodes:
                    return
            time.sleep(0.02)
        raise TimeoutError((self.folder / "up.log").read_text()[-2000:])

    def client(self) -> Client:
        """A user's client: TLS, token, authorisation."""
        return from_kubeconfig(self.kubeconfig)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)

    def reset(self) -> None:
        command = [sys.executable, "manage.py", "reset"]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=False, stdin=subprocess.DEVNULL)


def is_ready(obj: dict) -> bool:
    """Whether a node or pod has the condition Ready."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in obj.get("status", {}).get("conditions", ()))


@contextlib.contextmanager
def running(runtime: str = "simulated", *, nodes: int = 3) -> Iterator[Installation]:
    """An installation that runs for the length of a `with`."""
    installation = Installation(runtime, nodes=nodes)
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()
        installation.reset()
