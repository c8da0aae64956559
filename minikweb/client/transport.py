"""How requests reach an API server: the Transport protocol and HTTP over a pool of kept connections."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import orjson
from websockets.typing import Subprotocol

from minikweb.apimachinery import errors
from minikweb.client.connection import Connection, ConnectionLost, Headers, header_lines, tcp_connector, unix_connector

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

CONNECT_TIMEOUT = 5.0  # seconds
KEPT = 32  # idle connections
REPEATABLE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")  # may be sent again when the connection died under them


class Unreachable(errors.ServiceUnavailable):
    """No answer came: the server is not there, or went away in the middle."""


@dataclass
class Response:
    """A whole answer."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body) if self.body else {}


@dataclass
class Stream:
    """An answer whose body is still coming: iterate for its chunks, `close` from any thread."""

    status: int
    headers: dict[str, str]
    chunks: Iterator[bytes]
    interrupt: Callable[[], None] = field(default=lambda: None)

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks

    def close(self) -> None:
        self.interrupt()


class Transport(Protocol):
    """`target` is path and query; headers carry no identity, the transport adds it. Thread-safe.

    Raises Unreachable or errors.Timeout; an answer of any status is returned.
    """

    def request(self, method: str, target: str, headers: Headers, body: bytes | None, timeout: float) -> Response: ...

    def stream(self, method: str, target: str, headers: Headers, timeout: float) -> Stream: ...

    def close(self) -> None: ...


def no_identity() -> Headers:
    """The headers of an anonymous caller."""
    return {}


class HttpTransport:
    """HTTP/1.1 with keep-alive. `identity()` gives the headers that authenticate; asked for each request.

    A request whose kept connection turns out to be dead is sent again on a new one if repeating it is harmless.
    """

    def __init__(
        self,
        connect: Callable[[float], Any],
        host: str,
        *,
        where: str,
        identity: Callable[[], Headers] = no_identity,
        prefix: str = "",
    ):
        self._connect = connect
        self._host = host
        self._where = where
        self._identity = identity
        self._prefix = prefix
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()

    @classmethod
    def unix(cls, path: str | os.PathLike[str], identity: Callable[[], Headers] = no_identity) -> HttpTransport:
        """To a server of this machine behind a unix socket."""
        return cls(unix_connector(os.fspath(path)), "localhost", where=os.fspath(path), identity=identity)

    @classmethod
    def url(
        cls, url: str, tls: ssl.SSLContext | None = None, identity: Callable[[], Headers] = no_identity
    ) -> HttpTransport:
        """To `https://host:port/prefix` (or http)."""
        parts = urlsplit(url)
        secure = parts.scheme != "http"
        host, port = parts.hostname or "localhost", parts.port or (443 if secure else 80)
        context = (tls or ssl.create_default_context()) if secure else None
        connect = tcp_connector(host, port, context)
        return cls(connect, parts.netloc, where=url, identity=identity, prefix=parts.path.rstrip("/"))

    def request(self, method: str, target: str, headers: Headers, body: bytes | None, timeout: float) -> Response:
        connection = self._exchange(method, target, headers, body, timeout, until=lambda answer: answer.is_complete)
        answer = connection.answer
        response = Response(connection.status, answer.headers, b"".join(answer.chunks))
        self._keep(connection)
        return response

    def stream(self, method: str, target: str, headers: Headers, timeout: float) -> Stream:
        connection = self._exchange(method, target, headers, None, timeout, until=lambda answer: answer.has_headers)
        chunks = self._chunks(connection)
        return Stream(connection.status, connection.answer.headers, chunks, connection.interrupt)

    def websocket(self, target: str, headers: Headers, protocols: Sequence[str], timeout: float) -> ClientConnection:
        """An open WebSocket, on a connection of its own; a refusal is websockets' InvalidStatus."""
        from websockets.sync.client import connect  # few processes need it

        lines = list(header_lines({**headers, **self._identity()}))
        try:
            return connect(
                f"ws://{self._host}{self._prefix}{target}",  # TLS, if any, is the connector's
                sock=self._connect(timeout),
                subprotocols=[Subprotocol(protocol) for protocol in protocols],
                additional_headers=lines,
                user_agent_header=None,
                compression=None,
                open_timeout=timeout,
                max_size=None,
            )
        except TimeoutError as error:
            raise errors.Timeout(f"the API server at {self._where} did not answer in {timeout:g} s") from error
        except OSError as error:
            raise self._unreachable(error) from error

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _exchange(self, method, target, headers, body, timeout, until) -> Connection:
        """Sends and reads until the answer is far enough, on a kept connection or a new one."""
        headers = {**headers, **self._identity()}
        while True:
            connection = self._take()
            try:
                connection.send(method, self._prefix + target, headers, body, timeout)
                while not until(connection.answer):
                    connection.receive()
                return connection
            except ConnectionLost as error:
                connection.close()
                if not (connection.reused and error.untouched and method in REPEATABLE):
                    raise self._unreachable(error) from error
            except TimeoutError as error:
                connection.close()
                raise errors.Timeout(f"the API server at {self._where} did not answer in {timeout:g} s") from error
            except OSError as error:
                connection.close()
                raise self._unreachable(error) from error

    def _take(self) -> Connection:
        """A kept connection that is still alive, or a new one."""
        while (connection := self._pop_idle()) is not None:
            if connection.is_alive():
                connection.reused = True
                return connection
            connection.close()
        try:
            return Connection(self._connect, self._host, CONNECT_TIMEOUT)
        except OSError as error:
            raise self._unreachable(error) from error

    def _pop_idle(self) -> Connection | None:
        with self._lock:
            if self._pid != os.getpid():  # a fork shares sockets, never a conversation
                self._idle, self._pid = [], os.getpid()
            return self._idle.pop() if self._idle else None

    def _keep(self, connection: Connection) -> None:
        if connection.can_be_kept:
            with self._lock:
                if len(self._idle) < KEPT:
                    self._idle.append(connection)
                    return
        connection.close()

    def _chunks(self, connection: Connection) -> Iterator[bytes]:
        """The body as it comes; the connection is not kept, for nobody knows whether it was read to its end."""
        answer = connection.answer
        try:
            while True:
                chunks, answer.chunks = answer.chunks, []
                yield from chunks
                if answer.is_complete:
                    return
                connection.receive()
        except TimeoutError as error:
            raise errors.Timeout(f"the API server at {self._where} has fallen silent") from error
        except OSError as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def _unreachable(self, error: OSError) -> Unreachable:
        return Unreachable(f"the API server at {self._where} does not answer: {error}")
