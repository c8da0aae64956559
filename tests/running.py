"""The whole product as processes, in a data folder and on ports of its own: `manage.py up` as a user runs it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from minikweb.client.client import Client
from minikweb.client.kubeconfig import from_kubeconfig
from minikweb.client.transport import Unreachable

BASE = Path(__file__).resolve().parent.parent
START_SECONDS = 90.0  # with two cores and other tests beside
STOP_SECONDS = 40.0
DEADLINE = 60.0
KUBECTL = Path(sys.executable).with_name("kubectl")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(condition: Callable[[], Any], what: str, seconds: float = DEADLINE) -> Any:
    """Polls until condition() is true and returns its value; `what` is said when it does not come.

    An API server that is just being restarted is waited for.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(Unreachable):
            if value := condition():
                return value
        time.sleep(0.05)
    raise AssertionError(f"{what}: not after {seconds:g} s")


class RunningCluster:
    """`start`, then look at it through `client`, `kubectl`, `page`; `stop` as Ctrl-C, `kill` as a power cut."""

    def __init__(
        self, folder: Path, *, runtime: str = "simulated", nodes: int = 3, ingress: bool = False, **environment: str
    ):
        self.folder = folder
        self.options = [] if ingress else ["--without-ingress"]
        self.data = folder / "data"
        self.output = folder / "up.log"
        self.http_port, self.api_port = free_port(), free_port()
        self.ingress_port, self.ingress_tls_port = free_port(), free_port()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MINIKWEB_")}
        self.environment |= {
            "MINIKWEB_DATA": str(self.data),
            "MINIKWEB_RUNTIME": runtime,
            "MINIKWEB_NODES": str(nodes),
            "MINIKWEB_HTTP_PORT": str(self.http_port),
            "MINIKWEB_API_PORT": str(self.api_port),
            "MINIKWEB_INGRESS_HTTP_PORT": str(self.ingress_port),
            "MINIKWEB_INGRESS_HTTPS_PORT": str(self.ingress_tls_port),
            "LC_ALL": "C.UTF-8",
        }
        self.environment |= environment
        self.process: subprocess.Popen | None = None

    # --- Its life ------------------------------------------------------------------------------------
    def start(self) -> RunningCluster:
        """Returns when it says that it is ready."""
        already = self.said().count("Ready in")
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", *self.options],
                cwd=BASE,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_end_with_the_tests,
            )
        until(lambda: self.said().count("Ready in") > already or self._has_ended(), "Ready", START_SECONDS)
        assert not self._has_ended(), self.said() + self.logs()
        return self

    def run(self, *command: str, seconds: float = DEADLINE) -> subprocess.CompletedProcess:
        """A command of manage.py on the same data folder, to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=BASE,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
        )

    def stop(self) -> float:
        """SIGINT, as Ctrl-C; returns how many seconds it took."""
        assert self.process
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(STOP_SECONDS)
        self.process = None
        return time.monotonic() - begun

    def kill(self) -> None:
        """kill -9 of `up`; on Linux the kernel takes its children along."""
        assert self.process
        children = self.pids()
        self.process.kill()
        self.process.wait()
        self.process = None
        until(lambda: not any(is_alive(pid) for pid in children.values()), "the end of the children")

    def clean_up(self) -> None:
        """Stops it, and removes what it made."""
        if self.process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        if self.process:
            self.kill()
        if self.data.exists():
            done = self.run("reset", "--yes")
            assert done.returncode == 0, done.stdout + done.stderr

    def _has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    # --- Looking at it ---------------------------------------------------------------------------------
    def said(self) -> str:
        """What `up` printed, of all its runs."""
        return self.output.read_text() if self.output.exists() else ""

    def logs(self) -> str:
        """The ends of all logs, for a failing test."""
        texts = []
        for path in sorted((self.data / "logs").glob("*.log")):
            texts.append(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}")
        return "\n".join(texts)

    def pids(self) -> dict[str, int]:
        """The running processes by name (apiserver, kubelet-node-1, broker …)."""
        assert self.process
        listed = subprocess.run(["ps", "-axo", "pid=,ppid=,stat=,args="], capture_output=True, text=True).stdout
        found = {}
        for line in listed.splitlines():
            pid, parent, state, args = line.split(None, 3)
            if int(parent) == self.process.pid and not state.startswith("Z"):
                name = re.match(r"minikweb: (\S+)", args)
                found[name[1] if name else "broker" if "valkey" in args or "redis" in args else args] = int(pid)
        return found

    def kill_process(self, name: str) -> int:
        """kill -9 of one process; returns its pid."""
        pid = until(lambda: self.pids().get(name), f"process {name}")
        os.kill(pid, signal.SIGKILL)
        return pid

    @property
    def kubeconfig(self) -> Path:
        return self.data / "kubeconfig"

    @cached_property
    def client(self) -> Client:
        """The administrator's, over TLS."""
        return from_kubeconfig(self.kubeconfig, user_agent="test")

    def kubectl(
        self, *arguments: str, stdin: str = "", check: bool = True, environment: dict[str, str] | None = None
    ) -> str:
        """Runs the real kubectl and returns what it printed; with check=False also what it complained about."""
        home = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.folder), "PATH": os.environ["PATH"]}
        home |= environment or {}
        done = subprocess.run(
            [KUBECTL, *arguments], env=home, input=stdin, capture_output=True, text=True, timeout=DEADLINE
        )
        assert not check or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}{done.stdout}"
        return done.stdout + (done.stderr if not check else "")

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.http_port}{path}"

    def page(self, path: str = "/") -> str:
        with urllib.request.urlopen(self.url(path), timeout=30) as answer:
            return answer.read().decode()

    def pods(self, namespace: str = "demo", selector: str = "") -> list[dict[str, Any]]:
        return self.client.list("Pod", namespace, label_selector=selector)["items"]

    def running_pods(self, namespace: str = "demo", selector: str = "") -> list[dict[str, Any]]:
        """Those that run, are ready, and are not on their way out."""
        return [pod for pod in self.pods(namespace, selector) if _runs(pod)]

    def wait_for_pods(self, count: int, namespace: str = "demo", selector: str = "") -> list[dict[str, Any]]:
        """Waits until exactly `count` pods are there and all of them run."""

        def all_run() -> list[dict[str, Any]] | bool:
            pods = self.pods(namespace, selector)
            return pods if len(pods) == count and all(map(_runs, pods)) else False

        return until(all_run, f"{count} running pods in {namespace}")


def _runs(pod: dict[str, Any]) -> bool:
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return (
        pod["status"].get("phase") == "Running"
        and conditions.get("Ready") == "True"
        and "deletionTimestamp" not in pod["metadata"]
    )


def is_alive(pid: int) -> bool:
    """Zombies are dead: where process 1 reaps nobody they stay in the table for ever."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def _end_with_the_tests() -> None:
    """A run of the tests that is killed leaves no cluster behind; and Ctrl-C in its terminal is for the tests alone."""
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
