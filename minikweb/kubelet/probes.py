"""One probe, once: what it asks a container and what the answer means. Source: pkg/probe (exec, http, tcp, grpc).

Requests go from the node to the pod's address, as Kubernetes' do; nothing is run in the pod for them.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

from minikweb.kubelet import grpchealth
from minikweb.runtime.protocol import CommandTimeout, Runtime, RuntimeFailure

Object = dict[str, Any]

Word = Literal["success", "failure", "unknown"]
KINDS = ("startupProbe", "readinessProbe", "livenessProbe")
AGENT = "kube-probe/1.37"
REDIRECTS = 10
OUTPUT = 10 * 1024  # bytes of a command's output that are kept
TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE  # a probe asks whether the application answers, not who it is


@dataclass(frozen=True)
class Answer:
    """unknown: the probe itself could not be made, which counts neither way."""

    word: Word
    output: str = ""


@dataclass(frozen=True)
class Target:
    """The container that is asked."""

    pod: Object
    container: Object  # its spec
    container_id: str
    ip: str


Ask = Callable[[Target, str], Answer]  # (target, one of KINDS)


def of_containers(runtime: Runtime) -> Ask:
    """How real containers are asked."""

    def ask(target: Target, kind: str) -> Answer:
        return probe(runtime, target, target.container[kind])

    return ask


def of_simulated(runtime: Runtime) -> Ask:
    """Simulated containers answer as the fate of their pod says, else well."""

    def ask(target: Target, kind: str) -> Answer:
        for found in runtime.pods(target.pod["metadata"]["uid"]):
            for one in found.containers:
                if one.id == target.container_id:
                    well = one.alive if kind == "livenessProbe" else one.ready
                    return Answer("success") if well else Answer("failure", "the pod's annotations say so")
        return Answer("unknown", "no such container")

    return ask


def probe(runtime: Runtime, target: Target, spec: Object) -> Answer:
    """Makes the probe of that spec within its timeoutSeconds."""
    timeout = float(spec.get("timeoutSeconds") or 1)
    if "exec" in spec:
        return run(runtime, target.container_id, list(spec["exec"].get("command") or ()), timeout)
    try:
        if "httpGet" in spec:
            return get(runtime, target, spec["httpGet"], timeout)
        if "tcpSocket" in spec:
            return connect(runtime, target, spec["tcpSocket"], timeout)
        if "grpc" in spec:
            return call(runtime, target, spec["grpc"], timeout)
    except ValueError as error:
        return Answer("unknown", str(error))
    return Answer("unknown", f"missing probe handler for {target.pod['metadata']['name']}")


def run(runtime: Runtime, container_id: str, command: list[str], timeout: float) -> Answer:
    """A command in the container: well if it exits with 0."""
    try:
        code, output = runtime.exec_sync(container_id, command, timeout)
    except CommandTimeout:
        said = f'command timed out: "{" ".join(command)}" timed out after {timeout:g}s'
        return Answer("failure", said)
    except RuntimeFailure as failure:
        return Answer("unknown", failure.message)
    return Answer("failure" if code else "success", output[:OUTPUT].decode(errors="replace"))


def connect(runtime: Runtime, target: Target, action: Object, timeout: float) -> Answer:
    """A TCP connection: well if it opens."""
    host, port = action.get("host") or target.ip, number(action["port"], target.container)
    try:
        runtime.connect(host, port, timeout).close()
    except OSError as error:
        return Answer("failure", dial_failure(host, port, error))
    return Answer("success")


def call(runtime: Runtime, target: Target, action: Object, timeout: float) -> Answer:
    """gRPC's own health check: well if the service says that it is serving."""
    authority = f"{target.ip}:{number(action['port'], target.container)}"
    late = f'timeout: failed to connect service "{authority}" within {timeout:g}s: context deadline exceeded'
    try:
        with runtime.connect(target.ip, number(action["port"], target.container), timeout) as sock:
            grpchealth.check(sock, authority, action.get("service") or "", timeout)
    except TimeoutError:
        return Answer("failure", late)
    except OSError as error:
        why = dial_failure(target.ip, number(action["port"], target.container), error)
        return Answer("failure", f'error: failed to connect service at "{authority}": {why}')
    except grpchealth.Unhealthy as unhealthy:
        return Answer("failure", str(unhealthy))
    return Answer("success")


def get(runtime: Runtime, target: Target, action: Object, timeout: float) -> Answer:
    """An HTTP GET: well below 400. Redirects on the same host are followed, one to elsewhere is well."""
    host, port = action.get("host") or target.ip, number(action["port"], target.container)
    scheme = (action.get("scheme") or "HTTP").lower()
    url = urljoin(f"{scheme}://{host}:{port}/", action.get("path") or "/")
    headers = {"User-Agent": AGENT, "Accept": "*/*", "Connection": "close"}
    for header in action.get("httpHeaders") or ():
        headers[header["name"]] = header["value"]
    for _ in range(REDIRECTS):
        try:
            code, location = _fetch(runtime, url, headers, timeout)
        except (OSError, http.client.HTTPException) as error:
            return Answer("failure", _get_failure(url, error))
        if code not in (301, 302, 303, 307, 308) or not location:
            return (
                Answer("success")
                if 200 <= code < 400
                else Answer("failure", f"HTTP probe failed with statuscode: {code}")
            )
        url = urljoin(url, location)
        if urlsplit(url).hostname != host:
            return Answer("success", f"Probe terminated redirects, Response body: {location}")
    return Answer("failure", f'Get "{url}": stopped after {REDIRECTS} redirects')


class _Connection(http.client.HTTPConnection):
    """Over a socket that is open already."""

    def __init__(self, host: str, sock: socket.socket):
        super().__init__(host)
        self.sock = sock


def _fetch(runtime: Runtime, url: str, headers: dict[str, str], timeout: float) -> tuple[int, str]:
    """(status code, Location) of one request. Raises OSError, HTTPException."""
    parts = urlsplit(url)
    assert parts.hostname
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        sock = runtime.connect(parts.hostname, port, timeout)
    except OSError as error:
        raise ConnectionError(dial_failure(parts.hostname, port, error)) from error
    with sock:
        sock.settimeout(timeout)
        if parts.scheme == "https":
            sock = TRUSTING.wrap_socket(sock)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        own_host = any(name.lower() == "host" for name in headers)
        connection = _Connection(parts.hostname, sock)
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in ({} if own_host else {"Host": parts.netloc}).items() | headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.headers.get("Location", "")


def dial_failure(host: str, port: int, error: OSError) -> str:
    """As Go says it."""
    if isinstance(error, TimeoutError):
        return f"dial tcp {host}:{port}: i/o timeout"
    why = {"ConnectionRefusedError": "connection refused", "ConnectionResetError": "connection reset by peer"}
    words = why.get(type(error).__name__) or (error.strerror or str(error)).lower()
    return f"dial tcp {host}:{port}: connect: {words}"


def _get_failure(url: str, error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    if isinstance(error, http.client.BadStatusLine):
        return f'Get "{url}": EOF'
    return f'Get "{url}": {error}'


def number(port: int | str, container: Object) -> int:
    """A port by number or by its name among the container's. Raises ValueError."""
    if isinstance(port, int) or port.isdigit():
        return int(port)
    for one in container.get("ports") or ():
        if one.get("name") == port:
            return int(one["containerPort"])
    raise ValueError(f'strconv.Atoi: parsing "{port}": invalid syntax')
