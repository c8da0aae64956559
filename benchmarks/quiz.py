"""Thirty phones in a live quiz: they join, see the question, answer at once; the projector counts them.

The phones are threads that do what a phone's script does: one socket each, and HTTP for everything else.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import urllib3
from websockets.sync.client import connect

from benchmarks.cluster import running
from benchmarks.report import Figure, median, percentile
from tests.running import RunningCluster, until

PHONES = 30
HOST = "127.0.0.1"


class Browser:
    """Cookies, the token of forms, and what was answered last."""

    def __init__(self, port: int):
        self.port = port
        self.pool = urllib3.HTTPConnectionPool(HOST, port, maxsize=2)
        self.cookies: dict[str, str] = {}
        self.text, self.path = "", ""

    def get(self, path: str, **headers: str) -> str:
        return self._request("GET", path, headers, None)

    def post(self, path: str, fields: list[tuple[str, str]]) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.text)
        assert token, self.text[:500]
        fields = [*fields, ("csrfmiddlewaretoken", token[1])]
        return self._request("POST", path, {"Origin": f"http://{HOST}:{self.port}"}, fields)

    def _request(self, method: str, path: str, headers: dict[str, str], fields: list[tuple[str, str]] | None) -> str:
        headers = headers | {"Cookie": self.cookie(), "Host": f"{HOST}:{self.port}"}
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(fields) if fields is not None else None
        answer = self.pool.urlopen(method, path, body, headers, redirect=False, retries=False)
        for cookie in answer.headers.getlist("Set-Cookie"):
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        assert answer.status < 400, f"{method} {path}: {answer.status}"
        if answer.status in (301, 302, 303):
            return self.get(answer.headers["Location"])
        self.path = path
        if answer.status == 204:
            return ""
        self.text = answer.data.decode()
        return self.text

    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


class Phone(Browser):
    """A student; `seen` are the moments (time.monotonic) at which each stage was first there."""

    def __init__(self, port: int, code: str, name: str):
        super().__init__(port)
        self.code, self.name = code, name
        self.seen: dict[str, float] = {}

    def join(self) -> float:
        """Seconds from the form to the first page."""
        begun = time.monotonic()
        self.get(f"/quiz/join/{self.code}/")
        self.post(f"/quiz/join/{self.code}/", [("pseudonym", self.name)])
        return time.monotonic() - begun

    def follow(self) -> None:
        """Looks whenever the socket says so, until the quiz is over."""
        headers = {"Cookie": self.cookie(), "Origin": f"http://{HOST}:{self.port}"}
        address = f"ws://{HOST}:{self.port}/ws/quiz/{self.code}/"
        with connect(address, additional_headers=headers, proxy=None) as socket:
            while not self._stage().startswith("over"):
                if self._stage() in self.seen:
                    socket.recv()
                self.get(self._refresh(), **{"X-Live": "1"})
                self.seen.setdefault(self._stage(), time.monotonic())

    def _refresh(self) -> str:
        found = re.search(r'data-refresh="([^"]+)"', self.text)
        assert found
        return found[1].replace("&amp;", "&")

    def _stage(self) -> str:
        return self._refresh().partition("seen=")[2]

    def answer(self) -> float:
        """Seconds that an answer takes."""
        shown = self.text
        fields = [(name, re.findall(rf'name="{name}" value="([\w-]+)"', shown)[0]) for name in ("number", "option")]
        begun = time.monotonic()
        kept = self.post(f"/quiz/play/{self.code}/answer", fields)
        assert "notice good" in kept, kept
        return time.monotonic() - begun


class Teacher(Browser):
    def open(self) -> str:
        """A session; returns its code."""
        self.get("/quiz/live/")
        chosen = [("question", question) for question in re.findall(r'name="question" value="([\w-]+)"', self.text)[:4]]
        self.post("/quiz/live/open", [*chosen, ("rule", "discordance"), ("size", "0")])
        self.base = self.path
        found = re.search(r'class="mono">(\w+ \w+)<', self.text)
        assert found
        return found[1].replace(" ", "")

    def press(self, action: str) -> float:
        """The moment at which the button was pressed."""
        fields = [(name, re.findall(rf'name="{name}" value="(\w+)"', self.text)[0]) for name in ("stage", "number")]
        begun = time.monotonic()
        self.post(f"{self.base}do", [*fields, ("action", action)])
        return begun

    def counts(self) -> str:
        return re.findall(r"<strong>(\d+/\d+)</strong>", self.get(f"{self.base}screen/"))[0]


def figures() -> list[Figure]:
    with running("simulated", nodes=1) as cluster:
        return play(cluster, PHONES)


def play(cluster: RunningCluster, count: int) -> list[Figure]:
    """Plays a whole session; no answer may be lost."""
    teacher = Teacher(cluster.http_port)
    code = teacher.open()
    phones = [Phone(cluster.http_port, code, f"phone {n}") for n in range(count)]
    joins = _all(phones, Phone.join)
    threads = [threading.Thread(target=phone.follow) for phone in phones]
    for thread in threads:
        thread.start()
    teacher.get(teacher.base)
    arrivals: list[float] = []
    answers: list[float] = []
    counted: list[float] = []
    for number in range(1, 5):
        pressed = teacher.press("next")
        stage = f"question-{number}"
        until(lambda stage=stage: all(stage in phone.seen for phone in phones), stage)
        arrivals += [phone.seen[stage] - pressed for phone in phones]
        begun = time.monotonic()
        answers += _all(phones, Phone.answer)
        until(lambda: teacher.counts() == f"{count}/{count}", "every answer counted")
        counted.append(time.monotonic() - begun)
        teacher.get(teacher.base)
        teacher.press("votes")
    teacher.press("next")
    for thread in threads:
        thread.join()
    return [
        Figure(f"{count} phones join a live quiz at once, p95", 1000 * percentile(joins, 0.95), "ms"),
        Figure("“next” → the question is on a phone, p95", 1000 * percentile(arrivals, 0.95), "ms"),
        Figure(f"{count} phones answer at once: an answer, p95", 1000 * percentile(answers, 0.95), "ms"),
        Figure("first answer → all of them counted on the projector", 1000 * median(counted), "ms"),
    ]


def _all(phones: list[Phone], act: Callable[[Phone], float]) -> list[float]:
    with ThreadPoolExecutor(len(phones)) as pool:
        return list(pool.map(act, phones))
