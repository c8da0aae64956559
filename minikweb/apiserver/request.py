"""A request as the verbs see it, and the two forms of an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from minikweb.apimachinery.errors import ApiError, BadRequest
from minikweb.apiserver.authentication import User
from minikweb.apiserver.routes import Route

JSON = "application/json"
_TRUE, _FALSE = ("1", "true", "True", "TRUE", "t", "T"), ("", "0", "false", "False", "FALSE", "f", "F")


class Values:
    """The parameters of a query string, the first of each name."""

    def __init__(self, query: str):
        self.raw = query
        self._values: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True) if query else ():
            self._values.setdefault(name, []).append(value)

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, [default])[0]

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def flag(self, name: str) -> bool:
        """BadRequest unless it is a boolean as Go reads it."""
        value = self.text(name)
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        raise BadRequest(f'the query parameter {name} must be true or false, not "{value}"')

    def number(self, name: str) -> int | None:
        """None when it is absent or empty; BadRequest unless it is a whole number."""
        value = self.text(name)
        if not value:
            return None
        if not value.lstrip("-").isascii() or not value.lstrip("-").isdigit() or len(value) > 18:
            raise BadRequest(f'the query parameter {name} must be a whole number, not "{value}"')
        return int(value)


@dataclass
class Request:
    """One call. `warnings` become Warning headers of the answer."""

    method: str
    path: str
    query: Values
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    now: datetime
    user: User
    route: Route
    warnings: list[str] = field(default_factory=list)

    @property
    def accept(self) -> str:
        return self.headers.get("accept", "")

    @property
    def media_type(self) -> str:
        """The type of the body without its parameters."""
        return self.headers.get("content-type", JSON).partition(";")[0].strip().lower() or JSON

    @property
    def agent(self) -> str:
        return self.headers.get("user-agent", "")

    @property
    def dry_run(self) -> bool:
        """Whether `dryRun=All` was asked; any other value is a BadRequest."""
        return is_dry_run(self.query.all("dryRun"))

    @property
    def field_manager(self) -> str:
        """The named manager, else the first word of the user agent (endpoints/handlers/create.go)."""
        manager = self.query.text("fieldManager")
        if len(manager) > 128:
            raise BadRequest("fieldManager: Too long: may not be more than 128 bytes")
        return manager or self.agent.partition("/")[0][:128]


def is_dry_run(values: list[str]) -> bool:
    unknown = [value for value in values if value not in ("", "All")]
    if unknown:
        raise BadRequest(f'dryRun: Unsupported value: "{unknown[0]}": supported values: "All"')
    return "All" in values


@dataclass
class Response:
    """An answer whose body is known."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Stream:
    """An answer that goes on: made by the verb in its thread, read in the loop.

    prepare   runs in the loop before the answer begins: may still raise an ApiError, or change status and type
    discard   releases what it holds, also when the client was gone before it was opened; idempotent
    """

    open: Callable[[], AsyncIterator[bytes]]
    discard: Callable[[], None] = lambda: None
    prepare: Callable[[Stream], Awaitable[None]] | None = None
    status: int = 200
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)


def answer(content: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(content), status)


def failure(error: ApiError) -> Response:
    """The Status of an error."""
    response = answer(error.to_status(), error.code)
    if seconds := error.details.get("retryAfterSeconds"):
        response.headers.append(("retry-after", str(seconds)))
    return response


def success(route: Route, uid: str = "") -> dict[str, Any]:
    """The Status of a success without an object to show."""
    details = {"name": route.name, "group": route.kind.group, "kind": route.kind.plural, "uid": uid}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
