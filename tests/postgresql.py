"""A PostgreSQL server of the tests' own, made from the binaries that the system has, gone when they end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from tests.running import free_port

FOLDERS = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/opt/homebrew/bin"))
# Nothing here has to survive a power cut; a server that is killed keeps what it has committed all the same.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300")


def binary(name: str) -> str | None:
    """The path of one of PostgreSQL's programs; Debian keeps them out of PATH."""
    found = shutil.which(name)
    return found or next((str(folder / name) for folder in FOLDERS if (folder / name).exists()), None)


class PostgreSQL:
    """`start`, `kill`, `start` again: the same data on the same port."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="minikweb-postgresql-")
        self.data = Path(self._folder.name) / "data"
        self.log = Path(self._folder.name) / "log"
        self.port = free_port()
        self._process: subprocess.Popen | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://minikweb@127.0.0.1:{self.port}/{database}"

    def start(self) -> PostgreSQL:
        if not self.data.exists():
            self._make()
        options = [part for option in FAST for part in ("-c", option)]
        listening = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-p", str(self.port)]
        with open(self.log, "ab") as output:
            command = [binary("postgres"), "-D", str(self.data), *listening, *options]
            self._process = subprocess.Popen(command, stdout=output, stderr=output, **_as_somebody())
        self._wait()
        return self

    def _make(self) -> None:
        """The server refuses to run as root, so the folder belongs to whom it runs as."""
        self.data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres", "postgres")
            Path(self._folder.name).chmod(0o711)
        command = [binary("initdb"), "-D", str(self.data), "-U", "minikweb", "--auth=trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*command, "--locale=C"], check=True, capture_output=True, **_as_somebody())

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                assert self._process and self._process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut; its children follow."""
        assert self._process
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """At once, whoever is connected."""
        if self._process:
            self._process.send_signal(3)  # SIGQUIT: immediate shutdown
            self._process.wait(30)
            self._process = None

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)


def _as_somebody() -> dict[str, str]:
    return {"user": "postgres", "group": "postgres", "cwd": "/"} if os.geteuid() == 0 else {"cwd": "/"}
