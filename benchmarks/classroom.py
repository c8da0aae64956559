"""Thirty scripted students walk a chapter at once on simulated nodes, as their browsers and their kubectl would.

Each joins by the code, opens each step, follows it by its socket, and types the step's solution with a token of their
own; the teacher's board is open meanwhile. They are threads of one process that takes its share of the machine.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from benchmarks.cluster import running
from benchmarks.quiz import HOST, Browser
from benchmarks.report import Figure, median, percentile
from benchmarks.start import memory_of
from minikweb.client.client import Client
from minikweb.client.kubeconfig import from_kubeconfig
from tests.running import RunningCluster, until

STUDENTS = 30
LESSON = "replicaset"
GREEN_SECONDS = 120.0
Object = dict[str, Any]


def figures() -> list[Figure]:
    """How long joining, a request to the API and a step take, and the memory of all processes afterwards."""
    with running() as cluster, tempfile.TemporaryDirectory() as folder:
        rested = memory_of(cluster.process.pid) / 2**20
        code, board = _open_class(cluster)
        with board:
            students = [Student(cluster, code, f"student {n}", Path(folder)) for n in range(STUDENTS)]
            joined = _all(students, Student.join)
            requests = [took for one in _all(students, Student.walk) for took in one]
        steps = [took for student in students for took in student.green]
        memory = memory_of(cluster.process.pid) / 2**20
    return [
        Figure(f"{STUDENTS} students join at once, each with namespaces and token, p95", percentile(joined, 0.95), "s"),
        Figure(f"{STUDENTS} students walk a chapter at once: API request, p50", median(requests) * 1000, "ms"),
        Figure("the same, p95", percentile(requests, 0.95) * 1000, "ms"),
        Figure("solution typed → step green in the browser, p50", median(steps) * 1000, "ms"),
        Figure("the same, p95", percentile(steps, 0.95) * 1000, "ms"),
        Figure(f"memory of all processes with {STUDENTS} students (PSS)", memory, "MiB"),
        Figure("the same before they came", rested, "MiB"),
    ]


def _open_class(cluster: RunningCluster) -> tuple[str, Any]:
    """The code of a new class, and the socket of its board."""
    teacher = Browser(cluster.http_port)
    teacher.get("/class/")
    page = teacher.post("/class/open", [("title", "bench")])
    code = re.search(r'class="join-code">([^<]+)<', page)[1]
    return code, _socket(teacher, f"/ws{teacher.path}?lesson={LESSON}")


def _socket(browser: Browser, path: str) -> Any:
    origin = f"http://{HOST}:{browser.port}"
    url = f"ws://{HOST}:{browser.port}{path}"
    return connect(url, origin=origin, additional_headers={"Cookie": browser.cookie()}, max_size=None)


def _all(students: list[Student], act: Callable[[Student], Any]) -> list[Any]:
    """Everybody at once."""
    gate = threading.Barrier(len(students))

    def begin(student: Student) -> Any:
        gate.wait()
        return act(student)

    with ThreadPoolExecutor(len(students)) as pool:
        return list(pool.map(begin, students))


class Student(Browser):
    """`green`: seconds from the last write of each step to its green in the browser."""

    def __init__(self, cluster: RunningCluster, code: str, name: str, folder: Path):
        super().__init__(cluster.http_port)
        self.code, self.name, self.folder = code, name, folder
        self.green: list[float] = []
        self.took: list[float] = []

    def join(self) -> float:
        """Seconds from the form to a kubeconfig in hand."""
        begun = time.monotonic()
        self.get("/join/")
        page = self.post("/join/", [("code", self.code), ("pseudonym", self.name)])
        self.namespace = re.search(r"learn-\w+", page)[0]
        config = self.folder / f"{self.namespace}.yaml"
        config.write_text(self.post("/me/kubeconfig", []))
        self.client: Client = from_kubeconfig(config)
        return time.monotonic() - begun

    def walk(self) -> list[float]:
        """Walks the chapter; returns the seconds of each request to the API."""
        for step, solve in SOLUTIONS:
            self.get(f"/lessons/{LESSON}/{step}/")
            with _socket(self, f"/ws/lessons/{LESSON}/{step}/?lang=fr") as checks:
                solve(self)
                self.green.append(_until_green(checks, step))
        return self.took

    def ask(self, verb: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """One request, measured."""
        begun = time.monotonic()
        answer = verb(*arguments, **options)
        self.took.append(time.monotonic() - begun)
        return answer

    def pods(self, selector: str) -> list[str]:
        found = self.ask(self.client.list, "Pod", self.namespace, label_selector=selector)["items"]
        return [pod["metadata"]["name"] for pod in found if "deletionTimestamp" not in pod["metadata"]]


def _until_green(checks: Any, step: str) -> float:
    """Seconds until the step's socket says done."""
    begun, told = time.monotonic(), ""
    while "data-step-done" not in told:
        try:
            told = checks.recv(max(0.0, begun + GREEN_SECONDS - time.monotonic()))
        except TimeoutError:
            raise TimeoutError(f"{step} is not green: {re.sub('<[^>]+>', ' ', told)}") from None
    return time.monotonic() - begun


def _create(student: Student) -> None:
    container = {"name": "demo", "image": "minikweb/demo:1"}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    made = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"}, "spec": spec}
    student.ask(student.client.create, made, namespace=student.namespace)


def _kill_one(student: Student) -> None:
    student.ask(student.client.delete, "Pod", student.pods("app=web")[0], student.namespace, grace_period_seconds=1)


def _scale(student: Student) -> None:
    patch = {"spec": {"replicas": 5}}
    student.ask(student.client.patch, "ReplicaSet", "web", patch, student.namespace, subresource="scale")


def _label(student: Student, name: str, app: str) -> None:
    student.ask(student.client.patch, "Pod", name, {"metadata": {"labels": {"app": app}}}, student.namespace)


def _release(student: Student) -> None:
    _label(student, student.pods("app=web")[0], "suspect")


def _adopt(student: Student) -> None:
    for name in student.pods("app=suspect"):
        _label(student, name, "web")


def _template(student: Student) -> None:
    image = {"spec": {"template": {"spec": {"containers": [{"name": "demo", "image": "minikweb/demo:2"}]}}}}
    changed = student.ask(student.client.patch, "ReplicaSet", "web", image, student.namespace, type="strategic")
    wanted = changed["metadata"]["generation"]
    # A Pod deleted before the controller has seen the new template is replaced by the old one, as in Kubernetes.
    until(lambda: _observed(student) >= wanted, "a controller that has seen the template")
    _kill_one(student)


def _observed(student: Student) -> int:
    return student.client.get("ReplicaSet", "web", student.namespace)["status"].get("observedGeneration", 0)


def _orphans(student: Student) -> None:
    student.ask(student.client.delete, "ReplicaSet", "web", student.namespace, propagation_policy="Orphan")


SOLUTIONS: tuple[tuple[str, Callable[[Student], None]], ...] = (
    ("create", _create),
    ("heal", _kill_one),
    ("scale", _scale),
    ("release", _release),
    ("adopt", _adopt),
    ("template", _template),
    ("orphans", _orphans),
)
