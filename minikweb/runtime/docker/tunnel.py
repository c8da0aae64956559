"""Connections to the pods' network where the daemon lives in a virtual machine, as Docker Desktop's does.

There this machine has no address on the cluster's bridge. A node's container has: it makes the connection, and Docker's
`exec` carries the bytes. An exec takes about a tenth of a second, so where the bridge is near it is not used.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from contextlib import suppress

import docker

from minikweb.runtime.docker.connection import translated
from minikweb.runtime.docker.sessions import Exec
from minikweb.runtime.protocol import RuntimeFailure

# Says + once it is connected; ends with the connection, or with its input.
SCRIPT = 'exec 3<>"/dev/tcp/$1/$2" || exit 1; exec 4<&0; printf +; cat <&4 >&3 & cat <&3; kill $! 2>/dev/null'
CHUNK = 65536
LONGEST = 600  # seconds of a connection, should both ends forget it


def is_on_the_bridge(pod_network: str) -> bool:
    """Whether this machine is the pods' gateway: then it reaches them by itself."""
    gateway = str(ipaddress.ip_network(pod_network).network_address + 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((gateway, 0))
        except OSError:
            return False
    return True


def connect(api: docker.APIClient, container: str, host: str, port: int, timeout: float) -> socket.socket:
    """A TCP connection made in that container. Raises OSError."""
    command = ["timeout", str(LONGEST), "bash", "-c", SCRIPT, "connect", host, str(port)]
    try:
        with translated():
            session = Exec(api, container, command)
    except RuntimeFailure as failure:
        raise ConnectionError(failure.message) from failure
    try:
        first = session.read(timeout)
    except TimeoutError:
        session.close()
        raise
    if first is None or first[0] != 1:
        session.close()
        raise _refused(first[1].decode(errors="replace") if first else "")
    near, far = socket.socketpair()
    if len(first[1]) > 1:
        far.sendall(first[1][1:])
    threading.Thread(target=_out, args=(session, far), name="tunnel-out", daemon=True).start()
    threading.Thread(target=_in, args=(session, far), name="tunnel-in", daemon=True).start()
    return near


def _refused(said: str) -> OSError:
    """bash's words as the error that a connection of one's own would have raised."""
    last = (said.strip().splitlines() or ["no connection"])[-1]
    if "refused" in last:
        return ConnectionRefusedError(last)
    return TimeoutError(last) if "timed out" in last else ConnectionError(last)


def _out(session: Exec, far: socket.socket) -> None:
    """What we say."""
    with suppress(OSError):
        while data := far.recv(CHUNK):
            session.write(data)
    session.close()


def _in(session: Exec, far: socket.socket) -> None:
    """What is answered."""
    with suppress(OSError):
        while (item := session.read()) is not None:
            if item[0] == 1:
                far.sendall(item[1])
        far.shutdown(socket.SHUT_WR)
