"""An API server without a socket: the application that is served, called in the thread of the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from minikweb.apiserver import bootstrap
from minikweb.apiserver.app import Application
from minikweb.apiserver.authentication import Authenticator, Issuer
from minikweb.apiserver.dispatch import Incoming
from minikweb.apiserver.installation import account_uid
from minikweb.apiserver.request import Response, Stream
from minikweb.kinds import registry
from minikweb.store.storage import Storage

START = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


@dataclass
class Answer:
    """status, headers by lower-case name, text and its JSON."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def message(self) -> str:
        return self.json["message"]


class Api:
    """Calls the API server as alice, a member of system:masters."""

    def __init__(self, storage: Storage):
        self.storage = storage
        self.now = START
        key = ec.generate_private_key(ec.SECP256R1())
        self.issuer = Issuer(key, lambda: self.now.timestamp())
        authenticator = Authenticator(
            self.issuer, lambda namespace, name: account_uid(storage, namespace, name), lambda: self.now.timestamp()
        )
        self.application = Application(storage, registry.builtin(), authenticator, clock=lambda: self.now, threads=2)
        self.server = self.application.server
        bootstrap.bootstrap(self.server, self.now)
        self.token = self.issuer.issue("alice", ["system:masters"])

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def incoming(
        self, method: str, target: str, body: Any = None, *, token: str | None = None, **headers: str
    ) -> Incoming:
        """Header names are written with underscores; `token` "" calls as nobody."""
        path, _, query = target.partition("?")
        token = self.token if token is None else token
        sent = {"user-agent": "test/1.0"}
        if token:
            sent["authorization"] = f"Bearer {token}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        groups = [sent.pop("impersonate-group")] if "impersonate-group" in sent else []
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return Incoming(method, path, query, sent, groups, content)

    def call(self, method: str, target: str, body: Any = None, **options: Any) -> Answer:
        outcome = self.application.answer(self.incoming(method, target, body, **options))
        if isinstance(outcome, Stream):
            outcome.discard()
            raise AssertionError(f"{method} {target} was answered by a stream")
        return _answer(outcome)

    def get(self, target: str, **options: Any) -> Answer:
        return self.call("GET", target, **options)

    def post(self, target: str, body: Any, **options: Any) -> Answer:
        return self.call("POST", target, body, **options)

    def put(self, target: str, body: Any, **options: Any) -> Answer:
        return self.call("PUT", target, body, **options)

    def patch(self, target: str, body: Any, content_type: str = MERGE, **options: Any) -> Answer:
        return self.call("PATCH", target, body, content_type=content_type, **options)

    def delete(self, target: str, body: Any = None, **options: Any) -> Answer:
        return self.call("DELETE", target, body, **options)

    def make(self, target: str, body: Any) -> Any:
        """Creates an object and returns it."""
        answer = self.post(target, body)
        assert answer.status == 201, answer.text
        return answer.json

    def watch(self, target: str, **options: Any) -> Watching | Answer:
        """Begins a watch; the answer when there is none."""
        outcome = self.application.answer(self.incoming("GET", target, **options))
        return Watching(outcome) if isinstance(outcome, Stream) else _answer(outcome)


class Watching:
    """A watch that is read event by event."""

    def __init__(self, stream: Stream):
        self._loop = asyncio.new_event_loop()
        self._stream = stream
        self._chunks: AsyncIterator[bytes] = stream.open()
        self._events: list[dict[str, Any]] = []

    def next(self, timeout: float = 5.0) -> dict[str, Any] | None:
        """The next event, None when the watch has ended. TimeoutError if neither comes."""
        while not self._events:
            try:
                chunk = self._loop.run_until_complete(asyncio.wait_for(anext(self._chunks), timeout))
            except StopAsyncIteration:
                return None
            self._events += [json.loads(line) for line in chunk.splitlines()]
        return self._events.pop(0)

    def take(self, count: int) -> list[tuple[str, str]]:
        """The next events as (type, name)."""
        events = [self.next() for _ in range(count)]
        return [(event["type"], event["object"]["metadata"].get("name", "")) for event in events if event]

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._loop.run_until_complete(self._chunks.aclose())  # type: ignore[attr-defined]
        self._stream.discard()
        self._loop.close()


def _answer(response: Response) -> Answer:
    body = response.body
    headers = {name.lower(): value for name, value in response.headers}
    headers["content-type"] = response.content_type
    if headers.get("content-encoding") == "gzip":
        return Answer(response.status, headers, "")
    return Answer(response.status, headers, body.decode())


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "c", "image": "nginx:1"}], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def deployment(name: str, replicas: int = 1) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": pod(name)["spec"]}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
