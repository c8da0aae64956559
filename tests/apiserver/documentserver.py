"""The smallest server kubectl can read: discovery, OpenAPI, and tables of the objects in tests/testdata."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from minikweb.apiserver.discovery import Discovery, Document
from minikweb.apiserver.openapi import ROOT, OpenAPI
from minikweb.apiserver.table import table
from minikweb.kinds.registry import builtin
from tests.kinds.testdata import FOLDER, NOW, load

REGISTRY = builtin()
DISCOVERY, OPENAPI = Discovery(REGISTRY), OpenAPI(REGISTRY)


def answer(path: str, query: dict[str, list[str]], accept: str) -> Document | None:
    if path.startswith(ROOT):
        return OPENAPI.get(path, query.get("hash", [""])[0])
    return DISCOVERY.get(path, accept) or _listed(path)


def _listed(path: str) -> Document | None:
    """The table of all test data of a kind; those of one kind have one name, so kubectl sees them as many."""
    parts = path.strip("/").split("/")
    group, version = ("", parts[1]) if parts[0] == "api" else parts[1:3] if len(parts) > 2 else ("", "")
    kind = REGISTRY.at(group, version, parts[-1])
    if kind is None:
        return None
    files = sorted(FOLDER.glob(f"{kind.kind.lower()}-*.yaml"))
    return Document(table(kind, [json.dumps(load(file.stem)) for file in files], NOW), "application/json", '""')


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802 (the name is http.server's)
        url = urlsplit(self.path)
        found = answer(url.path, parse_qs(url.query), self.headers.get("Accept", ""))
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        found, code = (found, 200) if found else (Document.of(status), 404)
        self.send_response(code)
        self.send_header("Content-Type", found.content_type)
        self.send_header("Content-Length", str(len(found.body)))
        self.end_headers()
        self.wfile.write(found.body)

    def log_message(self, *arguments: object) -> None:
        pass


class Kubectl:
    """The real kubectl, with a home of its own."""

    def __init__(self, port: int, home: Path):
        self._base = [str(Path(sys.executable).with_name("kubectl")), "--server", f"http://127.0.0.1:{port}"]
        self._environment = {**os.environ, "HOME": str(home), "KUBECONFIG": str(home / "none"), "TZ": "UTC"}

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._base, *arguments], env=self._environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self, *arguments: str) -> list[list[str]]:
        """The lines of a table as their words, two spaces apart."""
        return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in self(*arguments).splitlines()]


@contextmanager
def serving(home: Path) -> Iterator[Kubectl]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Kubectl(server.server_address[1], home)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
