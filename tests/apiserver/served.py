"""A real API server: a process with its two listeners, alone on a data folder."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from minikweb import settings

READY_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path):
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(str(self._path))


class ServedApi:
    """Starts `manage.py apiserver` and speaks to it."""

    def __init__(self, data: Path, run: Path):
        self.data = data
        self.socket = run / "apiserver.sock"
        self.port = free_port()
        environment = {
            **os.environ,
            "MINIKWEB_DATA": str(data),
            "MINIKWEB_RUN": str(run),
            "MINIKWEB_API_PORT": str(self.port),
            "DATABASE_URL": os.environ.get("TEST_DATABASE_URL", ""),
        }
        self.log = data.parent / "apiserver.log"
        with self.log.open("wb") as log:
            command = [sys.executable, "manage.py", "apiserver"]
            self.process = subprocess.Popen(
                command, cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    def wait_until_ready(self) -> ServedApi:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.request("GET", "/readyz", token="")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"the API server is not ready: {self.log.read_text()}")

    @property
    def token(self) -> str:
        return (self.data / "tokens" / "admin").read_text()

    def https(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.data / "pki" / "ca.crt"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)

    def unix(self) -> UnixConnection:
        return UnixConnection(self.socket)

    def request(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        connection: http.client.HTTPConnection | None = None,
        token: str | None = None,
    ) -> tuple[int, bytes]:
        connection = connection or self.unix()
        headers = {"Content-Type": "application/json"}
        if token != "":
            headers["Authorization"] = f"Bearer {token or self.token}"
        connection.request(method, target, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)
