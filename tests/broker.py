"""A real Valkey server of a test's own, on a loopback port with a password, as `up` starts it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time

import redis

from minikweb.management.broker import server_path


class Broker:
    """`kill` is kill -9, `start` brings it back on the same port, empty."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.password = secrets.token_hex(8)
        self.url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        self._folder = tempfile.TemporaryDirectory()
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        options = ["--save", "", "--appendonly", "no", "--dir", self._folder.name, "--loglevel", "warning"]
        address = ["--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", self.password]
        self._process = subprocess.Popen([str(server_path()), *address, *options], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        with redis.Redis.from_url(self.url) as connection:
            while time.monotonic() < deadline:
                with contextlib.suppress(redis.RedisError):
                    connection.ping()
                    return
                time.sleep(0.01)
        raise TimeoutError("the broker does not answer")

    def kill(self) -> None:
        assert self._process
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process:
            self.kill()
        self._folder.cleanup()
