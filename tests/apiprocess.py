"""The API server alone, as a process in a data folder of its own: `kill` and `start` it as life does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from minikweb.client.client import Client
from minikweb.client.kubeconfig import TokenFile, from_kubeconfig
from minikweb.client.transport import HttpTransport, Unreachable
from tests.running import BASE, free_port, until


class ApiProcess:
    """`client(component)` speaks over the unix socket, `remote()` over TLS with the user's kubeconfig."""

    def __init__(self, folder: Path):
        self.data = folder / "data"
        self._sockets = tempfile.TemporaryDirectory(prefix="minikweb-")  # a socket's path must be short
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MINIKWEB_")}
        self.environment |= {
            "MINIKWEB_DATA": str(self.data),
            "MINIKWEB_RUN": self._sockets.name,
            "MINIKWEB_API_PORT": str(free_port()),
        }
        self.socket = Path(self._sockets.name) / "apiserver.sock"
        self.log = folder / "apiserver.log"
        self._process: subprocess.Popen | None = None

    def start(self) -> ApiProcess:
        with open(self.log, "ab") as output:
            command = [sys.executable, "manage.py", "apiserver"]
            self._process = subprocess.Popen(command, cwd=BASE, env=self.environment, stdout=output, stderr=output)
        until(self._answers, "an API server that answers")
        return self

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def client(self, component: str = "controllers") -> Client:
        identity = TokenFile(self.data / "tokens" / component)
        return Client(HttpTransport.unix(self.socket, identity), user_agent=component)

    def remote(self) -> Client:
        return from_kubeconfig(self.data / "kubeconfig")

    def _answers(self) -> bool:
        assert self._process and self._process.poll() is None, self.log.read_text()
        try:
            return bool(self.client("admin").list("Namespace")["items"])
        except Unreachable:
            return False
        except Exception as error:  # the tokens are not made yet
            if "there is no token" in str(error):
                return False
            raise
