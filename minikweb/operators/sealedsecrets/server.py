"""What kubeseal asks over HTTP: the certificate, whether a SealedSecret opens, and the same under the newest key.

On a unix socket in the run folder, which the API server's service proxy relays to: no port, and no pod, so that it
works on the simulated runtime too. Nothing that it answers is secret. Source: sealed-secrets' pkg/controller/server.go.
"""

from __future__ import annotations

import logging
import os
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from minikweb.sealing.hybrid import CannotUnseal

log = logging.getLogger(__name__)

MOST_BYTES = 4 << 20
SECONDS = 30.0  # for a request to arrive and its answer to leave
AT_ONCE = 4  # a key takes milliseconds of a processor each time


class Unreadable(Exception):
    """What was sent is no SealedSecret; the message says why."""


class NotReady(Exception):
    """There is no key yet."""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers until it is closed, in threads of its own.

    certificate()      PEM of the newest key. Raises NotReady
    verify(body)       whether it opens. Raises Unreadable
    rotate(body)       the JSON of the SealedSecret under the newest key. Raises Unreadable, CannotUnseal, NotReady
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        path: Path,
        certificate: Callable[[], bytes],
        verify: Callable[[bytes], bool],
        rotate: Callable[[bytes], bytes],
    ):
        self.certificate, self.verify, self.rotate = certificate, verify, rotate
        self.turn = threading.BoundedSemaphore(AT_ONCE)
        self._path = path
        super().__init__(str(path), Handler)

    def server_bind(self) -> None:
        self._path.unlink(missing_ok=True)  # left by a predecessor: one process leads at a time
        mask = os.umask(0o177)
        try:
            super().server_bind()
        finally:
            os.umask(mask)

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="sealed-secrets-http", daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._path.unlink(missing_ok=True)

    def handle_error(self, request: object, client_address: object) -> None:
        log.debug("a client of the sealed-secrets socket went away", exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """One connection, one request."""

    server: Server
    timeout = SECONDS

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(200, b"ok\n", "text/plain; charset=utf-8")
        elif self.path == "/v1/cert.pem":
            self._carry_out(lambda: (200, self.server.certificate()), "application/x-pem-file")
        else:
            self._answer(404, b"404 page not found\n")

    def do_POST(self) -> None:
        acts = {"/v1/verify": self._verify, "/v1/rotate": self._rotate}
        act, length = acts.get(self.path), self.headers.get("Content-Length", "0")
        if act is None:
            self._answer(404, b"404 page not found\n")
        elif not length.isdigit() or int(length) > MOST_BYTES:
            self._answer(413, b"at most %d bytes\n" % MOST_BYTES)
        else:
            body = self.rfile.read(int(length))
            self._carry_out(lambda: act(body), "application/json")

    def _verify(self, body: bytes) -> tuple[int, bytes]:
        return (200, b"") if self.server.verify(body) else (409, b"")

    def _rotate(self, body: bytes) -> tuple[int, bytes]:
        return 200, self.server.rotate(body)

    def _carry_out(self, act: Callable[[], tuple[int, bytes]], content_type: str) -> None:
        try:
            with self.server.turn:
                status, body = act()
        except Unreadable as error:
            self._answer(400, f"{error}\n".encode())
        except NotReady as error:
            self._answer(503, f"{error}\n".encode())
        except CannotUnseal as error:
            self._answer(500, f"error decrypting secret. {error}\n".encode())
        else:
            self._answer(status, body, content_type)

    def _answer(self, status: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
